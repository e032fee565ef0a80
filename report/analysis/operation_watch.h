// Watches one operation: its median, its p95 and the mean of each stage, and says what changed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "report/analysis/figure_watch.h"
#include "report/model/history.h"
#include "report/model/regressions.h"

namespace ringside {

// What a caller knows of the minute.
struct WatchedMinute {
  FigureLimits certainty;  // least_effect is set for each figure
  double clock_resolution_ns = 0;
  bool learn = true;
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
  bool median_watched() const { return p50_.watched(); }
  // Whether its last median or p95 was above what is allowed for.
  bool suspect() const {
    return (p50_.watched() && p50_.suspect()) || (p95_.watched() && p95_.suspect());
  }
  std::int64_t last_seen() const { return hour_ * 3600; }

  // Of the last hours without a change, older ones at less weight: calls, and their time.
  double past_calls() const { return past_calls_; }
  double past_ns() const { return past_ns_; }

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
  Histogram now_;        // since the last minute in which nothing was above what is allowed for
  double past_calls_ = 0;
  double past_ns_ = 0;
  double hour_calls_ = 0;
  double hour_ns_ = 0;
  std::int64_t hour_ = 0;
  std::optional<RegressionFinding> finding_;
};

// The quantile in nanoseconds; within a bucket the values lie evenly. There must be some.
double smooth_quantile_ns(const Histogram& histogram, double q);

}  // namespace ringside
