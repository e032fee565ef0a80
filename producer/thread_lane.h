// What a thread writes through: its lane, or the overflow lane and a seat.
#pragma once

#include "shm/segment.h"

namespace ringside {
namespace detail {

// True when the calling thread may write to its lane now; claims one if it has none. The caller
// found the lane closed, but a signal handler may have claimed it since.
bool lane_is_open(Segment& segment);

// The thread ends, or its process writes no more: it gives back its lane and its seat, and gets
// none again. What it still traces goes to the overflow lane.
void give_back_lane(Segment& segment);

// Around fork(). A signal handler that traces in the child before forget_lane() must not find its
// parent's lane open. Called twice in a row, each does nothing the second time. False when the
// caller is a signal handler that has interrupted a claim, a release or a record of its thread.
bool close_lane_for_fork();
void open_lane_after_fork();
// In the child: the lane and the seat belong to the parent. Also where a thread has called start():
// what it had was in another ring.
void forget_lane();

}  // namespace detail
}  // namespace ringside
