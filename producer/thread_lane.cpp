#include "producer/thread_lane.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "producer/hot_path.h"
#include "producer/interrupted.h"
#include "producer/place.h"
#include "producer/state.h"
#include "shm/assert.h"
#include "shm/lane_claim.h"
#include "shm/processes.h"

namespace ringside {
namespace detail {

inline namespace RINGSIDE_ABI_NAMESPACE {
__thread ThreadWriter t_writer __attribute__((tls_model("initial-exec"))) = {};
InFlightWords g_not_shown{};
}

namespace {

// A thread that found every lane taken looks at one lane and one seat with each record, in turn:
// that costs two loads. A thread that got no memory for its lane tries again after kRetryAfter
// records, and after kRetryOverflowAfter where there was none for the overflow lane either. These
// attempts cost system calls.
constexpr std::uint32_t kRetryAfter = 256;
constexpr std::uint32_t kRetryOverflowAfter = 4096;
constexpr std::uint32_t kNoMore = UINT32_MAX;   // as t_retry_in: this thread is ending
__thread std::uint32_t t_retry_in = 0;
__thread bool t_found_none = false;   // every lane was taken when this thread looked at all
__thread std::uint32_t t_next_lane = 0;
__thread std::uint32_t t_next_seat = 0;
__thread std::uint32_t t_seat = kSeatCount;  // kSeatCount: none
// Where this thread announces what it writes into the overflow lane: in its lane's header, or in
// its seat; null: nowhere.
__thread Announcement* t_announcement = nullptr;
// The thread is in write_overflow(). A signal handler that interrupts it must leave lane and seat
// as they are.
__thread bool t_in_overflow = false;
__thread std::uint32_t t_overflow_retry_in = 0;
__thread bool t_counted_untraced = false;

// The overflow lane of `t_overflow_of`, so that it is looked up once.
__thread const Segment* t_overflow_of = nullptr;
__thread LaneWriter t_overflow = {};
__thread Slot* t_open_at_fork = nullptr;

// A lane that is in no ring.
struct NoLane {
  Slot slot;
  Totals totals[kIdCount];
  LaneHeader header;
};
NoLane g_no_lane;

// Whether the caller is a signal handler that has interrupted a claim, a release or a record of its
// own thread.
bool interrupts_writing() {
  const bool in_lane = t_writer.state == ThreadWriter::kOwned && t_writer.open == nullptr;
  return in_lane || t_in_overflow || t_writer.state == ThreadWriter::kClaiming;
}

void release_own_seat(Segment& segment) {
  if (t_seat == kSeatCount) return;
  const std::uint32_t seat = t_seat;
  t_announcement = nullptr;
  t_seat = kSeatCount;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  release_seat(segment, seat);
}

// A signal handler that traces meanwhile finds the lane closed and uses the overflow lane.
// kClaiming: one that ends the process does not give it back again.
void release_own_lane(Segment& segment) {
  ThreadWriter& writer = t_writer;
  if (writer.state != ThreadWriter::kOwned) return;
  RINGSIDE_ASSERT(&segment == g_segment.load(std::memory_order_relaxed));
  writer.set_open(nullptr);
  writer.in_flight = nullptr;
  t_announcement = nullptr;
  writer.state = ThreadWriter::kClaiming;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  release_lane(segment, writer.lane_index);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  writer.state = ThreadWriter::kNone;
}

// Takes a seat for this thread if it has none: `seat`, or any where no seat is named. If it has
// one, it frees what the dead holder of `seat` left. While the thread claims: no signal handler
// gets here.
void look_for_seat(Segment& segment, std::uint32_t seat, const LaneOwner& owner) {
  const bool has_one = t_seat != kSeatCount;
  if (has_one && seat == kSeatCount) return;
  const ClaimedSeat claimed = seat == kSeatCount
                                  ? claim_seat(segment, owner.tid % kSeatCount, owner)
                                  : claim_seat_at(segment, seat, owner);
  if (claimed.seat == kSeatCount) return;
  if (has_one) {
    release_seat(segment, claimed.seat);
    return;
  }
  t_seat = claimed.seat;
  t_announcement = claimed.overflow;
  pthread_setspecific(g_thread_end, &t_writer);
}

// Which seat a thread without a lane shall take now, of the one that it looks at with this record.
// kSeatCount: none.
std::uint32_t next_seat(const Segment& segment) {
  const std::uint32_t seat = t_next_seat;
  t_next_seat = (seat + 1) % kSeatCount;
  const Holder holder = segment.seat(seat).lock.holder();
  const bool free = holder == Holder::none && t_seat == kSeatCount;
  return free || holder == Holder::died ? seat : kSeatCount;
}

// The calling thread has claimed a lane, which names the place. Another process may have taken that
// entry since: then this one stands in anew, and the lane names the new place.
void stay_entered(Segment& segment, LaneHeader& header, ProcessPlace place) {
  while (place.somewhere() && !entered_at_claim(segment, place)) {
    stand_in_at_once(segment);
    const ProcessPlace now = place_now();
    if (now.index == place.index && now.entered == place.entered) return;  // it came back
    place = now;
    header.process.store(process_word(place.index, place.entered), std::memory_order_release);
  }
}

// True when the calling thread has a lane now.
bool claim_for_this_thread(Segment& segment) {
  if (t_in_overflow) return false;
  if (t_retry_in > 0) {
    if (t_retry_in != kNoMore) --t_retry_in;
    return false;
  }
  // Every lane was taken a moment ago. Look at one of them, and leave it to the next record to look
  // at the next one.
  const std::uint32_t lane = t_next_lane;
  std::uint32_t wanted_seat = kSeatCount;
  if (t_found_none) {
    t_next_lane = lane + 1 < segment.geometry().lane_count ? lane + 1 : 0;
    wanted_seat = next_seat(segment);
    if (wanted_seat == kSeatCount && !place_is_unheld() &&
        segment.lane_header(lane).owner.holder() == Holder::alive) {
      return false;
    }
  }
  const Uncancelled uncancelled;
  ThreadWriter& writer = t_writer;
  // A signal handler that traces while the claim is under way goes to the overflow lane.
  writer.state = ThreadWriter::kClaiming;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A signal handler may have claimed a lane just before. A second lane would leak.
  if (writer.open != nullptr) {
    writer.state = ThreadWriter::kOwned;
    return true;
  }
  stand_in(segment);
  if (g_segment.load(std::memory_order_acquire) == nullptr) {
    writer.state = ThreadWriter::kNone;
    return false;
  }
  char name[16] = {};
  prctl(PR_GET_NAME, name);
  const std::uint32_t tid = current_tid();
  const LaneOwner owner{g_self, place_now(), tid, name};
  const ClaimedLane claimed =
      t_found_none ? claim_lane_at(segment, lane, owner) : claim_lane(segment, owner);
  if (claimed.result == Claim::owned) {
    stay_entered(segment, *claimed.writer.header, owner.place);
    if (g_segment.load(std::memory_order_acquire) == nullptr) {  // the ring is closed
      release_lane(segment, claimed.lane);
      writer.state = ThreadWriter::kNone;
      return false;
    }
    writer.lane = claimed.writer;
    writer.lane_index = claimed.lane;
    writer.in_flight = &claimed.writer.header->in_flight;
    pthread_setspecific(g_thread_end, &writer);
    release_own_seat(segment);
    t_announcement = &claimed.writer.header->overflow;
  } else {
    look_for_seat(segment, wanted_seat, owner);
    if (claimed.result == Claim::no_memory) t_retry_in = kRetryAfter;
  }
  t_found_none = claimed.result == Claim::none_free;
  writer.state = claimed.result == Claim::owned ? ThreadWriter::kOwned : ThreadWriter::kNone;
  // The lane is opened last, when everything else is in place.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (claimed.result == Claim::owned) writer.set_open(claimed.writer.slots);
  return claimed.result == Claim::owned;
}

void count_untraced(Segment& segment) {
  segment.header().untraced_records.fetch_add(1, std::memory_order_relaxed);
  if (!t_counted_untraced) {
    t_counted_untraced = true;
    segment.header().untraced_threads.fetch_add(1, std::memory_order_relaxed);
  }
}

// The overflow lane, unless its memory could not be had a moment ago. A ring is never unmapped, so
// its address is its own.
const LaneWriter* overflow_of(Segment& segment) {
  if (t_overflow_of == &segment) return &t_overflow;
  if (t_overflow_retry_in > 0) {
    --t_overflow_retry_in;
    return nullptr;
  }
  const Uncancelled uncancelled;
  const ClaimedLane claimed = claim_overflow(segment);
  if (claimed.result != Claim::owned) {
    t_overflow_retry_in = kRetryOverflowAfter;
    return nullptr;
  }
  t_overflow = claimed.writer;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_overflow_of = &segment;
  return &t_overflow;
}

}  // namespace

// The state is read first: a handler that comes between the two reads leaves the lane open.
bool lane_is_open(Segment& segment) {
  if (t_writer.state == ThreadWriter::kNone) return claim_for_this_thread(segment);
  return t_writer.open != nullptr;
}

void give_back_lane(Segment& segment) {
  // A lane claimed after this point would leak.
  t_retry_in = kNoMore;
  // This is a signal handler that has interrupted a claim, or a record which may go on after it.
  // The thread keeps what it has. When it ends, the kernel marks it, and the next owner settles it.
  if (interrupts_writing()) return;
  release_own_lane(segment);
  release_own_seat(segment);
}

bool close_lane_for_fork() {
  const bool idle = t_open_at_fork != nullptr || !interrupts_writing();
  if (t_writer.open != nullptr) t_open_at_fork = t_writer.open;
  t_writer.set_open(nullptr);
  return idle;
}

void open_lane_after_fork() {
  if (t_open_at_fork != nullptr) t_writer.set_open(t_open_at_fork);
  t_open_at_fork = nullptr;
}

void forget_lane() {
  t_open_at_fork = nullptr;
  t_writer.set_open(nullptr);
  // A handler that forks may have interrupted its thread just before the lane is closed. The record
  // goes here in the child, and so does what that thread writes later.
  t_writer.lane = {&g_no_lane.slot, g_no_lane.totals, &g_no_lane.header, 0, 0};
  t_writer.state = ThreadWriter::kNone;
  t_writer.in_flight = nullptr;
  t_writer.random = 0;  // the child draws apart
  t_announcement = nullptr;
  t_in_overflow = false;
  t_seat = kSeatCount;
  t_retry_in = 0;
  t_found_none = false;
  t_overflow_retry_in = 0;
  t_counted_untraced = false;
}

inline namespace RINGSIDE_ABI_NAMESPACE {

void misused(Misuse what) noexcept {
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment != nullptr) segment->header().misused[what].fetch_add(1, std::memory_order_relaxed);
}

void write_slow(std::uint64_t start, std::uint64_t duration, std::uint64_t descriptor,
                std::uint64_t actor, std::uint64_t subject, std::uint64_t stages_or_value,
                std::uint64_t stages_or_context) noexcept {
  const KeepErrno keep_errno;
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return;
  if (lane_is_open(*segment)) {
    write({start, duration, descriptor, actor, subject, stages_or_value, stages_or_context});
    return;
  }
  const LaneWriter* overflow = overflow_of(*segment);
  if (overflow == nullptr) {
    count_untraced(*segment);
    return;
  }
  descriptor |= std::uint64_t{kFlagOverflow} << kFlagsShift;
  const RecordWords words{start,   duration,        descriptor,       actor,
                          subject, stages_or_value, stages_or_context};
  // A signal handler that interrupts a write here leaves that record announced.
  if (t_in_overflow) {
    write_overflow(*overflow, words);
    return;
  }
  t_in_overflow = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  write_overflow(*overflow, words, t_announcement);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_in_overflow = false;
}

std::uint64_t pack_long_stages(std::uint64_t first, std::uint64_t second,
                               std::uint64_t third) noexcept {
  return pack_stage_word(pack_stage_ticks(first), pack_stage_ticks(second),
                         pack_stage_ticks(third));
}

std::uint64_t finish_untimed(std::uint64_t descriptor, std::uint64_t actor,
                             std::uint64_t subject) noexcept {
  if (!is_error(outcome_of(descriptor))) {
    count(operation_of(descriptor));
    return 0;
  }
  const std::uint64_t now = now_ticks();
  write({now, 0, descriptor, actor, subject, 0, 0});
  return now;
}

std::uint64_t finish_misstamped(std::uint64_t descriptor, std::uint64_t actor,
                                std::uint64_t subject) noexcept {
  misused(kMisusedStamp);
  const std::uint64_t now = now_ticks();
  descriptor &= ~(std::uint64_t{kFlagStages} << kFlagsShift);
  descriptor |= std::uint64_t{kFlagUntimed} << kFlagsShift;
  write({now, 0, descriptor, actor, subject, 0, 0});
  return now;
}

void count_slow(std::uint16_t id) noexcept {
  const KeepErrno keep_errno;
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return;
  if (lane_is_open(*segment)) {
    count(id);
    return;
  }
  if (const LaneWriter* overflow = overflow_of(*segment); overflow != nullptr) {
    count_only_overflow(*overflow, id);
  } else {
    count_untraced(*segment);
  }
}

// SplitMix64 (Steele, Lea, Flood 2014) over what differs between two threads, two processes and two
// moments.
bool drawn_first(std::uint32_t n) noexcept {
  static std::atomic<std::uint64_t> seeds{0};
  std::uint64_t mixed = hardware_ticks();
  for (const std::uint64_t part :
       {std::uint64_t{current_tid()} << 32 | static_cast<std::uint32_t>(getpid()),
        static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&t_writer)),
        seeds.fetch_add(1, std::memory_order_relaxed)}) {
    mixed += part + 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31;
  }
  // 0 would mean that nothing was seeded.
  t_writer.random = mixed != 0 ? mixed : 1;
  return drawn(n);
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail
}  // namespace ringside
