// Where this process stands among the ring's processes, and its gauges, whose values stand there.
#pragma once

#include <cstdint>
#include <string>

#include "shm/segment.h"

namespace ringside {
namespace detail {

// Nowhere after a fork, before start(), and when another process took the entry.
ProcessPlace place_now();
// This process stands there; the calling thread holds the entry until it ends.
void stand_at(ProcessPlace place);
// Makes this process stand among the ring's processes, held by a living thread. It stands nowhere
// after a fork, or when another process took its entry while no thread held it. Not for signal
// handlers.
void stand_in(Segment& segment);
// The same, also if that has failed a moment ago.
void stand_in_at_once(Segment& segment);
// This process writes no more. Returns where it stood.
ProcessPlace leave_place();
// The calling thread holds the entry no more: it ends, or has left with its process.
void let_go_of_place(Segment& segment);
// The thread that held the entry has ended, and no other has taken it since: stand_in() is due.
bool place_is_unheld();
void place_is_left();
// In a forked child: its parent's place and gauges are its parent's.
void forget_place();

// The ring was closed by the last process that stood there. This one stands nowhere: it was forked
// before that process left, and has traced nothing so far.
bool closed_without_us(const Segment& segment);
// No thread of this process has a lane, and nobody reads the ring. start() makes a new one.
void give_up_closed_ring();

// Enters the name of gauge i in the ring, and lets the gauge write there. False when the ring's
// table is full.
bool name_gauge(Segment& segment, std::uint32_t i, const std::string& name);

}  // namespace detail
}  // namespace ringside
