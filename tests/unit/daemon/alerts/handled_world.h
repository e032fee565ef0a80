// A world in which a person says something of its alerts.
#pragma once

#include <string>

#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {

// The breaker opens: critical, and the cause of what waits for the database.
inline void breaker(World& world, bool open) { world.event("BREAKER", 1, 0, open ? 1 : 0); }

struct Handled : World {
  AlertRequest request(AlertAction action, AlertTarget target, const std::string& id) const {
    AlertRequest request;
    request.action = action;
    request.target = target;
    request.id = id;
    request.who = "anna";
    request.why = "looking";
    if (action == AlertAction::silence) request.until_wall_ns = wall_ns + kHour;
    return request;
  }
  AlertAnswer handle(const AlertRequest& request) {
    AlertAnswer answer = engine.handle(request, wall_ns);
    CHECK(answer.changed == !answer.lines.empty());
    return answer;
  }
  AlertAnswer handle(AlertAction action, AlertTarget target, const std::string& id) {
    return handle(request(action, target, id));
  }
  const Snapshot& shown() {
    engine.show(snapshot);
    return snapshot;
  }
  AlertView alert(AlertType type) {
    for (const AlertView& view : shown().alerts) {
      if (view.last.alert == type) return view;
    }
    FAIL("no such alert");
    return {};
  }
  // A p95 that fires as an incident.
  std::string fire_latency(double ms = 250) {
    p95(*this, ms);
    ticks(3);
    return alert(AlertType::high_latency).last.id;
  }
};

}  // namespace ringside
