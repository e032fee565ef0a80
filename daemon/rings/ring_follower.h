// Follows one ring by name: waits for it, attaches, drains its lanes, notices when its server is restarted,
// crashes or leaves, and reads to the end what that one left before it turns to the next.
//
//   waiting --a ring appears--> live --closed by its server, read to the end--> closed --a new ring--> live
//      |                          |
//      |                          +-----its server died, read to the end-----> crashed --a new ring--> live
//      +--what is there is no ring of ours--> refused, and looked at again
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/rings/drain.h"
#include "daemon/metrics/ring_metrics.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside {

class RingFollower {
 public:
  RingFollower(std::string ring, const RingMetricsOptions& options, bool any_owner);

  const std::string& ring() const { return ring_; }
  void reconfigure(const RingMetricsOptions& options, bool any_owner);

  struct Pass {
    std::uint64_t records = 0;
    std::uint64_t lost = 0;
    double fullest = 0;
  };
  Pass pass(const Instant& now);
  // Drains, settles the books and adds this ring to the snapshot.
  Pass tick(const Instant& now, Snapshot& out);

  bool live() const { return state_ == RingState::live; }
  // The process that created the ring; only while live.
  std::uint32_t pid() const { return facts_.creator_pid; }
  std::uint64_t pid_start_time() const { return facts_.creator_start_time; }
  std::size_t metrics_bytes() const { return metrics_.bytes(); }

  void encode(Encoder& out, const Instant& now);
  void decode(Decoder& in, const Instant& now, std::int64_t slice_shift);

 private:
  struct Lane {
    LaneCursor cursor;
    std::uint32_t torn = 0;                              // found at the end of a dead server
    std::array<std::uint64_t, kIdCount> read_of{};       // believed records, by id
    TotalsCopy totals;                                   // as of the last tick
    std::array<std::uint64_t, kIdCount> settled_lost{};  // by id, when the lane was last found quiet
  };

  void look(const Instant& now);
  void attach(std::unique_ptr<Segment> segment, const SegmentFacts& facts, const Instant& now);
  enum class Resumed { attached, gone, unknown };
  Resumed resume(const Instant& now);
  void finish(RingState state, const Instant& now);
  Pass drain(const Instant& now);
  void refresh_names();
  void read_totals(bool quiet);
  void settle(std::uint32_t index, bool quiet);
  void retire();
  RingMetrics::LivingById living() const;
  Books lane_books(std::uint32_t index) const;
  bool same_instance(const SegmentFacts& facts) const {
    return facts.instance[0] == instance_[0] && facts.instance[1] == instance_[1];
  }

  std::string ring_;
  std::string path_;
  bool any_owner_;
  RingState state_ = RingState::waiting;
  std::string problem_;
  RingMetrics metrics_;

  std::unique_ptr<Segment> segment_;
  SegmentFacts facts_;
  TickScale scale_;
  std::vector<LaneToDrain> to_drain_;          // of one pass
  std::vector<std::unique_ptr<Lane>> lanes_;   // by lane number; null until the lane was used

  // Which ring this is about, also while no segment is open: positions saved by an earlier daemon.
  std::uint64_t instance_[2] = {0, 0};
  std::uint32_t instance_number_ = 0;
  bool finished_ = false;                      // that instance was read to its end
  bool dead_ = false;                          // its processes were found dead
  bool saved_ = false;                         // lanes_ come from the state and still wait for their segment

  std::int64_t next_look_ns_ = 0;
  std::int64_t next_liveness_ns_ = 0;
  std::int64_t born_ns_ = INT64_MIN;           // of the figures "since start", CLOCK_MONOTONIC
  std::int64_t observed_since_ns_ = INT64_MIN;
  std::int64_t observed_before_ns_ = 0;
  std::uint64_t crashes_ = 0;
  Books retired_;                              // of instances that are over
  std::array<std::pair<std::string, std::int64_t>, kMaxGauges> gauge_max_;   // by place in the table
};

}  // namespace ringside
