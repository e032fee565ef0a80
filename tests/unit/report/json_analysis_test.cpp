// The analysis in the JSON report, value by value.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "report/render/json.h"
#include "tests/unit/report/json_expected.h"
#include "tests/unit/report/numbered.h"

using namespace ringside;
using namespace sample::expected;

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
                                        {"stages", list(of.stages, [](const auto& one) {
                                           return Json{{"name", one.name},
                                                       {"median_share", one.median_share},
                                                       {"tail_share", one.tail_share}};
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
        {"rejected", a.security.rejected},
        {"validation", stage(a.security.validation)},
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
      {"suggestions", list(a.suggestions,
                           [](const Suggestion& of) {
                             const auto text = [](const std::string& one) {
                               return one.empty() ? Json(nullptr) : Json(one);
                             };
                             return Json{{"kind", name_of(of.key.kind)},
                                         {"ring", text(of.key.ring)},
                                         {"subject", text(of.key.subject)},
                                         {"figure", of.figure},
                                         {"unit", name_of(unit_of(of.key.kind))},
                                         {"what", of.what},
                                         {"evidence", of.evidence},
                                         {"gain", of.gain},
                                         {"gain_share", of.gain_share},
                                         {"confidence", confidence_name(of.confidence)},
                                         {"why", of.why}};
                           })},
      {"advice", Json::array()},
      {"level_changes",
       {{"slot_seconds", 0}, {"begin_at", nullptr}, {"looked_at", 0}, {"found", Json::array()}}}};
  check_same(json, expected);
  CHECK(json["slow"].size() > 1);
  CHECK(json["suggestions"].size() > 1);
}
