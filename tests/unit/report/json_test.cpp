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

// Shows the first differences, each with its path. A difference of whole documents would be
// unreadable.
void check_same(const Json& found, const Json& expected) {
  int shown = 0;
  for (const Json& difference : Json::diff(expected, found)) {
    if (++shown > 10) break;
    const std::string path = difference["path"];
    const Json::json_pointer pointer(path);
    MESSAGE(
        difference.dump().substr(0, 300),
        expected.contains(pointer) ? " expected: " + expected[pointer].dump().substr(0, 200) : "");
  }
  CHECK(shown == 0);
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
}

TEST_CASE("Json: the frame, the system and the thresholds are the snapshot's") {
  const Snapshot s = sample::numbered();
  Json json = Json::parse(json_of(s));
  for (const char* part : {"rings", "lanes", "errors", "events", "operations", "categories", "all",
                           "top", "alerts", "analysis"}) {
    REQUIRE(json.contains(part));
    json.erase(part);
  }
  const Json expected = {{"ringside_report", 2},
                         {"taken_at", "2024-11-23T10:15:55.123456789Z"},
                         {"taken_unix_ms", 1'732'356'955'123},
                         {"tick", s.tick},
                         {"tick_seconds", 5.125},
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
                         {"configuration", s.configuration},
                         {"configuration_changed", s.configuration_changed}};
  check_same(json, expected);
}

TEST_CASE("Json: the analysis is the one that was made") {
  const Snapshot s = sample::numbered();
  const Report report(s);
  const Analysis& a = report.analysis;
  const Json json = Json::parse(render_json(report))["analysis"];
  const auto stage = [](const StageTime& of) {
    return Json{{"name", of.name},
                {"count", of.count},
                {"sum_ns", of.sum_ns},
                {"max_ns", of.max_ns},
                {"share", of.share}};
  };
  const auto time = [&](const TimeShare& of) {
    return Json{{"operation", of.operation},
                {"ring", text_or_null(of.ring)},
                {"timed", of.timed},
                {"sum_ns", of.sum_ns},
                {"share_of_all", of.share_of_all},
                {"share_of_calls", of.share_of_calls},
                {"stages", list(of.stages, stage)},
                {"unmarked_share", of.unmarked},
                {"enough", of.enough}};
  };
  const auto event = [](const EventFinding& of) {
    return Json{{"name", of.name},
                {"ring", of.ring},
                {"meaning", of.meaning},
                {"count", of.count},
                {"since_start", of.since_start},
                {"sum_ns", of.sum_ns},
                {"last_at", at(of.last_wall_ns)},
                {"last_party", party(of.last_party)}};
  };
  const Json expected = {
      {"verdict", verdict_name(a.verdict)},
      {"headline",
       {{"what", a.headline.what}, {"whom", a.headline.whom}, {"next", a.headline.next}}},
      {"stories", list(a.stories,
                       [](const Story& of) {
                         return Json{
                             {"incident", of.incident.id},
                             {"from_at", at(of.from_wall_ns)},
                             {"until_at", of.until_wall_ns == 0 ? Json() : at(of.until_wall_ns)},
                             {"what", of.what},
                             {"whom", of.whom},
                             {"next", of.next},
                             {"details", incident(of.incident)},
                             {"evidence", list(of.evidence, [](const Evidence& one) {
                                return Json{{"at", at(one.wall_ns)}, {"text", one.text}};
                              })}};
                       })},
      {"bottlenecks",
       {{"profiles", list(a.bottlenecks.profiles,
                          [](const StageProfile& of) {
                            return Json{{"operation", of.operation},
                                        {"ring", of.ring},
                                        {"records", of.records},
                                        {"tail_records", of.tail_records},
                                        {"median_ns", of.median_ns},
                                        {"tail_ns", of.tail_ns},
                                        {"stages", list(of.stages, [](const auto& stage) {
                                           return Json{{"name", stage.name},
                                                       {"median_share", stage.median_share},
                                                       {"tail_share", stage.tail_share}};
                                         })}};
                          })},
        {"felt", list(a.bottlenecks.felt,
                      [](const FeltTime& of) {
                        return Json{{"operation", of.operation}, {"ring", text_or_null(of.ring)},
                                    {"timed", of.timed},         {"felt_ns", of.felt_ns},
                                    {"waited_ns", nullptr},      {"server_ns", nullptr},
                                    {"at_once", of.at_once}};
                      })},
        {"load", Json::array()},
        {"database_share", a.bottlenecks.database_share}}},
      {"reasons", list(a.reasons,
                       [](const Reason& of) {
                         return Json{{"weight", verdict_name(of.weight)}, {"text", of.text}};
                       })},
      {"window", "1h"},
      {"min_sample", 20},
      {"error_kinds", list(a.error_kinds,
                           [](const ErrorKind& of) {
                             return Json{{"code", of.code},
                                         {"name", of.name},
                                         {"outcome", name_of(of.outcome)},
                                         {"failure", of.failure},
                                         {"count", by_window(of.count)},
                                         {"last_at", at(of.last_wall_ns)},
                                         {"last_actor", party(of.last_actor)},
                                         {"operations", of.operations},
                                         {"top_operation", of.top_operation},
                                         {"top_ring", of.top_ring},
                                         {"top_count", of.top_count},
                                         {"rising", of.rising},
                                         {"advice", of.advice}};
                           })},
      {"errors", list(a.errors,
                      [](const ErrorFinding& of) {
                        return Json{{"code", of.error.code},
                                    {"name", of.error.name},
                                    {"ring", of.error.ring},
                                    {"operation", of.error.operation},
                                    {"outcome", name_of(of.error.outcome)},
                                    {"failure", of.failure},
                                    {"count", of.count},
                                    {"operations", of.operations},
                                    {"share", of.share}};
                      })},
      {"time", {{"all", time(a.all)}, {"operations", list(a.operations, time)}}},
      {"slow", list(a.slow,
                    [](const SlowOperation& of) {
                      return Json{{"operation", of.operation}, {"ring", of.ring},
                                  {"timed", of.timed},         {"threshold_ns", of.threshold_ns},
                                  {"over", of.over},           {"p95_ns", *of.p95_ns},
                                  {"max_ns", of.max_ns}};
                    })},
      {"databases", list(a.databases,
                         [](const DatabaseSummary& of) {
                           return Json{{"ring", of.ring},
                                       {"transactions", of.transactions},
                                       {"rollbacks", of.rollbacks},
                                       {"rollback_share", of.rollback_share},
                                       {"at_once_mean", of.busy},
                                       {"at_once_now", *of.at_once_now},
                                       {"at_once_max", *of.at_once_max},
                                       {"slow_queries", of.slow_queries},
                                       {"slow_query_ns", of.slow_query_ns},
                                       {"stage_ns", of.stage_ns},
                                       {"transaction_ns", of.transaction_ns}};
                         })},
      {"security",
       {{"events", list(a.security.events, event)},
        {"rate_allowed", a.security.rate_allowed},
        {"rate_limited", a.security.rate_limited},
        {"blocks", list(s.blocks,
                        [](const BlockView& of) {
                          return Json{{"address", party(of.address)},
                                      {"ring", of.ring},
                                      {"blocked_at", at(of.blocked_wall_ns)},
                                      {"blocks", of.blocks},
                                      {"attempts_before", of.attempts_before},
                                      {"turned_away", of.turned_away},
                                      {"got_through", of.got_through}};
                        })},
        {"stage", stage(a.security.stage)},
        {"audit_ns", a.security.audit_ns}}},
      {"resilience",
       {{"events", list(a.resilience.events, event)},
        {"breakers", list(a.resilience.breakers,
                          [](const BreakerSummary& of) {
                            return Json{{"ring", of.ring},
                                        {"state", name_of(of.state)},
                                        {"since_at", at(of.since_wall_ns)},
                                        {"time_in_ns",
                                         {{"closed", of.time_in_ns[0]},
                                          {"open", of.time_in_ns[1]},
                                          {"half_open", of.time_in_ns[2]}}},
                                        {"moves", of.moves}};
                          })}}},
      {"suggestions", list(a.suggestions, [](const Suggestion& of) {
         return Json{{"what", of.what},
                     {"evidence", of.evidence},
                     {"gain", of.gain},
                     {"gain_share", of.gain_share},
                     {"confidence", confidence_name(of.confidence)},
                     {"why", of.why}};
       })}};
  check_same(json, expected);
  CHECK(json["slow"].size() > 1);
  CHECK(json["suggestions"].size() > 1);
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
