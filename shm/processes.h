// The processes that write a ring: who stands in the table, who of them lives, who died.
//
//   phase        lock    means
//   0, free      free    never used, or taken by a process that died before it stood there
//   0            held    a process is just entering
//   0            any     as long as a lane names the entry, its last process lives
//   1, entered   held    its process lives
//   1            free    the thread that held it has ended; other threads' lanes tell
//   1            died    likewise; without a held lane its process is dead
//   2, left      any     its process has left in order
//
//   P1  `standing` says who stands in the entry. All else in it is theirs if `standing` is the same
//       before and after it is read.
//   P2  Who enters sets the phase to free before it takes the lock. So a lock that is held under
//       the phase `entered` is held by the process that stands there, never by the next one.
//   P3  Whoever takes an entry's lock holds the registry. To leave and to let go needs none.
//   P4  Who takes an entry sets the phase to free, and looks at the lanes after that. If one names
//       the entry, the phase is set back. Who claims a lane looks at the phase after that. So of
//       the two one sees the other.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/identity.h"
#include "shm/segment.h"

namespace ringside {

// Held by whoever enters a name or a process. Others wait for it, 100 ms at most: its holder may be
// stopped. A holder that dies lets go at once.
class Registry {
 public:
  explicit Registry(Segment& segment);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  bool held() const { return held_; }

 private:
  OwnerLock& lock_;
  bool held_;
};

// Enters this process among the ring's writers; the calling thread holds the entry from now on. A
// forked child must do that. Nowhere when the table is full, when there is no memory for another
// entry, or when a stopped process holds the registry.
ProcessPlace enter_process(Segment& segment, const ProcessIdentity& self);

// Whether the entry is still this process's. Another may have taken it when no thread held it.
bool still_entered(const Segment& segment, ProcessPlace place);

// The same, for who has just claimed a lane that names the entry. Who takes the entry either sees
// that lane and leaves the entry alone, or is seen here. If false, the entry may come back: see
// hold_process().
bool entered_at_claim(Segment& segment, ProcessPlace place);

enum class Hold {
  held,        // by the calling thread, from now on
  by_another,  // thread of this process
  lost,        // another process has taken the entry
  busy,        // a stopped process holds the registry
};
// Makes the calling thread hold the entry if no living thread does.
Hold hold_process(Segment& segment, ProcessPlace place);
// Ends that, when the thread ends and its process doesn't.
void let_go_of_process(Segment& segment, ProcessPlace place);

// This process has left. The kernel may find its entry's lock held by another thread: it counts as
// left all the same.
void leave_process(Segment& segment, ProcessPlace place);

// What a reader finds in the table.
struct ProcessLook {
  std::uint32_t index = 0;
  std::uint32_t pid = 0;
  std::uint64_t start_time = 0;
  std::uint64_t pid_namespace = 0;
  Liveness liveness = Liveness::dead;
  // How many have entered there, this one included, and how many of these left in order.
  std::uint32_t entered = 0;
  std::uint32_t left = 0;
};

struct ProcessesLook {
  std::vector<ProcessLook> entered;  // those who entered and did not leave, dead ones included
  bool entering = false;             // a process has an entry, and has not filled it in yet
  // Since the ring was made. An entry that is used again counts again.
  std::uint64_t ever = 0;  // entered
  std::uint64_t left = 0;  // of these, in order
  std::uint64_t died = 0;  // of these, without

  // `alive` as soon as one is, `unknown` as soon as one may be.
  Liveness any() const;
};
ProcessesLook look_at_processes(const Segment& segment, bool death_marked);

// Whether a process of the ring lives or may live. For a process that leaves, perhaps in a signal
// handler: takes no memory and no lock.
bool anybody_writes(const Segment& segment);

// Marks the ring closed unless anybody writes it. False where somebody does. One who enters at this
// moment either is seen here, or learns from entered_closed_ring() that it came too late.
bool close_if_left(Segment& segment);
// For who has just entered: whether the ring was closed before that.
bool entered_closed_ring(Segment& segment);

// A gauge's value: the sum over the living. Where nobody lives any more, what the dead left. Those
// whose entry another process has taken since the look are left out.
std::int64_t gauge_value(const Segment& segment, const ProcessesLook& look, std::uint32_t index);

}  // namespace ringside
