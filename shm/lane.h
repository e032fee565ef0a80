// A lane: one thread writes it, any number of readers read it, and nobody waits for anybody.
//
//   position  0   1   2  ...                      head-1 | head
//             ------------- overwritten -------|-- readable --|-- being written
//                                     head - capacity + 1
//
//   slot of position p:   sequence 2*(p+1-capacity)  ->  2*p+1  ->  2*(p+1)
//                         last lap's record              odd:       record p
//                                                        writing    is readable
//
//   I1  Between claim and release one thread writes a lane: its slots, its totals and its head.
//   I2  sequence == 2*(p+1), read before and after the copy, means that the copy is record p.
//   I3  Every published record is in the totals. Totals change only while the slot at head is odd.
//   I4  A reader trusts no byte: a bad record is counted, never a crash.
//   I5  A record is overwritten at the earliest `capacity` positions later. So a lapped reader
//       resumes at head - capacity + 1: the slot of head - capacity may be written right now.
//
// The overflow lane has many writers. Each reserves a position by adding to head, announces it in
// its own lane's header or its seat, takes the slot by a compare-and-swap from an even sequence to
// its own odd one, publishes, and withdraws the announcement. An odd slot belongs to a writer that
// is slow or dead. The newcomer drops its record there and counts it. Nobody waits. When a writer
// has died, the next owner of its lane or seat frees the slot that it announced.
//
// Memory orders that are not relaxed, in pairs. Every load of a word of the segment is atomic, so
// that the protocol is free of data races in the C++ memory model and ThreadSanitizer can follow
// it. No fences.
//
//   label            store (writer)             load (reader)            what it buys
//   publish -> poll  sequence = 2*(p+1) release sequence, first acquire  2*(p+1) brings p's words
//   words -> check   each word release          each word acquire        a later lap's word brings
//                                                                        an odd or later sequence
//   head -> totals   head = p+1 release         head acquire             totals at least as new
//   totals -> check  each total release         each total acquire       as words -> check, for I3
//   slot hand-over   sequence even release      CAS to odd acquire       overflow: two writers of a
//                                                                        slot, one after the other
//   owner            lock given back, release   lock taken, acquire      the last owner's head and
//                    (or marked by the kernel)  word acquire             totals; nothing else comes
//   pages            state = kReady release     state acquire            the lane has its pages
//   freed slot       sequence even release      as slot hand-over        a dead writer's words come
//                                                                        before the next one's
//   owner tid        owner_tid release          the same acquire         the rest is of that thread
//   processes        standing, count release    the same acquire         whose the entry is
//   entry            each field release         each acquire, then       as words -> check, of an
//                                               standing                 entry
//   closing          state closed, exchanged    state, exchanged         who enters sees it, or is
//                                                                        seen
//   taking           standing, or'ed release    standing exchanged,      who claims a lane sees
//                    after the lane's claim     acquire, then the lane   its entry taken, or its
//                                                                        lane is seen
//   generation       generation release         generation acquire       whose the lane is since
//
// tests/ring/models/models.py MODEL MUTANT shows what breaks when an end is weakened to relaxed, on
// hardware that makes use of it. The tests in tests/unit/shm run on x86, which orders more than it
// is asked to.
//
//   label            MODEL     MUTANT: store, load
//   publish -> poll  overflow  publish_store, poll_load (lane: none, see head -> totals)
//   words -> check   lane      words_store, words_load; the same in overflow
//   head -> totals   lane      head_store, head_load, head_load_of_totals
//   totals -> check  lane      totals_store, totals_load; the same in overflow
//   slot hand-over   overflow  hand_over_store (it is the publishing one), hand_over_cas
//   freed slot       settle    settler_store; settler_lock, which brings the announcement
//   owner            claim     unlock_store, trylock_cas; of the dead: mark_store, word_load
//   pages            reuse     ready_store, ready_load
//   taking           processes taking_claim, taking_exchange
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "shm/layout.h"
#include "shm/test_points.h"

namespace ringside {

// The seven words after the sequence, in their order. Writers pass them one by one so they stay in
// registers. A struct would be stored and reloaded, and the reload would stall.
struct RecordWords {
  std::uint64_t start;
  std::uint64_t duration;
  std::uint64_t descriptor;         // operation, kind, outcome, flags, error: pack_descriptor()
  std::uint64_t actor;
  std::uint64_t subject;
  std::uint64_t stages_or_value;  // operation: stages 0 to 2; event: its value
  // Operation: stages 3 to 5. Event: the id + 1 of the operation during which it happened.
  std::uint64_t stages_or_context;
};
static_assert(sizeof(RecordWords) == sizeof(Slot::words));

inline RecordWords words_of(const Record& record) {
  RecordWords out;
  std::memcpy(&out, reinterpret_cast<const unsigned char*>(&record) + 8, sizeof out);
  return out;
}

inline void store_words(Slot& slot, const RecordWords& from) {
  // ORDER words -> check.
  slot.words[0].store(from.start, std::memory_order_release);
  slot.words[1].store(from.duration, std::memory_order_release);
  slot.words[2].store(from.descriptor, std::memory_order_release);
  slot.words[3].store(from.actor, std::memory_order_release);
  RINGSIDE_TEST_POINT(words_half);
  slot.words[4].store(from.subject, std::memory_order_release);
  slot.words[5].store(from.stages_or_value, std::memory_order_release);
  slot.words[6].store(from.stages_or_context, std::memory_order_release);
}

// A thread's end of its lane. Trivial, so that it can live in thread-local storage without
// initialisation.
struct LaneWriter {
  Slot* slots;
  Totals* totals;
  LaneHeader* header;
  std::uint64_t position;  // of the next record; the owner's copy of head
  std::uint64_t mask;      // capacity - 1
};

inline constexpr std::uint64_t kPrefetchAhead = 8;   // records

// Asks for a cache line before it is written. A reader leaves the line of a record shared. The
// store a lap later would wait for the other core to give it back. A line that is asked for some
// records ahead arrives in time.
inline void prefetch_for_write(const void* line) {
#if defined(__x86_64__)
  // Not __builtin_prefetch: without -mprfchw it asks for a shared line, which does not help.
  // Processors without the instruction ignore it.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
  __builtin_prefetch(line, 1);
#endif
}

// Adds by load and store: a lane's totals have one writer, and a locked addition would cost five
// times as much.
inline void bump(std::atomic<std::uint64_t>& total, std::uint64_t by) {
  // ORDER totals -> check.
  total.store(total.load(std::memory_order_relaxed) + by, std::memory_order_release);
}

// Writes record `position` and publishes it. For a caller that keeps the position itself; otherwise
// use write_record().
[[gnu::always_inline]] inline void write_at(const LaneWriter& lane, std::uint64_t position,
                                            const RecordWords& record) {
  Slot& slot = lane.slots[position & lane.mask];
  prefetch_for_write(&lane.slots[(position + kPrefetchAhead) & lane.mask]);
  slot.sequence.store(2 * position + 1, std::memory_order_relaxed);
  RINGSIDE_TEST_POINT(record_begun);
  store_words(slot, record);
  Totals& totals = lane.totals[record.descriptor & (kIdCount - 1)];
  bump(totals.recorded, 1);
  RINGSIDE_TEST_POINT(totals_half);
  bump(totals.ticks, record.duration);
  if (is_error(outcome_of(record.descriptor))) bump(totals.errors, 1);
  RINGSIDE_TEST_POINT(record_unpublished);
  // ORDER publish -> poll.
  slot.sequence.store(2 * (position + 1), std::memory_order_release);
  RINGSIDE_TEST_POINT(record_published);
  // ORDER head -> totals.
  lane.header->head.store(position + 1, std::memory_order_release);
  RINGSIDE_TEST_POINT(record_done);
}

// Writes one record and publishes it. Never fails, never waits.
[[gnu::always_inline]] inline void write_record(LaneWriter& lane, const RecordWords& record) {
  write_at(lane, lane.position, record);
  ++lane.position;
}
// `record.sequence` is not used.
inline void write_record(LaneWriter& lane, const Record& record) {
  write_record(lane, words_of(record));
}

// Counts an operation or event without a record: it was sampled out, or the event is only counted.
inline void count_only(const LaneWriter& lane, std::uint16_t id) {
  bump(lane.totals[id & (kIdCount - 1)].skipped, 1);
}

// Writes one record into the overflow lane, from any thread or signal handler. False when it was
// dropped. `announcement` is the calling thread's own, and 0 so far; null: it has none, or a record
// that this call interrupted is announced there.
inline bool write_overflow(const LaneWriter& lane, const RecordWords& record,
                           Announcement* announcement = nullptr) {
  const std::uint64_t position = lane.header->head.fetch_add(1, std::memory_order_relaxed);
  RINGSIDE_TEST_POINT(overflow_reserved);
  Totals& totals = lane.totals[record.descriptor & (kIdCount - 1)];
  totals.recorded.fetch_add(1, std::memory_order_release);
  RINGSIDE_TEST_POINT(overflow_half);
  totals.ticks.fetch_add(record.duration, std::memory_order_release);
  if (is_error(outcome_of(record.descriptor)))
    totals.errors.fetch_add(1, std::memory_order_release);
  RINGSIDE_TEST_POINT(overflow_counted);
  Announcement nobodys{0};
  Announcement& announced = announcement != nullptr ? *announcement : nobodys;
  // Who reads it holds the lock of a thread that is dead. The kernel orders what that thread did.
  // So only the compiler must keep the order.
  announced.store(position + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  RINGSIDE_TEST_POINT(overflow_announced);
  Slot& slot = lane.slots[position & lane.mask];
  std::uint64_t expected = slot.sequence.load(std::memory_order_relaxed);
  // Odd: another writer is in it, or died in it. Larger: we slept through a whole lap.
  // ORDER slot hand-over.
  if ((expected & 1) != 0 || expected > 2 * position ||
      !slot.sequence.compare_exchange_strong(expected, 2 * position + 1, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
    announced.store(0, std::memory_order_relaxed);
    RINGSIDE_TEST_POINT(overflow_refused);
    lane.header->dropped.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  RINGSIDE_TEST_POINT(overflow_taken);
  store_words(slot, record);
  RINGSIDE_TEST_POINT(overflow_unpublished);
  // ORDER publish -> poll.
  slot.sequence.store(2 * (position + 1), std::memory_order_release);
  RINGSIDE_TEST_POINT(overflow_published);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  announced.store(0, std::memory_order_relaxed);
  RINGSIDE_TEST_POINT(overflow_done);
  return true;
}
inline bool write_overflow(const LaneWriter& lane, const Record& record,
                           Announcement* announcement = nullptr) {
  return write_overflow(lane, words_of(record), announcement);
}

inline void count_only_overflow(const LaneWriter& lane, std::uint16_t id) {
  lane.totals[id & (kIdCount - 1)].skipped.fetch_add(1, std::memory_order_release);
}

enum class Poll {
  record,   // the copy is the record
  not_yet,  // not published so far
  lapped,   // overwritten, or being overwritten
};

// Reads the words of record `position` out of a slot if the whole record is there. Unless the
// answer is `record`, `out` is garbage. between() runs in the middle of the copy: tests let a
// writer run there, programs do nothing.
template <typename Between>
inline Poll read_words(const Slot& slot, std::uint64_t position, RecordWords& out,
                       const Between& between) {
  const std::uint64_t wanted = 2 * (position + 1);
  // ORDER publish -> poll.
  const std::uint64_t before = slot.sequence.load(std::memory_order_acquire);
  if (__builtin_expect(before != wanted, 0)) return before < wanted ? Poll::not_yet : Poll::lapped;
  // ORDER words -> check.
  out.start = slot.words[0].load(std::memory_order_acquire);
  out.duration = slot.words[1].load(std::memory_order_acquire);
  out.descriptor = slot.words[2].load(std::memory_order_acquire);
  between();
  out.actor = slot.words[3].load(std::memory_order_acquire);
  out.subject = slot.words[4].load(std::memory_order_acquire);
  out.stages_or_value = slot.words[5].load(std::memory_order_acquire);
  out.stages_or_context = slot.words[6].load(std::memory_order_acquire);
  return slot.sequence.load(std::memory_order_relaxed) == wanted ? Poll::record : Poll::lapped;
}

inline Poll read_words(const Slot& slot, std::uint64_t position, RecordWords& out) {
  return read_words(slot, position, out, [] {});
}

// Makes a record of its words. They are stored one by one, from registers. Copied as a struct, they
// would be stored in halves and reloaded as 16 bytes, and each reload would stall.
inline void put_record(const RecordWords& words, std::uint64_t position, Record& out) {
  out.sequence = 2 * (position + 1);
  auto* to = reinterpret_cast<unsigned char*>(&out) + sizeof out.sequence;
  for (std::uint64_t word : {words.start, words.duration, words.descriptor, words.actor,
                             words.subject, words.stages_or_value, words.stages_or_context}) {
    __asm__("" : "+r"(word));
    std::memcpy(to, &word, sizeof word);
    to += sizeof word;
  }
}

inline Poll read_slot(const Slot& slot, std::uint64_t position, Record& out) {
  RecordWords words{};
  const Poll poll = read_words(slot, position, words);
  put_record(words, position, out);
  return poll;
}

// Whether a record can have come from a writer that follows the format. Everything else is counted
// as rejected.
inline bool believable(const RecordWords& record) {
  // Four conditions in one comparison: an operation's id is below 256, its kind is 1, its outcome
  // has three bits, and no unknown flag is set.
  constexpr std::uint64_t kMask = 0x0000ff00f8ffff00ULL;
  constexpr std::uint64_t kOperation = pack_descriptor(0, Kind::operation, Outcome::ok, 0, 0);
  static_assert(kMaxOperations == 256 && kFlagKnownMask == 0x00ff);
  const bool outcome_fits = static_cast<unsigned>(outcome_of(record.descriptor)) < kOutcomeCount;
  if (__builtin_expect((record.descriptor & kMask) == kOperation, 1)) return outcome_fits;
  const std::uint16_t id = operation_of(record.descriptor);
  const auto context = static_cast<std::uint16_t>(record.stages_or_context);
  return (record.descriptor >> 16 & 0xff) == static_cast<std::uint64_t>(Kind::event) &&
         id >= kFirstEvent && id < kFirstEvent + kMaxEvents && outcome_fits &&
         (record.descriptor >> kFlagsShift & 0xffff & ~std::uint64_t{kFlagKnownMask}) == 0 &&
         context <= kMaxOperations;
}
inline bool believable(const Record& record) { return believable(words_of(record)); }

}  // namespace ringside
