// The data of the events that the stream sends. Pure: two snapshots go in, JSON comes out. The
// broadcaster numbers them and sends them.
//
//   hello   the first one of each connection
//   tick    what has become of everything, in short
//   alert   one transition of an alert or an incident, or what a person said
//   gap     events are missing before the next one
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/present.h"

namespace ringside::http {

struct StreamData {
  std::string_view event;  // "tick"
  std::string data;        // one line of JSON
};

// `present` may be null: there is no tick yet.
StreamData hello_event(const Present* present, std::int64_t now_wall_ns);

// A line of the alert log, as AlertLines tells it; it may be sent at once.
StreamData line_event(const AlertTransition& line);

// What has happened from one tick to the next: the transitions of alerts in their order, and then
// the tick. Of more transitions than the snapshot keeps a `gap` comes first. `before` may be null:
// then there are no transitions.
std::vector<StreamData> events_between(const Snapshot* before, const Present& now);

}  // namespace ringside::http
