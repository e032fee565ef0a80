// Single rules of a ring's metrics: names, memory, clocks, and what a call out of order does.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "tests/support/process.h"

using namespace ringside;

namespace {

constexpr std::int64_t kRuleSecond = 1'000'000'000;
constexpr std::int64_t kRuleNow = 7200 * kRuleSecond;  // a half hour begins
const TickScale kRuleClock(ClockKind::monotonic, 0, 0, 0);

// An operation of user `actor` that ended at that instant, and took that many ns.
Record ended_by(std::int64_t end_ns, std::int64_t span_ns, std::uint64_t actor,
                std::uint16_t id = 0) {
  Record record{};
  record.sequence = 2;
  record.kind = static_cast<std::uint8_t>(id < kFirstEvent ? Kind::operation : Kind::event);
  record.operation = id;
  record.start = static_cast<std::uint64_t>(end_ns - span_ns);
  record.duration = span_ns;
  record.actor = actor;
  record.flags = static_cast<std::uint16_t>(ActorKind::user);
  return record;
}

struct Rules {
  RingMetrics metrics;
  RingMetrics::Counts read_of{};

  explicit Rules(const RingMetricsOptions& options = {}) : metrics(options) {}
  void add(const Record& record) { metrics.add_alone(record, 0, read_of); }
  void add_many(std::int64_t end_ns, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      metrics.add(words_of(ended_by(end_ns, 100, 1)), i, 0);
      if (i % RingMetrics::kBatch == 0) metrics.end_batch(read_of);
    }
    metrics.end_batch(read_of);
    metrics.end_run();
  }
  Snapshot show(std::int64_t now_ns) {
    Snapshot out;
    metrics.show("r", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, out);
    return out;
  }
};

}  // namespace

TEST_CASE("Rules: the last 100 and the first 20 of each list are kept, unless it is said otherwise") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  for (std::uint64_t i = 1; i <= 130; ++i)
    rules.add(ended_by(kRuleNow, static_cast<std::int64_t>(i), i));
  Snapshot shown = rules.show(kRuleNow);
  CHECK(shown.operations.at(0).last.size() == 100);
  CHECK(shown.slowest.size() == 20);
  CHECK(shown.slowest_since_start.size() == 20);
  CHECK(shown.actors_by_time.size() == 20);
  // A new configuration holds for lists that exist and for those that come later.
  rules.metrics.reconfigure({3, 2});
  for (std::uint64_t i = 1; i <= 130; ++i)
    rules.add(ended_by(kRuleNow, static_cast<std::int64_t>(i), i, 1));
  shown = rules.show(kRuleNow);
  CHECK(shown.operations.at(0).last.size() == 3);
  CHECK(shown.operations.at(1).last.size() == 3);
  CHECK(shown.slowest.size() == 2);
  CHECK(shown.slowest_since_start.size() == 2);
  CHECK(shown.actors_by_time.size() == 2);
}

TEST_CASE("Rules: names beyond the bound share a series, and a category is taken in once it is known") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.metrics.set_name(0, {"FIRST", "", {}});
  rules.metrics.set_name(1, {"FIRST", "message", {"a", "", "", ""}});
  rules.metrics.set_name(2, {"FIRST", "room", {"b", "", "", ""}});
  rules.metrics.set_name(3, {"FIRST", "", {}});
  for (int i = 1; i < 1024; ++i) rules.metrics.set_name(5, {"NAME_" + std::to_string(i), "", {}});
  CHECK(rules.show(kRuleNow).operations.size() == 1024);
  rules.metrics.set_name(6, {"ONE_MORE", "message", {}});
  rules.metrics.set_name(7, {"TWO_MORE", "message", {}});
  rules.metrics.set_name(8, {"NAME_500", "", {}});  // known
  for (const int id : {0, 5, 6, 7, 8})
    rules.add(ended_by(kRuleNow, 10, 1, static_cast<std::uint16_t>(id)));
  const Snapshot shown = rules.show(kRuleNow);
  REQUIRE(shown.operations.size() == 1025);
  for (const SeriesView& view : shown.operations) {
    const std::uint64_t recorded = view.window(Window::minute).recorded;
    const bool one = view.name == "FIRST" || view.name == "NAME_1023" || view.name == "NAME_500";
    CHECK(recorded == (view.name == "others" ? 2 : one ? 1 : 0));
    if (view.name == "FIRST") {
      CHECK(view.category == "message");
      CHECK(view.stage_names[0] == "a");
    }
    if (view.name == "others") CHECK(view.category.empty());
  }
}

TEST_CASE("Rules: an id that lost its name fails under its own number") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.metrics.set_name(0, {"A", "", {}});
  Record failed = ended_by(kRuleNow, 10, 1);
  failed.outcome = 1;
  rules.add(failed);
  CHECK(rules.metrics.named(0));
  rules.metrics.forget_names();
  CHECK_FALSE(rules.metrics.named(0));
  rules.add(failed);
  const Snapshot shown = rules.show(kRuleNow);
  REQUIRE(shown.errors.size() == 2);
  CHECK(shown.errors[0].operation == "A");
  CHECK(shown.errors[1].operation == "operation-0");
}

TEST_CASE("Rules: an operation that has the name of an event about blocks says nothing about blocks") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  Record record = ended_by(kRuleNow, 10, 9);
  record.flags = static_cast<std::uint16_t>(ActorKind::address);
  rules.metrics.set_name(0, {"IP_BLOCK", "", {}});
  rules.add(record);
  CHECK(rules.show(kRuleNow).blocks.empty());
  // The first event is one.
  record.operation = kFirstEvent;
  record.kind = static_cast<std::uint8_t>(Kind::event);
  rules.metrics.set_name(kFirstEvent, {"IP_BLOCK", "", {}});
  rules.add(record);
  CHECK(rules.show(kRuleNow).blocks.size() == 1);
  // Another server may give that id another name.
  rules.metrics.forget_names();
  rules.add(record);
  CHECK(rules.show(kRuleNow).blocks.at(0).blocks == 1);
}

TEST_CASE("Rules: attempts of a pass are counted when the next one begins") {
  Rules rules;
  const auto event = [&](std::uint16_t id, std::int64_t end_ns) {
    Record record = ended_by(end_ns, 0, 9, id);
    record.flags = static_cast<std::uint16_t>(ActorKind::address);
    rules.add(record);
  };
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.metrics.set_name(kFirstEvent, {"IP_BLOCK", "", {}});
  rules.metrics.set_name(kFirstEvent + 1, {"BLOCKED_ATTEMPT", "", {}});
  event(kFirstEvent + 1, kRuleNow - 10);
  rules.metrics.set_time(kRuleClock, kRuleNow + 100, 1);
  event(kFirstEvent + 1, kRuleNow + 90);
  rules.metrics.set_time(kRuleClock, kRuleNow + 200, 1);
  // Both are settled by now. A block that is read so late has no part in them.
  event(kFirstEvent, kRuleNow - 20);
  const Snapshot shown = rules.show(kRuleNow + 200);
  REQUIRE(shown.blocks.size() == 1);
  CHECK(shown.blocks[0].turned_away == 0);
  rules.metrics.set_time(kRuleClock, kRuleNow + 300, 1);
  event(kFirstEvent + 1, kRuleNow + 290);
  CHECK(rules.show(kRuleNow + 300).blocks.at(0).turned_away == 1);
}

TEST_CASE("Rules: a count without records is of this slice if it can be at most ten seconds old") {
  for (const std::int64_t ago :
       {10 * kRuleSecond, 10 * kRuleSecond + 1, 100 * kRuleSecond, 100 * kRuleSecond + 1}) {
    CAPTURE(ago);
    Rules rules;
    rules.metrics.observe_from(kRuleNow - 100 * kRuleSecond);
    rules.metrics.set_time(kRuleClock, kRuleNow, 1);
    rules.metrics.count_skipped_since(kRuleNow - ago);
    rules.metrics.add_skipped(0, 5);
    Snapshot shown = rules.show(kRuleNow);
    const SeriesView& view = shown.operations.at(0);
    CHECK(view.window(Window::since_start).skipped == 5);
    CHECK(view.window(Window::minute).skipped == (ago <= 10 * kRuleSecond ? 5 : 0));
    CHECK(view.window(Window::since_start).history == (ago > 100 * kRuleSecond ? 5 : 0));
    // After that it is known to be recent.
    rules.metrics.add_skipped(0, 2);
    shown = rules.show(kRuleNow);
    CHECK(shown.operations[0].window(Window::minute).skipped == (ago <= 10 * kRuleSecond ? 7 : 2));
  }
}

TEST_CASE("Rules: in each slice, and by each new clock, records are looked at anew") {
  Rules rules({5, 1000});
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.add_many(kRuleNow, 60'000);
  CHECK(rules.show(kRuleNow).actors_by_time.at(0).estimated);
  // Of ten others in that slice hardly one is looked at.
  rules.metrics.set_time(kRuleClock, kRuleNow + 1, 1);
  for (std::uint64_t actor = 200; actor < 210; ++actor) rules.add(ended_by(kRuleNow, 1, actor));
  const std::size_t known = rules.show(kRuleNow).actors_by_time.size();
  CHECK(known < 5);
  rules.metrics.end_clock(0);
  rules.metrics.set_time(kRuleClock, kRuleNow, 2);
  for (std::uint64_t actor = 100; actor < 110; ++actor) rules.add(ended_by(kRuleNow, 1, actor));
  CHECK(rules.show(kRuleNow).actors_by_time.size() == known + 10);
  rules.add_many(kRuleNow, 60'000);
  // An hour later nothing is left of it, and little is looked at whole.
  const std::int64_t later_ns = kRuleNow + 3600 * kRuleSecond;
  rules.metrics.set_time(kRuleClock, later_ns, 2);
  for (std::uint64_t actor = 100; actor < 110; ++actor) rules.add(ended_by(later_ns, 1, actor));
  const Snapshot shown = rules.show(later_ns);
  CHECK(shown.actors_by_time.size() == 10);
  for (const TopEntry& row : shown.actors_by_time) CHECK_FALSE(row.estimated);
}

TEST_CASE("Rules: who is behind it is known for half an hour and the half hour before") {
  Rules rules;
  const std::int64_t half = 1800 * kRuleSecond;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.add(ended_by(kRuleNow, 10, 1));
  rules.metrics.set_time(kRuleClock, kRuleNow + half - 1, 1);
  rules.add(ended_by(kRuleNow + half - 1, 10, 1));
  CHECK(rules.show(kRuleNow + half - 1).actors_by_time.at(0).count == 2);
  rules.metrics.set_time(kRuleClock, kRuleNow + half, 1);
  rules.add(ended_by(kRuleNow + half, 10, 2));
  CHECK(rules.show(kRuleNow + half).actors_by_time.at(0).count == 2);
  CHECK(rules.show(kRuleNow + half).actors_by_time.size() == 2);
  rules.metrics.set_time(kRuleClock, kRuleNow + 2 * half, 1);
  CHECK(rules.show(kRuleNow + 2 * half).actors_by_time.size() == 1);
  CHECK(rules.show(kRuleNow + 2 * half).actors_by_time.at(0).party.id == 2);
  // After a pause of two half hours nobody is known.
  rules.add(ended_by(kRuleNow + 2 * half, 10, 3));
  rules.metrics.set_time(kRuleClock, kRuleNow + 4 * half, 1);
  CHECK(rules.show(kRuleNow + 4 * half).actors_by_time.empty());
}

TEST_CASE("Rules: by a slow clock times are right, and by one without a frequency there are none") {
  for (const std::uint64_t hertz : {0, 1, 4}) {
    CAPTURE(hertz);
    Rules rules;
    rules.metrics.set_time(TickScale(ClockKind::tsc, hertz, 1000, kRuleNow), kRuleNow, 1);
    Record record = ended_by(1000, 8, 1);
    rules.add(record);
    const Snapshot shown = rules.show(kRuleNow);
    const std::uint64_t ns = hertz == 0 ? 0 : 8'000'000'000 / hertz;
    CHECK(shown.operations.at(0).window(Window::since_start).sum_ns == ns);
    REQUIRE(shown.actors_by_time.size() == (hertz == 0 ? 0 : 1));
    if (hertz > 0) CHECK(shown.actors_by_time[0].time_ns == ns);
    record.outcome = 1;
    rules.add(record);
    CHECK(rules.show(kRuleNow).actors_by_errors.at(0).time_ns == (hertz == 0 ? 0 : 2 * ns));
  }
}

TEST_CASE("Rules: observed from later on, what ends before is history, and what ends then lies ahead") {
  Rules rules;
  const std::int64_t since_ns = kRuleNow + 60 * kRuleSecond;
  rules.metrics.observe_from(since_ns);
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  for (const std::int64_t end_ns : {since_ns - 1, since_ns, since_ns + 1, since_ns + 2})
    for (int i = 0; i < 3; ++i) rules.add(ended_by(end_ns, 0, 1));
  const Snapshot shown = rules.show(kRuleNow);
  CHECK(shown.late_records == 9);
  CHECK(shown.operations.at(0).window(Window::hour).recorded == 0);
  CHECK(shown.operations.at(0).window(Window::since_start).recorded == 12);
  CHECK(shown.operations.at(0).window(Window::since_start).history == 3);
}

TEST_CASE("Rules: what is shown is observed until it is shown") {
  Rules rules;
  rules.metrics.observe_from(kRuleNow - kRuleSecond);
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.add(ended_by(kRuleNow, 10, 1));
  const Snapshot shown = rules.show(kRuleNow + 3 * kRuleSecond);
  CHECK(shown.operations.at(0).window(Window::since_start).seconds == 4);
  CHECK(shown.operations.at(0).window(Window::minute).seconds == 4);
  CHECK(shown.parties_seconds == 4);
}

TEST_CASE(
    "Rules: lists of parties cover what was observed since the daemon came, not what was before a "
    "ring") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);  // there is no ring yet
  CHECK(rules.show(kRuleNow).parties_seconds == 0);
  rules.metrics.observe_from(kRuleNow + kRuleSecond);
  rules.metrics.set_time(kRuleClock, kRuleNow + 2 * kRuleSecond, 1);
  rules.add(ended_by(kRuleNow + 2 * kRuleSecond, 10, 1));
  CHECK(rules.show(kRuleNow + 5 * kRuleSecond).parties_seconds == 4);
  Snapshot of_others;
  of_others.parties_seconds = 100;  // another ring was observed for longer
  rules.metrics.show("r", RingMetrics::LivingById(kIdCount), {kRuleNow + 5 * kRuleSecond, 0, 0, 0},
                     of_others);
  CHECK(of_others.parties_seconds == 100);
}

TEST_CASE("Rules: a time that is longer than can be said is as long as can be") {
  Rules rules;
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  Record record = ended_by(kRuleNow, INT64_MAX, 1);
  record.outcome = 1;
  rules.add(record);
  const Snapshot shown = rules.show(kRuleNow);
  REQUIRE(shown.actors_by_time.size() == 1);
  CHECK(shown.actors_by_time[0].time_ns == 9'000'000'000'000'000'000);
  CHECK(shown.actors_by_time[0].time_in_ns.low == 9'000'000'000'000'000'000);
  CHECK(shown.actors_by_time[0].time_in_ns.high == 9'000'000'000'000'000'000);
}

TEST_CASE("Rules: a name that comes in the middle of a pass takes all that follows, buckets too") {
  Rules rules({5, 1});
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  rules.metrics.set_name(0, {"A", "", {}});
  rules.add(ended_by(kRuleNow, 5000, 1));
  rules.add(ended_by(kRuleNow, 50, 1));
  rules.add_many(kRuleNow, 48);
  rules.metrics.set_name(0, {"B", "", {}});
  rules.add_many(kRuleNow, 30);
  const Snapshot shown = rules.show(kRuleNow);
  REQUIRE(shown.operations.size() == 2);
  for (const SeriesView& view : shown.operations) {
    const std::uint64_t count = view.name == "A" ? 50 : 30;
    CHECK(view.window(Window::minute).recorded == count);
    CHECK(view.window(Window::minute).latency.count() == count);
  }
}

TEST_CASE("Rules: its memory is that of its parts") {
  Rules rules;
  // Four tables of parties, without anybody: a bucket each.
  const std::size_t unread = sizeof(RingMetrics) + 4 * PartyTable{}.bytes();
  CHECK(rules.metrics.bytes() == unread);
  rules.metrics.set_time(kRuleClock, kRuleNow, 1);
  const std::size_t nothing = unread + 320 * 192;   // 256 operations and 64 events
  Record failed = ended_by(kRuleNow, 10, 1);
  failed.outcome = 1;
  failed.flags = static_cast<std::uint16_t>(failed.flags | 1U << kFlagSubjectShift);
  rules.add(failed);
  PartyTable one;
  one.add({1, 1}, 1, 1);
  const std::size_t series = Series({}, 100).bytes();
  const std::size_t with_one = nothing + series + sizeof(ErrorTable::Entry) + 72 +
                               2 * sizeof(Slowest::Entry) +
                               2 * (one.bytes() - PartyTable{}.bytes());
  CHECK(rules.metrics.bytes() == with_one);
  // An event about an address waits.
  rules.metrics.set_name(kFirstEvent, {"IP_BLOCK", "", {}});
  Record block = ended_by(kRuleNow, 0, 9, kFirstEvent);
  block.flags = static_cast<std::uint16_t>(ActorKind::address);
  rules.add(block);
  CHECK(rules.metrics.bytes() == with_one + series + 32);
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE("Rules: a call out of order ends the program") {
  const auto dies = [](const auto& mistake) {
    return ringside::test::run([&] {
             signal(SIGABRT, SIG_DFL);  // doctest has its own handler
             if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
             Rules rules;
             mistake(rules);
             return 0;
           })
        .killed_by(SIGABRT);
  };
  const auto begin = [](Rules& rules) {
    rules.metrics.set_time(kRuleClock, kRuleNow, 1);
    rules.metrics.add(words_of(ended_by(kRuleNow, 10, 1)), 0, 0);
    rules.metrics.end_batch(rules.read_of);
  };
  CHECK_FALSE(dies([&](Rules& rules) {
    begin(rules);
    rules.metrics.end_run();
    rules.metrics.set_time(kRuleClock, kRuleNow, 1);
    rules.show(kRuleNow);
    Encoder out;
    rules.metrics.encode(out, 0);
    rules.metrics.end_clock(0);
  }));
  CHECK(dies([](Rules& rules) { rules.add(ended_by(kRuleNow, 10, 1)); }));
  const auto dies_in_run = [&](const auto& mistake) {
    return dies([&](Rules& rules) {
      begin(rules);
      mistake(rules);
    });
  };
  CHECK(dies_in_run([](Rules& rules) { rules.metrics.set_time(kRuleClock, kRuleNow, 1); }));
  CHECK(dies_in_run([](Rules& rules) { rules.show(kRuleNow); }));
  CHECK(dies_in_run([](Rules& rules) { rules.metrics.end_clock(0); }));
  CHECK(dies_in_run([](Rules& rules) {
    Encoder out;
    rules.metrics.encode(out, 0);
  }));
  CHECK(dies_in_run([](Rules& rules) {
    rules.metrics.add(words_of(ended_by(kRuleNow, 10, 1)), 0, 0);
    rules.metrics.end_run();
  }));
  CHECK(dies([](Rules&) { WindowedCount<std::uint32_t>().add(8, 7); }));
}

#endif
