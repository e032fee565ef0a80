// A span of the past, reported by the sections that report the present.
#include "report/analysis/past_snapshot.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "report/analysis/judgement.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "tests/unit/report/night.h"

using namespace ringside;

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kFirstHour = 1'732'320'000;

HistorySlot past_slot(std::int64_t begin_wall_s, std::uint64_t ok, std::uint64_t failed,
                      std::uint64_t ns) {
  HistorySlot slot;
  slot.begin_wall_s = begin_wall_s;
  slot.observed_seconds = 60;
  slot.recorded = slot.timed = ok + failed;
  slot.outcomes[0] = ok;
  slot.outcomes[2] = failed;
  slot.sum_ns = ns * slot.timed;
  slot.min_ns = ns / 2;
  slot.max_ns = ns;
  slot.stages[1] = {slot.timed, slot.sum_ns / 2, ns / 2};
  slot.latency.buckets.push_back({static_cast<std::int16_t>(bucket_of(static_cast<LatencyUnits>(
                                      static_cast<double>(ns) * kUnitsPerNs))),
                                  slot.timed});
  if (failed > 0) slot.errors.push_back({7, RecordOutcome::timeout, failed});
  return slot;
}

// Two minutes of two operations and an event of one ring.
HistorySpan two_minutes() {
  HistorySpan span;
  span.begin_wall_s = kFirstHour;
  span.end_wall_s = kFirstHour + 120;
  span.rings = {{"chat", {{kFirstHour, 60, 0, 60, 3}, {kFirstHour + 60, 60, 0, 50, 4}}}};
  HistorySeries send;
  send.ring = "chat";
  send.name = "SEND";
  send.category = "message";
  send.stage_names[1] = "database";
  send.slots = {past_slot(kFirstHour, 90, 10, 2'000'000),
                past_slot(kFirstHour + 60, 50, 0, 4'000'000)};
  send.slots[1].lost = 4;
  HistorySeries list = send;
  list.name = "LIST";
  list.slots = {past_slot(kFirstHour, 30, 0, 1'000'000)};
  HistorySeries event;
  event.ring = "chat";
  event.name = "LOGIN_FAILED";
  event.event = true;
  event.slots = {past_slot(kFirstHour, 5, 0, 1)};
  event.slots[0].value_sum = 12;
  span.series = {send, list, event};
  span.gauges = {{"chat", "connections", {{kFirstHour, 5, 1, 9}, {kFirstHour + 60, 4, 4, 6}}}};
  span.error_names = {{"chat", 7, "DATABASE_BUSY"}};
  return span;
}

const WindowStats& of_span(const SeriesView& series) { return series.window(Window::since_start); }

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("Past: figures of a span are the sums of its slots") {
  const Snapshot snapshot = past_snapshot(two_minutes());
  CHECK(snapshot.is_past());
  CHECK(snapshot.past_seconds == 120);
  CHECK(snapshot.wall_ns == (kFirstHour + 120) * kSecondNs);
  REQUIRE(snapshot.operations.size() == 2);
  REQUIRE(snapshot.events.size() == 1);
  const WindowStats& send = of_span(snapshot.operations[0]);
  CHECK(send.recorded == 150);
  CHECK(send.errors == 10);
  CHECK(send.outcomes[2] == 10);
  CHECK(send.seconds == 110);
  CHECK(send.sum_ns == 400'000'000);
  CHECK(send.min_ns == 1'000'000);
  CHECK(send.max_ns == 4'000'000);
  CHECK(send.latency.count() == 150);
  CHECK(send.stages[1].count == 150);
  CHECK(send.stages[1].max_ns == 2'000'000);
  CHECK(snapshot.operations[0].window(Window::hour).count() == 0);
  CHECK(snapshot.operations[0].books.lost == 4);
  CHECK(of_span(snapshot.events[0]).value_sum == 12);
  CHECK(of_span(snapshot.all).recorded == 180);
  CHECK(of_span(snapshot.all).latency.count() == 180);
  CHECK(of_span(snapshot.all).seconds == 110);
  CHECK(snapshot.all.stage_names[1] == "database");
  REQUIRE(snapshot.categories.size() == 1);
  CHECK(of_span(snapshot.categories[0]).recorded == 180);
  CHECK(snapshot.books.read == 185);
  CHECK(snapshot.books.lost == 7);
  CHECK(snapshot.books.balance());
  REQUIRE(snapshot.gauges.size() == 1);
  CHECK(snapshot.gauges[0].value == 4);
  CHECK(snapshot.gauges[0].max == 9);
}

TEST_CASE(
    "Past: the books are the ring's, and so is the share that was lost, also of one operation") {
  HistorySpan span = two_minutes();
  const Snapshot all = past_snapshot(span);
  CHECK(all.books.read == 100 + 50 + 30 + 5);
  CHECK(all.books.lost == 7);
  CHECK(all.books.written == all.books.read + 7);
  REQUIRE(all.rings.size() == 1);
  CHECK(all.rings[0].books.read == all.books.read);
  CHECK(all.rings[0].books.lost == 7);
  CHECK(all.rings[0].books.balance());
  // As --operation LIST leaves it.
  span.series.erase(span.series.begin());
  span.rings[0].left_out = 100 + 50;
  const Snapshot one = past_snapshot(span);
  CHECK(one.books.read == all.books.read);
  CHECK(one.books.lost == all.books.lost);
  CHECK(one.books.written == all.books.written);
  CHECK(one.rings[0].books.read == all.books.read);
  CHECK(one.all.books.read == 30);
  CHECK(one.operations.at(0).books.read == 30);
  CHECK(judge_losses(one, one.rings[0]).samples == all.books.written);
  CHECK(judge_losses(one, one.rings[0]).value == judge_losses(all, all.rings[0]).value);
}

TEST_CASE("Past: refusals are counted apart from errors, and sums of events' values wrap") {
  HistorySpan span = two_minutes();
  HistorySlot& slot = span.series[0].slots[0];
  slot.outcomes = {60, 10, 10, 5, 4, 3, 8};
  span.series[2].slots.push_back(past_slot(kFirstHour + 60, 1, 0, 1));
  span.series[2].slots[0].value_sum = INT64_MAX;
  span.series[2].slots[1].value_sum = 1;
  const Snapshot snapshot = past_snapshot(span);
  CHECK(of_span(snapshot.operations[0]).errors == 20);
  CHECK(of_span(snapshot.operations[0]).refused == 12);
  CHECK(of_span(snapshot.all).refused == 12);
  CHECK(of_span(snapshot.events[0]).value_sum == INT64_MIN);
}

TEST_CASE("Past: errors have their name, their outcome and their last minute") {
  const Snapshot snapshot = past_snapshot(two_minutes());
  REQUIRE(snapshot.errors.size() == 1);
  const ErrorStats& error = snapshot.errors[0];
  CHECK(error.name == "DATABASE_BUSY");
  CHECK(error.outcome == RecordOutcome::timeout);
  CHECK(error.operation == "SEND");
  CHECK(error.count[0] == 10);
  CHECK(error.last_wall_ns == kFirstHour * kSecondNs);
}

TEST_CASE("Past: a ring's state at the end is what its marks say") {
  HistorySpan span = two_minutes();
  using Kind = HistoryMark::Kind;
  const auto state = [&] { return past_snapshot(span).rings.at(0).state; };
  CHECK(state() == RingState::live);
  span.marks = {{kFirstHour * kSecondNs, Kind::server_end, "chat", "crashed: chatd, pid 7"}};
  CHECK(state() == RingState::crashed);
  CHECK(past_snapshot(span).rings[0].crashes_seen == 1);
  span.marks[0].text = "closed: chatd, pid 7";
  CHECK(state() == RingState::closed);
  span.marks[0].ring = "other";
  CHECK(state() == RingState::live);
  span.marks[0].ring = "chat";
  // Before the span: it counts for the state, and not as a crash of the span.
  span.marks_before = {{0, Kind::server_end, "chat", "crashed: chatd, pid 6"}};
  span.marks.clear();
  CHECK(state() == RingState::crashed);
  CHECK(past_snapshot(span).rings[0].crashes_seen == 0);
  span.marks = {{kFirstHour * kSecondNs, Kind::server_end, "chat", "closed: chatd, pid 7"}};
  span.marks.push_back({(kFirstHour + 1) * kSecondNs, Kind::server_start, "chat", "chatd, pid 8"});
  CHECK(state() == RingState::live);
}

TEST_CASE("Past: a ring's server is of the build that it had at the end") {
  HistorySpan span = two_minutes();
  CHECK(past_snapshot(span).rings.at(0).build_id.empty());
  span.builds = {{1, "chat", "1.0", "aa"},
                 {kFirstHour * kSecondNs, "chat", "1.1", "bb"},
                 {kFirstHour * kSecondNs, "other", "9", "9"}};
  const Snapshot snapshot = past_snapshot(span);
  CHECK(snapshot.rings[0].build_id == "1.1");
  CHECK(snapshot.rings[0].configuration_digest == "bb");
  TextOptions options;
  options.limits.whole = true;
  CHECK(says(render_text(Report(snapshot, &span), options),
             "live at the end · build 1.1, configuration bb · "));
}

TEST_CASE("Past: the report says of when it is, and nothing of what only the present knows") {
  const HistorySpan span = two_minutes();
  const Snapshot snapshot = past_snapshot(span);
  const std::string text = render_text(Report(snapshot, &span));
  CHECK(says(text, "2024-11-23T00:00Z to 2024-11-23T00:02Z"));
  CHECK(says(text, "7 DATABASE_BUSY"));
  CHECK(says(text, "these 2 min"));
  for (const char* words :
       {"since start", "last hour", "last minute", "no live server process", "CONFIGURATION",
        "no ring", "The last 0", "active now", "is firing", "so far"}) {
    const std::string found = says(text, words) ? words : "";
    CAPTURE(text);
    CHECK(found == "");
  }
}

TEST_CASE("Past: what was told to be slower is told again, and of nothing that is said") {
  HistorySpan span = two_minutes();
  const auto text = [&] {
    const Snapshot snapshot = past_snapshot(span);
    return render_text(Report(snapshot, &span), {.limits = {.whole = true}});
  };
  CHECK(says(text(), "No slower operation was told of in this time."));
  AlertTransition& line = span.transitions.emplace_back();
  line.wall_ns = kFirstHour * kSecondNs;
  line.alert = AlertType::performance_regression;
  line.state = AlertState::firing;
  line.operation = "SEND";
  line.message = "p50 is 20 % slower than usual at this hour";
  CHECK(says(text(), "firing"));
  CHECK(says(text(), "20 % slower than usual"));
}

TEST_CASE("Past: what was told, a crash and losses make the verdict") {
  HistorySpan span = two_minutes();
  for (HistorySeries& series : span.series) {
    for (HistorySlot& slot : series.slots) slot.outcomes = {slot.recorded};
    for (HistorySlot& slot : series.slots) slot.errors.clear();
  }
  for (HistoryRingSlot& slot : span.rings[0].slots) slot.lost = 0;
  const auto verdict = [&] {
    const Snapshot snapshot = past_snapshot(span);
    return Report(snapshot, &span).analysis.verdict;
  };
  const auto quiet = [&] {
    const Snapshot snapshot = past_snapshot(span);
    return says(render_text(Report(snapshot, &span)), "EVERYTHING ELSE");
  };
  CHECK(verdict() == Verdict::healthy);
  CHECK(quiet());
  span.rings[0].slots[0].lost = 500;
  CHECK(verdict() == Verdict::blind);
  span.rings[0].slots[0].lost = 0;
  span.marks = {{kFirstHour * kSecondNs, HistoryMark::Kind::gap, "chat", "no daemon"}};
  CHECK(verdict() == Verdict::healthy);
  CHECK_FALSE(quiet());
  span.marks = {{kFirstHour * kSecondNs, HistoryMark::Kind::server_end, "chat", "crashed: x"},
                {kFirstHour * kSecondNs + 1, HistoryMark::Kind::server_start, "chat", "y"}};
  CHECK(verdict() == Verdict::degraded);
  span.marks.clear();
  IncidentView& incident = span.incidents.emplace_back();
  incident.id = "1";
  incident.ring = "chat";
  incident.began_wall_ns = kFirstHour * kSecondNs;
  incident.ended_wall_ns = incident.began_wall_ns + kSecondNs;
  incident.cause.alert = AlertType::high_latency;
  incident.peak = AlertLevel::info;
  CHECK(verdict() == Verdict::healthy);
  incident.peak = AlertLevel::warning;
  CHECK(verdict() == Verdict::degraded);
  incident.peak = AlertLevel::emergency;
  CHECK(verdict() == Verdict::failing);
}

TEST_CASE("Past: the report of a night has its incident in the verdict") {
  const HistorySpan& span = sample::night();
  REQUIRE_FALSE(span.incidents.empty());
  const Snapshot snapshot = past_snapshot(span);
  const Report report(snapshot, &span);
  CHECK(report.analysis.stories.size() == span.incidents.size());
  std::uint64_t calls = 0;
  for (const HistorySeries& series : span.series) {
    for (const HistorySlot& slot : series.slots) calls += series.event ? 0 : slot.count();
  }
  CHECK(of_span(snapshot.all).count() == calls);
  CHECK(report.analysis.verdict == Verdict::failing);
}

TEST_CASE("Past: a span without anything is a report that says so") {
  HistorySpan span;
  span.begin_wall_s = kFirstHour;
  span.end_wall_s = kFirstHour;
  const Snapshot snapshot = past_snapshot(span);
  CHECK(snapshot.past_seconds == 1);
  CHECK(says(render_text(Report(snapshot, &span)), "VERDICT"));
  CHECK(says(render_json(Report(snapshot, &span)), "\"operations\":[]"));
}
