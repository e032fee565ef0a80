// Rings that the targets spoil. The code that servers run makes them. They are held open for
// writing, and restored after each input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shm/lane_claim.h"
#include "shm/segment.h"

namespace ringside::fuzz {

// What a ring holds before it is spoilt.
enum class Content {
  fresh,     // created, nothing written yet
  used,      // names, gauges, error names; two lanes and the overflow lane have records
  lapped,    // like used, and each lane is written round several times
  torn,      // like used, and every writer died in the middle of a record
  closed,    // like used, and closed in order
};
inline constexpr Content kContents[] = {Content::fresh, Content::used, Content::lapped,
                                        Content::torn, Content::closed};
inline constexpr Geometry kGeometries[] = {{2, 64, 64}, {1, 128, 64}, {5, 64, 256}};

// Its records count `clock`'s ticks, from kStartNs on. Its server is process 1 without a start
// time: a reader knows only that the process lives.
class SpoiltRing {
 public:
  SpoiltRing(const std::string& path, Geometry geometry, Content content, ClockKind clock,
             std::uint64_t instance);

  Segment& segment() { return *segment_; }
  unsigned char* data() const { return reinterpret_cast<unsigned char*>(&segment_->header()); }
  std::uint64_t bytes() const { return original_.size(); }
  const std::string& original() const { return original_; }

  // Restores every byte and the length of the file.
  void restore();

 private:
  std::unique_ptr<Segment> segment_;
  std::string original_;
};

}  // namespace ringside::fuzz
