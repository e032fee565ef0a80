// One timed command. ringside.hpp includes it.
#pragma once

#include <cstdint>

#include "producer/hot_path.h"
#include "producer/ids.h"
#include "producer/types.hpp"
#include "producer/version.h"
#include "shm/in_flight.h"
#include "shm/record.h"

namespace ringside {
inline namespace RINGSIDE_ABI_NAMESPACE {

// The ring's clock, read now.
inline Stamp now() { return {detail::now_ticks()}; }

#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
// The words of an Operation are set whenever descriptor_ says that the operation was begun. GCC
// cannot follow that everywhere.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// One timed command. Begin it on one thread, end it on another if you like; it may be moved, and is
// used by one thread at a time. An operation that is destroyed unfinished is recorded as cancelled.
//
// Readers see which operation a thread has in flight: the one that it began last, until that one
// ends, wherever it ends. A move changes nothing. An operation that begins inside another takes its
// place, and when it ends nothing is shown until the next begins; so it is with coroutines. One
// that was sampled out, or begun by a thread that has no lane (attach_thread()), is not shown.
//
// ScopedOperation (scoped.hpp) ends with its scope, and counts exceptions.
class [[nodiscard]] Operation {
 public:
  // Reads the clock.
  RINGSIDE_INLINE explicit Operation(OperationId id) noexcept { begin(id); }
  // Starts at `start` and reads no clock: one operation can begin where the last one ended. A stamp
  // of 0, which is what an operation that was not timed returns, stands for now. A stamp of another
  // clock is counted as a mistake at the end, and the operation is recorded without a span.
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

  // Ends the stage that has run since the start or the last mark: one clock read. `stage` is 0
  // to 5. A stage that runs again adds up, to the tick. The time up to a mark with another number
  // belongs to no stage. A mark before the last one charges nothing, and the last one stays where
  // it was. An operation that has ended, or was moved from, takes no mark.
  RINGSIDE_INLINE void stage(unsigned stage) noexcept {
    if (RINGSIDE_LIKELY(timed())) mark(stage, detail::now_ticks());
  }
  // Ends the stage at a moment that was read already: no clock read. A stamp of 0 stands for now.
  // One of another clock is counted as a mistake, and marks nothing.
  RINGSIDE_INLINE void stage_at(unsigned stage, Stamp at) noexcept {
    if (!RINGSIDE_LIKELY(timed())) return;
    if (at.ticks == 0) {
      mark(stage, detail::now_ticks());
    } else if (RINGSIDE_LIKELY(detail::stamps_fit(start_, at.ticks))) {
      mark(stage, at.ticks);
    } else {
      detail::misused(kMisusedStamp);
    }
  }

  // What has run since the start or the last mark belongs to no stage: one clock read, or none. A
  // stamp is treated as stage_at() does.
  RINGSIDE_INLINE void skip() noexcept {
    if (RINGSIDE_LIKELY(timed())) pass_by(detail::now_ticks());
  }
  RINGSIDE_INLINE void skip_at(Stamp at) noexcept {
    if (!RINGSIDE_LIKELY(timed())) return;
    if (at.ticks == 0) {
      pass_by(detail::now_ticks());
    } else if (RINGSIDE_LIKELY(detail::stamps_fit(start_, at.ticks))) {
      pass_by(at.ticks);
    } else {
      detail::misused(kMisusedStamp);
    }
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
      descriptor_ |= kStampedBit;
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
  void abandon() noexcept {
    if (timed()) hide();
    descriptor_ &= ~kKindBits;
  }

  // Also after its end; that of an operation which was switched off is one whose calls do nothing.
  OperationId id() const noexcept { return {operation_of(descriptor_)}; }

 private:
  // An operation that is not under way has no kind: never begun, switched off, or ended.
  static constexpr std::uint64_t kOff = pack_descriptor(kInvalidId, Kind::none, Outcome::ok, 0, 0);
  static constexpr std::uint64_t kKindBits =
      pack_descriptor(0, static_cast<Kind>(0xff), Outcome::ok, 0, 0);
  static constexpr std::uint64_t kUntimedBit = std::uint64_t{kFlagUntimed} << kFlagsShift;
  // One of the stamps came from outside. No bit of a record.
  static constexpr std::uint64_t kStampedBit = std::uint64_t{0x8000} << kFlagsShift;
  static_assert((kFlagKnownMask & 0x8000) == 0);
  static constexpr std::uint64_t kStagesBit = std::uint64_t{kFlagStages} << kFlagsShift;

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
      shown_ = other.shown_;
      for (unsigned i = 0; i < kStageCount; ++i) stages_[i] = other.stages_[i];
    }
    other.descriptor_ = kOff;
  }

  // The start is not used any more. The empty statement costs nothing and tells GCC so, which warns
  // of an uninitialised word otherwise.
  RINGSIDE_INLINE void switch_off() noexcept {
    descriptor_ = kOff;
    __asm__("" : "=r"(start_));
  }
  RINGSIDE_INLINE void begin(OperationId id) noexcept {
    const std::uint32_t every = detail::switch_of(id.value);
    if (every == 0 || !detail::is_operation(id.value)) {
      switch_off();
    } else if (RINGSIDE_LIKELY(every == 1) || detail::drawn(every)) {
      open(id, detail::now_ticks(), 0);
      show();
    } else {
      open(id, 0, kFlagUntimed);
    }
  }
  RINGSIDE_INLINE void begin_at(OperationId id, std::uint64_t start) noexcept {
    const std::uint32_t every = detail::switch_of(id.value);
    if (every == 0 || !detail::is_operation(id.value)) {
      switch_off();
    } else if (RINGSIDE_LIKELY(every == 1) || detail::drawn(every)) {
      open(id, RINGSIDE_LIKELY(start != 0) ? start : detail::now_ticks(), 0);
      descriptor_ |= kStampedBit;
      show();
    } else {
      open(id, 0, kFlagUntimed);
    }
  }
  RINGSIDE_INLINE void open(OperationId id, std::uint64_t start, std::uint16_t flags) noexcept {
    start_ = last_ = start;
    descriptor_ = pack_descriptor(id.value, Kind::operation, Outcome::ok, flags, 0);
    actor_ = subject_ = 0;
    // Not a loop: the stages stay in registers, and those that are never marked vanish.
    stages_[0] = stages_[1] = stages_[2] = stages_[3] = stages_[4] = stages_[5] = 0;
    static_assert(kStageCount == 6);
  }
  RINGSIDE_INLINE void show() noexcept {
    InFlightWords* const words = detail::t_writer.in_flight;
    if (RINGSIDE_LIKELY(words != nullptr)) {
      shown_ = words;
      words->operation.store(operation_of(descriptor_), std::memory_order_relaxed);
      words->start.store(start_, std::memory_order_relaxed);
    } else {
      shown_ = &detail::g_not_shown;
    }
  }
  // The lane may show another operation by now, and may be another thread's.
  RINGSIDE_INLINE void hide() noexcept {
    if (RINGSIDE_LIKELY(shown_->start.load(std::memory_order_relaxed) == start_))
      shown_->start.store(0, std::memory_order_relaxed);
  }
  // Moves the last mark to `at`, and not back. Returns how far.
  RINGSIDE_INLINE std::uint64_t pass_by(std::uint64_t at) noexcept {
    const auto since = static_cast<std::int64_t>(at - last_);
    const auto span = static_cast<std::uint64_t>(since > 0 ? since : 0);
    last_ += span;
    return span;
  }
  RINGSIDE_INLINE void mark(unsigned stage, std::uint64_t at) noexcept {
    const std::uint64_t span = pass_by(at);
    if (!RINGSIDE_LIKELY(stage < kStageCount)) {
      detail::misused(kMisusedStage);
      return;
    }
    stages_[stage] += span;
    descriptor_ |= kStagesBit;
  }
  RINGSIDE_INLINE Stamp complete(std::uint64_t end, Outcome outcome, std::uint16_t error) noexcept {
    outcome = detail::valid_outcome(outcome);
    if ((descriptor_ & kStampedBit) != 0) {
      descriptor_ &= ~kStampedBit;
      if (!RINGSIDE_LIKELY(detail::stamps_fit(start_, end))) {
        const std::uint64_t descriptor =
            descriptor_ | pack_descriptor(0, Kind::none, outcome, 0, error);
        hide();
        descriptor_ &= ~kKindBits;
        return {detail::finish_misstamped(descriptor, actor_, subject_)};
      }
    }
    // Stages are packed here, once: a packed span that was added to again and again would lose a
    // little each time.
    std::uint64_t first = 0, second = 0;
    if ((descriptor_ & kStagesBit) != 0) {
      // last_ - start_ is their sum, or more. So none of them is longer. Short ones (50 us at 2.6
      // GHz) stand for themselves.
      if (RINGSIDE_LIKELY(last_ - start_ < kExactStageTicks)) {
        first = pack_exact_stages(stages_[0], stages_[1], stages_[2]);
        second = pack_exact_stages(stages_[3], stages_[4], stages_[5]);
      } else {
        first = detail::pack_long_stages(stages_[0], stages_[1], stages_[2]);
        second = detail::pack_long_stages(stages_[3], stages_[4], stages_[5]);
      }
    }
    detail::write({start_, end - start_,
                   descriptor_ | pack_descriptor(0, Kind::none, outcome, 0, error), actor_,
                   subject_, first, second});
    // After the record: a thread that dies in between has shown too much, never too little.
    hide();
    descriptor_ &= ~kKindBits;
    return {end};
  }
  // By value, wherever the hot path calls out of line. An object whose address escapes must live in
  // memory, even on a path that is never taken. This one must live in registers.
  RINGSIDE_INLINE Stamp finish_untimed(Outcome outcome, std::uint16_t error) noexcept {
    if (!begun()) return {};
    outcome = detail::valid_outcome(outcome);
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
  InFlightWords* shown_;     // of the lane that shows it, or did
  std::uint64_t stages_[kStageCount];  // ticks
};

#pragma GCC diagnostic pop

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
