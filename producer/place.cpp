#include "producer/place.h"

#include <pthread.h>

#include <atomic>

#include "producer/hot_path.h"
#include "producer/interrupted.h"
#include "producer/state.h"
#include "shm/names.h"
#include "shm/processes.h"

namespace ringside {
namespace detail {

inline namespace RINGSIDE_ABI_NAMESPACE {
std::atomic<std::atomic<std::int64_t>*> g_gauges[kMaxGauges];
}

namespace {

// Index and `entered`, in one word so that both are seen together.
constexpr std::uint64_t kNowhere = kMaxProcesses;
constexpr std::uint64_t kEntering = kMaxProcesses + 1;  // a thread is entering the process
constexpr std::uint64_t kGone = kMaxProcesses + 2;      // stop() has been called
std::atomic<std::uint64_t> g_place{kNowhere};
// A process that could not be entered, or whose entry could not be held, tries again after that
// many records and gauge writes.
constexpr std::uint32_t kStandAgainAfter = 4096;
std::atomic<std::uint32_t> g_stand_again_in;
__thread bool t_holds_process = false;
// The thread that held the entry has let it go, and no other holds it yet. Another process may take
// the entry, so no gauge writes there.
std::atomic<bool> g_unheld{false};

// The place of gauge i's name in the ring, plus 1; 0 while there is none.
std::atomic<std::uint32_t> g_gauge_index[kMaxGauges];
// What was added to gauges while they were not open. It goes on top of what the ring has.
std::atomic<std::int64_t> g_gauge_kept[kMaxGauges];
// What the ring had when the entry was let go. If another process takes the entry, it is added to
// what is kept.
std::atomic<std::int64_t> g_gauge_left[kMaxGauges];

std::uint64_t pack_place(ProcessPlace place) {
  return std::uint64_t{place.entered} << 32 | place.index;
}
ProcessPlace unpack_place(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
}

std::atomic<std::int64_t>& gauge_at(Segment& segment, ProcessPlace place, std::uint32_t name) {
  return segment.processes()[place.index].gauges[name - 1];
}

// Lets gauge i write into the ring, where a thread of this process holds its entry and the ring has
// the name.
void open_gauge(Segment& segment, std::uint32_t i) {
  const std::uint64_t stood = g_place.load();
  const ProcessPlace place = unpack_place(stood);
  const std::uint32_t name = g_gauge_index[i].load(std::memory_order_acquire);
  if (!place.somewhere() || name == 0 || g_unheld.load()) return;
  std::atomic<std::int64_t>* value = &gauge_at(segment, place, name);
  g_gauges[i].store(value);
  // Who lets go meanwhile either has said so before, or closes this gauge after us.
  if (g_unheld.load() || g_place.load() != stood) {
    g_gauges[i].compare_exchange_strong(value, nullptr);
    return;
  }
  // What another thread adds meanwhile is in one of the two.
  value->fetch_add(g_gauge_kept[i].exchange(0, std::memory_order_acq_rel),
                   std::memory_order_release);
}

void open_gauges(Segment& segment) {
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) open_gauge(segment, i);
}

// What gauges had in an entry that this process has lost.
void take_gauges_along() {
  for (std::uint32_t i = 0; i < kMaxGauges; ++i)
    g_gauge_kept[i].fetch_add(g_gauge_left[i].exchange(0));
}

void close_gauges() {
  for (auto& gauge : g_gauges) gauge.store(nullptr);
}

// The calling thread holds the process's entry. When the thread ends, it lets go.
void note_holding() {
  t_holds_process = true;
  g_unheld.store(false);
  pthread_setspecific(g_thread_end, &t_writer);
}

}  // namespace

ProcessPlace place_now() { return unpack_place(g_place.load(std::memory_order_acquire)); }

void stand_at(ProcessPlace place) {
  g_place.store(pack_place(place), std::memory_order_release);
  note_holding();
  take_gauges_along();
}

ProcessPlace leave_place() {
  const ProcessPlace place = unpack_place(g_place.exchange(kGone));
  close_gauges();
  return place;
}

bool closed_without_us(const Segment& segment) {
  return !place_now().somewhere() &&
         segment.header().state.load(std::memory_order_acquire) == kSegmentClosed;
}

void give_up_closed_ring() {
  Phase expected = Phase::traced;
  if (!g_phase.compare_exchange_strong(expected, Phase::untraced)) return;
  g_switches.store(kAllOff, std::memory_order_release);
  g_segment.store(nullptr, std::memory_order_release);
  g_why.store(g_closed_before_us, std::memory_order_release);
}

void stand_in(Segment& segment) {
  if (t_holds_process) return;
  if (closed_without_us(segment)) {
    give_up_closed_ring();
    return;
  }
  // Not by subtraction: two threads must not pass 0 together.
  const std::uint32_t again_in = g_stand_again_in.load(std::memory_order_relaxed);
  if (again_in > 0) {
    g_stand_again_in.store(again_in - 1, std::memory_order_relaxed);
    return;
  }
  const ProcessPlace place = place_now();
  switch (hold_process(segment, place)) {
    case Hold::held:
      note_holding();
      open_gauges(segment);
      return;
    case Hold::by_another: return;
    case Hold::busy: g_stand_again_in.store(kStandAgainAfter, std::memory_order_relaxed); return;
    case Hold::lost: break;
  }
  // One thread enters. The others go on without.
  std::uint64_t before = pack_place(place);
  if (before == kGone || before == kEntering ||
      !g_place.compare_exchange_strong(before, kEntering, std::memory_order_acq_rel)) {
    return;
  }
  ProcessPlace entered = enter_process(segment, g_self);
  const bool too_late = entered.somewhere() && entered_closed_ring(segment);
  if (too_late) {
    leave_process(segment, entered);
    close_if_left(segment);
    entered = {};
  }
  std::uint64_t entering = kEntering;
  if (!g_place.compare_exchange_strong(entering, pack_place(entered), std::memory_order_acq_rel)) {
    // stop() was called meanwhile, and found this process nowhere.
    if (entered.somewhere()) leave_process(segment, entered);
    return;
  }
  if (too_late) {
    give_up_closed_ring();
    return;
  }
  if (!entered.somewhere()) {
    g_stand_again_in.store(kStandAgainAfter, std::memory_order_relaxed);
    return;
  }
  note_holding();
  take_gauges_along();
  open_gauges(segment);
}

void stand_in_at_once(Segment& segment) {
  g_stand_again_in.store(0, std::memory_order_relaxed);
  stand_in(segment);
}

bool name_gauge(Segment& segment, std::uint32_t i, const std::string& name) {
  const std::uint32_t index = enter_gauge(segment, name);
  if (index == kMaxGauges) {
    segment.header().names_refused.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  g_gauge_index[i].store(index + 1, std::memory_order_release);
  open_gauge(segment, i);
  return true;
}

void let_go_of_place(Segment& segment) {
  if (!t_holds_process) return;
  t_holds_process = false;
  g_unheld.store(true);
  close_gauges();
  const ProcessPlace place = place_now();
  for (std::uint32_t i = 0; i < kMaxGauges && place.somewhere(); ++i) {
    const std::uint32_t name = g_gauge_index[i].load(std::memory_order_acquire);
    if (name != 0) g_gauge_left[i].store(gauge_at(segment, place, name).load());
  }
  let_go_of_process(segment, place);
}

bool place_is_unheld() { return g_unheld.load(std::memory_order_relaxed); }

void place_is_left() { t_holds_process = false; }

void forget_place() {
  t_holds_process = false;
  g_unheld.store(false, std::memory_order_relaxed);
  if (g_place.load(std::memory_order_relaxed) != kGone)
    g_place.store(kNowhere, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    g_gauges[i].store(nullptr, std::memory_order_relaxed);
    g_gauge_kept[i].store(0, std::memory_order_relaxed);
    g_gauge_left[i].store(0, std::memory_order_relaxed);
  }
}

inline namespace RINGSIDE_ABI_NAMESPACE {

void write_gauge_slow(std::uint32_t gauge, std::int64_t value, bool adds) noexcept {
  const KeepErrno keep_errno;
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment != nullptr) stand_in(*segment);
  if (segment != nullptr) open_gauge(*segment, gauge);
  std::atomic<std::int64_t>* to = g_gauges[gauge].load(std::memory_order_acquire);
  std::atomic<std::int64_t>& kept = g_gauge_kept[gauge];
  const bool keeps = to == nullptr;
  if (keeps) to = &kept;
  if (adds) {
    to->fetch_add(value, std::memory_order_acq_rel);
  } else {
    // What is kept goes on top of what was left in the ring.
    const auto left = static_cast<std::uint64_t>(keeps ? g_gauge_left[gauge].load() : 0);
    to->store(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - left),
              std::memory_order_release);
  }
  // The gauge was opened meanwhile, perhaps before our value was there to be taken along.
  if (keeps && segment != nullptr) open_gauge(*segment, gauge);
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail
}  // namespace ringside
