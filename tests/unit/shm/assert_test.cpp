// The assertion itself, compiled in here in every kind of build.
#ifndef RINGSIDE_ASSERTS
#define RINGSIDE_ASSERTS
#endif
#include "shm/assert.h"

#include <csignal>

#include <doctest/doctest.h>

#include "tests/support/process.h"

using namespace ringside::test;

TEST_CASE("Assert: a mistake of our own ends the process, and what is right does nothing") {
  CHECK(run([] {
          RINGSIDE_ASSERT(1 + 1 == 2);
          return 0;
        }).exited(0));
  CHECK(run([] {
          signal(SIGABRT, SIG_DFL);  // not the test program's handler
          RINGSIDE_ASSERT(1 + 1 == 3);
          return 0;
        }).killed_by(SIGABRT));
}
