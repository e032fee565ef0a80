// Ringside for servers: what is traced, and how. C++17. Installed as <ringside/ringside.hpp>. The C
// interface is ringside.h; the guide is producer/README.md. <ringside/scoped.hpp> has operations
// and stages that end with their scope, <ringside/chrono.hpp> moments and spans of std::chrono.
//
//   ringside::start({"my-server"});                      // once; off unless RINGSIDE_RING is set
//   {
//     ringside::Operation op(ringside::chat::SEND_MESSAGE);  // reads the clock
//     op.actor(ringside::ActorKind::user, user_id);
//     validate();     op.stage(ringside::chat::kValidation);
//     store();        op.stage(ringside::chat::kDatabase);
//     deliver();      op.finish_stage(ringside::chat::kDelivery, ringside::Outcome::ok);
//   }
//
// Nothing here throws, waits, or fails the server. Where the ring can't be had, every call does
// nothing and why_untraced() says why.
//
// Compiled with RINGSIDE_DISABLE, all of it is empty: nothing of the library is called or needed.
#pragma once

#if defined(RINGSIDE_DISABLE)
#include "producer/disabled.hpp"
#else

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "producer/chat.hpp"
#include "producer/hot_path.h"
#include "producer/ids.h"
#include "producer/operation.hpp"
#include "producer/types.hpp"
#include "producer/version.h"
#include "shm/address.h"
#include "shm/label_kind.h"
#include "shm/record.h"

namespace ringside {
namespace detail {
inline namespace RINGSIDE_ABI_NAMESPACE {

// What the headers compile into a program, as one number. The library compares it with its own:
// headers may change while nobody thinks of RINGSIDE_ABI.
constexpr std::uint64_t abi_word() {
  constexpr std::uint64_t kFacts[] = {
      RINGSIDE_ABI,         kLayoutVersion,        sizeof(Setup),     sizeof(std::string),
      sizeof(ThreadWriter), sizeof(LaneWriter),    sizeof(Slot),      sizeof(Totals),
      kIdCount,             kMaxOperations,        kMaxEvents,        kMaxGauges,
      kStageCount,          chat::kOperationCount, chat::kEventCount, kOutcomeCount,
      sizeof(InFlightWords)};
  std::uint64_t word = 0xcbf29ce484222325ULL;  // FNV-1a (Fowler, Noll, Vo), a fact at a time
  for (const std::uint64_t fact : kFacts) word = (word ^ fact) * 0x100000001b3ULL;
  return word;
}

// `headers` is their version. Nothing of the setup is read where the words differ.
RINGSIDE_API bool start(const Setup& setup, std::uint64_t abi, const char* headers);

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail
inline namespace RINGSIDE_ABI_NAMESPACE {

// Attaches this process to its ring. True when it is traced. Environment variables override the
// setup: RINGSIDE_RING, RINGSIDE_LANES, RINGSIDE_CAPACITY, RINGSIDE_MODE, RINGSIDE_GROUP,
// RINGSIDE_SLOW_CLOCK, RINGSIDE_LABELS; a program with raised privileges ignores them. Call it
// before threads are started; a second call, while started, changes nothing. A program that was
// compiled with other headers than the library's is not traced.
RINGSIDE_INLINE bool start(const Setup& setup) {
  constexpr std::uint64_t kAbi = detail::abi_word();
  return detail::start(setup, kAbi, RINGSIDE_VERSION_STRING);
}

// Gives the calling thread its lane now, which its first record would do otherwise. A thread's
// first operation is seen in flight only if it has a lane when it begins. True when it has one.
RINGSIDE_API bool attach_thread();

// Ends tracing in order: the ring is marked closed and removed, readers that have it open read on.
// Threads may go on calling everything. Called at exit by itself.
RINGSIDE_API void stop();

RINGSIDE_API bool traced();

// Why this process is not traced, in one or two lines; empty when it is.
RINGSIDE_API std::string why_untraced();

// What the calls so far got wrong, one line for each kind with its count; empty when all is well.
// Wrong are: the id of an event for an operation and the reverse, an outcome or a stage that is
// none, a stamp of another clock, and names that are refused or cut to the name of another. The
// counts are the ring's: those of all processes that share it.
RINGSIDE_API std::string mistakes();

// What is worse than it could be although the process is traced: a ring on a disk, a slow clock, a
// variable that is ignored. Two lines for each; empty when there is nothing. For the server's log.
RINGSIDE_API std::string remarks();

// The moment `ns` nanoseconds before now; now for a negative number. With it an operation starts at
// a time that another clock has told: age = that clock's now - its stamp. Costs two clock reads.
RINGSIDE_API Stamp ago(std::int64_t ns) noexcept;
// From one stamp to the other, in nanoseconds; negative when `to` is the earlier one. 0 when one of
// them is 0, as that of an operation which was not timed is, and in a process that is not traced.
RINGSIDE_API std::int64_t nanoseconds_between(Stamp from, Stamp to) noexcept;

// Registers an operation of the server's own. The same name gives the same id; what was declared
// first holds. Names are cut to 39 bytes, categories and stages to 15. Two names that are the same
// when they are cut are one, and that is counted in the ring. At most 256 operations and 64 events;
// beyond them the id is one whose calls do nothing, and the refusal is counted in the ring. May be
// called before start().
RINGSIDE_API OperationId register_operation(const Declaration& declaration);
inline OperationId register_operation(const std::string& name, const std::string& category,
                                      const std::array<std::string, kStageCount>& stages = {}) {
  return register_operation({name, category, stages});
}
RINGSIDE_API EventId register_event(const std::string& name);
// What an error code is called, for every reader. May be called before start().
RINGSIDE_API void register_error(std::uint16_t code, const std::string& name);

// Says what an id is called, so that readers show `alice (user 42)`. For users and rooms when they
// come and for addresses as text, not with every message. It never waits and may be called from
// any thread. The ring has 4,096 labels, and new ones take the places of old ones. One that is
// given again counts as new. The text is cut to 46 bytes. An empty text takes the label away. Does
// nothing before start(), and with Setup::labels false.
RINGSIDE_API void label(LabelKind kind, std::uint64_t id, std::string_view text) noexcept;

// A current value, such as the number of connections. Cheap, from any thread. In a ring that
// several processes share, readers see the sum over those that live. A forked child begins at 0.
class Gauge64 {
 public:
  Gauge64() = default;   // does nothing
  void set(std::int64_t value) noexcept {
    if (index_ >= kMaxGauges) return;
    std::atomic<std::int64_t>* to = detail::g_gauges[index_].load(std::memory_order_acquire);
    if (RINGSIDE_LIKELY(to != nullptr)) {
      to->store(value, std::memory_order_relaxed);
    } else {
      detail::write_gauge_slow(index_, value, false);
    }
  }
  void add(std::int64_t by) noexcept {
    if (index_ >= kMaxGauges) return;
    std::atomic<std::int64_t>* to = detail::g_gauges[index_].load(std::memory_order_acquire);
    if (RINGSIDE_LIKELY(to != nullptr)) {
      to->fetch_add(by, std::memory_order_relaxed);
    } else {
      detail::write_gauge_slow(index_, by, true);
    }
  }

 private:
  friend RINGSIDE_API Gauge64 register_gauge(const std::string& name);
  explicit Gauge64(std::uint32_t index) : index_(index) {}
  std::uint32_t index_ = kMaxGauges;
};
// At most 64; beyond them the gauge does nothing, and the refusal is counted in the ring. Before
// start() it may be registered and written: the ring gets the value that it has then. The same name
// gives the same gauge.
RINGSIDE_API Gauge64 register_gauge(const std::string& name);

}  // namespace RINGSIDE_ABI_NAMESPACE
namespace detail {
inline namespace RINGSIDE_ABI_NAMESPACE {

inline void write_event(EventId id, const Event& fields, std::uint64_t start,
                        std::uint64_t end) noexcept {
  const auto flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(fields.actor_kind) |
                                 (static_cast<unsigned>(fields.subject_kind) << kFlagSubjectShift));
  std::uint64_t context = 0;
  if (fields.operation.value < kMaxOperations) {
    context = fields.operation.value + std::uint64_t{1};
  } else if (fields.operation.value != kInvalidId) {
    misused(kMisusedId);
  }
  write({start, end - start,
         pack_descriptor(id.value, Kind::event, valid_outcome(fields.outcome), flags, fields.error),
         fields.actor, fields.subject, static_cast<std::uint64_t>(fields.value), context});
}

// The start of an event, or its end where the start is of another clock.
inline std::uint64_t fitting_start(std::uint64_t start, std::uint64_t end) noexcept {
  if (RINGSIDE_LIKELY(stamps_fit(start, end))) return start;
  misused(kMisusedStamp);
  return end;
}

// Whether this event becomes a record. If sampling left it out it has been counted.
inline bool takes_event(EventId id, Outcome outcome) noexcept {
  const std::uint32_t every = switch_of(id.value);
  if (every == 0 || !is_event(id.value)) return false;
  if (RINGSIDE_LIKELY(every == 1)) return true;
  if (is_error(outcome) || drawn(every)) return true;
  count(id.value);
  return false;
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace detail
inline namespace RINGSIDE_ABI_NAMESPACE {

// Records an event that ends now: one clock read.
inline void event(EventId id, const Event& fields = {}) noexcept {
  if (!detail::takes_event(id, fields.outcome)) return;
  const std::uint64_t end = detail::now_ticks();
  const std::uint64_t start =
      fields.duration == 0 ? end : detail::fitting_start(end - fields.duration, end);
  detail::write_event(id, fields, start, end);
}

// Records an event that began at `since` and ends now: one clock read. `fields.duration` is not
// used. A stamp of 0 gives a span of 0, and so does one of another clock, which is counted as a
// mistake.
inline void event_since(EventId id, Stamp since, const Event& fields = {}) noexcept {
  if (!detail::takes_event(id, fields.outcome)) return;
  const std::uint64_t end = detail::now_ticks();
  const std::uint64_t start = since.ticks == 0 ? end : detail::fitting_start(since.ticks, end);
  detail::write_event(id, fields, start, end);
}

// Counts an event without writing a record: for what happens too often to be looked at singly.
inline void count(EventId id) noexcept {
  if (detail::switch_of(id.value) != 0 && detail::is_event(id.value)) detail::count(id.value);
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside

#endif
