// What is known of the rings between two snapshots: a few figures that cost almost nothing to read,
// by which emergencies are noticed at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/rings.h"

namespace ringside {

struct RingPulse {
  std::string ring;
  std::string program;
  RingState state = RingState::waiting;
  std::string problem;
  std::uint32_t pid = 0;
  std::uint64_t crashes_seen = 0;
  std::uint64_t untraced_records = 0;
  Books books;
  std::uint64_t calls = 0;  // as RingView::calls
  // Calls that were counted without a record, since start. Absent between two ticks.
  std::optional<std::uint64_t> skipped;
  std::optional<std::int64_t> connections;  // absent: the server does not say
  std::uint32_t stopped_pid = 0;            // a process that a signal has stopped; 0 none

  // The server's circuit breaker, by its records.
  std::uint64_t breaker_opened = 0;           // how often, since start
  std::optional<std::int64_t> breaker_value;  // its latest move, in this life of the ring
  std::int64_t breaker_moved_wall_ns = 0;

  bool live() const { return state == RingState::live; }
};

struct Pulse {
  std::vector<RingPulse> rings;
};

}  // namespace ringside
