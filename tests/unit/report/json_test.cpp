#include "report/render/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "tests/unit/report/json_expected.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using namespace sample::expected;

namespace {

std::string json_of(const Snapshot& snapshot, const JsonOptions& options = {}) {
  return render_json(Report(snapshot), options);
}

}  // namespace

TEST_CASE("Json: every field of every part is the snapshot's") {
  const Snapshot s = sample::numbered();
  const Json json = Json::parse(json_of(s));
  check_same(json["rings"], list(s.rings, ring));
  check_same(json["lanes"], list(s.lanes, lane));
  check_same(json["errors"], list(s.errors, error));
  check_same(json["events"], list(s.events, series));
  check_same(json["categories"], list(s.categories, series));
  check_same(json["all"], series(s.all));
  check_same(json["top"], {{"parties_seconds", s.parties_seconds},
                           {"actors_by_errors", list(s.actors_by_errors, top)},
                           {"actors_by_time", list(s.actors_by_time, top)},
                           {"subjects_by_errors", list(s.subjects_by_errors, top)},
                           {"subjects_by_time", list(s.subjects_by_time, top)},
                           {"slowest", list(s.slowest, record)},
                           {"slowest_since_start", list(s.slowest_since_start, record)}});
  // Operations that nobody has used have no times. They are checked below.
  const Json& operations = json["operations"];
  REQUIRE(operations.size() == s.operations.size());
  for (std::size_t i = 0; i < s.operations.size(); ++i) {
    if (s.operations[i].server_count > 0) check_same(operations[i], series(s.operations[i]));
  }
  Json expected = {{"active", list(s.alerts, alert)},
                   {"resolved", list(s.resolved_alerts, alert)},
                   {"silences", list(s.silences, silence)},
                   {"incidents", list(s.incidents, incident)},
                   {"transitions", list(s.transitions, transition)},
                   {"transitions_forgotten", s.transitions_forgotten}};
  check_same(json["alerts"], expected);
  check_same(json["regressions"], {{"on", true},
                                   {"reading", false},
                                   {"watched", s.regression_watch.watched},
                                   {"too_many", s.regression_watch.too_many},
                                   {"pinned_begin_at", at(s.regression_watch.pinned_begin_wall_ns)},
                                   {"pinned_end_at", at(s.regression_watch.pinned_end_wall_ns)},
                                   {"found",
                                    {{{"ring", "east"},
                                      {"operation", "SEND_ALL"},
                                      {"stage", "database"},
                                      {"kind", "slower"},
                                      {"effect_percent", 23.5},
                                      {"ongoing", true},
                                      {"ending", nullptr},
                                      {"since_at", at(s.regressions[0].since_wall_ns)},
                                      {"text", "from 1 to 2 ms"}},
                                     {{"ring", "west"},
                                      {"operation", ""},
                                      {"stage", ""},
                                      {"kind", "mix_shift"},
                                      {"effect_percent", 41.5},
                                      {"ongoing", false},
                                      {"ending", "not_seen"},
                                      {"since_at", at(s.regressions[1].since_wall_ns)},
                                      {"text", "more slow calls"}}}}});
}

TEST_CASE("Json: the frame, the system and the thresholds are the snapshot's") {
  const Snapshot s = sample::numbered();
  Json json = Json::parse(json_of(s));
  for (const char* part : {"rings", "lanes", "errors", "events", "operations", "categories", "all",
                           "top", "alerts", "regressions", "analysis"}) {
    REQUIRE(json.contains(part));
    json.erase(part);
  }
  const Json expected = {{"ringside_report", 2},
                         {"taken_at", "2024-11-23T10:15:55.123456789Z"},
                         {"taken_unix_ms", 1'732'356'955'123},
                         {"tick", s.tick},
                         {"tick_seconds", 5.125},
                         {"past_seconds", 0},
                         {"histogram_schema",
                          {{"schema", 5},
                           {"bucket_upper_bound_seconds", "2^(index/32)"},
                           {"min_index", kMinBucket},
                           {"max_index", kMaxBucket},
                           {"highest_from_seconds", longest_told_apart_seconds()}}},
                         {"quantile_min_samples",
                          {{"p50", 10}, {"p90", 50}, {"p95", 100}, {"p99", 500}, {"p999", 5000}}},
                         {"books", books(s.books)},
                         {"unattributed_lost", s.unattributed_lost},
                         {"late_records", s.late_records},
                         {"system",
                          {{"processes", list(s.processes,
                                              [](const ProcessView& of) {
                                                return Json{{"ring", of.ring},
                                                            {"pid", of.pid},
                                                            {"cpu_percent", *of.cpu_percent},
                                                            {"cpu_seconds", *of.cpu_seconds},
                                                            {"resident_bytes", *of.resident_bytes},
                                                            {"open_files", *of.open_files},
                                                            {"open_files_limit", nullptr},
                                                            {"threads", *of.threads},
                                                            {"uptime_seconds", *of.uptime_seconds}};
                                              })},
                           {"gauges", list(s.gauges,
                                           [](const GaugeView& of) {
                                             return Json{{"ring", of.ring},
                                                         {"name", of.name},
                                                         {"value", of.value},
                                                         {"max", of.max}};
                                           })},
                           {"host",
                            {{"load_1m", 1.25},
                             {"load_5m", 2.5},
                             {"load_15m", 3.75},
                             {"cpus", 11},
                             {"cpu_percent", 61.5},
                             {"memory_total_bytes", *s.host.memory_total_bytes},
                             {"memory_available_bytes", *s.host.memory_available_bytes},
                             {"pressure",
                              {{"cpu", nullptr}, {"memory", nullptr}, {"io", nullptr}}}}},
                           {"daemon",
                            {{"version", "9.8.7"},
                             {"pid", s.daemon.pid},
                             {"started_at", at(s.daemon.started_wall_ns)},
                             {"uptime_seconds", 5100.5},
                             {"state_since_at", at(s.daemon.state_since_wall_ns)},
                             {"restarts", s.daemon.restarts},
                             {"cpu_percent", 0.75},
                             {"cpu_seconds", 30.5},
                             {"resident_bytes", *s.daemon.resident_bytes},
                             {"metrics_bytes", s.daemon.metrics_bytes},
                             {"passes", s.daemon.passes}}}}},
                         {"thresholds",
                          {{"response_ms", 3000.0},
                           {"error_rate", 0.125},
                           {"memory_bytes", 123'456'789},
                           {"connections", 5000},
                           {"min_samples", 33},
                           {"operations",
                            {{"SEARCH", {{"response_ms", 45.0}, {"error_rate", nullptr}}},
                             {"SEND_ALL", {{"response_ms", nullptr}, {"error_rate", 0.025}}}}}}},
                         {"comparison", nullptr},
                         {"history", nullptr},
                         {"configuration", s.configuration},
                         {"configuration_changed", s.configuration_changed}};
  check_same(json, expected);
}

TEST_CASE("Json: what is not known is null, and not zero") {
  Snapshot snapshot;
  snapshot.rings.resize(1);
  snapshot.lanes.resize(1);
  snapshot.processes.resize(1);
  snapshot.operations.resize(1);
  snapshot.errors.resize(1);
  const Json json = Json::parse(json_of(snapshot));
  const char* nulls[] = {"/taken_at",
                         "/rings/0/program",
                         "/rings/0/build_id",
                         "/rings/0/configuration_digest",
                         "/rings/0/instance",
                         "/rings/0/pid",
                         "/rings/0/created_at",
                         "/rings/0/clock",
                         "/rings/0/ticks_per_second",
                         "/rings/0/segment_bytes",
                         "/lanes/0/pid",
                         "/lanes/0/tid",
                         "/system/processes/0/cpu_percent",
                         "/system/processes/0/cpu_seconds",
                         "/system/processes/0/resident_bytes",
                         "/system/processes/0/open_files",
                         "/system/processes/0/open_files_limit",
                         "/system/processes/0/threads",
                         "/system/processes/0/uptime_seconds",
                         "/system/host/load_1m",
                         "/system/host/load_5m",
                         "/system/host/load_15m",
                         "/system/host/cpus",
                         "/system/host/cpu_percent",
                         "/system/host/memory_total_bytes",
                         "/system/host/memory_available_bytes",
                         "/system/host/pressure/cpu",
                         "/system/host/pressure/memory",
                         "/system/host/pressure/io",
                         "/system/daemon/started_at",
                         "/system/daemon/cpu_percent",
                         "/system/daemon/cpu_seconds",
                         "/system/daemon/resident_bytes",
                         "/operations/0/windows/1h/rate_per_s",
                         "/operations/0/windows/1h/error_rate",
                         "/operations/0/windows/1h/min_ns",
                         "/operations/0/windows/1h/mean_ns",
                         "/operations/0/windows/1h/max_ns",
                         "/operations/0/windows/1h/p50_ns",
                         "/operations/0/windows/1h/p999_ns",
                         "/errors/0/last_at",
                         "/errors/0/last_actor",
                         "/analysis/security/stage",
                         "/analysis/errors/0/share"};
  for (const char* path : nulls) {
    CAPTURE(path);
    const Json::json_pointer pointer(path);
    REQUIRE(json.contains(pointer));
    CHECK(json[pointer].is_null());
  }
  CHECK(json["operations"][0]["windows"]["1h"]["count"] == 0);
  CHECK(json["analysis"]["verdict"] == "blind");
}

TEST_CASE("Json: quantiles that are only known to be at least so long are named") {
  Snapshot snapshot = sample::numbered();
  WindowStats& stats = snapshot.all.windows[3];
  // Above p99, and it holds p99.9.
  stats.latency.buckets[4].index = static_cast<std::int16_t>(kMaxBucket);
  stats.latency.buckets.resize(5);
  stats.max_ns = ~std::uint64_t{0} >> 1;
  const Json json = Json::parse(json_of(snapshot));
  CHECK(json["all"]["windows"]["1h"]["past_end"] == Json::array({"p999"}));
  CHECK(json["all"]["windows"]["1m"]["past_end"] == Json::array());
}

TEST_CASE("Json: ids are strings, so that none of their 64 bits is lost") {
  const std::string text = json_of(sample::busy());
  CHECK(text.find("\"id\":\"9007199254740993\"") != std::string::npos);
  const Json json = Json::parse(text);
  for (const Json& one : json["all"]["last"]) CHECK(one["actor"]["id"].is_string());
}

TEST_CASE("Json: whole figures are integers") {
  const Json json = Json::parse(json_of(sample::busy()));
  const Json& minute = json["all"]["windows"]["1m"];
  for (const char* key : {"count", "recorded", "errors", "timed", "sum_ns", "min_ns", "max_ns"}) {
    CAPTURE(key);
    CHECK(minute[key].is_number_integer());
  }
  CHECK(json["all"]["last"][0]["duration_ns"].is_number_integer());
}

TEST_CASE("Json: the greatest numbers survive") {
  Snapshot snapshot;
  snapshot.books.written = snapshot.books.read = ~std::uint64_t{0};
  snapshot.gauges.push_back({"r", "g", INT64_MIN, INT64_MAX});
  const Json json = Json::parse(json_of(snapshot));
  CHECK(json["books"]["written"].get<std::uint64_t>() == ~std::uint64_t{0});
  CHECK(json["system"]["gauges"][0]["value"].get<std::int64_t>() == INT64_MIN);
}

TEST_CASE("Json: hostile text and an empty snapshot are still JSON") {
  const std::string text = json_of(sample::hostile());
  CHECK(Json::accept(text));
  for (const char c : text) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  const Json empty = Json::parse(json_of(Snapshot{}));
  CHECK(empty["analysis"]["verdict"] == "blind");
}

TEST_CASE("Json: the last records can be left out") {
  const Json json = Json::parse(json_of(sample::busy(), {.last_records = false}));
  CHECK_FALSE(json["operations"][0].contains("last"));
}
