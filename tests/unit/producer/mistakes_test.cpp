// What a caller must not do ends the process, where assertions are compiled in.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <functional>

#include "shm/assert.h"
#include "shm/lane_claim.h"
#include "shm/lane_reader.h"
#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

#ifdef RINGSIDE_ASSERTS

using namespace ringside;
using namespace ringside::test;

namespace {

bool aborts(const std::function<void()>& body) {
  return run([&] {
           signal(SIGABRT, SIG_DFL);  // not the test program's handler
           const rlimit no_core{0, 0};
           setrlimit(RLIMIT_CORE, &no_core);
           body();
           return 0;
         })
      .killed_by(SIGABRT);
}

}  // namespace

TEST_CASE("Mistakes: a lane, an entry or an id that is not there is a mistake of the caller") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  std::string text;
  std::uint16_t code = 0;
  CHECK_FALSE(aborts([&] { ring->lane_header(2); }));
  CHECK_FALSE(aborts([&] { ring->totals(2); }));
  CHECK_FALSE(aborts([&] { ring->slots(2); }));
  CHECK(aborts([&] { ring->lane_header(3); }));
  CHECK(aborts([&] { ring->totals(3); }));
  CHECK(aborts([&] { ring->slots(3); }));
  CHECK_FALSE(aborts([&] { release_lane(*ring, 1); }));
  CHECK(aborts([&] { release_lane(*ring, 2); }));
  CHECK_FALSE(aborts([&] { read_gauge_name(*ring, 63, &text); }));
  CHECK(aborts([&] { read_gauge_name(*ring, 64, &text); }));
  CHECK_FALSE(aborts([&] { read_error_name(*ring, 511, &code, &text); }));
  CHECK(aborts([&] { read_error_name(*ring, 512, &code, &text); }));
  CHECK_FALSE(aborts([&] { enter_name(*ring, 319, {"N", "", {}}); }));
  CHECK(aborts([&] { enter_name(*ring, 320, {"N", "", {}}); }));
  CHECK(aborts([&] { enter_name(*ring, 0, {"", "", {}}); }));
}

TEST_CASE("Mistakes: a reader's capacity is a power of two") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  const LaneHeader& header = ring->lane_header(0);
  const auto read = [&](std::uint64_t capacity) {
    LaneCursor cursor;
    read_lane(ring->slots(0), header, capacity, cursor, 1, [](const Record&) {});
  };
  const auto overflow = [&](std::uint64_t capacity) {
    LaneCursor cursor;
    read_overflow(ring->slots(0), header, capacity, cursor, 1, [](const Record&) {});
  };
  for (const std::uint64_t capacity : {1, 2, 64}) {
    CHECK_FALSE(aborts([&] { read(capacity); }));
    CHECK_FALSE(aborts([&] { overflow(capacity); }));
  }
  for (const std::uint64_t capacity : {0, 3, 65}) {
    CHECK(aborts([&] { read(capacity); }));
    CHECK(aborts([&] { overflow(capacity); }));
  }
}

#else

// This file is a test of its own under qemu, where no assertion is compiled in.
TEST_CASE("Mistakes: where no assertion is compiled in, what it would ask is not evaluated") {
  int asked = 0;
  RINGSIDE_ASSERT(++asked == 0);
  CHECK(asked == 0);
}

#endif
