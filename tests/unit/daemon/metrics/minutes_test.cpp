// The minutes that the history gets: by the wall clock, each record in one of them, and the same
// after a restart.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr std::int64_t kOneSecond = 1'000'000'000;
constexpr std::int64_t kMonotonic = 5'000'007 * kOneSecond;
// The wall's minutes begin 23 s after a monotonic minute.
constexpr std::int64_t kWallMinusMonotonic =
    1'700'000'037 * kOneSecond - kMonotonic / (60 * kOneSecond) * 60 * kOneSecond;
const TickScale kMinutesClock(ClockKind::monotonic, 0, 0, 0);
using Take = RingMetrics::TakeMinutes;

struct MinutesRun {
  explicit MinutesRun(std::int64_t at = kMonotonic) : now(at) { begin(); }
  void begin() {
    metrics = std::make_unique<RingMetrics>(RingMetricsOptions{});
    metrics->align(offset);
    metrics->set_name(1, {"LOGIN", "user", {"queue", "", "", "", "", ""}});
    metrics->observe_from(now);
    metrics->set_time(kMinutesClock, now, 1);
  }
  void at(std::int64_t ns) {
    now = ns;
    metrics->set_time(kMinutesClock, now, 1);
  }
  void add(std::int64_t end_ns, std::int64_t duration_ns = 1000, Outcome outcome = Outcome::ok,
           std::uint16_t error = 0) {
    Record record{};
    record.sequence = 2;
    record.start = static_cast<std::uint64_t>(end_ns - duration_ns);
    record.duration = duration_ns;
    record.operation = 1;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = static_cast<std::uint8_t>(outcome);
    record.error = error;
    RingMetrics::Counts read_of{};
    metrics->add_alone(record, 0, read_of);
  }
  HistorySpan take(Take which = Take::over) {
    HistorySpan span;
    metrics->take_minutes("chat", offset, which, span);
    return span;
  }
  void restart(std::int64_t slice_shift = 0) {
    Encoder out;
    metrics->encode(out, offset);
    const std::string bytes = out.take();
    metrics = std::make_unique<RingMetrics>(RingMetricsOptions{});
    Decoder in(bytes);
    metrics->decode(in, slice_of(now), slice_shift);
    REQUIRE(in.at_end());
    metrics->observe_from(now);
  }
  std::int64_t offset = kWallMinusMonotonic;
  std::int64_t now;
  std::unique_ptr<RingMetrics> metrics;
};

// Keeps the fullest slot of each minute, as the history does.
using KeptMinutes = std::map<std::pair<std::int64_t, std::uint32_t>, HistorySlot>;
void keep_minutes(KeptMinutes& kept, const HistorySpan& span) {
  for (const HistorySeries& series : span.series) {
    for (const HistorySlot& slot : series.slots) {
      HistorySlot& before = kept[{slot.begin_wall_s, slot.again}];
      if (slot.count() >= before.count()) before = slot;
    }
  }
}

}  // namespace

TEST_CASE("Minutes: every record is in the wall's minute in which it ended, to half a slice") {
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  MinutesRun run;
  std::map<std::int64_t, std::uint64_t> ended;  // by half slices of the wall
  KeptMinutes kept;
  std::uint64_t written = 0;
  for (int step = 0; step < 2000; ++step) {
    run.at(run.now + static_cast<std::int64_t>(random() % (3 * kOneSecond)));
    // Some come late, up to 20 minutes, and some killed daemon reads them again.
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      const std::int64_t late =
          random() % 10 == 0 ? static_cast<std::int64_t>(random() % (1200 * kOneSecond)) : 0;
      const std::int64_t end = std::max(run.now - late, kMonotonic);
      run.add(end);
      ++ended[(end + run.offset) / (kOneSecond / 2)];
      ++written;
    }
    if (random() % 5 == 0) keep_minutes(kept, run.take());
    if (random() % 100 == 0) {
      run.restart();
      run.at(run.now);
    }
  }
  keep_minutes(kept, run.take(Take::all));
  std::uint64_t counted = 0;
  for (const auto& minute : kept) {
    const HistorySlot& slot = minute.second;
    INFO("minute ", minute.first.first);
    CHECK(minute.first.first % 60 == 0);
    CHECK(minute.first.second == 0);
    counted += slot.count();
    // Half a slice earlier and later there are at least, and at most, so many.
    const auto between = [&](std::int64_t from_half_s, std::int64_t to_half_s) {
      std::uint64_t sum = 0;
      for (auto it = ended.lower_bound(from_half_s); it != ended.lower_bound(to_half_s); ++it)
        sum += it->second;
      return sum;
    };
    const std::int64_t begin = minute.first.first * 2;
    CHECK(slot.count() >= between(begin + 6, begin + 114));
    CHECK(slot.count() <= between(begin - 6, begin + 126));
  }
  CHECK(counted == written);
}

TEST_CASE("Minutes: figures of a minute: outcomes, errors by code, stages, losses, observed time") {
  MinutesRun run;
  const std::int64_t minute_wall = ((run.now + run.offset) / (60 * kOneSecond) + 1) * 60;
  const std::int64_t begin = minute_wall * kOneSecond - run.offset;
  run.at(begin + 20 * kOneSecond);
  run.add(run.now, 3000);
  run.add(run.now, 5000, Outcome::error, 7);
  run.add(run.now, 5000, Outcome::timeout, 7);
  run.add(run.now, 1000, Outcome::rejected, 9);
  run.metrics->add_skipped(1, 4);
  run.metrics->add_lost(11);
  run.at(begin + 66 * kOneSecond);
  const HistorySpan early = run.take();
  for (const HistorySeries& series : early.series) CHECK(series.slots.empty());
  run.at(begin + 71 * kOneSecond);
  const HistorySpan span = run.take();
  REQUIRE(span.series.size() == 1);
  CHECK(span.series[0].ring == "chat");
  CHECK(span.series[0].name == "LOGIN");
  CHECK(span.series[0].category == "user");
  CHECK(span.series[0].stage_names[0] == "queue");
  REQUIRE(span.series[0].slots.size() == 1);
  const HistorySlot& slot = span.series[0].slots[0];
  CHECK(slot.begin_wall_s == minute_wall);
  CHECK(slot.recorded == 4);
  CHECK(slot.skipped == 4);
  CHECK(slot.outcomes[1] == 1);
  CHECK(slot.outcomes[2] == 1);
  CHECK(slot.outcomes[3] == 1);
  CHECK(slot.sum_ns == 14000);
  CHECK(slot.min_ns == 1000);
  CHECK(slot.max_ns == 5000);
  CHECK(slot.latency.count() == 4);
  CHECK(slot.errors == std::vector<HistoryError>{{7, RecordOutcome::error, 1},
                                                 {7, RecordOutcome::timeout, 1},
                                                 {9, RecordOutcome::rejected, 1}});
  REQUIRE_FALSE(span.rings.empty());
  const HistoryRingSlot& of_ring = span.rings[0].slots.back();
  CHECK(of_ring.begin_wall_s == minute_wall);
  CHECK(of_ring.observed_seconds == doctest::Approx(60));
  CHECK(of_ring.lost == 11);
  // It is taken once, and again when a record of it comes late: whole.
  CHECK(run.take().series.empty());
  run.add(begin + 30 * kOneSecond);
  const HistorySpan late = run.take();
  REQUIRE(late.series.size() == 1);
  CHECK(late.series[0].slots.at(0).begin_wall_s == minute_wall);
  CHECK(late.series[0].slots.at(0).recorded == 5);
}

TEST_CASE("Minutes: after a restart the whole last hour comes again, under the same names") {
  MinutesRun run;
  KeptMinutes before;
  for (int minute = 0; minute < 40; ++minute) {
    run.at(run.now + 60 * kOneSecond);
    run.add(run.now);
    keep_minutes(before, run.take());
  }
  run.restart();
  // The clock was set meanwhile, by half an hour and a bit.
  run.offset += 1817 * kOneSecond;
  run.at(run.now + kOneSecond);
  KeptMinutes after;
  keep_minutes(after, run.take());
  for (const auto& minute : before) {
    REQUIRE(after.contains(minute.first));
    CHECK(after[minute.first].count() == minute.second.count());
  }
}

TEST_CASE("Minutes: while the clock stands where it has been before, minutes are told apart") {
  MinutesRun run;
  KeptMinutes kept;
  std::uint64_t written = 0;
  for (int minute = 0; minute < 30; ++minute) {
    if (minute == 10) run.offset -= 300 * kOneSecond;
    if (minute == 13) run.offset -= 300 * kOneSecond;
    run.at(run.now + 60 * kOneSecond);
    run.add(run.now);
    ++written;
    keep_minutes(kept, run.take());
    if (minute == 12) {
      run.restart();
      run.at(run.now);
    }
  }
  keep_minutes(kept, run.take(Take::all));
  std::uint64_t counted = 0;
  std::uint32_t most = 0;
  for (const auto& [key, slot] : kept) {
    counted += slot.count();
    most = std::max(most, key.second);
  }
  CHECK(counted == written);
  CHECK(most == 2);
}

TEST_CASE("Minutes: lost records of an operation count where the books told of them") {
  MinutesRun run;
  RingMetrics::LivingById living(kIdCount);
  living[1].books = {20, 15, 5, 0, 0};
  run.add(run.now);
  Snapshot shown;
  run.metrics->show("chat", living, {run.now, run.offset, run.now, 0}, shown);
  run.restart();
  run.at(run.now + 60 * kOneSecond);
  living[1].books = {30, 18, 12, 0, 0};
  run.metrics->show("chat", living, {run.now, run.offset, run.now, 0}, shown);
  const HistorySpan span = run.take(Take::all);
  REQUIRE(span.series.size() == 1);
  REQUIRE(span.series[0].slots.size() == 2);
  CHECK(span.series[0].slots[0].lost == 5);
  CHECK(span.series[0].slots[1].lost == 7);
}
