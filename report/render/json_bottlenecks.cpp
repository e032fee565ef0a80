// Stories and bottlenecks as JSON, for json_analysis.cpp.
#include "report/render/json_parts.h"

namespace ringside::detail {
namespace {

Json json_profile(const StageProfile& profile) {
  return {{"operation", profile.operation},
          {"ring", json_text(profile.ring)},
          {"records", profile.records},
          {"tail_records", profile.tail_records},
          {"median_ns", profile.median_ns},
          {"tail_ns", profile.tail_ns},
          {"stages", array_of(profile.stages, [](const StageProfile::Stage& stage) -> Json {
             return {{"name", stage.name},
                     {"median_share", stage.median_share},
                     {"tail_share", stage.tail_share}};
           })}};
}

Json json_felt(const FeltTime& felt) {
  const auto known = [&](double ns) { return felt.from_arrival ? Json(ns) : Json(nullptr); };
  return {{"operation", felt.operation},
          {"ring", json_text(felt.ring)},
          {"timed", felt.timed},
          {"felt_ns", felt.felt_ns},
          {"waited_ns", known(felt.waited_ns)},
          {"server_ns", known(felt.felt_ns - felt.waited_ns)},
          {"at_once", felt.at_once}};
}

Json json_load(const LoadEffect& effect) {
  const bool enough = effect.minutes >= kLoadMinutes;
  const auto known = [&](double figure) { return enough ? Json(figure) : Json(nullptr); };
  const auto staged = [&](double ns) { return effect.stage.empty() ? Json(nullptr) : Json(ns); };
  return {{"operation", effect.operation},
          {"ring", json_text(effect.ring)},
          {"minutes", effect.minutes},
          {"with_load", name_of(effect.kind)},
          {"correlation", known(effect.correlation)},
          {"low_rate_per_s", known(effect.low_rate)},
          {"high_rate_per_s", known(effect.high_rate)},
          {"low_ns", known(effect.low_ns)},
          {"high_ns", known(effect.high_ns)},
          {"stage", json_text(effect.stage)},
          {"stage_low_ns", staged(effect.stage_low_ns)},
          {"stage_high_ns", staged(effect.stage_high_ns)}};
}

Json json_story(const Story& story) {
  return {{"incident", story.incident.id},
          {"from_at", json_at(story.from_wall_ns)},
          {"until_at", json_at(story.until_wall_ns)},
          {"what", story.what},
          {"whom", story.whom},
          {"next", story.next},
          {"details", json_incident(story.incident)},
          {"evidence", array_of(story.evidence, [](const Evidence& evidence) -> Json {
             return {{"at", json_at(evidence.wall_ns)}, {"text", evidence.text}};
           })}};
}

}  // namespace

Json json_headline(const Headline& headline) {
  return {{"what", headline.what}, {"whom", json_text(headline.whom)}, {"next", headline.next}};
}

Json json_stories(const std::vector<Story>& stories) { return array_of(stories, json_story); }

Json json_bottlenecks(const Bottlenecks& bottlenecks) {
  return {{"profiles", array_of(bottlenecks.profiles, json_profile)},
          {"felt", array_of(bottlenecks.felt, json_felt)},
          {"load", array_of(bottlenecks.load, json_load)},
          {"database_share", bottlenecks.database_share}};
}

}  // namespace ringside::detail
