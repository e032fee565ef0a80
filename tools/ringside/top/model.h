// What `ringside top` knows of a ring: the last minute, rolling. No terminal, no clock and no ring:
// records and the time come from outside, so a test or a recording can set both.
//
// Time is cut into slices of 250 ms. A window is the slice being filled and as many before it as
// the window holds, so "10 s" covers 10 s and at most one slice more. Rates are divided by what was
// covered. Counts, sums and histograms of a window are exact. Who acted is an estimate beyond 1,024
// parties, or beyond 20,000 records a minute (daemon/metrics/parties.h, sampler.h), and says so.
//
//   slices   | 238 | 239 | 240 | 241 |  being filled
//            '---- window 1 s -------'--------'
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/metrics/parties.h"
#include "daemon/metrics/sampler.h"
#include "daemon/metrics/slices.h"
#include "report/model/windows.h"
#include "shm/clock.h"
#include "tools/ringside/source/records.h"

namespace ringside::tool::top {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kSlicePartNs = kSecondNs / 4;
inline constexpr std::size_t kKeptSlices = 241;  // a minute, and the one being filled
inline constexpr std::size_t kRecentCalls = 100;
inline constexpr std::size_t kWorstCalls = 10;
inline constexpr std::int64_t kWindowsS[] = {1, 10, 60};

// One kind of failure or refusal.
struct ErrorKey {
  std::uint16_t operation = 0;
  std::uint16_t code = 0;
  std::uint8_t outcome = 0;
  std::uint64_t packed() const {
    return std::uint64_t{operation} | std::uint64_t{code} << 16 | std::uint64_t{outcome} << 32;
  }
  static ErrorKey of(std::uint64_t packed) {
    return {static_cast<std::uint16_t>(packed), static_cast<std::uint16_t>(packed >> 16),
            static_cast<std::uint8_t>(packed >> 32)};
  }
};

struct ErrorCount {
  ErrorKey key;
  std::uint64_t count = 0;
  Seen last;
};

struct LaneCounts {
  std::uint64_t read = 0;    // of any kind
  std::uint64_t missed = 0;  // between the first and the last one that was read: lost or damaged
  double rate = 0;           // of those that matched, over the window
};

class Model {
 public:
  Model();

  // Takes the next records of a source. `shown` says whether a record passed the filter; the others
  // count as read of their lane alone. What ends after `now_ns` (CLOCK_MONOTONIC, as the scale
  // gives it) counts as now. What comes late counts in the slice being filled.
  template <typename Shown>
  void add(const std::vector<Seen>& records, std::int64_t now_ns, const TickScale& scale,
           const Shown& shown) {
    limit_ns_ = now_ns;
    set_rate(scale);
    for (const Seen& seen : records) {
      count_lane(seen);
      if (shown(seen)) count(seen, scale);
    }
  }
  // Time goes on. It never goes back.
  void advance(std::int64_t now_ns, const TickScale& scale);
  // Before that, records are missing. Windows begin with its slice, and rates are divided by what
  // came after.
  void observed_since(std::int64_t ns) { observed_ns_ = ns; }
  bool begun() const { return slice_ != kNever; }
  std::int64_t now_ns() const { return now_ns_; }

  // How much of a window was observed.
  double seconds(std::int64_t window_s) const;
  bool has(std::uint16_t id) const { return id < series_.size() && series_[id] != nullptr; }
  WindowStats window(std::uint16_t id, std::int64_t window_s, const TickScale& scale) const;
  // Records a second in each of the last `points` seconds, the oldest first; of all ids where
  // `id` is kIdCount.
  std::vector<double> trend(std::uint16_t id, std::size_t points) const;
  // The latest calls, the latest first, and the longest ones of the window, the longest first.
  std::vector<Seen> recent(std::uint16_t id) const;
  std::vector<Seen> worst(std::uint16_t id, std::int64_t window_s) const;
  std::uint64_t total(std::uint16_t id) const;  // since the model began

  std::size_t lanes() const { return lanes_.size(); }
  LaneCounts lane(std::uint32_t lane, std::int64_t window_s) const;

  // The most frequent first.
  std::vector<ErrorCount> errors(std::int64_t window_s) const;
  // Failures and refusals of the window that are not among errors(): too many kinds.
  std::uint64_t other_errors(std::int64_t window_s) const;

  // Those with the most time, or with the most failures, since actors_since_ns(): the last one to
  // two minutes.
  std::vector<PartyTable::Row> actors(PartyTable::By by, std::size_t most) const;
  std::int64_t actors_since_ns() const;

 private:
  static constexpr std::int64_t kNever = INT64_MIN;
  static constexpr std::size_t kErrorKinds = 64;  // told apart in one slice
  static constexpr std::size_t kLastErrors = 1024;

  struct Kept {
    std::int64_t number = kNever;
    StoredSlice stats;
    std::vector<Seen> worst;
  };
  struct Series {
    DenseSlice current;
    std::vector<Seen> worst;  // of the slice being filled; a heap with the shortest in front
    std::array<Kept, kKeptSlices> kept;
    std::vector<Seen> recent;
    std::size_t next_recent = 0;
    std::uint64_t total = 0;
  };
  struct Lane {
    std::uint64_t first = 0, highest = 0, read = 0;
    std::array<std::uint32_t, kKeptSlices> counts{};
  };
  struct ErrorSlice {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> counts;  // packed key, count
    std::uint64_t others = 0;
  };

  static std::size_t place(std::int64_t slice) {
    const auto n = static_cast<std::int64_t>(kKeptSlices);
    return static_cast<std::size_t>((slice % n + n) % n);
  }
  // The first slice of a window. What was not observed whole is in none.
  std::int64_t first_of(std::int64_t window_s) const;
  void set_rate(const TickScale& scale);
  void count_lane(const Seen& seen);
  void count(const Seen& seen, const TickScale& scale);
  void count_error(const Seen& seen);
  void count_actor(const Record& record);
  void roll(std::int64_t ns, const TickScale& scale);

  std::vector<std::unique_ptr<Series>> series_;
  std::vector<Lane> lanes_;
  std::array<ErrorSlice, kKeptSlices> errors_;
  std::unordered_map<std::uint64_t, Seen> last_errors_;
  PartyTable actors_, former_actors_;
  Sampler sampler_;  // of the records that went well; restarted with each minute
  std::int64_t actors_since_ns_ = kNever, former_since_ns_ = kNever;
  UnitScale units_;
  double ns_per_tick_ = 1;
  std::int64_t slice_ = kNever;  // being filled
  std::uint64_t slice_end_ticks_ = 0;
  std::int64_t now_ns_ = 0;
  std::int64_t limit_ns_ = INT64_MAX;
  std::int64_t observed_ns_ = kNever;
};

}  // namespace ringside::tool::top
