// What runs once: attaching to the ring, registering names, giving a thread its lane, leaving.
// Over 400 lines: all of it shares one state, which no other file sees.

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "producer/ringside.hpp"
#include "shm/assert.h"
#include "shm/lane_claim.h"
#include "shm/names.h"
#include "shm/segment.h"

namespace ringside {

namespace {

// What every switch points at while nothing is traced.
const std::atomic<std::uint32_t> kAllOff[kIdCount] = {};

struct Runtime {
  std::mutex mutex;                   // start, stop and registration; never a record
  bool started = false;
  bool stopped = false;
  Setup setup;
  std::string why = "tracing was not started\n  next: call ringside::start()";
  std::unique_ptr<Segment> segment;  // kept to the process's end: threads may hold pointers into it
  NameEntry names[kIdCount];          // by id; an empty name is a free id
};

Runtime& runtime() {
  // Never destroyed: threads and exit handlers may outlive every static.
  static Runtime* instance = new Runtime;
  return *instance;
}

// What writing a record needs of the state. Read without the lock.
std::atomic<Segment*> g_segment{nullptr};
ProcessIdentity g_self;  // written at start and in a forked child, while no other thread traces
// In a forked child: enter the process in the ring's header at its first record.
std::atomic<bool> g_child_enters;
std::atomic<bool> g_entered;         // this process stands in the ring's header
pthread_key_t g_thread_end;

// A thread without a lane tries to claim one again after kRetryAfter records. A thread that could
// not even get the overflow lane's memory tries again after kRetryOverflowAfter. Each attempt costs
// system calls.
constexpr std::uint32_t kRetryAfter = 256;
constexpr std::uint32_t kRetryOverflowAfter = 4096;
constexpr std::uint32_t kNoMore = UINT32_MAX;   // as t_retry_in: this thread is ending
__thread std::uint32_t t_retry_in = 0;
__thread std::uint32_t t_overflow_retry_in = 0;
__thread bool t_counted_untraced = false;

std::uint32_t current_tid() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

// A signal handler that traces meanwhile finds the lane closed and uses the overflow lane.
void release_own_lane(Segment& segment) {
  detail::ThreadWriter& writer = detail::t_writer;
  if (writer.state != detail::ThreadWriter::kOwned) return;
  RINGSIDE_ASSERT(&segment == g_segment.load(std::memory_order_relaxed));
  writer.set_open(nullptr);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  release_lane(segment, writer.lane_index);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  writer.state = detail::ThreadWriter::kNone;
}

// A thread that ends gives its lane back. Runs after the destructors of C++ thread-locals, which
// may trace.
void thread_ends(void*) {
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return;
  // What this thread still traces (another key's destructor, a signal handler) goes to the overflow
  // lane. A lane claimed after this point would leak.
  t_retry_in = kNoMore;
  release_own_lane(*segment);
}

// A signal handler that traces in the child before after_fork_in_child() must not find its parent's
// lane open.
__thread Slot* t_open_at_fork = nullptr;
void before_fork() {
  runtime().mutex.lock();
  t_open_at_fork = detail::t_writer.open;
  detail::t_writer.set_open(nullptr);
}
void after_fork_in_parent() {
  detail::t_writer.set_open(t_open_at_fork);
  runtime().mutex.unlock();
}
// The child has one thread, this one, and no lane: the lane belongs to the parent.
void after_fork_in_child() {
  detail::t_writer.state = detail::ThreadWriter::kNone;
  t_retry_in = 0;
  t_overflow_retry_in = 0;
  t_counted_untraced = false;
  // Read it before any other thread of the child can claim a lane under its parent's identity.
  if (g_segment.load(std::memory_order_relaxed) != nullptr) g_self = self_identity();
  g_entered.store(false, std::memory_order_relaxed);
  g_child_enters.store(true, std::memory_order_relaxed);
  runtime().mutex.unlock();
}

void enter_as_child(Segment& segment) {
  if (!g_child_enters.exchange(false)) return;
  // In another pid namespace no reader can tell whether this child is alive, and the child can't
  // tell whether other processes are.
  const std::uint64_t home = segment.header().pid_namespace;
  if (home != 0 && g_self.pid_namespace != home) return;
  g_entered.store(enter_process(segment, g_self));
}

// The chat server's words under their ids.
void register_chat(Runtime& state) {
  const std::array<std::string, kStageCount> stages = {
#define RINGSIDE_CHAT_STAGE(name, ...) #name,
#include "shm/chat_words.def"
  };
#define RINGSIDE_CHAT_OPERATION(name, category) \
  state.names[chat::name.value] = {#name, category, stages};
#define RINGSIDE_CHAT_EVENT(name, ...) state.names[chat::name.value] = {#name, "", {}};
#include "shm/chat_words.def"
}

// The id of a name, new or known; kInvalidId when the table is full. A server's own names go behind
// the chat server's. They take the chat server's places only when those are known to be free.
std::uint16_t register_name(Runtime& state, const NameEntry& entry, std::uint32_t first,
                            std::uint32_t after_chat, std::uint32_t end) {
  const std::string shown = entry.name.substr(0, kNameBytes - 1);
  for (std::uint32_t id = first; id < end; ++id) {
    if (state.names[id].name.substr(0, kNameBytes - 1) == shown)
      return static_cast<std::uint16_t>(id);
  }
  const auto enter = [&](std::uint32_t id) {
    if (!state.names[id].name.empty()) return false;
    if (state.segment != nullptr &&
        !enter_name(*state.segment, static_cast<std::uint16_t>(id), entry))
      return false;
    state.names[id] = entry;
    return true;
  };
  for (std::uint32_t id = after_chat; id < end; ++id) {
    if (enter(id)) return static_cast<std::uint16_t>(id);
  }
  if (state.started && !state.setup.chat_names) {
    for (std::uint32_t id = first; id < after_chat; ++id) {
      if (enter(id)) return static_cast<std::uint16_t>(id);
    }
  }
  if (state.segment != nullptr)
    state.segment->header().names_refused.fetch_add(1, std::memory_order_relaxed);
  return kInvalidId;
}

bool number_from_environment(const char* variable, std::uint32_t* out, std::string* why) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return true;
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*end != '\0' || *text == '-' || value > kMaxCapacity) {
    *why = std::string(variable) + "=" + text + ": expected a number up to " +
           std::to_string(kMaxCapacity) + "\n  next: correct it or unset it";
    return false;
  }
  *out = static_cast<std::uint32_t>(value);
  return true;
}

bool fail(Runtime& state, std::string why) {
  state.why = std::move(why);
  return false;
}

bool attach(Runtime& state) {
  RINGSIDE_ASSERT(!state.started && !state.stopped && state.segment == nullptr);
  const char* from_environment = std::getenv("RINGSIDE_RING");
  const std::string ring = from_environment != nullptr && *from_environment != '\0'
                               ? from_environment
                               : state.setup.ring;
  if (ring.empty()) {
    return fail(state,
                "RINGSIDE_RING is not set\n  next: set it to a ring name, e.g. RINGSIDE_RING=chat");
  }
  std::string why;
  CreateOptions options;
  options.geometry = {state.setup.lanes, state.setup.lane_capacity, state.setup.overflow_capacity};
  std::uint32_t capacity = 0;
  if (!number_from_environment("RINGSIDE_LANES", &options.geometry.lane_count, &why) ||
      !number_from_environment("RINGSIDE_CAPACITY", &capacity, &why)) {
    return fail(state, why);
  }
  if (capacity != 0) options.geometry.lane_capacity = options.geometry.overflow_capacity = capacity;
  Failure failure;
  options.path = ring_path(ring, &failure);
  if (options.path.empty()) return fail(state, failure.message);
  options.program = state.setup.program;
  options.mode = state.setup.mode;
  options.share = state.setup.share;
  g_self = self_identity();
  Created created = create_segment(options, g_self, &failure);
  if (created.segment == nullptr) return fail(state, failure.message);
  for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (state.names[id].name.empty()) continue;
    if (!enter_name(*created.segment, static_cast<std::uint16_t>(id), state.names[id])) {
      leave_segment(*created.segment, g_self, true);
      return fail(state, options.path +
                             ": the ring that this process joined has another name than " +
                             state.names[id].name + " under id " + std::to_string(id) +
                             "\n  next: let only processes of the same program share a ring");
    }
  }
  state.segment = std::move(created.segment);
  return true;
}

}  // namespace

namespace detail {

__thread ThreadWriter t_writer __attribute__((tls_model("initial-exec"))) = {};
std::atomic<const std::atomic<std::uint32_t>*> g_switches{kAllOff};
std::atomic<ClockKind> g_clock{ClockKind::monotonic};

namespace {

// True when the calling thread has a lane now.
bool claim_for_this_thread(Segment& segment) {
  if (t_retry_in > 0) {
    if (t_retry_in != kNoMore) --t_retry_in;
    return false;
  }
  ThreadWriter& writer = t_writer;
  // A signal handler that traces while the claim is under way goes to the overflow lane.
  writer.state = ThreadWriter::kClaiming;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A signal handler may have claimed a lane just before. A second lane would leak.
  if (writer.open != nullptr) {
    writer.state = ThreadWriter::kOwned;
    return true;
  }
  enter_as_child(segment);
  char name[16] = {};
  prctl(PR_GET_NAME, name);
  const std::uint32_t tid = current_tid();
  const ClaimedLane claimed = claim_lane(segment, g_self, tid, name);
  if (claimed.result == Claim::owned) {
    writer.lane = claimed.writer;
    writer.lane_index = claimed.lane;
    writer.random = (std::uint64_t{tid} << 32) ^ hardware_ticks();
    pthread_setspecific(g_thread_end, &writer);
  } else {
    t_retry_in = kRetryAfter;
  }
  writer.state = claimed.result == Claim::owned ? ThreadWriter::kOwned : ThreadWriter::kNone;
  // The lane is opened last, when everything else is in place.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (claimed.result == Claim::owned) writer.set_open(claimed.writer.slots);
  return claimed.result == Claim::owned;
}

// True when the calling thread may write to its lane now. The caller found the lane closed, but a
// signal handler may have claimed it since. The state is read first: a handler that comes between
// the two reads leaves the lane open.
bool lane_is_open(Segment& segment) {
  if (t_writer.state == ThreadWriter::kNone) return claim_for_this_thread(segment);
  return t_writer.open != nullptr;
}

void count_untraced(Segment& segment) {
  segment.header().untraced_records.fetch_add(1, std::memory_order_relaxed);
  if (!t_counted_untraced) {
    t_counted_untraced = true;
    segment.header().untraced_threads.fetch_add(1, std::memory_order_relaxed);
  }
}

// The overflow lane, unless its memory could not be had a moment ago.
ClaimedLane overflow_of(Segment& segment) {
  if (t_overflow_retry_in > 0) {
    --t_overflow_retry_in;
    return {};
  }
  const ClaimedLane overflow = claim_overflow(segment);
  if (overflow.result != Claim::owned) t_overflow_retry_in = kRetryOverflowAfter;
  return overflow;
}

// Keeps errno. A signal handler that traces must leave it to the code that it interrupted.
class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  ~KeepErrno() { errno = saved_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int saved_;
};

}  // namespace

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
  const ClaimedLane overflow = overflow_of(*segment);
  if (overflow.result != Claim::owned) {
    count_untraced(*segment);
    return;
  }
  descriptor |= std::uint64_t{kFlagOverflow} << kFlagsShift;
  write_overflow(overflow.writer, RecordWords{start, duration, descriptor, actor, subject,
                                              stages_or_value, stages_or_context});
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

void count_slow(std::uint16_t id) noexcept {
  const KeepErrno keep_errno;
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return;
  if (lane_is_open(*segment)) {
    count(id);
    return;
  }
  const ClaimedLane overflow = overflow_of(*segment);
  if (overflow.result == Claim::owned) {
    count_only_overflow(overflow.writer, id);
  } else {
    count_untraced(*segment);
  }
}

}  // namespace detail

bool start(const Setup& setup) {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (state.started) return true;
  if (state.stopped)
    return fail(state, "tracing was stopped in this process\n  next: restart the process");
  state.setup = setup;
  if (setup.chat_names) register_chat(state);
  static const bool prepared = [] {
    return pthread_key_create(&g_thread_end, &thread_ends) == 0 &&
           pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child) == 0 &&
           std::atexit([] { stop(); }) == 0;
  }();
  if (!prepared)
    return fail(state,
                "no thread key or exit handler was to be had\n  next: see the process's limits");
  if (!attach(state)) return false;
  g_entered.store(true);
  detail::g_clock.store(static_cast<ClockKind>(state.segment->header().clock_kind),
                        std::memory_order_relaxed);
  g_segment.store(state.segment.get(), std::memory_order_release);
  // ORDER switched on: the switches are stored after the clock.
  detail::g_switches.store(state.segment->control().effective, std::memory_order_release);
  state.started = true;
  state.why.clear();
  return true;
}

void stop() {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (!state.started) return;
  state.started = false;
  state.stopped = true;
  state.why = "tracing was stopped\n  next: restart the process";
  detail::g_switches.store(kAllOff, std::memory_order_release);
  // A forked child that never wrote has nothing to leave; the ring is its parent's.
  if (!g_entered.exchange(false)) return;
  // What this thread still traces goes to the overflow lane. A lane claimed after this point would
  // leak.
  t_retry_in = kNoMore;
  release_own_lane(*state.segment);
  leave_segment(*state.segment, g_self, state.setup.keep);
}

bool traced() {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  return state.started;
}

std::string why_untraced() {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  return state.why;
}

OperationId register_operation(const std::string& name, const std::string& category,
                               const char* stage0, const char* stage1, const char* stage2,
                               const char* stage3) {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (name.empty()) return {};
  return {register_name(state, {name, category, {stage0, stage1, stage2, stage3}}, 0,
                        chat::kOperationCount, kMaxOperations)};
}

EventId register_event(const std::string& name) {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (name.empty()) return {};
  return {register_name(state, {name, "", {}}, kFirstEvent, kFirstEvent + chat::kEventCount,
                        kFirstEvent + kMaxEvents)};
}

void register_error(std::uint16_t code, const std::string& name) {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (state.segment == nullptr || name.empty()) return;
  if (!enter_error_name(*state.segment, code, name)) {
    state.segment->header().names_refused.fetch_add(1, std::memory_order_relaxed);
  }
}

Gauge64 register_gauge(const std::string& name) {
  Runtime& state = runtime();
  const std::lock_guard lock(state.mutex);
  if (state.segment == nullptr || name.empty()) return Gauge64{};
  const std::uint32_t index = enter_gauge(*state.segment, name);
  if (index == kMaxGauges) {
    state.segment->header().names_refused.fetch_add(1, std::memory_order_relaxed);
    return Gauge64{};
  }
  return Gauge64{&state.segment->gauges()[index].value};
}

}  // namespace ringside
