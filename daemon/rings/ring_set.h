// The rings that are followed: those that are named, and those that a pattern has found.
//
// One ring is followed once, however often it is named (ring_names.h). A ring that a pattern has
// found leaves the set an hour after it is gone, or when its place is needed; its books stay in
// forgotten().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rings/ring_follower.h"
#include "report/model/snapshot.h"

namespace ringside {

// At most so many rings are followed, those that are named included. (Of those that are named there
// are never more.)
inline constexpr std::size_t kMostRings = 64;
// A ring that a pattern has found is forgotten this long after its file is gone and it was read to
// its end; no window shows its records any more by then.
inline constexpr std::int64_t kForgetAfterNs = 3'600'000'000'000;

// What somebody who can wait for files has noticed since the last pass
// (daemon/host/directory_watch.h).
struct Arrivals {
  std::vector<std::string> appeared;   // paths, each time that a file was made or moved there
  bool unsure = false;                 // something was missed: look for yourself
};

class RingSet {
 public:
  struct Options {
    std::vector<std::string> rings;    // names, paths and patterns
    RingMetricsOptions metrics;
    bool any_owner = false;
  };

  // Rings that are no longer meant are dropped, with their books.
  void reconfigure(Options options);
  // The files whose appearance should be told. The last component of each may be a pattern.
  std::vector<std::string> wanted_files() const;

  // Looks for new and vanished rings. True when one is read that was not read before.
  bool check(const Instant& now, const Arrivals& arrivals);

  template <typename Each>
  void for_each(const Each& each) const {
    for (const Followed& one : followed_) each(*one.follower);
  }
  const Books& forgotten() const { return forgotten_; }
  // Adds what is to be said about patterns: one that found nothing, or more than can be followed.
  void show_patterns(Snapshot& out) const;

  void encode(Encoder& out, const Instant& now) const;
  // Takes over what is followed. False, and nothing taken, when the bytes are not such a state;
  // `why` says it then.
  bool decode(Decoder& in, const Instant& now, std::int64_t slice_shift, std::int64_t saved_ns,
              std::string* why);

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
  std::unique_ptr<RingFollower> make(const RingName& ring) const;
  void follow_all();
  void find_by_pattern(Pattern& pattern);
  void count_missed(const std::vector<std::string>& appeared);
  bool forget_one();
  template <typename Choose>
  void forget(const Choose& choose);

  Options options_;
  std::vector<Followed> followed_;
  std::vector<Pattern> patterns_;
  Books forgotten_;
};

}  // namespace ringside
