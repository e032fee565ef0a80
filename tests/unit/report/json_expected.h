// What each part of the JSON report must be, derived a second time and in another way: from the
// snapshot, value by value. Whole parts are compared, so a field that is missing, new or swapped is
// found.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "report/model/snapshot.h"

namespace sample::expected {

using namespace ringside;
using Json = nlohmann::json;

inline Json at(std::int64_t wall_ns) { return format_wall_exact(wall_ns); }

inline Json party(const Party& of) {
  Json json = {{"kind", name_of(of.kind)}, {"id", std::to_string(of.id)}};
  json["label"] = of.label.empty() ? Json() : Json(of.label);
  if (of.kind == PartyKind::address) json["text"] = format_address(of.id);
  return json;
}

inline Json books(const Books& of) {
  return {{"written", of.written},   {"read", of.read},
          {"lost", of.lost},         {"torn", of.torn},
          {"rejected", of.rejected}, {"balance", of.written == of.read + of.lost}};
}

inline Json by_window(const std::array<std::uint64_t, kWindows>& of) {
  return {{"since_start", of[0]}, {"1m", of[1]}, {"5m", of[2]}, {"1h", of[3]}};
}

// The value at a rank, from the buckets of numbered(): the middle of the first bucket that reaches
// the rank.
inline double value_of_rank(const WindowStats& of, std::uint64_t rank) {
  std::uint64_t below = 0;
  for (const Histogram::Bucket& bucket : of.latency.buckets) {
    below += bucket.count;
    if (below < rank) continue;
    const double lower = std::exp2((bucket.index - 1) / 32.0),
                 upper = std::exp2(bucket.index / 32.0);
    return 2 * lower * upper / (lower + upper) * 1e9;
  }
  return -1;
}

inline Json window(const WindowStats& of, const std::array<std::string, kStages>& names) {
  Json json;
  json["seconds"] = of.seconds;
  json["recorded"] = of.recorded;
  json["skipped"] = of.skipped;
  json["history"] = of.history;
  const std::uint64_t count = of.recorded + of.skipped;
  json["count"] = count;
  json["errors"] = of.errors;
  json["refused"] = of.refused;
  json["rate_per_s"] = static_cast<double>(count - of.history) / of.seconds;
  json["error_rate"] = static_cast<double>(of.errors) / static_cast<double>(count);
  const char* outcomes[] = {"ok", "error", "timeout", "rejected", "denied", "limited", "cancelled"};
  for (std::size_t o = 0; o < 7; ++o) json["outcomes"][outcomes[o]] = of.outcomes[o];
  json["timed"] = of.timed;
  json["negative"] = of.negative;
  json["sum_ns"] = of.sum_ns;
  json["min_ns"] = of.min_ns;
  json["mean_ns"] = static_cast<double>(of.sum_ns) / static_cast<double>(of.timed);
  json["max_ns"] = of.max_ns;
  json["p50_ns"] = value_of_rank(of, 5000);
  json["p90_ns"] = value_of_rank(of, 9000);
  json["p95_ns"] = value_of_rank(of, 9500);
  json["p99_ns"] = value_of_rank(of, 9900);
  json["p999_ns"] = value_of_rank(of, 9990);
  json["past_end"] = Json::array();
  json["stages"] = Json::array();
  for (std::size_t s = 0; s < 6; ++s) {
    json["stages"].push_back({{"stage", s},
                              {"name", names[s]},
                              {"count", of.stages[s].count},
                              {"sum_ns", of.stages[s].sum_ns},
                              {"max_ns", of.stages[s].max_ns}});
  }
  json["value_sum"] = of.value_sum;
  for (const Histogram::Bucket& bucket : of.latency.buckets) {
    json["histogram"].push_back(Json::array({bucket.index, bucket.count}));
  }
  return json;
}

inline Json record(const RecordView& of) {
  Json json;
  json["operation"] = of.operation;
  json["start_at"] = at(of.start_wall_ns);
  json["duration_ns"] = of.duration_ns;
  if (of.untimed) json["duration_ns"] = nullptr;
  json["outcome"] = name_of(of.outcome);
  json["error"] = of.error;
  json["error_name"] = of.error_name;
  json["actor"] = party(of.actor);
  json["subject"] = party(of.subject);
  for (const std::uint64_t stage : of.stages_ns) json["stages_ns"].push_back(stage);
  json["value"] = of.value;
  json["context"] = of.context;
  json["ring"] = of.ring;
  json["lane"] = of.lane;
  json["position"] = of.position;
  return json;
}

inline Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

inline Json series(const SeriesView& of) {
  Json json;
  json["name"] = of.name;
  json["ring"] = text_or_null(of.ring);
  json["category"] = of.category;
  for (const std::string& name : of.stage_names) json["stage_names"].push_back(name);
  const std::int64_t declared_ns = of.declared.response_ns;
  json["declared_response_ms"] =
      declared_ns == 0 ? Json() : Json(static_cast<double>(declared_ns) / 1e6);
  json["waits_for_client"] = of.declared.waits_for_client;
  json["server_count"] = of.server_count;
  json["server_errors"] = of.server_errors;
  json["books"] = books(of.books);
  const char* names[] = {"since_start", "1m", "5m", "1h"};
  for (std::size_t w = 0; w < 4; ++w)
    json["windows"][names[w]] = window(of.windows[w], of.stage_names);
  json["last"] = Json::array();
  for (const RecordView& one : of.last) json["last"].push_back(record(one));
  return json;
}

inline Json ring(const RingView& of) {
  return {{"name", of.name},
          {"path", of.path},
          {"program", of.program},
          {"build_id", of.build_id},
          {"configuration_digest", of.configuration_digest},
          {"state", name_of(of.state)},
          {"problem", of.problem},
          {"instance", of.instance},
          {"pid", of.pid},
          {"created_at", at(of.created_wall_ns)},
          {"clock", of.clock},
          {"ticks_per_second", of.ticks_per_second},
          {"enabled", of.enabled},
          {"sampled",
           Json::array({{{"name", of.sampled.at(0).name}, {"one_in", of.sampled.at(0).one_in}}})},
          {"instances_seen", of.instances_seen},
          {"crashes_seen", of.crashes_seen},
          {"restarts_seen", of.restarts_seen},
          {"processes",
           {{"alive", of.processes.alive},
            {"entered", of.processes.entered},
            {"left", of.processes.left},
            {"restarted", of.processes.restarted},
            {"died", of.processes.died},
            {"refused", of.processes.refused}}},
          {"untraced_threads", of.untraced_threads},
          {"untraced_records", of.untraced_records},
          {"names_refused", of.names_refused},
          {"names_merged", of.names_merged},
          {"misused",
           {{"id", of.misused[0]},
            {"outcome", of.misused[1]},
            {"stage", of.misused[2]},
            {"stamp", of.misused[3]}}},
          {"segment_bytes", of.segment_bytes},
          {"books", books(of.books)},
          {"losses",
           {{"while_observed", by_window(of.losses.while_observed)},
            {"before_attach", of.losses.before_attach}}}};
}

inline Json lane(const LaneView& of) {
  return {{"ring", of.ring},
          {"lane", of.lane},
          {"overflow", of.overflow},
          {"state", name_of(of.state)},
          {"pid", of.pid},
          {"tid", of.tid},
          {"thread", of.thread},
          {"generation", of.generation},
          {"in_flight", of.in_flight.empty() ? Json()
                                             : Json{{"operation", of.in_flight},
                                                    {"since", at(of.in_flight_wall_ns)}}},
          {"books", books(of.books)},
          {"pending", of.pending}};
}

inline Json error(const ErrorStats& of) {
  return {{"code", of.code},
          {"name", of.name},
          {"ring", of.ring},
          {"operation", of.operation},
          {"count", by_window(of.count)},
          {"outcome", name_of(of.outcome)},
          {"last_at", at(of.last_wall_ns)},
          {"last_actor", party(of.last_actor)}};
}

inline Json top(const TopEntry& of) {
  const auto between = [](const Interval& in) { return Json::array({in.low, in.high}); };
  return {{"party", party(of.party)},
          {"ring", of.ring},
          {"count", of.count},
          {"errors", of.errors},
          {"refused", of.refused},
          {"time_ns", of.time_ns},
          {"estimated", of.estimated},
          {"count_between", between(of.count_in)},
          {"errors_between", between(of.errors_in)},
          {"refused_between", between(of.refused_in)},
          {"time_ns_between", between(of.time_in_ns)}};
}

inline Json transition(const AlertTransition& of) {
  return {{"at", at(of.wall_ns)},
          {"id", of.id},
          {"alert", name_of(of.alert)},
          {"level", name_of(of.level)},
          {"state", name_of(of.state)},
          {"operation", of.operation},
          {"ring", of.ring},
          {"value", of.value},
          {"figure", of.figure},
          {"threshold", of.threshold},
          {"unit", kAlertUnitNames[static_cast<std::size_t>(of.unit)]},
          {"message", of.message},
          {"suspect", of.suspect},
          {"incident", of.incident}};
}

inline Json incident(const IncidentView& of) {
  return {{"id", of.id},
          {"ring", of.ring},
          {"cause", transition(of.cause)},
          {"level", name_of(of.level)},
          {"peak", name_of(of.peak)},
          {"began_at", at(of.began_wall_ns)},
          {"ended_at", of.ended_wall_ns == 0 ? Json() : at(of.ended_wall_ns)},
          {"flaps", of.flaps},
          {"symptoms", of.symptoms},
          {"operations", of.operations},
          {"failed_calls", of.failed_calls},
          {"users", of.users},
          {"acknowledged", of.acknowledged},
          {"silenced", of.silenced},
          {"acknowledged_by", of.acknowledged_by}};
}

inline Json alert(const AlertView& of) {
  Json json = transition(of.last);
  json["since_at"] = at(of.since_wall_ns);
  json["acknowledged"] = of.flags.acknowledged;
  json["silenced"] = of.flags.silenced;
  json["inhibited"] = of.flags.inhibited;
  json["flapping"] = of.flags.flapping;
  json["stale"] = of.flags.stale;
  json["acknowledged_by"] = of.acknowledged_by;
  json["returns"] = of.returns;
  return json;
}

inline Json silence(const SilenceView& of) {
  return {
      {"id", of.id},
      {"target", of.target},
      {"alert", of.alert ? Json(kAlertTypeNames[static_cast<std::size_t>(*of.alert)]) : Json()},
      {"operation", of.operation},
      {"ring", of.ring},
      {"level", of.level ? Json(kAlertLevelNames[static_cast<std::size_t>(*of.level)]) : Json()},
      {"who", of.who},
      {"why", of.why},
      {"until", at(of.until_wall_ns)}};
}

template <class List, class Function>
inline Json list(const List& of, Function function) {
  Json json = Json::array();
  for (const auto& one : of) json.push_back(function(one));
  return json;
}

// Shows the first differences, each with its path. A difference of whole documents would be
// unreadable.
inline void check_same(const Json& found, const Json& expected) {
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

}  // namespace sample::expected
