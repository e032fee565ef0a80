// The life of one ring under its name. It is waited for, and read while its server lives. When the
// server restarts, crashes or leaves, the ring is read to its end, and then the next one under the
// name.
//
//   waiting --a ring appears--> live --closed by its server, read to the end--> closed ---+
//      |                         |                                                          |
//      |                         +------its server died, read to the end-----> crashed --+  |
//      |                                                                                 |  |
//      |                        live <--------------------a new ring---------------------+--+
//      +--what is there is no ring of ours--> refused, and looked at again
//
// A crashed server's ring is moved aside when the server starts again (previous_path()). A ring
// there that has not been read is read first. The same happens to the ring of a server that becomes
// another program by exec. That is a restart and no crash: its process lives, and opens the new
// ring (ring_processes.h).
//
// A living server's ring may lose its name. It is read on. A daemon that starts later finds it
// through /proc, if it may (unnamed_ring.h). If it may not, it says why and waits.
//
//   ring_follower.cpp   this life
//   ring_search.cpp     which ring is read next
//   ring_lanes.h        the lanes, drained and settled (lane_books.h)
//   ring_processes.h    who writes the ring, and who of them died
//   unnamed_ring.h      a ring that has lost its name
//   ring_view.cpp       what the snapshot shows of the ring
//   ring_state.cpp      what is saved of the ring
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/rings/ring_labels.h"
#include "daemon/rings/ring_lanes.h"
#include "daemon/rings/ring_names.h"
#include "daemon/rings/ring_processes.h"
#include "daemon/rings/unnamed_ring.h"
#include "daemon/storage/dead_rings.h"
#include "report/model/pulse.h"
#include "shm/segment.h"

namespace ringside {

using RingInstance = std::array<std::uint64_t, 2>;   // as SegmentFacts::instance

// The number of instances that a follower remembers as read.
inline constexpr std::size_t kMostKnown = 16;
// How often /proc is searched for a ring that has no name and is not read.
inline constexpr std::int64_t kSearchEveryNs = 30'000'000'000;

// How a ring is followed.
struct RingOptions {
  RingMetricsOptions metrics;
  bool any_owner = false;   // accept a file of a user other than us and root
  bool labels = true;       // show what the server calls its users, rooms and addresses
  std::optional<FileOwner> owner = {};  // accept a file of this user alone
};

struct RingProcess {
  std::string ring;
  std::uint32_t pid = 0;
  // Field 22 of /proc/PID/stat, which tells a pid that is used again; 0 when not known.
  std::uint64_t start_time = 0;
};

class RingFollower {
 public:
  RingFollower(RingName ring, const RingOptions& options);

  const std::string& name() const { return ring_.name; }
  const std::string& path() const { return ring_.path; }
  void reconfigure(RingName ring, const RingOptions& options);

  // The follower asks this before it reads a ring: the name under which another follower reads that
  // instance, or empty.
  void ask_reader_of(std::function<std::string(const RingInstance&)> reader_of) {
    reader_of_ = std::move(reader_of);
  }
  // False when a ring is read whose owner is not accepted any more, since reconfigure().
  bool owner_still_accepted() const {
    return segment_ == nullptr || owner_accepted(open_options(), facts_.owner);
  }
  // True when this follower reads the instance, has read it, or is about to.
  bool reads(const RingInstance& instance) const;

  // Looks at the file under the name and at the ring that is read. Attaches to rings and notices
  // their end. `appeared`: how many files were created under the name since the last check, as far
  // as that was noticed. True when a new ring is being read.
  bool check(const Instant& now, std::uint64_t appeared);
  // No ring is read, none is waited for to be readable again, and no file has the name.
  bool missing() const { return gone() && !ring_.path.empty(); }
  // Reads the missing ring if it is one of those files. Where it is, and may not be read, the
  // reason stands as the ring's problem. True when a new ring is being read.
  bool find_among(const std::vector<UnnamedRing>& unnamed, const Instant& now);
  PassResult drain(const Instant& now);
  // Settles the books and adds this ring to the snapshot.
  void tick(const Instant& now, Snapshot& out);
  // RingMetrics::take_minutes(). After tick() or drain() of the same instant.
  void take_minutes(const Instant& now, RingMetrics::TakeMinutes which, HistorySpan& out);
  // What can be told between two ticks, without settling or rolling anything.
  RingPulse pulse(const Instant& now) const;
  // The rings whose servers were found dead since the last call, the first one first.
  std::vector<DeadRing> take_dead() { return std::exchange(dead_rings_, {}); }

  // Since when the ring is read, for its rates.
  RingTimes times(const Instant& now) const;
  // No ring is read, and no file has the name any more.
  bool gone() const { return segment_ == nullptr && !saved_ && absent_; }
  Books books() const;
  // The processes that write the ring. Dead ones may be among them. None where the pids belong to
  // another namespace.
  void add_processes(std::vector<RingProcess>& out) const;
  // Gives a party of this ring its label.
  void label(Party& party) {
    if (options_.labels) labels_.give(segment_.get(), party);
  }
  void labelled_all() { labels_.forget_the_others(); }
  std::size_t metrics_bytes() const { return metrics_.bytes(); }

  void encode(Encoder& out, const Instant& now);
  void decode(Decoder& in, const Instant& now, std::int64_t slice_shift);

 private:
  static bool closed(const Segment& segment);
  // One step of check(). False when nothing more can be done now.
  bool read_on(const Instant& now);
  void look_at_server(std::uint64_t inode);
  bool find_next(const Instant& now);
  bool find_saved(const Instant& now);
  bool find_unnamed(const Instant& now);
  template <typename IsIt>
  std::unique_ptr<Segment> open_unnamed(const UnnamedRing& one, const IsIt& is_it,
                                        SegmentFacts* facts, Failure* failure) const;
  void note_held(const UnnamedRing& one, const Failure& failure);
  void note_lost();
  bool is_saved_ring(const SegmentFacts& facts) const;
  bool find_previous(const Instant& now);
  OpenOptions open_options() const;
  void refuse(const std::string& why);
  void attach(std::unique_ptr<Segment> segment, const SegmentFacts& facts, const Instant& now);
  void note_observed(const Instant& now, bool resumed);
  void finish(RingState state, const Instant& now);
  void count_missed(const Instant& now, std::uint64_t appeared);
  void refresh_names();
  void retire();
  // Whether facts_ are those of instance_. Of a ring that was gone when this daemon started, no
  // more is known than its instance.
  bool facts_known() const { return instance_number_ > 0 && instance_of(facts_) == instance_; }
  std::int64_t created_wall_ns(const Instant& now) const {
    return add_ns(facts_.anchor_monotonic_ns, now.realtime_ns - now.monotonic_ns);
  }
  void show_ring(const Instant& now, Snapshot& out) const;
  void show_lanes(const Instant& now, Snapshot& out) const;
  void show_in_flight(const Segment& segment, const LaneHeader& header, const Instant& now,
                      LaneView& lane) const;
  void show_gauges(Snapshot& out);
  void remember(const RingInstance& instance);
  static RingInstance instance_of(const SegmentFacts& facts) {
    return {facts.instance[0], facts.instance[1]};
  }

  RingName ring_;
  RingOptions options_;
  RingState state_ = RingState::waiting;
  std::string problem_;
  std::string lost_note_;                      // becomes the problem of the next ring
  std::string held_note_;                      // why the ring can't be read that lost its name
  std::string standing_;                       // a problem of the ring that is read, while it lasts
  RingMetrics metrics_;
  std::function<std::string(const RingInstance&)> reader_of_;

  std::unique_ptr<Segment> segment_;
  SegmentFacts facts_;
  TickScale scale_;
  RingLanes lanes_;
  RingLabels labels_;
  RingProcesses processes_;

  // The ring that this follower is about. Set even while no segment is open, by the positions that
  // an earlier daemon saved.
  RingInstance instance_{};
  std::uint64_t inode_ = 0;                    // of its file
  // Instances that were read, or seen under previous_path() and passed over; the latest is last.
  // The ring there is read once, and servers that start may move other rings there at any moment.
  std::vector<RingInstance> known_;
  std::uint32_t instance_number_ = 0;
  bool finished_ = false;                      // that instance was read to its end
  bool dead_ = false;                          // its processes were found dead
  bool saved_ = false;                         // lanes_ come from the state and wait for their ring
  bool absent_ = false;                        // nothing stands under the name

  // Files that appeared under the name and that no check met there: they came and went between two
  // checks.
  std::int64_t unmet_ = 0;
  std::uint64_t inode_met_ = 0;
  std::int64_t met_ns_ = 0;
  std::uint64_t missed_ = 0;

  std::int64_t next_liveness_ns_ = 0;
  std::int64_t next_unnamed_ns_ = INT64_MIN;   // when /proc is searched again for the saved ring
  std::int64_t attached_ns_ = 0;
  bool first_drain_ = true;                    // of this segment by this daemon
  std::uint64_t lost_before_attach_ = 0;
  bool restored_ = false;                      // from a saved state, and not attached since then
  std::uint64_t crashes_ = 0;
  bool crash_counted_ = false;                 // the ring before ended in one
  std::vector<DeadRing> dead_rings_;           // until they are taken
  std::uint64_t restarts_ = 0;
  Books retired_;                              // of instances that are over
  // By position in the table.
  std::array<std::pair<std::string, std::int64_t>, kMaxGauges> gauge_max_;
};

}  // namespace ringside
