// The two text forms of /metrics.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "report/render/prometheus/exposition.h"
#include "report/render/prometheus/families.h"
#include "tests/unit/report/exposition_lines.h"
#include "tests/unit/report/metrics_oracle.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using test::exposition_lines;
using test::ExpositionLines;

namespace {

// Every sample is there, and says what the snapshot says; no other is.
void check_all(const Snapshot& snapshot) {
  const ExpositionLines found = exposition_lines(render_prometheus_text(metric_families(snapshot)));
  const std::map<std::string, double> expected = test::MetricsOracle(snapshot).samples;
  for (const auto& sample : expected) {
    const std::string& key = sample.first;
    CAPTURE(key);
    const auto at = found.samples.find(key);
    REQUIRE(at != found.samples.end());
    CHECK(at->second == doctest::Approx(sample.second).epsilon(1e-15));
  }
  for (const auto& sample : found.samples) {
    const std::string& key = sample.first;
    CAPTURE(key);
    CHECK(expected.count(key) == 1);
  }
}

Snapshot with_exemplars() {
  Snapshot snapshot = sample::ones();
  snapshot.operations[0].exemplars = {{1, 11, 900'000, sample::kNow - 3'000},
                                      {2, 12, 1'000'000, sample::kNow - 9'000},
                                      {3, 13, 700'000'000, sample::kNow - 6'000}};
  return snapshot;
}

std::string bucket_key(const char* le) {
  return "ringside_operation_duration_seconds_bucket{ring=\"chat\",operation=\"SEND\",le=\"" +
         std::string(le) + "\"}";
}

}  // namespace

TEST_CASE("Prometheus: every sample says what the snapshot says, and no other is there") {
  check_all(sample::ones());
  check_all(sample::numbered());
  check_all(sample::busy());
  check_all(sample::calm());
  check_all(Snapshot{});
}

TEST_CASE("Prometheus: figures that samples lack are right, too") {
  Snapshot snapshot = sample::numbered();
  REQUIRE(snapshot.processes.size() >= 2);
  for (std::size_t i = 0; i < snapshot.processes.size(); ++i) {
    snapshot.processes[i].stopped = i % 2 == 0;
    snapshot.processes[i].open_files_limit = 1000 - i;
  }
  snapshot.processes[0].cpu_percent.reset();
  snapshot.host.cpu_pressure = Pressure{12.5, 1};
  snapshot.host.io_pressure = Pressure{40, 20};
  snapshot.silences.resize(3);
  snapshot.regressions.resize(4);
  snapshot.regressions[0].ongoing = false;
  snapshot.regressions[1].kind = RegressionView::Kind::mix_shift;
  REQUIRE(!snapshot.lanes.empty());
  snapshot.lanes[0].state = LaneView::State::owned;
  snapshot.lanes[0].in_flight = snapshot.operations[0].name;
  snapshot.lanes[0].in_flight_wall_ns = snapshot.wall_ns - 1'500'000'000;
  snapshot.rings[0].segment_bytes = 0;
  check_all(snapshot);
}

TEST_CASE("Prometheus: names that try to break out stay where they are") {
  check_all(sample::hostile());
  Snapshot snapshot = sample::ones();
  // Bytes that are no UTF-8, and text that looks like what such bytes become.
  snapshot.operations.push_back(snapshot.operations[0]);
  snapshot.operations[0].name = "a\"b\\c\nd\re\xff";
  snapshot.operations[1].name = "a\"b\\c\\nd\\re\\xff";
  check_all(snapshot);
  const std::string text = render_openmetrics(metric_families(snapshot));
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
}

TEST_CASE("Prometheus: two codes with one name are one sample") {
  Snapshot snapshot = sample::ones();
  snapshot.errors.push_back(snapshot.errors[0]);
  snapshot.errors[1].code = 2;
  snapshot.errors[1].count[0] = 5;
  const auto found = exposition_lines(render_prometheus_text(metric_families(snapshot)));
  CHECK(found.samples.at("ringside_operation_errors_total{ring=\"chat\",operation=\"SEND\","
                         "outcome=\"error\",error=\"LATE\"}") == 6);
}

TEST_CASE("Prometheus: both forms have the same samples, each its own heads") {
  const Snapshot snapshot = sample::numbered();
  const std::vector<MetricFamily> families = metric_families(snapshot);
  const ExpositionLines text = exposition_lines(render_prometheus_text(families));
  const ExpositionLines open = exposition_lines(render_openmetrics(families));
  CHECK_FALSE(text.ended);
  CHECK(open.ended);
  CHECK(text.units.empty());
  REQUIRE(text.families.size() == open.families.size());
  CHECK(text.samples.size() == open.samples.size());
  CHECK(std::set(open.families.begin(), open.families.end()).size() == open.families.size());
  for (std::size_t i = 0; i < open.families.size(); ++i) {
    const std::string& name = open.families[i];
    const std::string& older = text.families[i];
    CAPTURE(name);
    CHECK(name.rfind("ringside_", 0) == 0);
    CHECK(open.helps.at(name) == text.helps.at(older));
    CHECK(open.helps.at(name).back() == '.');
    const std::string& type = open.types.at(name);
    CHECK(older == name + (type == "counter" ? "_total" : type == "info" ? "_info" : ""));
    CHECK(text.types.at(older) == (type == "info" ? "gauge" : type));
    if (const auto unit = open.units.find(name); unit != open.units.end())
      CHECK(name.substr(name.size() - unit->second.size()) == unit->second);
    for (const char* end : {"_seconds", "_bytes", "_ratio"}) {
      const std::string ending = end;
      if (name.size() > ending.size() && name.substr(name.size() - ending.size()) == ending)
        CHECK(open.units.count(name) == 1);
    }
  }
}

TEST_CASE("Prometheus: an exemplar stands in its bucket and names ring, lane and position") {
  const Snapshot snapshot = with_exemplars();
  const std::vector<MetricFamily> families = metric_families(snapshot);
  CHECK(exposition_lines(render_prometheus_text(families)).exemplars.empty());
  const auto found = exposition_lines(render_openmetrics(families)).exemplars;
  // 0.9 ms is up to 2^-10 s, 1 ms above it and up to 2^-9 s, 0.7 s up to 1 s.
  REQUIRE(found.size() == 3);
  CHECK(found.at(bucket_key("0.0009765625")) ==
        "{ring=\"chat\",lane=\"1\",position=\"11\"} 0.0009 1732356955.123453789");
  CHECK(found.at(bucket_key("0.001953125")) ==
        "{ring=\"chat\",lane=\"2\",position=\"12\"} 0.001 1732356955.123447789");
  CHECK(found.at(bucket_key("1.0")) ==
        "{ring=\"chat\",lane=\"3\",position=\"13\"} 0.7 1732356955.123450789");
}

TEST_CASE("Prometheus: of two exemplars in a bucket the later one is shown") {
  Snapshot snapshot = with_exemplars();
  snapshot.operations[0].exemplars[0].span_ns = 600'000'000;
  const auto found = exposition_lines(render_openmetrics(metric_families(snapshot))).exemplars;
  CHECK(found.at(bucket_key("1.0")).find("position=\"11\"") != std::string::npos);
}

TEST_CASE("Prometheus: an exemplar's labels are at most 128 characters") {
  Snapshot snapshot = with_exemplars();
  const std::size_t others = std::string("ringlane1position11").size();
  for (const bool fits : {true, false}) {
    // Two bytes of UTF-8 are one character.
    std::string ring;
    for (std::size_t i = 0; i < 128 - others + !fits; ++i) ring += "é";
    snapshot.operations[0].ring = ring;
    const std::string text = render_openmetrics(metric_families(snapshot));
    CHECK((text.find("# {ring=\"" + ring + "\",lane=\"1\",position=\"11\"}") !=
           std::string::npos) == fits);
    CHECK((text.find("# {lane=\"1\",position=\"11\"}") != std::string::npos) == !fits);
  }
}

TEST_CASE("Prometheus: families that come later are as if they had been there from the start") {
  const Snapshot snapshot = with_exemplars();
  std::vector<MetricFamily> more(1);
  more[0] = {"ringside_api_requests", MetricKind::counter, "", "Requests.", {}};
  more[0].metrics.emplace_back().value = 3;
  std::vector<MetricFamily> all = metric_families(snapshot);
  all.insert(all.end(), more.begin(), more.end());
  const auto later = [&](MetricsFormat format) {
    std::string body = render_metrics(snapshot, format);
    append_metrics(body, format, more);
    return body;
  };
  CHECK(later(MetricsFormat::text) == render_prometheus_text(all));
  CHECK(later(MetricsFormat::openmetrics) == render_openmetrics(all));
  CHECK(later(MetricsFormat::openmetrics_0_0_1) == render_openmetrics(all));
  CHECK(later(MetricsFormat::protobuf) == render_prometheus_protobuf(all));
}

TEST_CASE("Prometheus: what is not known has no sample") {
  Snapshot snapshot = sample::ones();
  snapshot.host = {};
  snapshot.processes[0] = {};
  snapshot.processes[0].ring = "chat";
  snapshot.daemon.cpu_seconds.reset();
  const auto found = exposition_lines(render_prometheus_text(metric_families(snapshot)));
  for (const auto& sample : found.samples) {
    const std::string& key = sample.first;
    CAPTURE(key);
    CHECK(key.rfind("ringside_host_", 0) != 0);
    CHECK(key.rfind("ringside_server_cpu", 0) != 0);
    CHECK(key.rfind("ringside_daemon_cpu", 0) != 0);
  }
}
