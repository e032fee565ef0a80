// The assertion itself, compiled in here in every kind of build.
#ifndef RINGSIDE_ASSERTS
#define RINGSIDE_ASSERTS
#endif
#include "shm/assert.h"

#include <unistd.h>

#include <csignal>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/process.h"
#include "tests/support/under.h"

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

TEST_CASE("Assert: what was expected is told, and where") {
  int told[2];
  REQUIRE(pipe(told) == 0);
  const int line = __LINE__ + 4;
  CHECK(run([&] {
          signal(SIGABRT, SIG_DFL);
          dup2(told[1], STDERR_FILENO);
          RINGSIDE_ASSERT(1 + 1 == 3);
          return 0;
        }).killed_by(SIGABRT));
  close(told[1]);
  char text[500] = {};
  CHECK(read(told[0], text, sizeof text - 1) > 0);
  close(told[0]);
  std::string said = text;
  if (kEmulated) said.resize(said.find('\n') + 1);   // qemu-user adds a line of its own
  CHECK(said == "ringside: " + std::string(__FILE__) + ":" + std::to_string(line) +
                                 ": our own mistake: expected 1 + 1 == 3\n");
}
