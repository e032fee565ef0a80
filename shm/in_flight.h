// What a lane's thread has begun and not ended: LaneHeader::in_flight.
//
// The owner stores the operation's id and then its start when the operation begins. Whoever ends
// the operation stores 0 as start, if the start is still the operation's. All of it is relaxed: it
// is a display, and no record depends on it. So a reader that comes between the two stores, or to a
// thread that was killed between them, may see the id of an operation with the start of the one
// before it that had not ended.
#pragma once

#include <cstdint>

#include "shm/layout.h"

namespace ringside {

struct InFlight {
  bool any = false;
  std::uint16_t operation = 0;  // an id; any number in a ring that is garbage
  std::uint64_t start = 0;      // ticks
};

inline InFlight in_flight_of(const LaneHeader& header) {
  const std::uint64_t start = header.in_flight.start.load(std::memory_order_relaxed);
  const std::uint64_t operation = header.in_flight.operation.load(std::memory_order_relaxed);
  if (start == 0) return {};
  return {true, static_cast<std::uint16_t>(operation), start};
}

}  // namespace ringside
