// Reads a ring again and again while its server writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "tools/ringside/source/interrupts.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

enum class FollowEnd : std::uint8_t {
  gone,         // the server has left or died, or the ring was cut off; all of it was read
  interrupted,  // or the time is over: what may not be in order yet was not read
  enough        // read() wanted no more
};

struct Following {
  std::function<bool(bool all)> read;     // as Records::read(); false: it is enough
  std::function<void()> refresh = [] {};  // names, labels and whether the server lives
  std::int64_t until_ns = INT64_MAX;      // CLOCK_MONOTONIC
  std::optional<RingState> state = {};    // out: the server's, at the end
};
FollowEnd follow(const Source& source, Interrupts& interrupts, Following& following);

}  // namespace ringside::tool
