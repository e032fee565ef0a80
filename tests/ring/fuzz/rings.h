// Rings that the targets spoil. The code that servers run makes them: the empty ones in files, and
// what is in them in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "shm/label_kind.h"
#include "shm/lane_claim.h"
#include "shm/segment.h"
#include "tests/ring/fuzz/files.h"
#include "tests/ring/fuzz/memory_ring.h"

namespace ringside::fuzz {

// What a ring holds before it is spoilt.
enum class Content {
  fresh,   // created, nothing written yet
  used,    // names, labels, gauges, error names; two lanes and the overflow lane have a few records
  lapped,  // like used, and a lane is written round several times
  torn,    // like used, and every writer died in the middle of a record
  closed,  // like used, and closed in order
};
inline constexpr Content kContents[] = {Content::fresh, Content::used, Content::lapped,
                                        Content::torn, Content::closed};
inline constexpr Geometry kGeometries[] = {{2, 64, 64}, {1, 128, 64}, {5, 64, 256}};

// Its records count `clock`'s ticks, from kStartNs on. Its server is process 1 without a start
// time: a reader knows only that the process lives.
class SpoiltRing {
 public:
  // The file may be given any length up to `room`.
  SpoiltRing(Geometry geometry, Content content, ClockKind clock, std::uint64_t instance,
             std::uint64_t room = 0);

  // Both ends. touch() comes before every change through the writers' end.
  Segment& segment() { return *segment_; }
  const Segment& reading() const { return *reading_; }
  unsigned char* data() const { return memory_.data(); }
  std::uint64_t bytes() const { return memory_.bytes(); }
  void touch(const void* begin, std::uint64_t bytes) { memory_.touch(begin, bytes); }
  void touch_lane(std::uint32_t lane);
  // The set in which the label lies, and what the header says of labels. Returns the set.
  Label* touch_label(LabelKind kind, std::uint64_t id);

  // As a reader finds it, `bytes` long. The inode tells the rings apart.
  MemoryFile file(std::uint64_t bytes) const {
    return {memory_.readers(), bytes, segment_->inode()};
  }
  MemoryFile file() const { return file(bytes()); }

  std::string_view beginning(std::size_t bytes) const {
    return {reinterpret_cast<const char*>(data()), bytes};
  }
  // Restores every byte that was touched.
  void restore();

 private:
  void fill(Content content, ClockKind clock, std::uint64_t instance);
  void give_labels();

  MemoryRing memory_;
  std::unique_ptr<Segment> segment_;
  std::unique_ptr<Segment> reading_;
  unsigned restores_ = 0;
};

}  // namespace ringside::fuzz
