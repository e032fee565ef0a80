// What happens to a ring between two looks of its reader: it is written, spoilt, closed, replaced
// and moved away. ring_life.h says who reads it.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/lane_reader.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"

namespace ringside::fuzz {

// Two rings, so that one can take the other's place under the watched name.
struct Pair {
  SpoiltRing* ring[2];

  // All are made beforehand: an execution must not pay for that.
  static void make_all();
  // Bits 0-2: the first content, 3-4: the geometry, 5-6: the clock.
  static Pair of(std::uint8_t which);
};

// A step of an input: its number, and then what it needs.
enum Step : std::uint8_t {
  kBytes,
  kWord,
  kHead,
  kSlot,
  kWrite,
  kWriteOverflow,
  kReadBare,
  kPass,         // the reader's
  kTick,         // the reader's
  kSaveRestore,  // the reader's
  kLive,
  kExchange,
  kRestart,
  kVanish,
  kLabel,
  kSteps
};

class RingSteps {
 public:
  explicit RingSteps(Pair pair);
  ~RingSteps();
  RingSteps(const RingSteps&) = delete;
  RingSteps& operator=(const RingSteps&) = delete;

  void step(Step what, Input& in);
  Instant now() const { return instant_at(now_ns_); }
  // Returns the byte of the input that says how much.
  std::uint8_t pass_time(Input& in);
  // The ring under the name, or the last that was there.
  const SpoiltRing& ring() const { return *ring_; }
  // Bare readers come to the end of every lane, whatever its head claims.
  void read_all_bare();

 private:
  std::uint32_t lane_of(std::uint8_t byte) const { return byte % (segment_->overflow_lane() + 1); }
  template <typename T>
  void store(std::atomic<T>& to, T value);
  void poke_bytes(Input& in);
  void poke_word(Input& in);
  void poke_head(Input& in);
  void poke_slot(Input& in);
  Record record_of(Input& in) const;
  void write(Input& in);
  void write_overflowing(Input& in);
  void read_lane_bare(Input& in);
  void read_bare(std::uint32_t lane, std::uint64_t limit);
  void live_or_die(Input& in);
  void label(Input& in);
  void look_who_is_watched();
  std::uint64_t ticks(std::int64_t ns) const;

  Pair pair_;
  SpoiltRing* ring_;
  Segment* segment_;                 // its writers' end
  std::vector<LaneCursor> cursors_;  // of the bare readers
  std::int64_t now_ns_ = kStartNs;
};

}  // namespace ringside::fuzz
