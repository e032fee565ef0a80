// Waits for a ring that its server has yet to make.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shm/segment.h"
#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/source/interrupts.h"

namespace ringside::tool {

enum class Awaited : std::uint8_t {
  ready,  // it is there, or the filter cannot be read: open_filtered() says so
  interrupted,
  never  // what has the name can never be a ring: said on standard error
};
// Waits until the ring is there, is another one than `last`, and has what the filter names. Says
// once for what it waits. A ring that is there at the first look is not waited for: what it does
// not have may be a slip of the pen.
Awaited wait_for_ring(const char* command, const std::string& name, const FilterFlags& filter,
                      const std::optional<SegmentFacts>& last, Interrupts& interrupts);

}  // namespace ringside::tool
