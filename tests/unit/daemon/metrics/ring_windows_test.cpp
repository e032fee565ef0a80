// What a ring's metrics count in which window, one rule at a time.
#include <doctest/doctest.h>

#include <map>
#include <memory>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "tests/support/later.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::kSecond;
using ringside::test::seed;

namespace {

constexpr std::int64_t kWallOffset = 1'700'000'000 * kSecond;

}  // namespace

TEST_CASE(
    "Metrics: above twenty thousand records in a slice an actor's figures are marked as estimates "
    "and enclosed") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1000 * kSecond;
  metrics.observe_from(now_ns);
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  std::mt19937_64 random(seed());
  struct Sums {
    std::uint64_t count = 0, errors = 0, time_ns = 0;
  };
  std::map<std::uint64_t, Sums> truth;
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    Record record{};
    record.sequence = 2 * (i + 1);
    record.operation = static_cast<std::uint16_t>(random() % 3);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = random() % 90 == 0 ? 1 : 0;
    record.duration = static_cast<std::int64_t>(random() % 7 == 0 ? 200'000 + random() % 100'000
                                                                  : random() % 20'000);
    record.start = static_cast<std::uint64_t>(now_ns - record.duration) + i % 1000;
    record.actor = random() % 53;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    Sums& of = truth[record.actor];
    ++of.count;
    of.errors += record.outcome == 1;
    of.time_ns += static_cast<std::uint64_t>(record.duration);
    metrics.add(words_of(record), i, 0);
    if (i % RingMetrics::kBatch == RingMetrics::kBatch - 1) metrics.end_batch(read_of);
  }
  metrics.end_batch(read_of);
  metrics.end_run();
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
  for (const auto* list : {&shown.actors_by_time, &shown.actors_by_errors}) {
    REQUIRE(list->size() == 20);
    for (const TopEntry& row : *list) {
      const Sums& of = truth[row.party.id];
      CHECK(row.estimated);
      CHECK(row.errors == of.errors);
      CHECK(row.errors_in.low == of.errors);
      CHECK(row.errors_in.high == of.errors);
      CHECK(row.count_in.low <= of.count);
      CHECK(row.count_in.high >= of.count);
      CHECK(row.time_in_ns.low <= of.time_ns);
      CHECK(row.time_in_ns.high >= of.time_ns);
      // The estimates are close enough to be of use.
      CHECK(row.count == doctest::Approx(static_cast<double>(of.count)).epsilon(0.5));
      CHECK(row.count_in.high < 3 * of.count);
    }
  }
}

TEST_CASE("Metrics: stage words without their flag are not counted and not shown") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1000 * kSecond;
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  // Many records, so that the later ones are plain: neither slowest nor longest.
  for (std::uint64_t i = 0; i < 300; ++i) {
    Record record{};
    record.sequence = 2 * (i + 1);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.duration = 1000 - static_cast<std::int64_t>(i > 100 ? 100 + i % 10 : i);
    record.start = static_cast<std::uint64_t>(now_ns - record.duration);
    record.flags = i % 2 == 0 ? kFlagStages : 0;
    record.set_stage(1, 40);
    metrics.add_alone(record, 0, read_of);
  }
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
  const WindowStats& minute = shown.operations.at(0).window(Window::minute);
  CHECK(minute.recorded == 300);
  CHECK(minute.stages[1].count == 150);
  CHECK(minute.stages[1].sum_ns == 150 * 40);
  for (const RecordView& record : shown.operations[0].last) {
    CHECK(record.stages_ns[1] == (record.position % 2 == 0 ? 40 : 0));
  }
}

TEST_CASE(
    "Metrics: what ends in the future counts since start and in no window, and is not the latest "
    "error") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1001 * kSecond;
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  const auto fail_at = [&](std::int64_t end_ns, std::uint64_t actor) {
    Record record{};
    record.sequence = 2;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = 1;
    record.error = 5001;
    record.start = static_cast<std::uint64_t>(end_ns);
    record.actor = actor;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    metrics.add_alone(record, 0, read_of);
  };
  fail_at(now_ns + 3600 * kSecond, 66);
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, kWallOffset, 0, 0}, shown);
  REQUIRE(shown.errors.size() == 1);
  CHECK(shown.errors[0].count == std::array<std::uint64_t, kWindows>{1, 0, 0, 0});
  CHECK(shown.errors[0].last_wall_ns == 0);
  CHECK(shown.slowest.empty());
  fail_at(now_ns, 7);
  fail_at(now_ns + 2 * kSecond, 66);  // in the current slice, but still in the future
  shown = Snapshot{};
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, kWallOffset, 0, 0}, shown);
  CHECK(shown.errors[0].count == std::array<std::uint64_t, kWindows>{3, 1, 1, 1});
  CHECK(shown.errors[0].last_wall_ns == now_ns + kWallOffset);
  CHECK(shown.errors[0].last_actor.id == 7);
  const WindowStats& minute = shown.operations.at(0).window(Window::minute);
  CHECK(minute.recorded == 1);
  CHECK(shown.operations.at(0).window(Window::since_start).recorded == 3);
}

TEST_CASE("Metrics: rates are over the observed time, and what is older is history") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  std::uint64_t position = 0;
  const auto end_at = [&](std::int64_t end_ns) {
    Record record{};
    record.sequence = 2 * ++position;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.start = static_cast<std::uint64_t>(end_ns);
    record.actor = 1;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    metrics.add_alone(record, 0, read_of);
  };
  const auto shown_at = [&](std::int64_t now_ns) {
    Snapshot out;
    metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, out);
    return out;
  };
  // The ring is a day old and holds an hour of another lane. It has been observed for 4 s.
  const std::int64_t attach_ns = 100'002 * kSecond;
  const std::int64_t since_ns = attach_ns - 4 * kSecond;
  metrics.observe_from(since_ns);
  metrics.set_time(clock, attach_ns, 1);
  for (int i = 1; i <= 36; ++i) end_at(since_ns - i * 100 * kSecond);
  for (int i = 0; i < 400; ++i) end_at(since_ns + i * kSecond / 100);
  metrics.count_skipped_since(attach_ns - 86'400 * kSecond);
  metrics.add_skipped(0, 50'000);
  Snapshot shown = shown_at(attach_ns);
  for (std::size_t w = 0; w < kWindows; ++w) {
    const WindowStats& stats = shown.operations.at(0).windows[w];
    CHECK(stats.seconds == doctest::Approx(4));
    CHECK(stats.rate() == doctest::Approx(100));
    CHECK(stats.recorded == (w == 0 ? 436 : 400));
    CHECK(stats.history == (w == 0 ? 50'036 : 0));
  }
  CHECK(shown.actors_by_time.empty());
  // The daemon is away for half an hour. What was overwritten in that time was not observed.
  const std::int64_t back_ns = attach_ns + 1800 * kSecond;
  metrics.observe_from(back_ns - kSecond);
  metrics.set_time(clock, back_ns, 1);
  for (int i = 0; i < 100; ++i) end_at(back_ns - kSecond + i * kSecond / 100);
  end_at(back_ns - 2 * kSecond);  // in the gap
  shown = shown_at(back_ns);
  const WindowStats& hour = shown.operations.at(0).window(Window::hour);
  CHECK(hour.seconds == doctest::Approx(5));
  CHECK(hour.recorded == 500);
  CHECK(hour.rate() == doctest::Approx(100));
  CHECK(shown.operations.at(0).window(Window::minute).rate() == doctest::Approx(100));
  CHECK(shown.operations.at(0).window(Window::since_start).rate() == doctest::Approx(100));
  // The daemon reads on without a gap, so all seconds count.
  metrics.observe_from(back_ns - 10);
  metrics.set_time(clock, back_ns + 10 * kSecond, 1);
  CHECK(shown_at(back_ns + 10 * kSecond).operations.at(0).window(Window::since_start).seconds ==
        doctest::Approx(15));
}

TEST_CASE("Metrics: losses are counted over the windows") {
  RingMetrics metrics({100, 20});
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  metrics.set_time(clock, 1000 * kSecond, 1);
  metrics.add_lost(5'000'000'000);
  metrics.set_time(clock, 1100 * kSecond, 1);
  metrics.add_lost(3);
  CHECK(metrics.lost() ==
        std::array<std::uint64_t, kWindows>{5'000'000'003, 3, 5'000'000'003, 5'000'000'003});
  metrics.set_time(clock, 1400 * kSecond, 1);
  CHECK(metrics.lost() == std::array<std::uint64_t, kWindows>{5'000'000'003, 0, 0, 5'000'000'003});
  metrics.set_time(clock, 5000 * kSecond, 1);
  CHECK(metrics.lost() == std::array<std::uint64_t, kWindows>{5'000'000'003, 0, 0, 0});
}

TEST_CASE("Metrics: an event's context is named as its own life of the ring named it") {
  auto metrics = std::make_unique<RingMetrics>(RingMetricsOptions{100, 20});
  RingMetrics::Counts read_of{};
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  const std::int64_t now_ns = 1000 * kSecond;
  const auto happen = [&](std::uint64_t n) {
    Record record{};
    record.sequence = 2 * (n + 1);
    record.operation = kFirstEvent;
    record.kind = static_cast<std::uint8_t>(Kind::event);
    record.start = static_cast<std::uint64_t>(now_ns) + n;
    record.event.context = 1;
    metrics->add_alone(record, 0, read_of);
  };
  const auto contexts = [&] {
    Snapshot shown;
    metrics->show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
    std::vector<std::string> out;
    for (const RecordView& record : shown.events.at(0).last) out.push_back(record.context);
    return out;
  };
  metrics->set_time(clock, now_ns, 1);
  metrics->set_name(0, {"FIRST", "", {}});
  metrics->set_name(kFirstEvent, {"RETRY", "", {}});
  happen(0);
  CHECK(contexts() == std::vector<std::string>{"FIRST"});
  // The server restarts and enters its names in another order.
  metrics->end_clock(0);
  metrics->forget_names();
  metrics->set_time(clock, now_ns, 2);
  metrics->set_name(0, {"SECOND", "", {}});
  metrics->set_name(kFirstEvent, {"RETRY", "", {}});
  happen(1);
  CHECK(contexts() == std::vector<std::string>{"SECOND", "FIRST"});
  // The daemon restarts too, and a third server gives the id yet another name.
  Encoder out;
  metrics->encode(out, 0);
  const std::string bytes = out.take();
  metrics = std::make_unique<RingMetrics>(RingMetricsOptions{100, 20});
  Decoder in(bytes);
  metrics->decode(in, slice_of(now_ns), 0);
  REQUIRE(in.at_end());
  metrics->set_time(clock, now_ns, 3);
  metrics->set_name(0, {"THIRD", "", {}});
  CHECK(contexts() == std::vector<std::string>{"SECOND", "FIRST"});
}
