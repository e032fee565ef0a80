// A span held against another one.
#include "report/analysis/comparison.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "report/analysis/past_snapshot.h"
#include "tests/support/random.h"
#include "tests/unit/report/compared_days.h"
#include "tests/unit/report/compared_lookup.h"

using namespace ringside;
using namespace compared;

namespace {

constexpr std::int64_t kNight = 8 * kHourLong;
constexpr std::int64_t kToday = kMonday + 8 * kDayLong;

using Kind = ComparedOperation::Kind;

// A night, and the same hours of the day before.
Comparison compare_nights(Days& days, std::int64_t length = kNight) {
  const auto change = std::exchange(days.change, nullptr);
  const HistorySpan then = days.span(kToday - kDayLong, length);
  days.change = change;
  return compare_spans(days.span(kToday, length), then);
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("Comparison: where nothing changed, nothing is told") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  std::size_t told = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    Days days(seed + run);
    days.season = 1;
    days.operations = {
        {"A"},       {"B", 600, 1}, {"C", 40, 20, 0.8}, {"D", 200, 50, 0.2}, {"E", 100, 0.3, 1.0},
        {"F", 25, 2}};
    const Comparison comparison = compare_nights(days);
    INFO(comparison.verdict);
    told += changed(comparison);
    CHECK(comparison.figures >= 6 * 3 + 4);
  }
  // By chance one comparison in a hundred may tell something.
  CHECK(told <= 1);
}

TEST_CASE("Comparison: what became slower is told, with its stage, how much and how sure") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Days days(seed);
  days.change = [](Traffic& traffic, std::int64_t) {
    if (traffic.name != "SEND") return;
    traffic.median_ms *= 1.3;
    traffic.database = 13.3 / 1.3;
  };
  days.operations[0].database = 9;
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  const ComparedOperation& send = one(comparison, "SEND");
  CHECK(send.kind == Kind::slower);
  const ComparedFigure& p50 = figure(send, ComparedFigure::Kind::p50);
  CHECK(p50.effect == doctest::Approx(0.3).epsilon(0.1));
  CHECK(p50.certainty > 0.99);
  CHECK(p50.then == doctest::Approx(5e6).epsilon(0.05));
  CHECK(p50.now == doctest::Approx(6.5e6).epsilon(0.05));
  CHECK(p50.steps == 48);
  CHECK(changed(comparison) == 1);
  CHECK(comparison.operations[0].operation == "SEND");
  CHECK(says(comparison.verdict, "SEND is "));
  CHECK(
      says(comparison.verdict, " % slower than it was from 2026-03-09 00:00 to 08:00 UTC: p50 6."));
  CHECK(says(comparison.verdict, ", mostly in stage database ("));
  // The exact sums of the span, beside what a step is like.
  CHECK(send.now.count == send.now.timed);
  CHECK(send.now.rate == doctest::Approx(2).epsilon(0.05));
}

TEST_CASE("Comparison: what became faster is told as that") {
  Days days(3);
  days.change = [](Traffic& traffic, std::int64_t) {
    if (traffic.name == "LIST") traffic.median_ms *= 0.7;
  };
  const Comparison comparison = compare_nights(days);
  CHECK(one(comparison, "LIST").kind == Kind::faster);
  CHECK(says(comparison.verdict, "LIST is "));
  CHECK(says(comparison.verdict, " % faster than it was "));
  CHECK(figure(one(comparison, "LIST"), ComparedFigure::Kind::p50).effect ==
        doctest::Approx(-0.3).epsilon(0.1));
}

TEST_CASE("Comparison: a tail alone, and a stage alone in an operation that hardly changes") {
  Days days(5);
  days.operations = {{"TAIL", 400}, {"STAGE", 400}};
  days.change = [](Traffic& traffic, std::int64_t) {
    if (traffic.name == "TAIL") traffic.tail = 2;
    if (traffic.name == "STAGE") traffic.database = 1.3;
  };
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  const ComparedOperation& tail = one(comparison, "TAIL");
  CHECK(tail.kind == Kind::slower);
  CHECK_FALSE(figure(tail, ComparedFigure::Kind::p50).changed);
  CHECK(says(tail.text, " % slower in its tail than it was "));
  const ComparedOperation& stage = one(comparison, "STAGE");
  CHECK(stage.kind == Kind::slower);
  CHECK_FALSE(figure(stage, ComparedFigure::Kind::p50).changed);
  CHECK(says(stage.text, "STAGE takes 30 % more time in stage database than it did "));
  CHECK(says(comparison.verdict, "Slower too: "));
}

TEST_CASE("Comparison: an hour that was ten times as slow is no change of the night") {
  Days days(7);
  days.change = [](Traffic& traffic, std::int64_t at) {
    if (at % kDayLong / kHourLong == 3) traffic.median_ms *= 10;
    if (at % kDayLong / kHourLong == 3) traffic.failed = 0.5;
  };
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  CHECK(changed(comparison) == 0);
  CHECK(says(comparison.verdict, "3 operations are no slower and no faster than they were "));
}

TEST_CASE("Comparison: what is not certain is not told, however great it is") {
  Days days(20);
  days.change = [](Traffic& traffic, std::int64_t at) {
    if (at % kDayLong >= 3 * kHourLong + 1'800) traffic.median_ms *= 2;
  };
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  const ComparedFigure& p50 = figure(one(comparison, "SEND"), ComparedFigure::Kind::p50);
  CHECK(p50.effect > 0.8);  // in more than half of the steps
  CHECK(p50.certainty < 0.99);
  CHECK_FALSE(p50.changed);
  CHECK(changed(comparison) == 0);
}

TEST_CASE("Comparison: less than the least effect is not told, however certain") {
  Days days(8);
  days.operations = {{"A", 3'000}, {"B", 3'000}, {"C", 3'000}};
  days.change = [](Traffic& traffic, std::int64_t) { traffic.median_ms *= 1.07; };
  const Comparison comparison = compare_nights(days);
  CHECK(changed(comparison) == 0);
  CHECK(figure(one(comparison, "A"), ComparedFigure::Kind::p50).effect ==
        doctest::Approx(0.07).epsilon(0.2));
  // Nor is less than 10 ns.
  const auto changed_of = [](double median_ms) {
    Days quick(9);
    quick.operations = {{"QUICK", 3'000, median_ms}};
    quick.operations[0].database = 0;
    quick.change = [](Traffic& traffic, std::int64_t) { traffic.median_ms *= 1.3; };
    const HistorySpan now = quick.span(kToday, kNight);
    quick.change = nullptr;
    const HistorySpan then = quick.span(kToday - kDayLong, kNight);
    return changed(compare_spans(now, then));
  };
  CHECK(changed_of(1e-5) == 0);  // 3 ns
  CHECK(changed_of(1e-4) == 1);  // 30 ns
}

TEST_CASE("Comparison: more calls of the slow kind are a mix, and not slower calls") {
  Days days(11);
  days.operations = {{"MIXED", 400}};
  days.operations[0].slow_share = 0.3;
  days.change = [](Traffic& traffic, std::int64_t) { traffic.slow_share = 0.6; };
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  const ComparedOperation& mixed = one(comparison, "MIXED");
  CHECK(mixed.kind == Kind::mix_shift);
  CHECK(mixed.slow_now - mixed.slow_then == doctest::Approx(0.3).epsilon(0.2));
  CHECK(says(mixed.text, "MIXED has another mix of calls than it had from "));
  CHECK(says(mixed.text, "neither kind became slower or faster"));
  // And the other way round: fewer of the slow kind make nothing faster.
  days.operations[0].slow_share = 0.6;
  days.change = [](Traffic& traffic, std::int64_t) { traffic.slow_share = 0.3; };
  const Comparison back = compare_nights(days);
  CHECK(one(back, "MIXED").kind == Kind::mix_shift);
  CHECK(one(back, "MIXED").slow_then > one(back, "MIXED").slow_now);
}

TEST_CASE("Comparison: traffic that moved to a slow operation makes none of them slower") {
  Days days(12);
  days.operations = {{"FAST", 400, 1}, {"SLOW", 100, 30}};
  days.change = [](Traffic& traffic, std::int64_t) {
    if (traffic.name == "SLOW") traffic.calls = 400;
  };
  const Comparison comparison = compare_nights(days);
  CHECK(changed(comparison) == 0);
  REQUIRE(comparison.mixes.size() == 1);
  CHECK(says(comparison.mixes[0], "as more calls are of slow operations; none of them became"));
  CHECK(says(comparison.verdict, comparison.mixes[0]));
}

TEST_CASE("Comparison: more calls that fail are told, and a burst of failures is not") {
  Days days(13);
  days.change = [](Traffic& traffic, std::int64_t at) {
    if (traffic.name == "SEND") traffic.failed = 0.04;
    if (traffic.name == "LIST" && at % kDayLong < 600) traffic.failed = 0.9;
  };
  const Comparison comparison = compare_nights(days);
  CAPTURE(comparison.verdict);
  const ComparedOperation& send = one(comparison, "SEND");
  CHECK(send.kind == Kind::same);
  REQUIRE(send.failed() != nullptr);
  CHECK(send.failed()->now == doctest::Approx(0.04).epsilon(0.2));
  CHECK(says(send.text, " of SEND fail; from 2026-03-09 00:00 to 08:00 UTC it was 0."));
  CHECK(one(comparison, "LIST").failed() == nullptr);
  CHECK(one(comparison, "LIST").now.error_share() > 0.01);
}

TEST_CASE("Comparison: of too few calls nothing is said") {
  Days days(14);
  days.operations = {{"RARE", 0.3}, {"SEND"}};
  days.change = [](Traffic& traffic, std::int64_t) { traffic.median_ms *= 3; };
  const Comparison night = compare_nights(days);
  CHECK(one(night, "RARE").kind == Kind::unknown);
  CHECK_FALSE(one(night, "RARE").changed());
  CHECK(one(night, "SEND").kind == Kind::slower);
  // Of ten minutes there are too few steps.
  const Comparison minutes = compare_nights(days, 600);
  CHECK(one(minutes, "SEND").kind == Kind::unknown);
  CHECK(minutes.figures == 0);
  CHECK(says(minutes.verdict, "Nothing can be compared with what was from "));
  // A rare one has enough calls in fewer steps: 2 a minute are 60 in half an hour.
  days.operations = {{"SELDOM", 2}};
  const Comparison seldom = compare_nights(days);
  const ComparedFigure& p50 = figure(one(seldom, "SELDOM"), ComparedFigure::Kind::p50);
  CHECK(p50.judged());
  CHECK(p50.changed);
  CHECK_FALSE(figure(one(seldom, "SELDOM"), ComparedFigure::Kind::p95).judged());
}

TEST_CASE("Comparison: incidents are left out of the past, and regressions are not") {
  Days days(17);
  // Three of four steps of ten minutes are slow.
  const auto slow = [](std::int64_t at) { return at / 600 % 4 != 0; };
  days.change = [&](Traffic& traffic, std::int64_t at) {
    if (slow(at)) traffic.median_ms *= 2;
  };
  HistorySpan then = days.span(kToday - kDayLong, kNight);
  days.change = nullptr;
  const HistorySpan now = days.span(kToday, kNight);
  const auto kind = [&] { return one(compare_spans(now, then), "SEND").kind; };
  CHECK(kind() == Kind::faster);
  for (std::int64_t at = then.begin_wall_s; at < then.end_wall_s; at += 600) {
    if (!slow(at)) continue;
    IncidentView& incident = then.incidents.emplace_back();
    incident.ring = "chat";
    incident.began_wall_ns = at * 1'000'000'000;
    incident.ended_wall_ns = (at + 599) * 1'000'000'000;
  }
  const Comparison left_out = compare_spans(now, then);
  CHECK(left_out.left_out == 6 * 60);
  CHECK(one(left_out, "SEND").kind == Kind::same);
  CHECK(figure(one(left_out, "SEND"), ComparedFigure::Kind::p50).steps == 16);
  const auto all = [&](const auto& set) {
    std::for_each(then.incidents.begin(), then.incidents.end(), set);
  };
  all([](IncidentView& incident) { incident.ring = "other"; });
  CHECK(kind() == Kind::faster);
  all([](IncidentView& incident) { incident.ring.clear(); });  // of the host
  CHECK(kind() == Kind::same);
  all([](IncidentView& incident) { incident.cause.alert = AlertType::performance_regression; });
  CHECK(kind() == Kind::faster);
}

TEST_CASE("Comparison: a slowdown under more load says so") {
  Days days(18);
  days.change = [](Traffic& traffic, std::int64_t) {
    traffic.calls *= 2;
    traffic.median_ms *= 1.5;
  };
  const Comparison comparison = compare_nights(days);
  CHECK(one(comparison, "SEND").load == doctest::Approx(2).epsilon(0.05));
  CHECK(says(one(comparison, "SEND").text, ", at 2."));
  CHECK(says(one(comparison, "SEND").text, " times the calls of its server."));
}

TEST_CASE("Comparison: operations of one span alone, events, and those that wait for clients") {
  Days days(19);
  HistorySpan then = days.span(kToday - kDayLong, kNight);
  days.change = [](Traffic& traffic, std::int64_t) { traffic.median_ms *= 2; };
  HistorySpan now = days.span(kToday, kNight);
  now.series[0].name = "NEW";
  now.series[1].waits_for_client = true;
  now.series[2].event = then.series[2].event = true;
  const Comparison comparison = compare_spans(now, then);
  CHECK(comparison.only_now == std::vector<std::string>{"NEW"});
  CHECK(comparison.only_then == std::vector<std::string>{"SEND"});
  REQUIRE(comparison.operations.size() == 1);
  CHECK(comparison.operations[0].kind == Kind::unknown);
  REQUIRE(comparison.operations[0].figures.size() == 1);
  CHECK(comparison.operations[0].figures[0].kind == ComparedFigure::Kind::failed);
}

TEST_CASE("Comparison: nothing against nothing is said to be nothing") {
  const Comparison comparison = compare_spans({}, {});
  CHECK(comparison.operations.empty());
  CHECK(says(comparison.verdict, "Nothing can be compared"));
}
