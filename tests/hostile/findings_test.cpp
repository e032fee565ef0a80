// What fuzzing has found, each as a fact of its own (tests/fuzz).

#include <unistd.h>

#include "hostile.h"
#include "shm/identity.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tools/ringside/ring_file.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Findings: instants at the end of all time are shown as that, not as whatever overflows") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  ring->header().anchor_monotonic_ns = INT64_MAX;
  Failure failure;
  const auto file = tool::RingFile::open(dir.file("ring"), &failure);
  REQUIRE(file != nullptr);
  for (const std::uint64_t ticks : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) file->wall_ns(ticks);
  ring->header().clock_kind = static_cast<std::uint32_t>(ClockKind::monotonic);
  const auto nanoseconds = tool::RingFile::open(dir.file("ring"), &failure);
  REQUIRE(nanoseconds != nullptr);
  CHECK(nanoseconds->wall_ns(INT64_MAX) == INT64_MAX);
}

TEST_CASE("Findings: a number that is no pid is nobody's, and not everybody's") {
  CHECK(process_liveness(0xffffffff, 0) == Liveness::dead);
  CHECK(process_liveness(0x80000000, 0) == Liveness::dead);
  CHECK(process_liveness(static_cast<std::uint32_t>(-getpgrp()), 0) == Liveness::dead);
  CHECK(process_liveness(static_cast<std::uint32_t>(getpid()), 0) == Liveness::alive);
}
