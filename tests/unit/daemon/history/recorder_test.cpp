#include "daemon/history/history_recorder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/daemon/history/history_samples.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kBeginNs = kHistoryBegin * kSecondNs;

Snapshot seen_at(std::int64_t second, std::int64_t connections = 5) {
  Snapshot snapshot;
  snapshot.wall_ns = kBeginNs + second * kSecondNs;
  RingView ring;
  ring.name = "chat";
  ring.state = RingState::live;
  ring.instance = "aa";
  ring.program = "chatd";
  ring.pid = 7;
  ring.created_wall_ns = kBeginNs - kSecondNs;
  ring.enabled = true;
  snapshot.rings.push_back(ring);
  snapshot.gauges.push_back({"chat", "connections", connections, connections});
  return snapshot;
}

const HistoryGauge* gauge_named(const HistorySpan& span, const std::string& name) {
  const auto at = std::find_if(span.gauges.begin(), span.gauges.end(),
                               [&](const HistoryGauge& gauge) { return gauge.name == name; });
  return at != span.gauges.end() ? &*at : nullptr;
}

}  // namespace

TEST_CASE("HistoryRecorder: a batch is due once for each minute, ten seconds after its end") {
  HistoryRecorder recorder;
  CHECK(recorder.due(kBeginNs + 30 * kSecondNs));  // what was before
  int batches = 0;
  for (int second = 31; second < 60 + 130; ++second)
    batches += recorder.due(kBeginNs + second * kSecondNs);
  CHECK(batches == 2);
  CHECK_FALSE(recorder.due(kBeginNs + 60 * 3 * kSecondNs + 10 * kSecondNs - 1));
}

TEST_CASE("HistoryRecorder: a gauge's minute has its last, lowest and highest value") {
  HistoryRecorder recorder;
  recorder.follow(seen_at(5, 5));
  recorder.follow(seen_at(30, -2));
  recorder.follow(seen_at(59, 3));
  recorder.follow(seen_at(61, 9));
  HistorySpan span;
  recorder.take(span);
  const HistoryGauge* gauge = gauge_named(span, "connections");
  REQUIRE(gauge != nullptr);
  REQUIRE(gauge->samples.size() == 2);
  CHECK(gauge->samples[0].begin_wall_s == kHistoryBegin);
  CHECK(gauge->samples[0].last == 3);
  CHECK(gauge->samples[0].min == -2);
  CHECK(gauge->samples[0].max == 5);
  // The minute under way comes again, with what came since.
  recorder.follow(seen_at(100, 1));
  HistorySpan next;
  recorder.take(next);
  gauge = gauge_named(next, "connections");
  REQUIRE(gauge != nullptr);
  REQUIRE(gauge->samples.size() == 1);
  CHECK(gauge->samples[0].min == 1);
  CHECK(gauge->samples[0].max == 9);
}

TEST_CASE("HistoryRecorder: figures of processes are sums, and absent where one is not known") {
  HistoryRecorder recorder;
  Snapshot snapshot = seen_at(5);
  ProcessView one;
  one.ring = "chat";
  one.resident_bytes = 100;
  one.threads = 4;
  ProcessView two = one;
  two.threads.reset();
  snapshot.processes = {one, two};
  snapshot.host.load_1m = 1.25;
  // The server has a gauge of that name: it is the server's that counts.
  snapshot.gauges.push_back({"chat", "memory_bytes", 3, 3});
  recorder.follow(snapshot);
  HistorySpan span;
  recorder.take(span);
  CHECK(gauge_named(span, "memory_bytes")->samples.at(0).last == 3);
  CHECK(gauge_named(span, "threads") == nullptr);
  CHECK(gauge_named(span, "load_1m_milli")->samples.at(0).last == 1250);
  CHECK(gauge_named(span, "load_1m_milli")->ring.empty());
}

TEST_CASE("HistoryRecorder: the names of all errors are told each time, the latest of each") {
  HistoryRecorder recorder;
  Snapshot snapshot = seen_at(0);
  ErrorStats& error = snapshot.errors.emplace_back();
  error.ring = "chat";
  error.code = 7;
  const auto told = [&] {
    recorder.follow(snapshot);
    recorder.follow(snapshot);
    HistorySpan span;
    recorder.take(span);
    std::string names;
    for (const HistoryErrorName& one : span.error_names)
      names += std::to_string(one.code) + " " + one.name + ";";
    return names;
  };
  CHECK(told().empty());
  snapshot.errors[0].name = "BUSY";
  CHECK(told() == "7 BUSY;");
  CHECK(told() == "7 BUSY;");
  snapshot.errors[0].name = "LOCKED";
  CHECK(told() == "7 LOCKED;");
}

TEST_CASE("HistoryRecorder: starts, ends, switches and losses are marked once") {
  HistoryRecorder recorder;
  recorder.follow(seen_at(0));
  recorder.follow(seen_at(5));
  Snapshot off = seen_at(10);
  off.rings[0].enabled = false;
  recorder.follow(off);
  recorder.follow(off);
  Snapshot crashed = seen_at(15);
  crashed.rings[0].state = RingState::crashed;
  recorder.follow(crashed);
  recorder.follow(crashed);
  Snapshot second = seen_at(20);
  second.rings[0].instance = "bb";
  recorder.follow(second);
  HistorySpan span;
  span.rings.push_back(history_ring(kHistoryBegin, 60, 12));
  recorder.take(span);
  std::string kinds;
  for (const HistoryMark& mark : span.marks) kinds += std::string(name_of(mark.kind)) + " ";
  CHECK(kinds == "server_start sampling server_end server_start loss ");
  CHECK(span.marks[0].wall_ns == kBeginNs - kSecondNs);
  CHECK(span.marks[2].text == "crashed: chatd, pid 7, instance aa");
  CHECK(span.marks[4].text == "12 records were overwritten before they were read");
  HistorySpan nothing;
  recorder.take(nothing);
  CHECK(nothing.marks.empty());
}

TEST_CASE("HistoryRecorder: an incident that is shown no more has ended when the log says") {
  HistoryRecorder recorder;
  Snapshot snapshot = seen_at(5);
  IncidentView incident;
  incident.id = "i-1";
  incident.peak = AlertLevel::critical;
  incident.began_wall_ns = kBeginNs;
  snapshot.incidents.push_back(incident);
  recorder.follow(snapshot);
  HistorySpan span;
  recorder.take(span);
  REQUIRE(span.incidents.size() == 1);
  CHECK_FALSE(span.incidents[0].over());
  AlertTransition end;
  end.state = AlertState::ended;
  end.incident = "i-1";
  end.wall_ns = kBeginNs + 77 * kSecondNs;
  recorder.tell({end});
  recorder.follow(seen_at(80));
  HistorySpan next;
  recorder.take(next);
  REQUIRE(next.incidents.size() == 1);
  CHECK(next.incidents[0].ended_wall_ns == end.wall_ns);
  CHECK(next.incidents[0].level == AlertLevel::critical);
  CHECK(next.transitions.size() == 1);
  HistorySpan last;
  recorder.take(last);
  CHECK(last.incidents.empty());
}

TEST_CASE("HistoryRecorder: a switch of tracing says of what, from what to what") {
  HistoryRecorder recorder;
  std::int64_t second = 0;
  const auto told = [&](bool enabled, const std::vector<SampledView>& sampled,
                        const char* instance = "aa") {
    Snapshot snapshot = seen_at(++second);
    snapshot.rings[0].enabled = enabled;
    snapshot.rings[0].sampled = sampled;
    snapshot.rings[0].instance = instance;
    recorder.follow(snapshot);
    HistorySpan span;
    recorder.take(span);
    std::string text;
    for (const HistoryMark& mark : span.marks) {
      if (mark.kind == HistoryMark::Kind::sampling) text += mark.text;
    }
    return text;
  };
  CHECK(told(true, {{"EDIT", 5}}) == "");  // as it was found
  CHECK(told(true, {{"EDIT", 5}}) == "");
  CHECK(told(true, {{"EDIT", 5}, {"SEND", 10}, {"LIST", 10}}) ==
        "LIST, SEND: from every call to one in 10");
  CHECK(told(true, {{"SEND", 10}, {"LIST", 0}}) ==
        "EDIT: from one in 5 to every call; LIST: from one in 10 to none");
  CHECK(told(false, {{"SEND", 2}, {"LIST", 0}}) ==
        "tracing is switched off; SEND: from one in 10 to one in 2");
  CHECK(told(true, {{"SEND", 2}, {"LIST", 0}}) == "tracing is switched on");
  // Another server has switches of its own.
  CHECK(told(true, {}, "bb") == "");
  std::vector<SampledView> many;
  for (char c = 'a'; c <= 'l'; ++c) many.push_back({std::string(1, c), 3});
  CHECK(told(true, many, "bb") ==
        "a, b, c, d, e, f, g, h, i, j and 2 more: from every call to one in 3");
}

TEST_CASE("HistoryRecorder: of many switches in an hour six have marks, and the rest is counted") {
  HistoryRecorder recorder;
  const auto switched = [&](std::int64_t second, std::uint32_t one_in, const char* instance = "aa",
                            RingState state = RingState::live) {
    Snapshot snapshot = seen_at(second);
    RingView& ring = snapshot.rings[0];
    if (one_in != 1) ring.sampled = {{"SEND", one_in}};
    ring.instance = instance;
    ring.state = state;
    recorder.follow(snapshot);
  };
  const auto told = [&] {
    HistorySpan span;
    recorder.take(span);
    std::vector<std::string> texts;
    for (const HistoryMark& mark : span.marks) {
      if (mark.kind == HistoryMark::Kind::sampling)
        texts.push_back(std::to_string(mark.wall_ns / kSecondNs - kHistoryBegin) + " " + mark.text);
    }
    return texts;
  };
  using Texts = std::vector<std::string>;
  // At each tick of an hour.
  for (std::int64_t second = 0; second < 3600; second += 5)
    switched(second, second / 5 % 2 == 0 ? 1 : 10);
  Texts texts = told();
  REQUIRE(texts.size() == 6);
  CHECK(texts[0] == "5 SEND: from every call to one in 10");
  CHECK(texts[5] == "30 SEND: from one in 10 to every call");
  // After the hour what it came to is marked, also where nothing is switched any more.
  switched(3605, 10);
  CHECK(told() == Texts{"3605 SEND: from every call to one in 10; by 713 switches, which have no "
                        "marks"});
  for (std::int64_t second = 3610; second < 3635; second += 5)
    switched(second, second / 5 % 2 == 0 ? 1 : 10);
  CHECK(told().size() == 5);
  switched(3640, 20);
  switched(3645, 1);
  CHECK(told().empty());
  switched(3640 + 3600, 1);
  CHECK(told() == Texts{"7240 tracing is switched as it was before; by 2 switches, which have no "
                        "marks"});
  // A clock that is set back begins another hour.
  switched(5, 10);
  CHECK(told() == Texts{"5 SEND: from every call to one in 10"});
  // What had no mark gets one when the server ends, or another one is there.
  for (std::uint32_t second = 11; second <= 46; second += 5) switched(second, second);
  CHECK(told().size() == 5);
  switched(50, 46, "aa", RingState::crashed);
  CHECK(told() ==
        Texts{"50 SEND: from one in 31 to one in 46; by 3 switches, which have no marks"});
  switched(55, 3, "bb");
  switched(60, 4, "bb");
  switched(65, 5, "cc");
  CHECK(told() == Texts{"65 SEND: from one in 3 to one in 4"});
}

TEST_CASE("HistoryRecorder: the build of each server that started is told, the last one again") {
  HistoryRecorder recorder;
  const auto told = [&] {
    HistorySpan span;
    recorder.take(span);
    std::string text;
    for (const HistoryBuild& one : span.builds)
      text += one.ring + " " + one.build_id + "/" + one.configuration_digest + " ";
    return text;
  };
  Snapshot snapshot = seen_at(0);
  snapshot.rings[0].state = RingState::waiting;
  recorder.follow(snapshot);
  CHECK(told().empty());
  snapshot.rings[0].state = RingState::live;
  for (const char* build : {"1", "2"}) {
    snapshot.rings[0].instance = build;
    snapshot.rings[0].build_id = build;
    snapshot.rings[0].configuration_digest = "c";
    recorder.follow(snapshot);
    recorder.follow(snapshot);
  }
  CHECK(told() == "chat 1/c chat 2/c chat 2/c ");
  CHECK(told() == "chat 2/c ");
}

TEST_CASE("HistoryRecorder: what is in force is told with each batch, from when on") {
  HistoryRecorder recorder;
  HistoryConfiguration first{kBeginNs, "a = 1", "", {}};
  HistoryConfiguration second{kBeginNs + 9 * kSecondNs, "a = 2", "a = 2", {}};
  recorder.configure(first);
  Snapshot snapshot = seen_at(5);
  SeriesView& operation = snapshot.operations.emplace_back();
  operation.ring = "chat";
  operation.name = "SEND";
  recorder.follow(snapshot);
  recorder.configure(second);
  HistorySpan both;
  recorder.take(both);
  REQUIRE(both.configurations.size() == 2);
  CHECK(both.configurations[0].says_the_same(first));
  CHECK(both.configurations[1].says_the_same(second));
  REQUIRE(both.declared.size() == 1);
  CHECK(both.declared[0].wall_ns == snapshot.wall_ns);
  CHECK(both.declared[0].response_ns == 0);
  // Nothing changed: it is told again, with the time it had.
  snapshot.wall_ns += kSecondNs;
  recorder.follow(snapshot);
  HistorySpan again;
  recorder.take(again);
  REQUIRE(again.configurations.size() == 1);
  CHECK(again.configurations[0].says_the_same(second));
  CHECK(again.declared.at(0).wall_ns == snapshot.wall_ns - kSecondNs);
  snapshot.wall_ns += kSecondNs;
  snapshot.operations[0].declared.response_ns = 7;
  recorder.follow(snapshot);
  HistorySpan changed;
  recorder.take(changed);
  CHECK(changed.declared.at(0).response_ns == 7);
  CHECK(changed.declared.at(0).wall_ns == snapshot.wall_ns);
}
