// A new ring that is what an old one was: its lanes, names, labels, gauges, switches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shm/identity.h"
#include "shm/lane_claim.h"
#include "shm/segment.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// From the ticks of one ring to those of another: all times are moved by one constant. Where the
// clocks differ, spans are converted as well.
class TickShift {
 public:
  TickShift() = default;
  // `from` becomes `to`. `ratio` is how many new ticks an old one is; 1: the clocks are the same.
  TickShift(std::uint64_t from, std::uint64_t to, double ratio)
      : from_(from), to_(to), ratio_(ratio) {}
  std::uint64_t at(std::uint64_t ticks) const;
  std::int64_t span(std::int64_t ticks) const;
  RecordWords words(const Record& record) const;

 private:
  std::uint64_t from_ = 0, to_ = 0;
  double ratio_ = 1;
};

class ReplayedRing {
 public:
  // Null, and `failure` set, when the ring cannot be had, or when anything has its name: a dead
  // ring is somebody's evidence. `from` must live as long.
  static std::unique_ptr<ReplayedRing> create(const RingFile& from, const std::string& name,
                                              Failure* failure);
  ~ReplayedRing();
  ReplayedRing(const ReplayedRing&) = delete;
  ReplayedRing& operator=(const ReplayedRing&) = delete;

  // Writes a record into the lane of the same number. False, and `failure` set, when the lane has
  // no memory.
  bool write(std::uint32_t lane, const RecordWords& record, Failure* failure);
  // What is no record: calls that were only counted, records that threads left half-written, and
  // what each thread had begun.
  bool finish(const TickShift& shift, Failure* failure);
  // Ends like the old ring did: as the ring of a server that died, or of one that has left. Its
  // name stays.
  void leave(bool crashed);

  ClockKind clock() const { return clock_; }
  double ticks_per_second() const { return ticks_per_second_; }
  const std::string& path() const { return segment_->path(); }
  // Warnings of its creation; empty without any.
  const std::string& remarks() const { return remarks_; }

 private:
  explicit ReplayedRing(const RingFile& from) : from_(from) {}
  void copy_tables();
  void copy_counters();
  void copy_gauges();
  LaneWriter* writer(std::uint32_t lane, Failure* failure);

  const RingFile& from_;
  const ProcessIdentity self_ = self_identity();
  std::unique_ptr<Segment> segment_;
  ProcessPlace place_;
  std::string remarks_;
  std::vector<LaneWriter> writers_;  // by lane; without slots: not claimed
  ClockKind clock_ = ClockKind::monotonic;
  double ticks_per_second_ = 1e9;
  bool left_ = false;
};

}  // namespace ringside::tool
