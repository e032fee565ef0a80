// What runs once: attaching to the ring, asking about it, leaving.
#include "producer/runtime.h"

#include <pthread.h>

#include <cstdlib>
#include <utility>

#include "producer/environment.h"
#include "producer/library.h"
#include "producer/place.h"
#include "producer/ringside.hpp"
#include "producer/state.h"
#include "producer/thread_lane.h"
#include "shm/labels.h"
#include "shm/processes.h"
#include "shm/words.h"

namespace ringside {

namespace detail {

std::atomic<Phase> g_phase{Phase::untraced};
const std::atomic<std::uint32_t> kAllOff[kIdCount] = {};
std::atomic<Segment*> g_segment{nullptr};
ProcessIdentity g_self;
std::atomic<const std::string*> g_why{nullptr};
const std::string* g_closed_before_us = nullptr;
pthread_key_t g_thread_end;
Latch g_starter{0};

// A static local was rejected: its guard is a lock, which a forked child could find held for ever.
Runtime& runtime() {
  static std::atomic<Runtime*> instance{nullptr};
  Runtime* found = instance.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  auto fresh = std::make_unique<Runtime>();
  if (!instance.compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel))
    return *found;
  return *fresh.release();
}

}  // namespace detail

namespace {

using detail::closed_without_us;
using detail::g_closed_before_us;
using detail::g_forked_while_starting;
using detail::g_forked_while_writing;
using detail::g_phase;
using detail::g_segment;
using detail::g_self;
using detail::g_starter;
using detail::g_thread_end;
using detail::g_why;
using detail::HeldBy;
using detail::kAllOff;
using detail::KeepErrno;
using detail::leave_place;
using detail::Phase;
using detail::runtime;
using detail::Runtime;
using detail::Uncancelled;

std::atomic<const std::string*> g_remarks{nullptr};  // of the start that succeeded
std::atomic<bool> g_labels{false};                   // label() may write

// One start() waits for another for as long as that may wait for the lock of a ring's file.
constexpr std::int64_t kStartWaitsNs = 2'000'000'000;

// A server that starts again and again gets the same text and costs nothing.
bool fail(const std::string& why) {
  const std::string* last = g_why.load(std::memory_order_acquire);
  if (last == nullptr || *last != why) g_why.store(new std::string(why), std::memory_order_release);
  return false;
}

// A thread that ends gives back what it holds. Runs after the destructors of C++ thread-locals,
// which may trace.
void at_thread_end(void*) {
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return;
  detail::give_back_lane(*segment);
  detail::let_go_of_place(*segment);
}

// The ring that setup and environment ask for.
bool options_from(const Setup& setup, CreateOptions* options) {
  const char* from_environment = detail::environment("RINGSIDE_RING");
  const std::string ring = from_environment != nullptr ? from_environment : setup.ring;
  if (ring.empty()) {
    const std::string ignored = detail::ignored_variable("RINGSIDE_RING");
    return fail(!ignored.empty() ? ignored
                                 : "RINGSIDE_RING is not set\n  next: set it to a ring name, e.g. "
                                   "RINGSIDE_RING=chat");
  }
  std::string why;
  options->mode = setup.mode;
  options->geometry = {setup.lanes, setup.lane_capacity, setup.overflow_capacity};
  std::uint32_t capacity = 0;
  std::uint32_t slow_clock = 0;
  std::uint32_t labels = setup.labels ? 1 : 0;
  if (!detail::number_from_environment("RINGSIDE_LANES", &options->geometry.lane_count, &why) ||
      !detail::number_from_environment("RINGSIDE_CAPACITY", &capacity, &why) ||
      !detail::number_from_environment("RINGSIDE_SLOW_CLOCK", &slow_clock, &why) ||
      !detail::number_from_environment("RINGSIDE_LABELS", &labels, &why) ||
      !detail::mode_from_environment("RINGSIDE_MODE", &options->mode, &why)) {
    return fail(why);
  }
  g_labels.store(labels != 0, std::memory_order_relaxed);
  if (capacity != 0)
    options->geometry.lane_capacity = options->geometry.overflow_capacity = capacity;
  Failure failure;
  options->path = ring_path(ring, &failure);
  if (options->path.empty()) return fail(failure.message);
  options->program = setup.program;
  options->build_id = setup.build_id;
  options->configuration_digest = setup.configuration_digest;
  const char* group = detail::environment("RINGSIDE_GROUP");
  options->group = group != nullptr ? group : setup.group;
  options->share = setup.share;
  options->slow_clock = setup.slow_clock || slow_clock != 0;
  return true;
}

// Two builds whose names differ only behind the cut would look like one.
void remark_on_length(const char* what, const std::string& text, std::size_t field_bytes,
                      std::string* remarks) {
  if (text.size() < field_bytes) return;
  if (!remarks->empty()) *remarks += "\n";
  *remarks += std::string("the ") + what + " has " + std::to_string(text.size()) +
              " bytes, and the ring keeps the first " + std::to_string(field_bytes - 1) +
              "\n  next: give a shorter one, such as a hash";
}

bool attach(Runtime& state) {
  CreateOptions options;
  if (!options_from(state.setup, &options)) return false;
  g_self = self_identity();
  Failure failure;
  Created created = create_segment(options, g_self, &failure);
  if (created.segment == nullptr) return fail(failure.message);
  std::string why;
  if (!detail::hand_over_names(state, created, &why)) {
    leave_segment(*created.segment, created.place, true);
    return fail(why);
  }
  std::string remarks = detail::ignored_variable("RINGSIDE_RING");
  remark_on_length("build id", options.build_id, sizeof SegmentHeader::build_id, &remarks);
  remark_on_length("configuration digest", options.configuration_digest,
                   sizeof SegmentHeader::configuration_digest, &remarks);
  if (!remarks.empty() && !created.remarks.empty()) remarks += "\n";
  g_remarks.store(new std::string(remarks + created.remarks), std::memory_order_release);
  return true;
}

constexpr const char* kNoHandlersText =
    "no thread key or exit handler was to be had\n  next: see the process's limits";

// What is registered with the process once. Each step is tried again if it has failed.
bool prepare() {
  const detail::SignalsHeldBack held_back;
  if (!detail::stay_loaded()) {
    return fail(
        "the plug-in with this library can't be kept loaded\n"
        "  next: link the server itself with ringside");
  }
  if (g_closed_before_us == nullptr) {
    g_closed_before_us = new std::string(
        "the process that called start() has left since this one was forked, and has closed the "
        "ring\n  next: call start() here, after the fork");
  }
  static bool has_key = false;
  static bool has_exit_handler = false;
  if (g_forked_while_starting == nullptr) {
    g_forked_while_starting = new std::string(
        "another thread was inside of start() when this process was forked\n  next: call start() "
        "in the child, or fork before start() or after it");
  }
  if (g_forked_while_writing == nullptr) {
    g_forked_while_writing = new std::string(
        "a signal handler that had interrupted the tracing of its thread forked this process\n"
        "  next: call start() here when the handler has returned");
  }
  if (!has_key) has_key = pthread_key_create(&g_thread_end, &at_thread_end) == 0;
  if (!has_exit_handler) has_exit_handler = std::atexit([] { stop(); }) == 0;
  if (has_key && has_exit_handler) return true;
  return fail(kNoHandlersText);
}

// Starts; the phase is `starting` and nobody else is in here.
bool start_now(Runtime& state, const Setup& setup) {
  state.setup = setup;
  if (!prepare() || !attach(state)) return false;
  detail::forget_lane();
  SegmentHeader& header = state.segment->header();
  header.names_merged.fetch_add(std::exchange(state.merged_before_start, 0),
                                std::memory_order_relaxed);
  detail::g_clock.store(static_cast<ClockKind>(header.clock_kind), std::memory_order_relaxed);
  detail::g_earliest.store(header.anchor_ticks - static_cast<std::uint64_t>(detail::kStampSlack),
                           std::memory_order_relaxed);
  g_segment.store(state.segment.get(), std::memory_order_release);
  // ORDER switched on: the switches are stored after the clock.
  detail::g_switches.store(state.segment->control().effective, std::memory_order_release);
  g_why.store(nullptr, std::memory_order_release);
  Phase expected = Phase::starting;
  if (g_phase.compare_exchange_strong(expected, Phase::traced)) return true;
  // The process ends meanwhile: stop() has found us in here.
  detail::g_switches.store(kAllOff, std::memory_order_release);
  if (const ProcessPlace place = leave_place(); place.somewhere())
    leave_segment(*state.segment, place, setup.keep);
  return false;
}

}  // namespace

namespace detail {
inline namespace RINGSIDE_ABI_NAMESPACE {

std::atomic<const std::atomic<std::uint32_t>*> g_switches{kAllOff};
std::atomic<ClockKind> g_clock{ClockKind::monotonic};
std::atomic<std::uint64_t> g_earliest{0};

bool start(const Setup& setup, std::uint64_t abi, const char* headers) {
  const Uncancelled uncancelled;
  if (abi != abi_word()) return fail(other_headers(headers));
  if (!handles_forks()) return fail(kNoHandlersText);
  const HeldBy lock(g_starter, kStartWaitsNs);
  if (traced()) return true;
  if (const Segment* segment = g_segment.load(std::memory_order_acquire);
      segment != nullptr && closed_without_us(*segment)) {
    give_up_closed_ring();
  }
  if (g_phase.load(std::memory_order_acquire) == Phase::stopped)
    return fail("tracing was stopped in this process\n  next: restart the process");
  if (!lock) return false;  // why_untraced() says so
  Phase expected = Phase::untraced;
  if (!g_phase.compare_exchange_strong(expected, Phase::starting)) return false;
  if (start_now(runtime(), setup)) return true;
  expected = Phase::starting;
  g_phase.compare_exchange_strong(expected, Phase::untraced);
  return false;
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail

inline namespace RINGSIDE_ABI_NAMESPACE {

// Takes no lock and no memory. A process may end in a signal handler that has interrupted anything.
void stop() {
  const Uncancelled uncancelled;
  const Phase before = g_phase.load(std::memory_order_acquire);
  Phase expected = before;
  if (before == Phase::untraced || before == Phase::stopped ||
      !g_phase.compare_exchange_strong(expected, Phase::stopped) || before == Phase::starting)
    return;
  detail::g_switches.store(kAllOff, std::memory_order_release);
  // A forked child that never wrote has nothing to leave; the ring is its parent's.
  const ProcessPlace place = leave_place();
  if (!place.somewhere()) return;
  Segment& segment = *g_segment.load(std::memory_order_acquire);
  detail::give_back_lane(segment);
  leave_segment(segment, place, runtime().setup.keep);
  detail::place_is_left();
}

bool attach_thread() {
  if (!traced()) return false;
  const KeepErrno keep_errno;
  const Uncancelled uncancelled;
  Segment* segment = g_segment.load(std::memory_order_acquire);
  return segment != nullptr && detail::lane_is_open(*segment);
}

bool traced() {
  if (g_phase.load(std::memory_order_acquire) != Phase::traced) return false;
  const Segment* segment = g_segment.load(std::memory_order_acquire);
  return segment != nullptr && !closed_without_us(*segment);
}

std::string why_untraced() {
  const Phase phase = g_phase.load(std::memory_order_acquire);
  if (phase == Phase::traced) return traced() ? std::string() : *g_closed_before_us;
  if (phase == Phase::starting)
    return "a thread is inside of start()\n  next: ask again when it has returned";
  const std::string* why = g_why.load(std::memory_order_acquire);
  if (why != nullptr) return *why;
  return phase == Phase::stopped ? "tracing was stopped\n  next: restart the process"
                                 : "tracing was not started\n  next: call ringside::start()";
}

std::string remarks() {
  const std::string* found = g_remarks.load(std::memory_order_acquire);
  return traced() && found != nullptr ? *found : std::string();
}

namespace {

// Reads the ring's ticks. The processor may state no rate, and then the header has none. The ring's
// anchor gives the rate since the ring was made.
TickScale scale_at(const SegmentHeader& header, const Instant& now) {
  TickScale scale(static_cast<ClockKind>(header.clock_kind), header.ticks_per_second,
                  header.anchor_ticks, header.anchor_monotonic_ns);
  scale.sync(now);
  return scale;
}

}  // namespace

Stamp ago(std::int64_t ns) noexcept {
  const std::uint64_t now = detail::now_ticks();
  if (ns <= 0) return {now};
  const ClockKind clock = detail::g_clock.load(std::memory_order_relaxed);
  if (clock == ClockKind::monotonic) return {now - static_cast<std::uint64_t>(ns)};
  const Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return {now};
  const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  const TickScale scale = scale_at(segment->header(), {now_ns, 0, now});
  return {scale.ticks_from_ns(subtract_ns(now_ns, ns))};
}

std::int64_t nanoseconds_between(Stamp from, Stamp to) noexcept {
  const Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr || from.ticks == 0 || to.ticks == 0) return 0;
  const TickScale scale =
      scale_at(segment->header(), {clock_ns(CLOCK_MONOTONIC), 0, detail::now_ticks()});
  return scale.span_ns(static_cast<std::int64_t>(to.ticks - from.ticks));
}

std::string mistakes() {
  const Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr) return {};
  const SegmentHeader& header = segment->header();
  std::string out;
  const auto add = [&](const std::atomic<std::uint64_t>& count, const char* what) {
    const std::uint64_t n = count.load(std::memory_order_relaxed);
    if (n > 0) out += std::string(out.empty() ? "" : "\n") + std::to_string(n) + ' ' + what;
  };
  for (std::uint32_t i = 0; i < kMisuseCount; ++i) add(header.misused[i], kMisuseWords[i].text);
  add(header.names_merged, kMergedNamesText);
  add(header.names_refused, kRefusedNamesText);
  return out;
}

void label(LabelKind kind, std::uint64_t id, std::string_view text) noexcept {
  Segment* segment = g_segment.load(std::memory_order_acquire);
  if (segment == nullptr || !traced() || !g_labels.load(std::memory_order_relaxed)) return;
  if (kind == LabelKind::none || static_cast<unsigned>(kind) >= kLabelKindCount) return;
  const KeepErrno keep_errno;
  give_label(*segment, kind, id, text);
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
