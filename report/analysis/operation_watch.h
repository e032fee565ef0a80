// Watches one operation: its median, its p95 and the mean of each stage, and says what changed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis/figure_watch.h"
#include "report/model/history.h"
#include "report/model/regressions.h"

namespace ringside {

// Distances from usual in one minute, by kind of figure: logarithms.
struct MinuteDistances {
  std::vector<double> p50;
  std::vector<double> p95;
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

// A change of an operation, or of all operations of a ring (`operation` empty: their mix).
struct RegressionFinding {
  using Kind = RegressionView::Kind;
  std::string ring;
  std::string operation;
  std::string stage;   // where the time went; empty: all of the operation, or not one stage
  std::string figure;  // "p50", "p95" or "mean"; of the stage if `of_stage`
  bool of_stage = false;
  Kind kind = Kind::slower;
  std::int64_t since_wall_s = 0;  // as well as it can be told
  std::int64_t found_wall_s = 0;  // the end of the minute that showed it
  std::int64_t ended_wall_s = 0;  // 0: it is ongoing
  bool accepted = false;          // it lasted so long that it is usual now; ended_wall_s is set
  double effect_percent = 0;
  double before_ns = 0;
  double now_ns = 0;
  // Of a mix shift within an operation: calls longer than this are the slow kind, and their share.
  double boundary_ns = 0;
  double slow_before = 0;
  double slow_now = 0;

  bool ongoing() const { return ended_wall_s == 0; }
  // One line: from what to what, since when.
  std::string text() const;
};

class OperationWatch {
 public:
  // Slower calls become usual after a week, another mix after a day.
  static constexpr std::int64_t kAcceptSlowerS = 7 * 86'400;
  static constexpr std::int64_t kAcceptMixS = 86'400;

  // One minute. Returns whether the finding changed.
  bool add(const HistorySeries& series, const HistorySlot& slot, const WatchedMinute& minute);
  // An hour before the first minute, of which only the usual levels are learned.
  void learn_hour(const HistorySlot& hour);
  // A minute that compares with none: an unusual load, or hardly observed.
  void skip();

  // The latest finding, ongoing or over.
  const std::optional<RegressionFinding>& finding() const { return finding_; }
  void drop_finding() { finding_.reset(); }
  bool slower() const {
    return finding_ && finding_->ongoing() && finding_->kind == RegressionFinding::Kind::slower;
  }
  std::size_t watched() const;  // figures with enough of a past
  // Adds how far this minute's figures are from usual: those that are watched and have calls
  // enough.
  void distances(const HistorySlot& slot, MinuteDistances& all) const;
  std::int64_t last_seen() const { return hour_ * 3600; }

  // A call's time, and the calls of an hour, in about a week without a change; 0: not known.
  double typical_ns() const { return typical_ns_; }
  double typical_calls() const { return typical_calls_; }

 private:
  // Minutes put together until there are enough calls for a figure.
  struct Pending {
    Histogram latency;
    std::uint64_t timed = 0;
    std::uint32_t minutes = 0;
  };
  struct PendingStage {
    std::uint64_t count = 0;
    std::uint64_t sum_ns = 0;
    std::uint32_t minutes = 0;
  };
  bool add_quantile(FigureWatch& watch, Pending& pending, const HistorySlot& slot, double q,
                    const WatchedMinute& minute);
  bool add_stage(std::size_t stage, const HistorySlot& slot, const WatchedMinute& minute);
  void remember(const HistorySlot& slot, bool learn);
  void learn_typical(double calls, double ns);  // of an hour
  void open(const HistorySeries& series, const HistorySlot& slot);
  bool follow(std::int64_t end_wall_s);
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
  std::optional<RegressionFinding> finding_;
};

// The quantile in nanoseconds; within a bucket the values lie evenly. There must be some.
double smooth_quantile_ns(const Histogram& histogram, double q);

}  // namespace ringside
