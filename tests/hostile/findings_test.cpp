// What fuzzing has found, each as a fact of its own (tests/fuzz).

#include <unistd.h>

#include "daemon/alert_engine.h"
#include "hostile.h"
#include "shm/identity.h"
#include "tests/fuzz/state_parts.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tools/ringside/ring_file.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A watch of a ring with a few records, saved, and taken apart.
struct Saved {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring = make_ring(path, {1, 64, 64});
  Now now = read_instant();
  fuzz::StateParts parts;

  Saved() {
    use_nanoseconds(*ring, now.monotonic_ns);
    LaneWriter lane = claim(*ring);
    for (int i = 0; i < 9; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    Watch watch(options());
    REQUIRE(watch.tick(now).books.read == 9);
    auto taken_apart = fuzz::StateParts::of(encode_state({watch.save(now), {}, {}}));
    REQUIRE(taken_apart);
    parts = std::move(*taken_apart);
  }
  WatchOptions options() const { return {{path}, 10, 5, false}; }
  bool restore(Watch& watch, std::string* why) const {
    SavedState state;
    REQUIRE(decode_state(parts.bytes(), &state, why));
    return watch.restore(state.watch, now, why);
  }
};

}  // namespace

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

TEST_CASE("Findings: a state in which a ring stands twice is refused, for its records would count twice") {
  Saved saved;
  std::string why;
  Watch once(saved.options());
  REQUIRE(saved.restore(once, &why));
  CHECK(once.tick(saved.now).books.read == 9);
  saved.parts.rings.push_back(saved.parts.rings[0]);
  Watch twice(saved.options());
  CHECK_FALSE(saved.restore(twice, &why));
  CHECK(why.find("is in it twice") != std::string::npos);
  CHECK(twice.tick(saved.now).rings.size() == 1);
}

TEST_CASE("Findings: of rings that are no longer followed nothing in the state is taken in, however much there is") {
  Saved saved;
  for (int i = 0; i < 4000; ++i) {
    saved.parts.rings.push_back(saved.parts.rings[0]);
    saved.parts.rings.back().name = "gone" + std::to_string(i);
  }
  saved.parts.rings.back().state = "rubbish";
  Watch watch(saved.options());
  std::string why;
  REQUIRE(saved.restore(watch, &why));
  const Snapshot snapshot = watch.tick(saved.now);
  CHECK(snapshot.rings.size() == 1);
  CHECK(snapshot.books.read == 9);
}
