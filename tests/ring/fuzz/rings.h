// Rings for the targets to spoil: made by the code that servers run, then held open for writing,
// and put back as they were after each input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shm/lane_claim.h"
#include "shm/segment.h"

namespace ringside::fuzz {

// What is in it before it is spoilt.
enum class Content {
  fresh,     // created; nothing written yet
  used,      // names, gauges, error names; two lanes and the overflow lane written to
  lapped,    // the same, each lane written round several times
  torn,      // the same, and every writer died in mid-record
  closed,    // the same as used, and left in order
};
inline constexpr Content kContents[] = {Content::fresh, Content::used, Content::lapped,
                                        Content::torn, Content::closed};
inline constexpr Geometry kGeometries[] = {{2, 64, 64}, {1, 128, 64}, {5, 64, 256}};

// Its records are `clock`'s, from kStartNs on; its server is process 1, of which it is only known
// that it lives.
class SpoiltRing {
 public:
  SpoiltRing(const std::string& path, Geometry geometry, Content content, ClockKind clock,
             std::uint64_t instance);

  Segment& segment() { return *segment_; }
  unsigned char* data() const { return reinterpret_cast<unsigned char*>(&segment_->header()); }
  std::uint64_t bytes() const { return original_.size(); }
  const std::string& original() const { return original_; }

  // Everything as it was, whatever was written, and the file as long as it was.
  void restore();

 private:
  std::unique_ptr<Segment> segment_;
  std::string original_;
};

}  // namespace ringside::fuzz
