// Ringside for servers: what is traced, and how. C++17. The C interface is producer/ringside.h; the
// guide is producer/README.md.
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
#pragma once

#include <cstdint>
#include <string>

#include "producer/chat.hpp"
#include "producer/hot_path.h"
#include "producer/ids.h"
#include "shm/address.h"
#include "shm/record.h"

namespace ringside {

// How a server's ring is made. The defaults are meant for a busy chat server.
struct Setup {
  std::string program;                 // shown by readers, e.g. "chatd"
  std::string ring;  // name or path; empty: $RINGSIDE_RING, and untraced when that is unset
  std::uint32_t lanes =
      kDefaultLanes;  // threads that get a lane of their own; more share the overflow lane
  std::uint32_t lane_capacity = kDefaultCapacity;      // records; a power of two, 64 to 1048576
  std::uint32_t overflow_capacity = kDefaultCapacity;  // likewise
  unsigned mode = 0600;                // permissions of the ring's file: who may watch
  bool share = false;                  // join the ring of a living process of the same program
  bool keep = false;                   // leave the ring in place after stop(), for later reading
  bool chat_names = true;  // register the chat server's operations and events (producer/chat.hpp)
};

// Attaches this process to its ring. True when it is traced. Environment variables override the
// setup: RINGSIDE_RING, RINGSIDE_LANES, RINGSIDE_CAPACITY. Call it before threads are started; a
// second call, while started, changes nothing.
bool start(const Setup& setup);

// Ends tracing in order: the ring is marked closed and removed, readers that have it open read on.
// Threads may go on calling everything. Called at exit by itself.
void stop();

bool traced();

// Why this process is not traced, in one or two lines; empty when it is.
std::string why_untraced();

// A moment, in ticks of the ring's clock.
struct Stamp {
  std::uint64_t ticks = 0;
};

inline Stamp now() { return {detail::now_ticks()}; }

// Registers an operation of the server's own; the same name gives the same id. Names are cut to 39
// bytes, categories to 15, stages to 13. At most 256 operations and 64 events; beyond them the id
// is one whose calls do nothing, and the refusal is counted in the ring. May be called before
// start().
OperationId register_operation(const std::string& name, const std::string& category,
                               const char* stage0 = "", const char* stage1 = "",
                               const char* stage2 = "", const char* stage3 = "");
EventId register_event(const std::string& name);
// What an error code is called, for every reader.
void register_error(std::uint16_t code, const std::string& name);

// A current value, such as the number of connections. Cheap, from any thread.
class Gauge64 {
 public:
  Gauge64() = default;
  void set(std::int64_t value) noexcept {
    if (value_ != nullptr) value_->store(value, std::memory_order_relaxed);
  }
  void add(std::int64_t by) noexcept {
    if (value_ != nullptr) value_->fetch_add(by, std::memory_order_relaxed);
  }

  // False where setting it does nothing.
  bool live() const noexcept { return value_ != nullptr; }

 private:
  friend Gauge64 register_gauge(const std::string& name);
  explicit Gauge64(std::atomic<std::int64_t>* value) : value_(value) {}
  std::atomic<std::int64_t>* value_ = nullptr;
};
// At most 64. Call it after start(); untraced, the gauge does nothing.
Gauge64 register_gauge(const std::string& name);

// One timed command. Begin it on one thread, end it on another if you like; it may be moved, and is
// used by one thread at a time. An operation that is destroyed unfinished is recorded as cancelled.
class Operation {
 public:
  // Reads the clock.
  RINGSIDE_INLINE explicit Operation(OperationId id) noexcept { begin(id); }
  // Starts at `start` and reads no clock: one operation can begin where the last one ended. A stamp
  // of 0, which is what an operation that was not timed returns, stands for now.
  RINGSIDE_INLINE Operation(OperationId id, Stamp start) noexcept { begin_at(id, start.ticks); }
  // An operation that does nothing.
  Operation() noexcept : descriptor_(kOff) {}

  Operation(Operation&& other) noexcept { take(other); }
  Operation& operator=(Operation&& other) noexcept {
    if (this != &other) {
      finish(Outcome::cancelled);
      take(other);
    }
    return *this;
  }
  RINGSIDE_INLINE ~Operation() {
    if (begun()) finish(Outcome::cancelled);
  }

  void actor(ActorKind kind, std::uint64_t id) noexcept {
    actor_ = id;
    set_flags(kFlagActorMask, static_cast<unsigned>(kind));
  }
  void subject(SubjectKind kind, std::uint64_t id) noexcept {
    subject_ = id;
    set_flags(kFlagSubjectMask, static_cast<unsigned>(kind) << kFlagSubjectShift);
  }

  // Ends the stage that has run since the start or the last mark: one clock read. A stage that runs
  // again adds up. `stage` is 0 to 3.
  RINGSIDE_INLINE void stage(unsigned stage) noexcept {
    if (RINGSIDE_LIKELY(timed())) mark(stage, detail::now_ticks());
  }

  // Ends the operation: one clock read. Returns the end, where the next operation may start.
  RINGSIDE_INLINE Stamp finish(Outcome outcome, std::uint16_t error = 0) noexcept {
    if (RINGSIDE_LIKELY(timed())) return complete(detail::now_ticks(), outcome, error);
    return finish_untimed(outcome, error);
  }
  // Ends the operation at a moment that was read already; a stamp of 0, which an operation that was
  // not timed returns, stands for now.
  RINGSIDE_INLINE Stamp finish_at(Stamp end, Outcome outcome, std::uint16_t error = 0) noexcept {
    if (RINGSIDE_LIKELY(timed())) {
      return complete(RINGSIDE_LIKELY(end.ticks != 0) ? end.ticks : detail::now_ticks(), outcome,
                      error);
    }
    return finish_untimed(outcome, error);
  }
  // Ends the last stage and the operation with one clock read: n stages cost n + 1 reads.
  RINGSIDE_INLINE Stamp finish_stage(unsigned stage, Outcome outcome,
                                     std::uint16_t error = 0) noexcept {
    if (!RINGSIDE_LIKELY(timed())) return finish_untimed(outcome, error);
    const std::uint64_t end = detail::now_ticks();
    mark(stage, end);
    return complete(end, outcome, error);
  }
  // Forgets the operation: nothing is recorded or counted.
  void abandon() noexcept { descriptor_ &= ~kKindBits; }

  // Also after its end; that of an operation which was switched off is one whose calls do nothing.
  OperationId id() const noexcept { return {operation_of(descriptor_)}; }

 private:
  // An operation that is not under way has no kind: never begun, switched off, or ended.
  static constexpr std::uint64_t kOff = pack_descriptor(kInvalidId, Kind::none, Outcome::ok, 0, 0);
  static constexpr std::uint64_t kKindBits =
      pack_descriptor(0, static_cast<Kind>(0xff), Outcome::ok, 0, 0);
  static constexpr std::uint64_t kUntimedBit = std::uint64_t{kFlagUntimed} << kFlagsShift;

  bool begun() const noexcept { return (descriptor_ & kKindBits) != 0; }
  bool timed() const noexcept {
    return (descriptor_ & (kKindBits | kUntimedBit)) ==
           pack_descriptor(0, Kind::operation, Outcome::ok, 0, 0);
  }
  void set_flags(std::uint16_t mask, unsigned flags) noexcept {
    descriptor_ = (descriptor_ & ~(std::uint64_t{mask} << kFlagsShift)) |
                  std::uint64_t{flags & mask} << kFlagsShift;
  }
  void take(Operation& other) noexcept {
    descriptor_ = other.descriptor_;
    if (begun()) {
      start_ = other.start_;
      last_ = other.last_;
      actor_ = other.actor_;
      subject_ = other.subject_;
      stages_[0] = other.stages_[0];
      stages_[1] = other.stages_[1];
    }
    other.descriptor_ = kOff;
  }

  RINGSIDE_INLINE void begin(OperationId id) noexcept {
    const std::uint32_t every = detail::switch_of(id.value);
    if (every == 0) {
      descriptor_ = kOff;
    } else if (RINGSIDE_LIKELY(every == 1) || detail::drawn(every)) {
      open(id, detail::now_ticks(), 0);
    } else {
      open(id, 0, kFlagUntimed);
    }
  }
  RINGSIDE_INLINE void begin_at(OperationId id, std::uint64_t start) noexcept {
    const std::uint32_t every = detail::switch_of(id.value);
    if (every == 0) {
      descriptor_ = kOff;
    } else if (RINGSIDE_LIKELY(every == 1) || detail::drawn(every)) {
      open(id, RINGSIDE_LIKELY(start != 0) ? start : detail::now_ticks(), 0);
    } else {
      open(id, 0, kFlagUntimed);
    }
  }
  RINGSIDE_INLINE void open(OperationId id, std::uint64_t start, std::uint16_t flags) noexcept {
    start_ = last_ = start;
    descriptor_ = pack_descriptor(id.value, Kind::operation, Outcome::ok, flags, 0);
    actor_ = subject_ = stages_[0] = stages_[1] = 0;
  }
  RINGSIDE_INLINE void mark(unsigned stage, std::uint64_t at) noexcept {
    const auto span = static_cast<std::int64_t>(at - last_);
    last_ = at;
    descriptor_ |= std::uint64_t{kFlagStages} << kFlagsShift;
    // Two stages to a word.
    std::uint64_t& pair = stages_[(stage >> 1) & 1];
    const unsigned shift = (stage & 1) * 32;
    const auto before = static_cast<StageTicks>(pair >> shift);
    if (RINGSIDE_LIKELY(span > 0)) {
      const StageTicks after =
          pack_stage_ticks(unpack_stage_ticks(before) + static_cast<std::uint64_t>(span));
      pair = (pair & ~(std::uint64_t{0xffffffff} << shift)) | std::uint64_t{after} << shift;
    }
  }
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
// The other words are set whenever descriptor_ says that the operation was begun. GCC cannot follow
// that everywhere.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
  RINGSIDE_INLINE Stamp complete(std::uint64_t end, Outcome outcome, std::uint16_t error) noexcept {
    detail::write({start_, end - start_,
                   descriptor_ | pack_descriptor(0, Kind::none, outcome, 0, error), actor_,
                   subject_, stages_[0], stages_[1]});
    descriptor_ &= ~kKindBits;
    return {end};
  }
#pragma GCC diagnostic pop
  // By value, wherever the hot path calls out of line. An object whose address escapes must live in
  // memory, even on a path that is never taken. This one must live in registers.
  RINGSIDE_INLINE Stamp finish_untimed(Outcome outcome, std::uint16_t error) noexcept {
    if (!begun()) return {};
    const std::uint64_t descriptor =
        descriptor_ | pack_descriptor(0, Kind::none, outcome, 0, error);
    descriptor_ &= ~kKindBits;
    return {detail::finish_untimed(descriptor, actor_, subject_)};
  }

  std::uint64_t
      descriptor_;  // as in the record; the rest is set only while the operation is under way
  std::uint64_t start_;
  std::uint64_t last_;       // the last mark
  std::uint64_t actor_;
  std::uint64_t subject_;
  std::uint64_t stages_[2];  // four StageTicks
};

// Something that happened. All fields are optional.
struct Event {
  Outcome outcome = Outcome::ok;
  std::uint16_t error = 0;
  OperationId operation{};              // during which it happened
  std::int64_t value = 0;               // what it means goes with the event's name
  std::uint64_t duration = 0;           // ticks
  ActorKind actor_kind = ActorKind::none;
  std::uint64_t actor = 0;
  SubjectKind subject_kind = SubjectKind::none;
  std::uint64_t subject = 0;
};

namespace detail {
inline void write_event(EventId id, const Event& fields, std::uint64_t start,
                        std::uint64_t end) noexcept {
  const auto flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(fields.actor_kind) |
                                 (static_cast<unsigned>(fields.subject_kind) << kFlagSubjectShift));
  const bool in_operation = fields.operation.value < kMaxOperations;
  const std::uint64_t context = in_operation ? fields.operation.value + std::uint64_t{1} : 0;
  write({start, end - start,
         pack_descriptor(id.value, Kind::event, fields.outcome, flags, fields.error), fields.actor,
         fields.subject, static_cast<std::uint64_t>(fields.value), context});
}

// Whether this event becomes a record. If sampling left it out it has been counted.
inline bool takes_event(EventId id, Outcome outcome) noexcept {
  const std::uint32_t every = switch_of(id.value);
  if (RINGSIDE_LIKELY(every <= 1)) return every == 1;
  if (is_error(outcome) || drawn(every)) return true;
  count(id.value);
  return false;
}
}  // namespace detail

// Records an event that ends now: one clock read.
inline void event(EventId id, const Event& fields = {}) noexcept {
  if (!detail::takes_event(id, fields.outcome)) return;
  const std::uint64_t end = detail::now_ticks();
  detail::write_event(id, fields, end - fields.duration, end);
}

// Records an event that began at `since` and ends now: one clock read. `fields.duration` is not
// used; a stamp of 0 gives a span of 0.
inline void event_since(EventId id, Stamp since, const Event& fields = {}) noexcept {
  if (!detail::takes_event(id, fields.outcome)) return;
  const std::uint64_t end = detail::now_ticks();
  detail::write_event(id, fields, since.ticks != 0 ? since.ticks : end, end);
}

// Counts an event without writing a record: for what happens too often to be looked at singly.
inline void count(EventId id) noexcept {
  if (detail::switch_of(id.value) != 0) detail::count(id.value);
}

}  // namespace ringside
