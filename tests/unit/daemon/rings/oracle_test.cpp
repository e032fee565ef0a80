// The daemon's core, compared with an oracle that keeps every record.

#include <doctest/doctest.h>

#include <map>
#include <thread>

#include "daemon/rings/watch.h"
#include "shm/names.h"
#include "tests/support/later.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/oracle.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A server of four threads and five operations, in simulated time.
struct Simulation {
  TempDir dir;
  std::unique_ptr<Segment> ring;
  std::vector<LaneWriter> lanes;
  Oracle oracle;
  std::mt19937_64 random{seed()};
  static constexpr std::int64_t kBorn = 1000 * kSecond + 123;
  std::int64_t now = kBorn;

  explicit Simulation(std::uint32_t capacity = 1024)
      : ring(make_ring(dir.file("ring"), {4, capacity, 64})) {
    use_nanoseconds(*ring, now);
    for (std::uint32_t i = 0; i < 4; ++i) lanes.push_back(claim(*ring, i));
    const char* names[] = {"CREATE_ROOM", "JOIN_ROOM", "SEND_MESSAGE", "EDIT_MESSAGE", "LOGIN"};
    const char* categories[] = {"room", "room", "message", "message", "user"};
    for (std::uint16_t id = 0; id < 5; ++id) enter_name_for_test(id, names[id], categories[id]);
  }
  void enter_name_for_test(std::uint16_t id, const char* name, const char* category) {
    REQUIRE(enter_name(*ring, id, {name, category, {"validation", "", "database", ""}}));
  }

  // One operation that ended `ago` ns before now, on a random lane. Durations are log-uniform over
  // six decades.
  void write(std::int64_t ago = 0) {
    ago = std::min(ago, now - kBorn);   // no record is older than its ring
    const auto lane = static_cast<std::uint32_t>(random() % lanes.size());
    const auto id = static_cast<std::uint16_t>(random() % 5);
    const double exponent = static_cast<double>(random() % 1'000'000) / 1'000'000 * 6 + 3;
    const auto duration = static_cast<std::int64_t>(std::pow(10.0, exponent));
    const std::uint8_t outcome =
        random() % 10 == 0 ? static_cast<std::uint8_t>(random() % kOutcomeCount) : 0;
    Record record = operation(id, static_cast<std::uint64_t>(now - ago - duration), duration,
                              static_cast<Outcome>(outcome));
    record.actor = random() % 50;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    oracle.all.push_back(
        {id, outcome, lane, lanes[lane].position, now - ago - duration, duration, record.actor});
    write_record(lanes[lane], record);
  }
};

const SeriesView& series(const Snapshot& snapshot, const std::string& name) {
  for (const SeriesView& view : snapshot.operations) {
    if (view.name == name) return view;
  }
  FAIL("no series " << name);
  return snapshot.all;
}

void check_window(const WindowStats& stats, const std::vector<OracleRecord>& expected) {
  CHECK(stats.recorded == expected.size());
  std::uint64_t errors = 0;
  std::uint64_t refused = 0;
  std::uint64_t sum = 0;
  std::int64_t least = INT64_MAX;
  std::int64_t most = 0;
  for (const OracleRecord& record : expected) {
    errors += record.outcome == 1 || record.outcome == 2;
    refused += record.outcome >= 3 && record.outcome <= 5;
    sum += static_cast<std::uint64_t>(record.duration_ns);
    least = std::min(least, record.duration_ns);
    most = std::max(most, record.duration_ns);
  }
  CHECK(stats.errors == errors);
  CHECK(stats.refused == refused);
  if (expected.empty()) return;
  CHECK(stats.sum_ns == sum);
  CHECK(stats.min_ns == static_cast<std::uint64_t>(least));
  CHECK(stats.max_ns == static_cast<std::uint64_t>(most));
  for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999}) {
    const auto exact = static_cast<double>(Oracle::quantile(expected, q));
    CHECK(std::abs(stats.quantile_ns(q) - exact) / exact <= 0.011);
  }
}

void check_last(const SeriesView& view, const std::vector<OracleRecord>& expected,
                std::int64_t wall) {
  REQUIRE(view.last.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(view.last[i].lane == expected[i].lane);
    CHECK(view.last[i].position == expected[i].position);
    CHECK(view.last[i].duration_ns == expected[i].duration_ns);
    CHECK(view.last[i].start_wall_ns == expected[i].start_ns + wall);
    CHECK(view.last[i].actor.id == expected[i].actor);
  }
}

constexpr const char* kNames[] = {"CREATE_ROOM", "JOIN_ROOM", "SEND_MESSAGE", "EDIT_MESSAGE",
                                  "LOGIN"};

}  // namespace

TEST_CASE(
    "Oracle: windows, quantiles, errors and the last 100 are right over hours, with late records "
    "and pauses") {
  Simulation sim;
  Watch watch({{sim.dir.file("ring")}, 100, 20, false});
  watch.pass(simulated(sim.now));
  for (int tick = 1; tick <= 1200; ++tick) {
    const std::uint64_t burst = sim.random() % 10 == 0 ? sim.random() % 300 : sim.random() % 12;
    const std::int64_t length = sim.random() % 50 == 0 ? 200 * kSecond : 5 * kSecond;
    for (std::uint64_t i = 0; i < burst; ++i) {
      sim.now += length / static_cast<std::int64_t>(burst + 1);
      // Some records arrive late: they ended up to 20 min ago.
      sim.write(sim.random() % 20 == 0
                    ? static_cast<std::int64_t>(sim.random() % 1'200'000'000'000ULL)
                    : 0);
      if (sim.random() % 7 == 0) watch.pass(simulated(sim.now));
    }
    sim.now += length / static_cast<std::int64_t>(burst + 1);
    const Snapshot snapshot = watch.tick(simulated(sim.now));
    CHECK(snapshot.books.lost == 0);
    CHECK(snapshot.books.read == sim.oracle.all.size());
    if (tick % 100 != 0) continue;
    const std::int64_t slice = sim.now / (5 * kSecond);
    // Minutes are those of the wall clock.
    const std::int64_t apart = simulated(0).realtime_ns;
    const std::int64_t minute = (sim.now + apart) / (60 * kSecond);
    for (int id = 0; id < 5; ++id) {
      const SeriesView& view = series(snapshot, kNames[id]);
      check_window(view.window(Window::since_start), sim.oracle.of(id, INT64_MIN, INT64_MAX));
      check_window(view.window(Window::minute),
                   sim.oracle.of(id, (slice - 11) * 5 * kSecond, INT64_MAX));
      check_window(view.window(Window::five_minutes),
                   sim.oracle.of(id, (slice - 59) * 5 * kSecond, INT64_MAX));
      check_window(view.window(Window::hour),
                   sim.oracle.of(id, (minute - 59) * 60 * kSecond - apart, INT64_MAX));
      check_last(view, sim.oracle.last(id, 100), 1'700'000'000 * kSecond);
      CHECK(view.books.balance());
      CHECK(view.books.read == view.server_count);
    }
    std::uint64_t all = 0;
    for (const SeriesView& view : snapshot.operations)
      all += view.window(Window::since_start).recorded;
    CHECK(snapshot.all.window(Window::since_start).recorded == all);
    CHECK(snapshot.categories.size() == 3);
    CHECK(snapshot.all.last.size() == 100);
  }
}

TEST_CASE("Oracle: errors are counted by operation, code and outcome, with who was last") {
  Simulation sim;
  Watch watch({{sim.dir.file("ring")}, 100, 20, false});
  std::map<std::pair<std::string, std::string>, std::uint64_t> expected;
  for (int i = 0; i < 900; ++i) {
    sim.now += kSecond / 100;
    sim.write();
    const OracleRecord& record = sim.oracle.all.back();
    if (record.outcome != 0) ++expected[{kNames[record.operation], kOutcomeNames[record.outcome]}];
    watch.pass(simulated(sim.now));
  }
  const Snapshot snapshot = watch.tick(simulated(sim.now));
  REQUIRE(snapshot.errors.size() == expected.size());
  for (const ErrorStats& error : snapshot.errors)
    CHECK(error.count[0] == expected[{error.operation, name_of(error.outcome)}]);
}

TEST_CASE("Oracle: with a ring made too small the sums hold, and the loss is known per operation") {
  Simulation sim(64);
  Watch watch({{sim.dir.file("ring")}, 100, 20, false});
  watch.pass(simulated(sim.now));
  for (int burst = 0; burst < 20; ++burst) {
    for (int i = 0; i < 3000; ++i) {
      sim.now += 1000;
      sim.write();
    }
    watch.pass(simulated(sim.now));
  }
  const Snapshot snapshot = watch.tick(simulated(sim.now));
  CHECK(snapshot.books.lost > 0);
  CHECK(snapshot.books.balance());
  CHECK(snapshot.books.written == sim.oracle.all.size());
  CHECK(snapshot.unattributed_lost == 0);
  for (int id = 0; id < 5; ++id) {
    const SeriesView& view = series(snapshot, kNames[id]);
    const auto written = sim.oracle.of(id, INT64_MIN, INT64_MAX).size();
    CHECK(view.server_count == written);
    CHECK(view.books.read + view.books.lost == written);
    CHECK(view.books.lost > 0);
  }
}

TEST_CASE("Oracle: the last 100 of many real threads are exactly those that completed latest") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {8, 4096, 64});
  Watch watch({{dir.file("ring")}, 100, 20, false});
  std::vector<std::vector<OracleRecord>> kept(8);
  std::vector<LaneWriter> writers;
  for (std::uint32_t t = 0; t < 8; ++t) writers.push_back(claim(*ring, t));
  const auto kind = static_cast<ClockKind>(ring->header().clock_kind);
  std::atomic<int> running{8};
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t n = 0; n < 3000; ++n) {
        const std::uint64_t start = read_ticks(kind);
        for (int spin = 0; spin < static_cast<int>(n * 7 % 300); ++spin)
          std::atomic_signal_fence(std::memory_order_seq_cst);
        const std::uint64_t end = read_ticks(kind);
        const auto id = static_cast<std::uint16_t>((n + t) % 3);
        const auto duration = static_cast<std::int64_t>(end - start);
        kept[t].push_back(
            {id, 0, t, writers[t].position, static_cast<std::int64_t>(start), duration, 0});
        write_record(writers[t], operation(id, start, duration));
      }
      --running;
    });
  }
  while (running.load() > 0) watch.pass(read_instant());
  for (std::thread& thread : threads) thread.join();
  const Snapshot snapshot = watch.tick(read_instant());
  REQUIRE(snapshot.books.lost == 0);
  REQUIRE(snapshot.books.read == 24000);
  Oracle oracle;
  for (const auto& records : kept)
    oracle.all.insert(oracle.all.end(), records.begin(), records.end());
  for (int id = 0; id < 3; ++id) {
    const auto expected = oracle.last(id, 100);
    const SeriesView& view = series(snapshot, "operation-" + std::to_string(id));
    REQUIRE(view.last.size() == 100);
    for (std::size_t i = 0; i < 100; ++i) {
      CHECK(view.last[i].lane == expected[i].lane);
      CHECK(view.last[i].position == expected[i].position);
    }
  }
}

TEST_CASE("Oracle: negative spans are counted and shown, untimed ones stay out of the latencies") {
  Simulation sim;
  Watch watch({{sim.dir.file("ring")}, 100, 20, false});
  write_record(sim.lanes[0], operation(2, static_cast<std::uint64_t>(sim.now), -500));
  Record untimed = operation(2, static_cast<std::uint64_t>(sim.now), 0, Outcome::error);
  untimed.flags = kFlagUntimed;
  write_record(sim.lanes[0], untimed);
  write_record(sim.lanes[0], operation(2, static_cast<std::uint64_t>(sim.now - 700), 700));
  count_only(sim.lanes[0], 2);
  const Snapshot snapshot = watch.tick(simulated(sim.now));
  const SeriesView& view = series(snapshot, "SEND_MESSAGE");
  const WindowStats& stats = view.window(Window::since_start);
  CHECK(stats.recorded == 3);
  CHECK(stats.skipped == 1);
  CHECK(stats.count() == 4);
  CHECK(stats.timed == 2);
  CHECK(stats.negative == 1);
  CHECK(stats.errors == 1);
  CHECK(stats.max_ns == 700);
  CHECK(view.server_count == 4);
  CHECK(view.last[1].duration_ns == 0);
  CHECK(view.last[2].duration_ns == -500);
}

TEST_CASE("Oracle: stages add up in nanoseconds") {
  Simulation sim;
  Watch watch({{sim.dir.file("ring")}, 100, 20, false});
  for (int i = 1; i <= 10; ++i) {
    Record record = operation(2, static_cast<std::uint64_t>(sim.now), 10000);
    record.flags = kFlagStages;
    record.set_stage(0, pack_stage_ticks(static_cast<std::uint64_t>(i)));
    record.set_stage(2, pack_stage_ticks(5'000'000'000));
    write_record(sim.lanes[1], record);
  }
  sim.now += kSecond;
  const Snapshot snapshot = watch.tick(simulated(sim.now));
  const WindowStats& stats = series(snapshot, "SEND_MESSAGE").window(Window::minute);
  CHECK(stats.stages[0].count == 10);
  CHECK(stats.stages[0].sum_ns == 55);
  CHECK(stats.stages[0].max_ns == 10);
  CHECK(stats.stages[1].count == 0);
  CHECK(stats.stages[2].max_ns == doctest::Approx(5e9).epsilon(2e-5));
  CHECK(series(snapshot, "SEND_MESSAGE").stage_names[2] == "database");
}
