// Rings of this process. A part that traces uses OwnRing, OwnDaemon and a Reader that checks what
// was written. A part that drains uses DrainedRing, which this process fills and empties.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rings/drain.h"
#include "producer/ringside.hpp"
#include "shm/clock.h"
#include "shm/identity.h"
#include "shm/lane_claim.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"
#include "tools/bench/harness.h"
#include "tools/bench/program.h"
#include "tools/bench/timing.h"

namespace ringside::bench {

// The checksum of one record, over the fields that do not depend on the clock. Checksums are added
// up, so the sum does not depend on the order of the records.
inline std::uint64_t checksum_of(std::uint64_t id, std::uint64_t outcome, std::uint64_t actor,
                                 std::uint64_t subject) {
  std::uint64_t sum = (id << 8 | outcome) * 0x9e3779b97f4a7c15ULL;
  sum = (sum ^ (sum >> 29) ^ actor) * 0xbf58476d1ce4e5b9ULL;
  sum = (sum ^ (sum >> 32) ^ subject) * 0x94d049bb133111ebULL;
  return sum ^ (sum >> 31);
}

// This process's ring. The producer allows one ring in a process's life, which is why each part
// runs in a process of its own.
class OwnRing {
 public:
  // `part` becomes part of the ring's name. Without a ring the object is false, and stderr says
  // why.
  OwnRing(const std::string& part, Setup setup);
  ~OwnRing();
  OwnRing(const OwnRing&) = delete;
  OwnRing& operator=(const OwnRing&) = delete;

  explicit operator bool() const { return started_; }
  const std::string& name() const { return name_; }
  // Switches the sampling of an id: 0 off, 1 every one, n one in n.
  void switch_to(std::uint16_t id, std::uint32_t every) const;

 private:
  std::string name_;
  bool started_ = false;
};

// A whole operation with both of its parties, as the tails time it.
inline void operation_with_parties(int actor) {
  Operation op(chat::SEND_MESSAGE);
  op.actor(ActorKind::user, static_cast<std::uint64_t>(actor));
  op.subject(SubjectKind::room, 7);
  operation_body();
  op.finish(Outcome::ok);
}

// ringsided on a ring, pinned to another processor than the writer. Its files lie in a scratch
// folder.
class OwnDaemon {
 public:
  OwnDaemon(const Settings& settings, const std::string& ring);
  // The CPU time that the daemon used since its start, as a share of one core.
  Figure burned(const std::string& what) const;

 private:
  Scratch scratch_;
  Program program_;
  double begin_;
};

// Reads a ring beside the daemon, as any reader does.
class Reader {
 public:
  explicit Reader(const std::string& ring);
  explicit operator bool() const { return segment_ != nullptr; }

  // Reads the records written since the last call, from every lane.
  void take();
  // All records that were read, and their checksum.
  Work taken(const std::string& name) const { return {name, count_, checksum_}; }
  std::uint64_t lost() const;
  std::uint64_t dropped() const;   // by writers, in the overflow lane
  // What the writers' totals say: the records, and the calls counted without a record. The totals
  // are exact even if a reader was lapped.
  Work totals(const std::string& name) const;

 private:
  std::unique_ptr<Segment> segment_;
  std::vector<LaneCursor> cursors_;
  std::uint64_t count_ = 0;
  std::uint64_t checksum_ = 0;
};

// A ring without a server. This program fills its lanes and drains the records into all of the
// daemon's metrics.
class DrainedRing {
 public:
  static constexpr std::uint32_t kCapacity = 4096;

  // `part` becomes part of the ring's name. Without a ring the object is false, and stderr says
  // why. `baseline_s` is how long the clock is measured first. A daemon that has been attached for
  // a while has measured it too.
  DrainedRing(const std::string& part, std::uint32_t lane_count, double baseline_s);
  ~DrainedRing();
  DrainedRing(const DrainedRing&) = delete;
  DrainedRing& operator=(const DrainedRing&) = delete;
  explicit operator bool() const { return segment_ != nullptr; }

  // Writes that many records into each lane. Their ends interleave over the lanes, as the ends of
  // real threads do.
  void fill(std::uint64_t records_a_lane);
  // Tells the metrics the time, as a tick of the daemon does. Call it once after each fill().
  void set_time();
  // Drains the lanes. Returns the number of records.
  std::uint64_t drain();
  std::size_t metrics_bytes() const { return metrics_.bytes(); }

 private:
  ProcessIdentity self_ = self_identity();
  ProcessPlace place_;
  std::unique_ptr<Segment> segment_;
  std::vector<LaneWriter> writers_;
  TickScale scale_;
  std::vector<Record> records_;   // written in turn, over and over
  std::uint64_t next_ = 0;
  RingMetrics metrics_{{100, 20}};
  std::vector<LaneCursor> cursors_;
  RingMetrics::Counts read_of_{};
  std::vector<LaneToDrain> lanes_;
};

}  // namespace ringside::bench
