// Watches one figure of one operation (its median, its p95, the mean of a stage) for a rise.
//
// Two detectors of different kind must agree:
//   e-detector  evidence gathered from point to point, with a bound on false alarms (e_detector.h)
//   windows     the median of the last 2, 3, 6, 12, 24 or 48 points lies above what is usual by the
//               least effect (of two points: by half) and by so many deviations of such a median;
//               and three quarters of the points (of two or three: all) are above half of that. A
//               few large points do not do.
// Usual is a little less while the last hour's points were a little lower: by as much as the level
// wanders, at most. A rise on such a day is found as soon as on another.
// A rise ends when the median of the last 8 points is back below half of it. It is lost sight of
// when there are no more points (end_minute()).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "report/analysis/e_detector.h"
#include "report/analysis/usual.h"

namespace ringside {

struct FigureLimits {
  double least_effect = 0;       // logarithm; ln 1.1 for 10 %
  double log_run = 0;            // of the points that go by, on average, before a false alarm
  double least_deviations = 0;   // of a window's median
  std::size_t least_window = 2;  // points
  // The rise that half of the ring's figures of this kind show in the point's minutes: a logarithm.
  double common = 0;
  // Whether the level is one to compare with. false: beside a pinned baseline. Then noise and
  // wander are learned alone, and wander until it is known: what creeps must not become usual.
  bool levels = true;
  double drift = 0;  // what the ring's figures have in common, to be taken off (common_drift.h)
};

class FigureWatch {
 public:
  enum class Change : std::uint8_t { none, rose, ended };

  // A point: `level` is the logarithm of nanoseconds, `calls` how many it is made of. `learn`: as
  // far as the caller knows, nothing unusual went on.
  Change add(std::int64_t wall_s, double level, std::uint64_t calls, const FigureLimits& limits,
             bool learn);
  // The level of an hour before the first point.
  void learn_hour(std::int64_t wall_s, double level) { usual_.learn_hour(wall_s, level); }
  // Nothing is known of the time since the last point.
  void interrupt() { usual_.interrupt(); }
  // A minute is over, with a point or without. Returns whether a rise is lost sight of: no point
  // for four hours, and for half as long again as the longest time without one in the last weeks.
  bool end_minute();
  // Minutes that are over since the last point.
  std::uint32_t silent_minutes() const { return silent_; }
  // The clock was set back to that time, so what was later is now.
  void set_back(std::int64_t wall_s);

  // Whether enough of the past is known to judge.
  bool watched() const { return watched_; }
  bool risen() const { return risen_; }
  // How far that level is from usual; nothing while that is not known.
  std::optional<double> distance(std::int64_t wall_s, double level) const;
  // The last point's distance from usual, without the drift; nothing if it is older than
  // `most_minutes`.
  std::optional<double> latest(std::uint32_t most_minutes) const;
  // Whether the last point was above what is allowed for.
  bool suspect() const { return suspect_; }
  // The rise in the window that showed it, or since then: a logarithm.
  double effect() const { return effect_; }
  // What would be usual now, with the drift; 0: not known.
  double usual_level() const { return usual_level_; }
  // The median of the last `points` distances from usual, 0 without any.
  double recent(std::size_t points) const;
  // When the rise began, as well as the e-detector can tell.
  std::int64_t since_wall_s() const { return since_; }
  // Takes the present level as usual from now on.
  void accept();
  // A rise is not one of this figure: forget the evidence.
  void forget();

 private:
  struct Point {
    float residual = 0;
    float raw = 0;     // the same without the drift
    float common = 0;  // what the ring's figures showed
    float noise = 0;
    float minutes = 0;  // since the point before
  };
  struct Window {
    double median = 0;
    double noise = 0;       // of a point
    std::size_t above = 0;  // half of the median
    bool shared = false;    // by the ring's other figures, for too short a time
    bool of_drift = false;  // it stands above a drift downwards alone
  };
  Window window_of(std::size_t points) const;
  bool windows_agree(std::int64_t wall_s, double level, const FigureLimits& limits);
  void gather(std::int64_t wall_s, double z);
  void end_silence();

  Usual usual_;
  EDetector evidence_;
  std::deque<Point> points_;  // at most 48
  std::size_t risen_points_ = 0;
  double log_sum_ = 0;  // of the small bet since it was last without evidence
  std::int64_t since_ = 0;
  double effect_ = 0;
  double usual_level_ = 0;
  double lower_ = 0;  // how far the last hour's points were from usual
  std::int64_t hour_ = -1;
  std::uint32_t silent_ = 0;
  float longest_silence_ = -1;  // minutes, of the last weeks; below 0: no point yet
  bool watched_ = false;
  bool risen_ = false;
  bool suspect_ = false;
};

}  // namespace ringside
