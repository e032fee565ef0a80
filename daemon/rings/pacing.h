// How long the drain sleeps between two passes.
//
// The lane that fills fastest decides. The pause aims at a quarter of its capacity, so a writer has
// to become four times as fast within one pause before anything is lost. Slow writers get a pass
// every 20 ms. A writer that starts at full speed is still read in full if it fills less than a
// lane in that time (4096 records: 200,000 a second and thread). When nothing at all was written
// for two seconds the pause is 50 ms, because then the waking itself is the cost: about 30 µs each
// on a virtual machine. At 20 ms that alone would use up what an idle daemon may take (0.2 % of a
// core). A new ring makes the pause begin at its shortest again.
//
// The shortest pause is for a thread that does nothing but trace: 17 million records a second fill
// a lane in 0.24 ms. With 200 us it lost 8 to 12 %, with 50 us 1.6 to 2.1 % (three runs each in
// turns, one thread, two virtual processors of an EPYC).
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringside {

inline constexpr std::int64_t kShortestPauseNs = 50'000;
inline constexpr std::int64_t kLongestPauseNs = 20'000'000;
inline constexpr std::int64_t kRestPauseNs = 50'000'000;
inline constexpr std::int64_t kRestAfterNs = 2'000'000'000;
inline constexpr double kTargetFill = 0.25;

class Pacing {
 public:
  // A server has just begun to write. Bursts often follow a start, and nobody knows yet how fast
  // this server is.
  void begin_anew() {
    pause_ns_ = kShortestPauseNs;
    quiet_ns_ = 0;
  }

  // `fullest`: how much of the fullest lane was written during the `since_ns` before this pass, 1
  // for all of it or more. Returns the pause before the next pass.
  std::int64_t next_pause_ns(double fullest, std::int64_t since_ns) {
    quiet_ns_ = fullest > 0 ? 0 : quiet_ns_ + since_ns;
    const std::int64_t longest_ns = quiet_ns_ >= kRestAfterNs ? kRestPauseNs : kLongestPauseNs;
    // The pause shortens at once and grows at most twofold, because bursts come again.
    double pause_ns = 2 * static_cast<double>(pause_ns_);
    if (fullest > 0)
      pause_ns = std::min(pause_ns, static_cast<double>(since_ns) * kTargetFill / fullest);
    pause_ns_ = static_cast<std::int64_t>(std::clamp(
        pause_ns, static_cast<double>(kShortestPauseNs), static_cast<double>(longest_ns)));
    return pause_ns_;
  }

 private:
  std::int64_t pause_ns_ = kShortestPauseNs;
  std::int64_t quiet_ns_ = 0;
};

}  // namespace ringside
