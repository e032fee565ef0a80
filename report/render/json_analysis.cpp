// The findings as JSON: what the text report says in words, with the figures behind it.
#include "report/render/json_parts.h"

namespace ringside::detail {
namespace {

Json json_stage(const StageTime& stage) {
  return {{"name", stage.name},
          {"count", stage.count},
          {"sum_ns", stage.sum_ns},
          {"max_ns", stage.max_ns},
          {"share", stage.share}};
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
          {"top_ring", json_text(kind.top_ring)},
          {"top_count", kind.top_count},
          {"rising", kind.rising},
          {"advice", kind.advice}};
}

Json json_event(const EventFinding& event) {
  return {{"name", event.name},
          {"ring", json_text(event.ring)},
          {"meaning", event.meaning},
          {"count", event.count},
          {"since_start", event.since_start},
          {"sum_ns", event.sum_ns},
          {"last_at", json_at(event.last_wall_ns)},
          {"last_party", json_party(event.last_party)}};
}

Json json_block(const BlockView& block) {
  return {{"address", json_party(block.address)},
          {"ring", json_text(block.ring)},
          {"blocked_at", json_at(block.blocked_wall_ns)},
          {"blocks", block.blocks},
          {"attempts_before", block.attempts_before},
          {"turned_away", block.turned_away},
          {"got_through", block.got_through}};
}

Json json_breaker(const BreakerSummary& breaker) {
  const auto time_in = [&](BreakerState state) {
    return breaker.time_in_ns[static_cast<std::size_t>(state)];
  };
  return {{"ring", json_text(breaker.ring)},
          {"state", name_of(breaker.state)},
          {"since_at", json_at(breaker.since_wall_ns)},
          {"time_in_ns",
           {{"closed", time_in(BreakerState::closed)},
            {"open", time_in(BreakerState::open)},
            {"half_open", time_in(BreakerState::half_open)}}},
          {"moves", breaker.moves}};
}

Json json_finding(const ErrorFinding& finding) {
  return {{"code", finding.error.code},
          {"name", finding.error.name},
          {"ring", json_text(finding.error.ring)},
          {"operation", finding.error.operation},
          {"outcome", name_of(finding.error.outcome)},
          {"failure", finding.failure},
          {"count", finding.count},
          {"operations", finding.operations},
          {"share", finding.operations > 0 ? Json(finding.share) : Json(nullptr)}};
}

Json json_slow(const SlowOperation& slow) {
  return {
      {"operation", slow.operation}, {"ring", json_text(slow.ring)},
      {"timed", slow.timed},         {"threshold_ns", slow.threshold_ns},
      {"over", slow.over},           {"p95_ns", slow.p95_ns ? Json(*slow.p95_ns) : Json(nullptr)},
      {"max_ns", slow.max_ns}};
}

Json json_suggestion(const Suggestion& suggestion) {
  return {{"kind", name_of(suggestion.key.kind)},
          {"ring", json_text(suggestion.key.ring)},
          {"subject", json_text(suggestion.key.subject)},
          {"figure", suggestion.figure},
          {"unit", name_of(unit_of(suggestion.key.kind))},
          {"what", suggestion.what},
          {"evidence", suggestion.evidence},
          {"gain", suggestion.gain},
          {"gain_share", suggestion.gain_share},
          {"confidence", confidence_name(suggestion.confidence)},
          {"why", suggestion.why}};
}

Json json_kept(const KeptAdvice& kept) {
  const HistoryAdvice& advice = kept.advice;
  const bool changed = kept.state == KeptAdvice::State::followed;
  return {{"kind", name_of(advice.key.kind)},
          {"ring", json_text(advice.key.ring)},
          {"subject", json_text(advice.key.subject)},
          {"state", name_of(kept.state)},
          {"first_at", json_at(advice.first_ns)},
          {"last_at", json_at(advice.last_ns)},
          {"unit", name_of(unit_of(advice.key.kind))},
          {"figure_then", advice.first_figure},
          {"figure", kept.figure},
          {"figure_at", json_at(kept.figure_wall_ns)},
          {"followed_by", changed ? Json{{"at", json_at(advice.change.wall_ns)},
                                         {"kind", advice.change.kind},
                                         {"text", advice.change.text}}
                                  : Json(nullptr)},
          {"outcome", outcome_of(kept)},
          {"what", advice.what},
          {"evidence", advice.evidence},
          {"gain", advice.gain}};
}

Json json_level(const LevelChange& one) {
  const ChangePoint& change = one.change;
  return {{"at", json_at(change.begin_wall_s * 1'000'000'000)},
          {"ring", one.ring},
          {"operation", one.operation},
          {"quantile", one.quantile},
          {"before_ns", change.before},
          {"after_ns", change.after},
          {"chance", change.chance},
          {"follows", change.follows ? json_mark(*change.follows) : Json(nullptr)}};
}

Json json_levels(const LevelChanges& changes) {
  return {{"slot_seconds", changes.slot_s},
          {"begin_at",
           changes.slot_s > 0 ? json_at(changes.begin_wall_s * 1'000'000'000) : Json(nullptr)},
          {"looked_at", changes.looked_at},
          {"found", array_of(changes.found, json_level)}};
}

}  // namespace

Json json_reason(const Reason& reason) {
  return {{"weight", verdict_name(reason.weight)}, {"text", reason.text}};
}

Json json_time(const TimeShare& time) {
  return {{"operation", time.operation},
          {"ring", json_text(time.ring)},
          {"timed", time.timed},
          {"sum_ns", time.sum_ns},
          {"share_of_all", time.share_of_all},
          {"share_of_calls", time.share_of_calls},
          {"stages", array_of(time.stages, json_stage)},
          {"unmarked_share", time.unmarked},
          {"enough", time.enough}};
}

Json json_database(const DatabaseSummary& database) {
  return {{"ring", json_text(database.ring)},
          {"transactions", database.transactions},
          {"rollbacks", database.rollbacks},
          {"rollback_share", database.rollback_share},
          {"at_once_mean", database.busy},
          {"at_once_now", database.at_once_now ? Json(*database.at_once_now) : Json(nullptr)},
          {"at_once_max", database.at_once_max ? Json(*database.at_once_max) : Json(nullptr)},
          {"slow_queries", database.slow_queries},
          {"slow_query_ns", database.slow_query_ns},
          {"stage_ns", database.stage_ns},
          {"transaction_ns", database.transaction_ns}};
}

Json json_security(const Report& report) {
  const SecuritySummary& security = report.analysis.security;
  return {{"events", array_of(security.events, json_event)},
          {"rate_allowed", security.rate_allowed},
          {"rate_limited", security.rate_limited},
          {"blocks", array_of(report.snapshot.blocks, json_block)},
          {"rejected", security.rejected},
          {"validation",
           security.validation.count > 0 ? json_stage(security.validation) : Json(nullptr)},
          {"stage", security.stage.count > 0 ? json_stage(security.stage) : Json(nullptr)},
          {"audit_ns", security.audit_ns}};
}

Json json_resilience(const ResilienceSummary& resilience) {
  return {{"events", array_of(resilience.events, json_event)},
          {"breakers", array_of(resilience.breakers, json_breaker)}};
}

Json json_analysis(const Report& report) {
  const Analysis& analysis = report.analysis;
  return {{"verdict", verdict_name(analysis.verdict)},
          {"headline", json_headline(analysis.headline)},
          {"reasons", array_of(analysis.reasons, json_reason)},
          {"stories", json_stories(analysis.stories)},
          {"window", kWindowNames[static_cast<std::size_t>(analysis.window)]},
          {"min_sample", kMinClaim},
          {"error_kinds", array_of(analysis.error_kinds, json_kind)},
          {"errors", array_of(analysis.errors, json_finding)},
          {"time",
           {{"all", json_time(analysis.all)},
            {"operations", array_of(analysis.operations, json_time)}}},
          {"bottlenecks", json_bottlenecks(analysis.bottlenecks)},
          {"slow", array_of(analysis.slow, json_slow)},
          {"databases", array_of(analysis.databases, json_database)},
          {"security", json_security(report)},
          {"resilience", json_resilience(analysis.resilience)},
          {"suggestions", array_of(analysis.suggestions, json_suggestion)},
          {"advice", array_of(analysis.kept_advice, json_kept)},
          {"level_changes", json_levels(analysis.changes)}};
}

}  // namespace ringside::detail
