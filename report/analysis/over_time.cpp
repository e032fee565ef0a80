#include "report/analysis/over_time.h"

#include <algorithm>
#include <map>

namespace ringside {
namespace {

constexpr std::int64_t kMinute = 60;

std::uint64_t count_of_outcomes(const HistorySlot& slot, bool (*is)(RecordOutcome)) {
  std::uint64_t count = 0;
  for (std::size_t o = 0; o < kOutcomes; ++o) {
    if (is(static_cast<RecordOutcome>(o))) count += slot.outcomes[o];
  }
  return count;
}

// Collects slots into steps of equal length.
class Points {
 public:
  Points(const HistorySpan& span, std::int64_t longest_slot, std::size_t most)
      : begin_(span.begin_wall_s - span.begin_wall_s % longest_slot) {
    const std::int64_t length = std::max<std::int64_t>(span.end_wall_s - begin_, 0);
    const auto limit = static_cast<std::int64_t>(std::max<std::size_t>(most, 1));
    const std::int64_t least = (length + limit - 1) / limit;
    step_ = std::max((least + longest_slot - 1) / longest_slot, std::int64_t{1}) * longest_slot;
    points_.resize(static_cast<std::size_t>((length + step_ - 1) / step_));
    for (std::size_t i = 0; i < points_.size(); ++i) {
      points_[i].begin_wall_s = begin_ + static_cast<std::int64_t>(i) * step_;
      points_[i].seconds = step_;
    }
  }

  void add(const HistorySlot& slot, bool with_times) {
    const std::int64_t at = (slot.begin_wall_s - begin_) / step_;
    if (slot.begin_wall_s < begin_ || at >= static_cast<std::int64_t>(points_.size())) return;
    TimePoint& point = points_[static_cast<std::size_t>(at)];
    double& observed = observed_[slot.begin_wall_s];
    if (slot.observed_seconds > observed) {
      point.observed_seconds += slot.observed_seconds - observed;
      observed = slot.observed_seconds;
    }
    point.count += slot.count();
    point.errors += count_of_outcomes(slot, is_failure);
    point.refused += count_of_outcomes(slot, is_refusal);
    if (!with_times || slot.timed == 0) return;
    point.min_ns = point.timed == 0 ? slot.min_ns : std::min(point.min_ns, slot.min_ns);
    point.timed += slot.timed;
    point.sum_ns += slot.sum_ns;
    point.max_ns = std::max(point.max_ns, slot.max_ns);
    point.latency.merge(slot.latency);
  }

  std::vector<TimePoint> take() { return std::move(points_); }

 private:
  std::int64_t begin_;
  std::int64_t step_ = kMinute;
  std::vector<TimePoint> points_;
  std::map<std::int64_t, double> observed_;  // by the slot's begin: of several series the most
};

std::int64_t longest_slot(const HistorySpan& span) {
  std::int64_t longest = kMinute;
  for (const HistorySeries& series : span.series) {
    for (const HistorySlot& slot : series.slots)
      longest = std::max<std::int64_t>(longest, slot.seconds);
  }
  return longest;
}

}  // namespace

double TimePoint::quantile_ns(double q) const {
  if (timed == 0) return 0;
  return std::clamp(latency.quantile_seconds(q) * 1e9, static_cast<double>(min_ns),
                    static_cast<double>(max_ns));
}

std::vector<TimePoint> points_over_time(const HistorySpan& span, std::string_view ring,
                                        std::string_view operation, std::size_t most) {
  Points points(span, longest_slot(span), most);
  for (const HistorySeries& series : span.series) {
    if (series.event || (!ring.empty() && series.ring != ring)) continue;
    if (!operation.empty() && series.name != operation) continue;
    const bool with_times = !operation.empty() || !series.waits_for_client;
    for (const HistorySlot& slot : series.slots) points.add(slot, with_times);
  }
  return points.take();
}

std::vector<TimePoint> points_of(const HistorySpan& span, const HistorySeries& series,
                                 std::size_t most) {
  Points points(span, longest_slot(span), most);
  for (const HistorySlot& slot : series.slots) points.add(slot, true);
  return points.take();
}

}  // namespace ringside
