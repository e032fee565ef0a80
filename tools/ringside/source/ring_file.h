// A ring as the debug tool holds it: opened for reading, with its names, and with a scale that
// turns ticks into wall time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report/model/rings.h"
#include "shm/clock.h"
#include "shm/in_flight.h"
#include "shm/lane_reader.h"
#include "shm/names.h"
#include "shm/segment.h"

namespace ringside::tool {

class RingFile {
 public:
  // Returns null and sets `failure` when the ring can't be read. The tool reads a ring of any
  // owner, as far as the system lets it. owner_uid() says whose ring it is.
  // `writable` is for `ringside control` alone.
  static std::unique_ptr<RingFile> open(const std::string& ring, Failure* failure,
                                        bool writable = false);

  // A ring as it was at some moment, and what was known of it then.
  struct Moment {
    Instant at;  // `ticks` are those of the ring's own clock
    double ticks_per_second = 1e9;
    std::optional<RingState> state;  // nothing: unknown
    std::uint32_t owner_uid = 0;
  };
  // The same for a ring whose bytes are in memory, which the result keeps. `path` names it.
  static std::unique_ptr<RingFile> in_memory(std::unique_ptr<Mapping> memory,
                                             const std::string& path, const Moment& moment,
                                             Failure* failure);

  const Segment& segment() const { return *segment_; }
  const SegmentFacts& facts() const { return facts_; }
  const TickScale& scale() const { return scale_; }
  std::uint32_t owner_uid() const { return owner_uid_; }

  // Live, crashed or closed. Nothing where the server's processes can't be seen, and for a copy of
  // a ring whose server lives: nothing is written into the copy.
  std::optional<RingState> state() const;
  // Whether the file is a copy of a ring, by the name that the server gave to its file.
  bool is_copy() const { return copy_; }
  // "live", "crashed", "closed", "copy", "unknown", or "exec'ed": its process lives on as another
  // program.
  std::string state_word() const;
  // Synchronises the scale with the clock, and reads names that were registered since.
  void refresh();
  // The moment of the last refresh, or of the ring in memory.
  const Instant& now() const { return now_; }
  std::uint64_t now_ticks() const { return scale_.ticks_at(now_); }
  // No record of it can have ended later: the clock as it is at this moment. Of a ring in memory,
  // ten seconds after its own: a recording that is cut off has so much behind its last clock.
  std::uint64_t latest_ticks() const;

  // What readers call an id: its name, or "operation-7". Any number is taken.
  const std::string& operation_name(std::uint16_t id) const { return shown_[id & (kIdCount - 1)]; }
  // Nothing where the id has no name.
  const NameEntry* entry(std::uint16_t id) const;
  std::string error_name(std::uint16_t code) const;  // empty when the code has no name
  const std::map<std::uint16_t, std::string>& errors() const { return errors_; }
  std::string stage_name(std::uint16_t id, std::size_t stage) const;
  std::int64_t wall_ns(std::uint64_t ticks) const;
  std::uint64_t ticks_at_wall(std::int64_t wall_ns) const;

 private:
  RingFile() = default;
  void read_names();

  std::unique_ptr<Mapping> memory_;
  std::unique_ptr<Segment> segment_;
  SegmentFacts facts_;
  TickScale scale_;
  Instant now_;
  std::uint32_t owner_uid_ = 0;
  bool copy_ = false;
  std::optional<Moment> moment_;
  std::array<NameEntry, kIdCount> names_;
  std::array<std::string, kIdCount> shown_;
  std::map<std::uint16_t, std::string> errors_;
};

// In /dev/shm anybody may give a file any name. A message shows the name escaped, so that it cannot
// steer the user's terminal.
void make_harmless(const std::string& path, Failure* failure);

// What the thread that owns the lane, or died with it, has begun and not ended.
InFlight in_flight_of(const Segment& segment, std::uint32_t lane);

}  // namespace ringside::tool
