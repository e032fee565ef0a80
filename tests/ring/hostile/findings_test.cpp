// What fuzzing (tests/ring/fuzz) has found. Each finding is a test case.

#include <unistd.h>

#include "daemon/alerts/alert_engine.h"
#include "daemon/metrics/ring_metrics.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "shm/identity.h"
#include "tests/ring/fuzz/state_parts.h"
#include "tests/ring/hostile/hostile.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tools/ringside/source/ring_file.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// The beginning of a ring's state (RingFollower::encode), down to its first lane's figures. The
// rest stays as bytes.
struct SavedRing {
  std::uint64_t instance[2], inode, one, known[2], number, finished;
  std::uint64_t crashes, restarts, missed;
  std::uint64_t lost_before_attach, died, restarted;
  std::uint64_t written, read, lost, torn, rejected;   // of instances that are over
  std::uint64_t lanes, used, position, lane_read, lane_lost, lane_rejected;
  std::vector<std::uint64_t> holes;
  std::string rest;

  static SavedRing of(const std::string& bytes) {
    SavedRing state;
    Decoder in(bytes);
    for (std::uint64_t* n : {&state.instance[0], &state.instance[1], &state.inode, &state.one,
                             &state.known[0], &state.known[1], &state.number,
                             &state.finished, &state.crashes, &state.restarts, &state.missed,
                             &state.lost_before_attach, &state.died, &state.restarted}) {
      *n = in.u64();
    }
    for (std::uint64_t* n :
         {&state.written, &state.read, &state.lost, &state.torn, &state.rejected})
      *n = in.u64();
    for (std::uint64_t* n : {&state.lanes, &state.used, &state.position, &state.lane_read,
                             &state.lane_lost, &state.lane_rejected}) {
      *n = in.u64();
    }
    state.holes.resize(in.u64());
    REQUIRE(state.used == 1);
    REQUIRE(state.holes.empty());
    REQUIRE(in.good());
    state.rest = bytes.substr(state.bytes().size());
    REQUIRE(state.bytes() == bytes);
    return state;
  }
  std::string bytes() const {
    Encoder out;
    for (const std::uint64_t n : {instance[0], instance[1], inode, one, known[0], known[1], number,
                                  finished, crashes, restarts, missed, lost_before_attach, died,
                                  restarted}) {
      out.u64(n);
    }
    for (const std::uint64_t n : {written, read, lost, torn, rejected}) out.u64(n);
    for (const std::uint64_t n : {lanes, used, position, lane_read, lane_lost, lane_rejected})
      out.u64(n);
    out.u64(holes.size());
    for (const std::uint64_t hole : holes) out.u64(hole);
    out.raw(rest.data(), rest.size());
    return out.take();
  }
};

// The state of a watch whose ring has nine records, taken apart.
struct Saved {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring = make_ring(path, {1, 64, 64});
  Instant now = read_instant();
  fuzz::StateParts parts;

  Saved() {
    use_nanoseconds(*ring, now.monotonic_ns);
    LaneWriter lane = claim(*ring);
    for (int i = 0; i < 9; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    Watch watch(options());
    REQUIRE(watch.tick(now).books.read == 9);
    auto taken_apart = fuzz::StateParts::of(encode_state({watch.encode(now), {}, {}, {}}));
    REQUIRE(taken_apart);
    parts = std::move(*taken_apart);
  }
  WatchOptions options() const { return {{path}, 10, 5, false}; }
  bool restore(Watch& watch, std::string* why) const {
    SavedState state;
    REQUIRE(decode_state(parts.bytes(), &state, why));
    return watch.decode(state.watch, now, why);
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
  for (const std::uint64_t ticks : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    file->wall_ns(ticks);
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
    saved.parts.rings.back().path = "/gone" + std::to_string(i);
  }
  saved.parts.rings.back().state = "rubbish";
  Watch watch(saved.options());
  std::string why;
  REQUIRE(saved.restore(watch, &why));
  const Snapshot snapshot = watch.tick(saved.now);
  CHECK(snapshot.rings.size() == 1);
  CHECK(snapshot.books.read == 9);
}

TEST_CASE("Findings: a state whose books do not balance is refused, and one of other lanes is not this ring's") {
  const Saved whole;
  std::string why;
  const auto taken = [&](const auto& bend) {
    Saved saved;
    SavedRing state = SavedRing::of(saved.parts.rings[0].state);
    bend(state);
    saved.parts.rings[0].state = state.bytes();
    Watch watch(saved.options());
    const bool restored = saved.restore(watch, &why);
    check_books(watch.tick(saved.now));
    return restored;
  };
  CHECK(taken([](SavedRing&) {}));
  CHECK(taken([](SavedRing& state) { state.written = state.read = 3; }));
  CHECK_FALSE(taken([](SavedRing& state) { state.written = 3; }));
  CHECK_FALSE(taken([](SavedRing& state) { state.rejected = 1; }));
  CHECK_FALSE(taken([](SavedRing& state) { state.lane_rejected = 10; }));
  CHECK_FALSE(taken([](SavedRing& state) { state.lane_lost = 1; }));
  // Only the overflow lane can have holes. In another lane they would stay for ever.
  CHECK_FALSE(taken([](SavedRing& state) {
    state.holes = {3};
    state.lane_read = 8;
  }));

  // One lane too many in a state that is otherwise valid: the ring is read from its beginning.
  Saved saved;
  SavedRing state = SavedRing::of(saved.parts.rings[0].state);
  ++state.lanes;
  Decoder in(state.rest);
  Encoder first_lane;   // the rest of the first lane: torn, and six figures for each id
  for (std::uint32_t i = 0; i < 1 + 6 * (kFirstEvent + kMaxEvents); ++i) first_lane.u64(in.u64());
  state.rest.insert(first_lane.take().size(), 1, '\0');
  saved.parts.rings[0].state = state.bytes();
  Watch watch(saved.options());
  REQUIRE_MESSAGE(saved.restore(watch, &why), why);
  const Snapshot snapshot = watch.tick(saved.now);
  check_books(snapshot);
  CHECK(snapshot.rings[0].state == RingState::live);
  CHECK(snapshot.lanes.size() == 1);
  CHECK(snapshot.books.read == 18);   // nine of the state, and the same nine read again
}

TEST_CASE("Findings: whole numbers of the alerts' state are taken as that, within what can be counted on with") {
  Config config;
  config.alerts.raise_ticks = 1;
  config.alerts.start_grace_ns = 0;
  AlertEngine alerts(config);
  Snapshot snapshot;
  snapshot.rings.resize(1);
  snapshot.rings[0].name = "chat";
  snapshot.rings[0].state = RingState::crashed;   // a fact, so its alert fires at once
  alerts.evaluate(snapshot, kSecond, kHour);
  alerts.evaluate(snapshot, 2 * kSecond, 2 * kHour);
  const std::string saved = alerts.encode();
  std::string why;
  REQUIRE_MESSAGE(AlertEngine(config).decode(saved, &why), why);
  // Replaces every byte in turn by each of these. The state is refused, or the engine goes on with
  // it. The long ones are the two ends of signed time (zigzag) and the largest count.
  const auto number = [](std::uint64_t value) {
    Encoder out;
    out.u64(value);
    return out.take();
  };
  int refused = 0;
  int tried = 0;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    for (const std::string& bytes :
         {std::string(1, '\0'), std::string(1, '\x7f'), std::string(1, '\xff'), number(UINT64_MAX),
          number(UINT64_MAX - 1), number(std::uint64_t{1} << 62)}) {
      AlertEngine next(config);
      ++tried;
      if (!next.decode(std::string(saved).replace(at, 1, bytes), &why)) {
        ++refused;
        continue;
      }
      next.evaluate(snapshot, 3 * kSecond, 3 * kHour);
      snapshot.rings[0].state = RingState::live;
      next.evaluate(snapshot, 8 * kSecond, 4 * kHour);
      snapshot.rings[0].state = RingState::crashed;
    }
  }
  CHECK(tried > 500);
  CHECK(refused > tried / 4);
  CHECK(refused < tried);
  // Observed time is the first number.
  Decoder in(saved);
  in.u64();
  const auto with_observed = [&](std::uint64_t value) {
    return number(value) + std::string(in.rest());
  };
  CHECK(AlertEngine(config).decode(with_observed(5), &why));
  CHECK(AlertEngine(config).decode(with_observed(std::uint64_t{1} << 62), &why));
  CHECK_FALSE(AlertEngine(config).decode(with_observed((std::uint64_t{1} << 62) + 1), &why));
  CHECK_FALSE(AlertEngine(config).decode(with_observed(UINT64_MAX), &why));
}

TEST_CASE("Findings: a record may have ended at either end of time") {
  constexpr std::int64_t kEarliest = INT64_MIN, kLatest = INT64_MAX;
  CHECK(slice_of(kEarliest) == kEarliest / kSliceNs - 1);
  CHECK(slice_of(kLatest) == kLatest / kSliceNs);
  CHECK(slice_of(-1) == -1);
  CHECK(slice_of(-kSliceNs) == -1);
  CHECK(slice_of(-kSliceNs - 1) == -2);
  CHECK(slice_of(0) == 0);
  // Through the metrics: the records are counted, and only the totals since the start show them.
  RingMetrics metrics({100, 20});
  TickScale scale(ClockKind::monotonic, 0, 0, 0);
  metrics.set_time(scale, 3 * kSliceNs, 1);
  RingMetrics::Counts read_of{};
  for (const std::int64_t end : {kEarliest, kEarliest + 1, kLatest, std::int64_t{-1}}) {
    Record record = test::operation(0, static_cast<std::uint64_t>(end) - 5, 5);
    record.sequence = 2;
    metrics.add_alone(record, 0, read_of);
  }
  CHECK(read_of[0] == 4);
  CHECK(metrics.late_records() == 4);
}

TEST_CASE("Findings: a report shows an alert that was raised at either end of time") {
  for (const std::int64_t since : {std::int64_t{INT64_MIN}, std::int64_t{INT64_MAX}}) {
    Snapshot snapshot;
    snapshot.wall_ns = 1'700'000'000'000'000'000;
    AlertView alert;
    alert.last.alert = AlertType::high_latency;
    alert.since_wall_ns = since;
    snapshot.alerts.push_back(alert);
    CHECK(render_text(Report(snapshot)).find("high_latency") != std::string::npos);
    CHECK(render_json(Report(snapshot)).find("high_latency") != std::string::npos);
  }
}
