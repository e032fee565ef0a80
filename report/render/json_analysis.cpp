// The findings as JSON: what the text report says in words, with the figures behind it.
#include "report/render/json_parts.h"

namespace ringside::detail {
namespace {

Json json_stage(const StageTime& stage) {
  return {{"name", stage.name}, {"count", stage.count}, {"sum_ns", stage.sum_ns}, {"max_ns", stage.max_ns}, {"share", stage.share}};
}

Json json_time(const TimeShare& time) {
  Json stages = Json::array();
  for (const StageTime& stage : time.stages) stages.push_back(json_stage(stage));
  return {{"operation", time.operation},
          {"timed", time.timed},
          {"sum_ns", time.sum_ns},
          {"share_of_all", time.share_of_all},
          {"share_of_calls", time.share_of_calls},
          {"stages", stages},
          {"unmarked_share", time.unmarked},
          {"enough", time.enough}};
}

Json json_kind(const ErrorKind& kind) {
  return {{"code", kind.code},
          {"name", kind.name},
          {"outcome", name_of(kind.outcome)},
          {"failure", kind.failure},
          {"count", json_windows(kind.count)},
          {"last_at", json_at(kind.last_wall_ns)},
          {"last_actor", json_party(kind.last_actor)},
          {"operations", kind.operations},
          {"top_operation", kind.top_operation},
          {"top_count", kind.top_count},
          {"rising", kind.rising},
          {"advice", kind.advice}};
}

Json json_events(const std::vector<EventFinding>& events) {
  Json json = Json::array();
  for (const EventFinding& event : events) {
    json.push_back({{"name", event.name},
                    {"meaning", event.meaning},
                    {"count", event.count},
                    {"since_start", event.since_start},
                    {"sum_ns", event.sum_ns},
                    {"last_at", json_at(event.last_wall_ns)},
                    {"last_party", json_party(event.last_party)}});
  }
  return json;
}

Json json_database(const std::optional<DatabaseSummary>& database) {
  if (!database) return nullptr;
  return {{"transactions", database->transactions},
          {"rollbacks", database->rollbacks},
          {"rollback_share", database->rollback_share},
          {"at_once_mean", database->busy},
          {"at_once_now", database->at_once_now ? Json(*database->at_once_now) : Json(nullptr)},
          {"at_once_max", database->at_once_max ? Json(*database->at_once_max) : Json(nullptr)},
          {"slow_queries", database->slow_queries},
          {"slow_query_ns", database->slow_query_ns},
          {"stage_ns", database->stage_ns},
          {"transaction_ns", database->transaction_ns}};
}

Json json_security(const SecuritySummary& security) {
  Json blocks = Json::array();
  for (const BlockEffect& block : security.blocks) {
    blocks.push_back({{"address", json_party(block.address)},
                      {"blocked_at", json_at(block.blocked_wall_ns)},
                      {"attempts_before", block.attempts_before},
                      {"turned_away", block.turned_away},
                      {"got_through", block.got_through}});
  }
  return {{"events", json_events(security.events)},
          {"rate_allowed", security.rate_allowed},
          {"rate_limited", security.rate_limited},
          {"blocks", blocks},
          {"stage", security.stage.count > 0 ? json_stage(security.stage) : Json(nullptr)},
          {"audit_ns", security.audit_ns}};
}

Json json_resilience(const ResilienceSummary& resilience) {
  return {{"events", json_events(resilience.events)},
          {"breaker_state", resilience.breaker_state ? Json(name_of(*resilience.breaker_state)) : Json(nullptr)},
          {"breaker_since_at", json_at(resilience.breaker_since_wall_ns)},
          {"breaker_time_in_ns", {{"closed", resilience.time_in_ns[0]},
                                  {"open", resilience.time_in_ns[1]},
                                  {"half_open", resilience.time_in_ns[2]}}},
          {"breaker_moves", resilience.breaker_moves}};
}

}  // namespace

Json json_analysis(const Analysis& analysis) {
  Json reasons = Json::array(), kinds = Json::array(), errors = Json::array(), operations = Json::array();
  Json slow = Json::array(), suggestions = Json::array();
  for (const Reason& reason : analysis.reasons) reasons.push_back({{"weight", verdict_name(reason.weight)}, {"text", reason.text}});
  for (const ErrorKind& kind : analysis.error_kinds) kinds.push_back(json_kind(kind));
  for (const ErrorFinding& finding : analysis.errors) {
    errors.push_back({{"code", finding.error.code},
                      {"name", finding.error.name},
                      {"operation", finding.error.operation},
                      {"outcome", name_of(finding.error.outcome)},
                      {"failure", finding.failure},
                      {"count", finding.count},
                      {"operations", finding.operations},
                      {"share", finding.share}});
  }
  for (const TimeShare& time : analysis.operations) operations.push_back(json_time(time));
  for (const SlowOperation& one : analysis.slow) {
    slow.push_back({{"operation", one.operation},
                    {"timed", one.timed},
                    {"threshold_ns", one.threshold_ns},
                    {"over", one.over},
                    {"p95_ns", one.p95_ns ? Json(*one.p95_ns) : Json(nullptr)},
                    {"max_ns", one.max_ns}});
  }
  for (const Suggestion& suggestion : analysis.suggestions) {
    suggestions.push_back({{"what", suggestion.what},
                           {"evidence", suggestion.evidence},
                           {"gain", suggestion.gain},
                           {"gain_share", suggestion.gain_share},
                           {"confidence", confidence_name(suggestion.confidence)},
                           {"why", suggestion.why}});
  }
  return {{"verdict", verdict_name(analysis.verdict)},
          {"reasons", reasons},
          {"window", kWindowNames[static_cast<std::size_t>(analysis.window)]},
          {"min_sample", kMinClaim},
          {"error_kinds", kinds},
          {"errors", errors},
          {"time", {{"all", json_time(analysis.all)}, {"operations", operations}}},
          {"slow", slow},
          {"database", json_database(analysis.database)},
          {"security", json_security(analysis.security)},
          {"resilience", json_resilience(analysis.resilience)},
          {"suggestions", suggestions}};
}

}  // namespace ringside::detail
