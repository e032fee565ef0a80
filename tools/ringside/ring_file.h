// A ring as the debug tool holds it: opened for reading, with its names, and its clock turned into
// wall time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "shm/clock.h"
#include "shm/lane_reader.h"
#include "shm/names.h"
#include "shm/segment.h"

namespace ringside::tool {

class RingFile {
 public:
  // Null and `failure` set when it can't be read. The tool reads rings of any owner that the system
  // lets it read, and says whose they are.
  static std::unique_ptr<RingFile> open(const std::string& ring, Failure* failure);

  const Segment& segment() const { return *segment_; }
  const SegmentFacts& facts() const { return facts_; }
  const TickScale& scale() const { return scale_; }
  std::uint32_t owner_uid() const { return owner_uid_; }

  // "live", "crashed", "closed", or "unknown" where the processes can't be seen.
  std::string state() const;
  // Synchronises the clock and reads names that have come since.
  void refresh();
  std::string operation_name(std::uint16_t id) const;
  std::string error_name(std::uint16_t code) const;   // empty when it has none
  std::string stage_name(std::uint16_t id, std::size_t stage) const;
  std::int64_t wall_ns(std::uint64_t ticks) const;

 private:
  RingFile() = default;
  std::unique_ptr<Segment> segment_;
  SegmentFacts facts_;
  TickScale scale_;
  Instant now_;
  std::uint32_t owner_uid_ = 0;
  std::array<NameEntry, kIdCount> names_;
  std::map<std::uint16_t, std::string> errors_;
};

}  // namespace ringside::tool
