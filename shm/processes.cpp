#include "shm/processes.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "shm/lane_claim.h"
#include "shm/populate.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

constexpr unsigned kRegistryWaitMs = 100;

// How many entries have memory. Another process wrote the number.
std::uint32_t entries_in(const Segment& segment) {
  // ORDER processes: the entry is there before it is counted.
  return std::min(segment.header().processes_used.load(std::memory_order_acquire), kMaxProcesses);
}

// The pid namespace of the process that stands in the entry, if stands() says that it is the one
// meant; 0 unknown. The next one there may be of another namespace.
template <typename Stands>
std::uint64_t namespace_of(const Segment& segment, std::uint32_t index, std::uint32_t entries,
                           const Stands& stands) {
  if (index >= entries) return 0;
  const ProcessEntry& entry = segment.processes()[index];
  // ORDER entry.
  const std::uint64_t found = entry.pid_namespace.load(std::memory_order_acquire);
  return stands(entered_in(entry.standing.load(std::memory_order_relaxed))) ? found : 0;
}

// Who holds a lane or an entry, as far as this process can tell.
class Holders {
 public:
  Holder of(const Segment& segment, const LaneHeader& header, std::uint32_t entries) const {
    const std::uint32_t word = header.owner.word.load(std::memory_order_acquire);
    // ORDER owner tid.
    const std::uint32_t tid = header.owner_tid.load(std::memory_order_acquire);
    const std::uint64_t process = header.process.load(std::memory_order_relaxed);
    const auto index = static_cast<std::uint32_t>(process);
    return judge(word, tid, namespace_of(segment, index, entries, [&](std::uint32_t entered) {
                   return process_word(index, entered) == process;
                 }));
  }
  Holder of(const Segment& segment, const Seat& seat, std::uint32_t entries) const {
    const std::uint32_t word = seat.lock.word.load(std::memory_order_acquire);
    // ORDER owner tid.
    const std::uint32_t tid = seat.holder_tid.load(std::memory_order_acquire);
    const std::uint32_t process = seat.process.load(std::memory_order_relaxed);
    const std::uint32_t index = process & (kMaxProcesses - 1);
    return judge(word, tid, namespace_of(segment, index, entries, [&](std::uint32_t entered) {
                   return seat_process_word(index, entered) == process;
                 }));
  }
  Holder of(const ProcessEntry& entry) const {
    const std::uint32_t word = entry.lock.word.load(std::memory_order_acquire);
    // ORDER owner tid.
    const std::uint32_t tid = entry.holder_tid.load(std::memory_order_acquire);
    return judge(word, tid, entry.pid_namespace.load(std::memory_order_relaxed));
  }

 private:
  // A held lock is not, when no thread has the number that stands in it. A thread that calls exec
  // and is not its process's first gets the first one's number before the kernel looks at its
  // locks. So its locks stay held, by a number that nobody has. `tid` is what the holder said of
  // itself: if it is the same number, `pid_namespace` is the holder's, too. In another one the
  // number says nothing.
  Holder judge(std::uint32_t word, std::uint32_t tid, std::uint64_t pid_namespace) const {
    const Holder holder = OwnerLock::holder_in(word);
    const bool known = holder == Holder::alive && (word & OwnerLock::kTidMask) == tid &&
                       pid_namespace != 0 && pid_namespace == home_;
    const bool nobody = known && kill(static_cast<pid_t>(tid), 0) != 0 && errno == ESRCH;
    return nobody ? Holder::died : holder;
  }

  std::uint64_t home_ = self_pid_namespace();
};

// Whether the entry's lock is held, or a living lane names the entry. In the first case
// `standing`, loaded before and after, says whose entry it is.
//
// One look at each lane is not enough. While we look at the first ones, the process may claim one
// that we have passed, and give back one that we have not come to. So the lanes are looked at
// twice, and no lane may be claimed meanwhile: the sums of the generations tell. In between we look
// at the lock: at that moment the process holds neither it nor a lane. If lanes change hands all
// the time, the process counts as living until the next look.
bool is_held(const Segment& segment, const Holders& holders, std::uint32_t index,
             std::uint32_t entered) {
  const ProcessEntry& entry = segment.processes()[index];
  if (holders.of(entry) == Holder::alive) return true;
  const std::uint32_t entries = entries_in(segment);
  const auto names_it = [&](const LaneHeader& header) {
    return header.process.load(std::memory_order_acquire) == process_word(index, entered) &&
           holders.of(segment, header, entries) == Holder::alive;
  };
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::uint64_t generations = 0;
    for (std::uint32_t lane = 0; lane < segment.geometry().lane_count; ++lane) {
      const LaneHeader& header = segment.lane_header(lane);
      generations += header.generation.load(std::memory_order_acquire);
      if (names_it(header)) return true;
    }
    if (holders.of(entry) == Holder::alive) return true;
    for (std::uint32_t lane = 0; lane < segment.geometry().lane_count; ++lane) {
      const LaneHeader& header = segment.lane_header(lane);
      if (names_it(header)) return true;
      generations -= header.generation.load(std::memory_order_acquire);
    }
    if (generations == 0) return false;
  }
  return true;
}

// Marks the locks of threads that are gone, as the kernel would have (Holders::judge()).
void mark_abandoned(Segment& segment, const Holders& holders, std::uint32_t entries) {
  const auto mark = [](OwnerLock& lock, std::uint32_t tid) {
    lock.word.compare_exchange_strong(tid, OwnerLock::kDiedBit, std::memory_order_acq_rel);
  };
  for (std::uint32_t lane = 0; lane < segment.geometry().lane_count; ++lane) {
    LaneHeader& header = segment.lane_header(lane);
    if (header.owner.holder() == Holder::alive &&
        holders.of(segment, header, entries) == Holder::died)
      mark(header.owner, header.owner_tid.load(std::memory_order_relaxed));
  }
  for (std::uint32_t index = 0; index < kSeatCount; ++index) {
    Seat& seat = segment.seat(index);
    if (seat.lock.holder() == Holder::alive &&
        holders.of(segment, seat, entries) == Holder::died)
      mark(seat.lock, seat.holder_tid.load(std::memory_order_relaxed));
  }
  for (std::uint32_t index = 0; index < entries; ++index) {
    ProcessEntry& entry = segment.processes()[index];
    if (entry.lock.holder() == Holder::alive && holders.of(entry) == Holder::died)
      mark(entry.lock, entry.holder_tid.load(std::memory_order_relaxed));
  }
}

std::uint32_t our_tid() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

// Adds an entry to the table. kMaxProcesses when there is no room or no memory.
std::uint32_t add_entry(Segment& segment) {
  const std::uint32_t index = entries_in(segment);
  if (index == kMaxProcesses) return index;
  ProcessEntry& entry = segment.processes()[index];
  if (!populate(&entry, sizeof entry)) return kMaxProcesses;
  entry.lock.make();
  segment.header().processes_used.store(index + 1, std::memory_order_release);
  return index;
}

// An entry that is free, or that a dead process left. The calling thread holds its lock, and the
// phase is kPhaseFree.
std::uint32_t take_entry(Segment& segment) {
  const std::uint32_t entries = entries_in(segment);
  const Holders holders;
  mark_abandoned(segment, holders, entries);
  for (std::uint32_t index = 0; index < entries; ++index) {
    ProcessEntry& entry = segment.processes()[index];
    const std::uint64_t standing = entry.standing.load(std::memory_order_relaxed);
    const std::uint32_t entered = entered_in(standing);
    const auto in_use = [&](std::uint64_t found) {
      return phase_in(found) == kPhaseLeft ? entry.lock.holder() == Holder::alive
                                           : is_held(segment, holders, index, entered);
    };
    if (in_use(standing)) continue;
    RINGSIDE_TEST_POINT(join_found);
    // ORDER taking: who claims a lane for this entry from now on sees that it is lost. Whose claim
    // came before is seen here.
    // ORDER entry: who sees the lock held by us sees that its last process stands there no more.
    std::uint64_t taken = standing_of(entered, kPhaseFree);
    const std::uint64_t before = entry.standing.exchange(taken, std::memory_order_acquire);
    if (in_use(before)) {
      entry.standing.compare_exchange_strong(taken, before, std::memory_order_relaxed);
      continue;
    }
    entry.lock.take_along();
    if (segment.take(entry.lock) != Holder::alive) return index;
  }
  const std::uint32_t index = add_entry(segment);
  if (index < kMaxProcesses && segment.take(segment.processes()[index].lock) == Holder::alive)
    return kMaxProcesses;
  return index;
}

}  // namespace

Registry::Registry(Segment& segment)
    : lock_(segment.header().registry),
      held_(lock_.take_within(kRegistryWaitMs) != Holder::alive) {}

Registry::~Registry() {
  if (held_) lock_.give_back();
}

ProcessPlace enter_process(Segment& segment, const ProcessIdentity& self) {
  const Registry registry(segment);
  const std::uint32_t index = registry.held() ? take_entry(segment) : kMaxProcesses;
  if (index == kMaxProcesses) {
    segment.header().processes_refused.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  ProcessEntry& entry = segment.processes()[index];
  RINGSIDE_TEST_POINT(join_taken);
  // ORDER entry: who sees one of these sees, when it looks again, that the last process stands
  // there no more.
  for (auto& gauge : entry.gauges) gauge.store(0, std::memory_order_release);
  entry.pid.store(self.pid, std::memory_order_release);
  entry.start_time.store(self.start_time, std::memory_order_release);
  entry.pid_namespace.store(self.pid_namespace, std::memory_order_release);
  entry.holder_tid.store(our_tid(), std::memory_order_release);
  const std::uint32_t entered = entered_in(entry.standing.load(std::memory_order_relaxed)) + 1;
  // ORDER processes: who sees that it stands there sees whose entry it is.
  entry.standing.store(standing_of(entered, kPhaseEntered), std::memory_order_release);
  RINGSIDE_TEST_POINT(join_entered);
  return {index, entered};
}

bool still_entered(const Segment& segment, ProcessPlace place) {
  return place.somewhere() &&
         segment.processes()[place.index].standing.load(std::memory_order_relaxed) ==
             standing_of(place.entered, kPhaseEntered);
}

bool entered_at_claim(Segment& segment, ProcessPlace place) {
  // ORDER taking.
  return place.somewhere() &&
         segment.processes()[place.index].standing.fetch_or(0, std::memory_order_release) ==
             standing_of(place.entered, kPhaseEntered);
}

Hold hold_process(Segment& segment, ProcessPlace place) {
  if (!place.somewhere()) return Hold::lost;
  ProcessEntry& entry = segment.processes()[place.index];
  // ORDER entry: if a process that has just taken the entry holds the lock, we see that it has.
  const bool held = entry.lock.holder() == Holder::alive;
  const std::uint64_t standing = entry.standing.load(std::memory_order_relaxed);
  if (standing == standing_of(place.entered, kPhaseEntered)) {
    if (held) return Hold::by_another;
  } else if (standing != standing_of(place.entered, kPhaseFree)) {
    return Hold::lost;
  }
  // Who is taking the entry holds the registry, and may yet leave the entry to us.
  const Registry registry(segment);
  if (!registry.held()) return Hold::busy;
  if (!still_entered(segment, place)) return Hold::lost;
  if (segment.take(entry.lock) == Holder::alive) return Hold::by_another;
  entry.holder_tid.store(our_tid(), std::memory_order_release);
  return Hold::held;
}

void let_go_of_process(Segment& segment, ProcessPlace place) {
  if (place.somewhere()) segment.give_back(segment.processes()[place.index].lock);
}

void leave_process(Segment& segment, ProcessPlace place) {
  if (!still_entered(segment, place)) return;
  ProcessEntry& entry = segment.processes()[place.index];
  // Counted first: who dies between the two has left, and is not counted as dead.
  entry.left.fetch_add(1, std::memory_order_relaxed);
  // Fails if another process has just taken the entry, which no thread held. We have left all the
  // same.
  std::uint64_t standing = standing_of(place.entered, kPhaseEntered);
  entry.standing.compare_exchange_strong(standing, standing_of(place.entered, kPhaseLeft),
                                         std::memory_order_release, std::memory_order_relaxed);
  segment.give_back(entry.lock);
}

Liveness ProcessesLook::any() const {
  Liveness found = entering ? Liveness::alive : Liveness::dead;
  for (const ProcessLook& one : entered) {
    if (one.liveness == Liveness::alive) return Liveness::alive;
    if (one.liveness == Liveness::unknown) found = Liveness::unknown;
  }
  return found;
}

namespace {

// One look at an entry whose `standing` is that.
ProcessLook look_at(const Segment& segment, const Holders& holders, std::uint32_t index,
                    std::uint64_t standing, bool death_marked) {
  const ProcessEntry& entry = segment.processes()[index];
  const std::uint32_t entered = entered_in(standing);
  // ORDER entry: what is of the next process is not taken for this one's.
  ProcessLook one{index, entry.pid.load(std::memory_order_acquire),
                  entry.start_time.load(std::memory_order_acquire),
                  entry.pid_namespace.load(std::memory_order_acquire), Liveness::dead, entered,
                  // Numbers of another process: they may say that more left than entered.
                  std::min(entry.left.load(std::memory_order_acquire), entered)};
  const std::uint32_t phase = phase_in(standing);
  if (phase != kPhaseLeft && is_held(segment, holders, index, entered)) {
    one.liveness = death_marked || phase == kPhaseFree || holders.of(entry) != Holder::alive
                       ? Liveness::alive
                       : process_liveness(one.pid, one.start_time);
  }
  return one;
}

// Calls see(phase, look) for each entry of the table.
template <typename See>
void look_at_entries(const Segment& segment, bool death_marked, const See& see) {
  const Holders holders;
  const std::uint32_t entries = entries_in(segment);
  for (std::uint32_t index = 0; index < entries; ++index) {
    const std::atomic<std::uint64_t>& now = segment.processes()[index].standing;
    // Until all is of one process. Whoever changes it all the time is no server.
    for (int attempt = 1;; ++attempt) {
      // ORDER processes.
      const std::uint64_t standing = now.load(std::memory_order_acquire);
      const ProcessLook one = look_at(segment, holders, index, standing, death_marked);
      if (now.load(std::memory_order_relaxed) != standing && attempt < 8) continue;
      see(phase_in(standing), one);
      break;
    }
  }
}

}  // namespace

ProcessesLook look_at_processes(const Segment& segment, bool death_marked) {
  ProcessesLook look;
  look_at_entries(segment, death_marked,
                  [&](std::uint32_t phase, const ProcessLook& one) {
                    const bool alive = one.liveness != Liveness::dead;
                    const bool stands = alive && phase == kPhaseEntered;
                    const std::uint32_t not_left = one.entered - one.left;
                    look.ever += one.entered;
                    look.left += one.left;
                    look.died += not_left - (stands && not_left > 0 ? 1 : 0);
                    if (phase == kPhaseEntered) {
                      look.entered.push_back(one);
                    } else if (alive) {
                      look.entering = true;
                    }
                  });
  return look;
}

bool anybody_writes(const Segment& segment) {
  bool found = false;
  look_at_entries(segment, segment.header().death_marked != 0,
                  [&](std::uint32_t, const ProcessLook& one) {
                    found = found || one.liveness != Liveness::dead;
                  });
  return found;
}

bool close_if_left(Segment& segment) {
  std::atomic<std::uint32_t>& state = segment.header().state;
  for (int attempt = 0; attempt < 8 && !anybody_writes(segment); ++attempt) {
    // ORDER closing: of the two exchanges one is the second, and sees what came before the other.
    state.exchange(kSegmentClosed, std::memory_order_acq_rel);
    RINGSIDE_TEST_POINT(leave_marked);
    if (!anybody_writes(segment)) return true;
    state.exchange(kSegmentReady, std::memory_order_acq_rel);
  }
  return false;
}

bool entered_closed_ring(Segment& segment) {
  // ORDER closing.
  return segment.header().state.fetch_or(0, std::memory_order_acq_rel) == kSegmentClosed;
}

std::int64_t gauge_value(const Segment& segment, const ProcessesLook& look, std::uint32_t index) {
  RINGSIDE_ASSERT(index < kMaxGauges);
  const bool over = look.any() == Liveness::dead;
  std::uint64_t sum = 0;
  for (const ProcessLook& one : look.entered) {
    if (one.liveness == Liveness::dead && !over) continue;
    const ProcessEntry& entry = segment.processes()[one.index];
    // ORDER entry.
    const std::int64_t value = entry.gauges[index].load(std::memory_order_acquire);
    if (entry.standing.load(std::memory_order_relaxed) == standing_of(one.entered, kPhaseEntered))
      sum += static_cast<std::uint64_t>(value);
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace ringside
