// Watches one operation: its median, its p95 and the mean of each stage, and says what changed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "report/analysis/figure_watch.h"
#include "report/analysis/regression_finding.h"
#include "report/model/history.h"

namespace ringside {

// Distances from usual in one minute, by kind of figure: logarithms.
struct MinuteDistances {
  std::vector<double> p50;
  std::vector<double> p95;
  // Of those whose calls are too few in this minute: the point before it.
  std::vector<double> latest_p50;
  std::vector<double> latest_p95;
};
// What a caller knows of the minute.
struct WatchedMinute {
  FigureLimits certainty;  // least_effect is set for each figure
  double clock_resolution_ns = 0;
  bool learn = true;
  double patient_log_run = 0;  // of a p95 and a stage, in place of certainty.log_run
  // The rise that half of the ring's figures of a kind show.
  double common_p50 = 0;
  double common_p95 = 0;
};

class OperationWatch {
 public:
  // Slower calls become usual after a week, another mix after a day.
  static constexpr std::int64_t kAcceptSlowerS = 7 * 86'400;
  static constexpr std::int64_t kAcceptMixS = 86'400;

  // One minute.
  void add(const HistorySeries& series, const HistorySlot& slot, const WatchedMinute& minute);
  // An hour before the first minute, of which only the usual levels are learned.
  void learn_hour(const HistorySlot& hour);
  // A minute that compares with none: an unusual load, or hardly observed.
  void skip();

  // A minute is over, with calls of this operation or without. A finding that was over for `kept_s`
  // is dropped.
  void end_minute(std::int64_t end_wall_s, std::int64_t kept_s);
  // The clock was set back to that time.
  void set_back(std::int64_t wall_s);
  // A rise of less than so many nanoseconds is none.
  void drop_below(double least_ns);

  const KeptFindings& findings() const { return findings_; }
  bool slower() const {
    const RegressionFinding* found = findings_.ongoing();
    return found != nullptr && found->kind == RegressionFinding::Kind::slower;
  }
  std::size_t watched() const;  // figures with enough of a past
  // Adds how far this minute's figures are from usual: those that are watched and have calls
  // enough.
  void distances(const HistorySlot& slot, MinuteDistances& all) const;
  // The hour of the caller's count in which it was seen last.
  std::uint64_t seen_hour() const { return seen_hour_; }
  void saw(std::uint64_t hour) { seen_hour_ = hour; }

  // A call's time, and the calls of an hour, in about a week without a change; 0: not known.
  double typical_ns() const { return typical_ns_; }
  double typical_calls() const { return typical_calls_; }

 private:
  // Minutes put together until there are enough calls for a figure.
  struct Pending {
    Histogram latency;
    std::uint64_t timed = 0;
    std::uint32_t minutes = 0;
    double common = 0;  // sum of what the ring's figures showed in these minutes
  };
  struct PendingStage {
    std::uint64_t count = 0;
    std::uint64_t sum_ns = 0;
    std::uint32_t minutes = 0;
    double common = 0;
  };
  bool add_quantile(FigureWatch& watch, Pending& pending, const HistorySlot& slot, double q,
                    const WatchedMinute& minute);
  bool add_stage(std::size_t stage, const HistorySlot& slot, const WatchedMinute& minute);
  void remember(const HistorySlot& slot, bool learn);
  void learn_typical(double calls, double ns);  // of an hour
  void open(const HistorySeries& series, const HistorySlot& slot);
  bool any_risen();
  void follow(RegressionFinding& found, std::int64_t end_wall_s, bool lost);
  std::size_t suspected_stage(double extra_ns) const;
  template <typename Do>
  void each(Do&& act);

  FigureWatch p50_;
  FigureWatch p95_;
  std::array<FigureWatch, kStages> stages_;
  Pending for_p50_;
  Pending for_p95_;
  std::array<PendingStage, kStages> for_stages_{};
  Histogram past_;       // the last hours without a change, older ones at less weight
  Histogram past_hour_;  // the present hour's minutes of these
  // Since the last minute in which nothing, or not the median, was above what is allowed for.
  Histogram now_;
  bool p50_was_suspect_ = false;
  double typical_ns_ = 0;
  double typical_calls_ = 0;
  double typical_hours_ = 0;  // at most a week
  double hour_calls_ = 0;
  double hour_ns_ = 0;
  std::int64_t hour_ = 0;
  std::uint64_t seen_hour_ = 0;
  KeptFindings findings_;
};

// The quantile in nanoseconds; within a bucket the values lie evenly. There must be some.
double smooth_quantile_ns(const Histogram& histogram, double q);

}  // namespace ringside
