// How the targets begin whose input is the life of a ring, and how they go through it. A ring is
// written, spoilt, closed, replaced and moved away, and each target has a reader of its own for it:
// read_lanes bare ones, drain_segment a daemon's drain, ring_follower a follower, followed_ring all
// of a daemon's core.
//
//   byte 0   which rings (Pair::of); bit 7 is the target's own
//   then     steps: a number, and what that step needs (ring_steps.h)
#pragma once

#include <cstdint>
#include <optional>

#include "tests/ring/fuzz/ring_steps.h"

namespace ringside::fuzz {

// A step that is the reader's: kPass, kTick or kSaveRestore. The time before a pass or a tick has
// passed already.
struct ReaderStep {
  Step what;
  std::uint8_t argument;
};

class RingLife {
 public:
  RingLife(const std::uint8_t* data, std::size_t size, int most_steps)
      : in_(data, size),
        which_(in_.take<std::uint8_t>()),
        steps_(Pair::of(which_)),
        left_(most_steps) {}

  // Lives on to the next step of the reader. None at the end of the life.
  std::optional<ReaderStep> next();
  Instant now() const { return steps_.now(); }
  // The ring under the name, or the last that was there.
  const SpoiltRing& ring() const { return steps_.ring(); }
  void read_all_bare() { steps_.read_all_bare(); }

  bool bit_7() const { return (which_ & 0x80) != 0; }

 private:
  Input in_;
  std::uint8_t which_;
  RingSteps steps_;
  int left_;
};

}  // namespace ringside::fuzz
