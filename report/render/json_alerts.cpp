// Alerts, silences, incidents and transitions, for json.cpp.
#include "report/model/snapshot.h"
#include "report/render/json_parts.h"

namespace ringside::detail {

Json json_transition(const AlertTransition& transition) {
  return {{"at", json_at(transition.wall_ns)},  {"id", transition.id},
          {"alert", name_of(transition.alert)}, {"level", name_of(transition.level)},
          {"state", name_of(transition.state)}, {"operation", transition.operation},
          {"figure", transition.figure},        {"ring", transition.ring},
          {"value", transition.value},          {"threshold", transition.threshold},
          {"unit", name_of(transition.unit)},   {"message", transition.message},
          {"suspect", transition.suspect},      {"incident", transition.incident}};
}

Json json_alert(const AlertView& alert) {
  Json json = json_transition(alert.last);
  json["since_at"] = json_at(alert.since_wall_ns);
  json["acknowledged"] = alert.flags.acknowledged;
  json["silenced"] = alert.flags.silenced;
  json["inhibited"] = alert.flags.inhibited;
  json["flapping"] = alert.flags.flapping;
  json["stale"] = alert.flags.stale;
  json["acknowledged_by"] = alert.acknowledged_by;
  json["returns"] = alert.returns;
  return json;
}

Json json_silence(const SilenceView& silence) {
  return {{"id", silence.id},
          {"target", silence.target},
          {"alert", silence.alert ? Json(name_of(*silence.alert)) : Json()},
          {"operation", silence.operation},
          {"ring", silence.ring},
          {"level", silence.level ? Json(name_of(*silence.level)) : Json()},
          {"who", silence.who},
          {"why", silence.why},
          {"until", json_at(silence.until_wall_ns)}};
}

Json json_incident(const IncidentView& incident) {
  return {{"id", incident.id},
          {"ring", incident.ring},
          {"cause", json_transition(incident.cause)},
          {"level", name_of(incident.level)},
          {"peak", name_of(incident.peak)},
          {"began_at", json_at(incident.began_wall_ns)},
          {"ended_at", incident.over() ? json_at(incident.ended_wall_ns) : Json()},
          {"flaps", incident.flaps},
          {"symptoms", incident.symptoms},
          {"operations", incident.operations},
          {"failed_calls", incident.failed_calls},
          {"users", incident.users},
          {"acknowledged", incident.acknowledged},
          {"silenced", incident.silenced},
          {"acknowledged_by", incident.acknowledged_by}};
}

Json json_regressions(const Snapshot& snapshot) {
  const RegressionWatchView& watch = snapshot.regression_watch;
  return {{"on", watch.on},
          {"reading", watch.reading},
          {"watched", watch.watched},
          {"too_many", watch.too_many},
          {"pinned_begin_at", json_at(watch.pinned_begin_wall_ns)},
          {"pinned_end_at", json_at(watch.pinned_end_wall_ns)},
          {"found", array_of(snapshot.regressions, [](const RegressionView& one) {
             return Json{
                 {"ring", one.ring},
                 {"operation", one.operation},
                 {"stage", one.stage},
                 {"kind", one.kind == RegressionView::Kind::slower ? "slower" : "mix_shift"},
                 {"effect_percent", one.effect_percent},
                 {"ongoing", one.ongoing},
                 {"ending", one.ongoing ? Json(nullptr) : Json(name_of(one.ending))},
                 {"since_at", json_at(one.since_wall_ns)},
                 {"text", one.text}};
           })}};
}

Json json_alerts(const Snapshot& snapshot) {
  return {{"active", array_of(snapshot.alerts, json_alert)},
          {"resolved", array_of(snapshot.resolved_alerts, json_alert)},
          {"silences", array_of(snapshot.silences, json_silence)},
          {"incidents", array_of(snapshot.incidents, json_incident)},
          {"transitions", array_of(snapshot.transitions, json_transition)},
          {"transitions_forgotten", snapshot.transitions_forgotten}};
}

}  // namespace ringside::detail
