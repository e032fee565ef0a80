// The rings that are followed: those that are named, and those that patterns have found.
//
// One ring is followed once, however often it is named (ring_names.h). A ring that a pattern found
// leaves the set an hour after it is gone, or when its place is needed. Its books stay in
// forgotten().
//
// While the file of a named ring is missing, /proc is searched for it, at first and then every
// kSearchEveryNs: its server may live, and somebody may have removed the name (unnamed_ring.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rings/ring_follower.h"
#include "report/model/snapshot.h"

namespace ringside {

// At most this many rings are followed, the named ones included. (The configuration never names
// more.)
inline constexpr std::size_t kMostRings = 64;
// A ring that a pattern found is forgotten this long after its file is gone and it was read to its
// end. By then no window shows its records.
inline constexpr std::int64_t kForgetAfterNs = 3'600'000'000'000;

// What was noticed of new files since the last pass, by code that can wait for files
// (daemon/host/directory_watch.h).
struct Arrivals {
  std::vector<std::string> appeared;   // paths, once for each time a file was made or moved there
  bool unsure = false;                 // something was missed, so the receiver must look itself
};

class RingSet {
 public:
  struct Options {
    std::vector<std::string> rings;    // names, paths and patterns
    RingOptions each;
    std::map<std::string, FileOwner> owners = {};  // who must own a file; by entry of `rings`
  };

  // Drops the rings that are no longer configured, with their books.
  void reconfigure(Options options);
  // The files whose appearance must be reported. The last component of each may be a pattern.
  std::vector<std::string> wanted_files() const;

  // Looks for new and vanished rings. True when a new one is being read.
  bool check(const Instant& now, const Arrivals& arrivals);

  template <typename Each>
  void for_each(const Each& each) const {
    for (const Followed& one : followed_) each(*one.follower);
  }
  // RingFollower::take_dead() of all.
  std::vector<DeadRing> take_dead();
  const Books& forgotten() const { return forgotten_; }
  // Adds the problems of patterns: one that found nothing, or more rings than can be followed.
  void show_patterns(Snapshot& out) const;

  // Gives the parties of a whole snapshot their labels, each by its own ring.
  void label(Snapshot& out) const;

  void encode(Encoder& out, const Instant& now) const;
  // Takes over the state of the rings that are followed. False when the bytes are not such a state:
  // then nothing is taken, and `why` says the reason.
  bool decode(Decoder& in, const Instant& now, std::int64_t slice_shift, std::string* why);

 private:
  struct Followed {
    std::unique_ptr<RingFollower> follower;
    bool by_pattern = false;
    std::optional<std::int64_t> gone_since_ns;
  };
  struct Pattern {
    std::string name;
    std::string path;
    std::vector<std::string> left_out;   // names beyond kMostRings, as of the last check
    std::uint64_t missed = 0;            // files that came and went before they could be opened
  };

  RingFollower* find(const std::string& path) const;
  bool matched(const std::string& path) const;
  RingOptions options_of(const std::string& path) const;
  std::unique_ptr<RingFollower> make(const RingName& ring) const;
  void follow_all();
  void let_go(Followed& one, const Instant& now) const;
  void find_by_pattern(Pattern& pattern);
  void count_missed(const std::vector<std::string>& appeared);
  bool find_unnamed(const Instant& now);
  bool forget_one();
  template <typename Choose>
  void forget(const Choose& choose);

  Options options_;
  std::vector<Followed> followed_;
  std::vector<Pattern> patterns_;
  Books forgotten_;
  UnnamedSearch unnamed_;
  std::int64_t next_search_ns_ = INT64_MIN;
};

}  // namespace ringside
