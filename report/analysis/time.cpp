// Where the time goes: per operation and stage, and against the thresholds.
#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/analysis/shares.h"

namespace ringside::detail {
namespace {

void add_stage(std::vector<StageTime>& stages, const std::string& name, const StageStats& stats) {
  auto at = std::find_if(stages.begin(), stages.end(),
                         [&](const StageTime& stage) { return stage.name == name; });
  if (at == stages.end()) {
    at = stages.emplace(stages.end());
    at->name = name;
  }
  at->count += stats.count;
  at->sum_ns += stats.sum_ns;
  at->max_ns = std::max(at->max_ns, stats.max_ns);
}

// A rounding of ticks can make the stages longer than their operation. The unmarked time is never
// negative.
void finish_shares(TimeShare& time) {
  std::uint64_t marked = 0;
  for (StageTime& stage : time.stages) {
    stage.share = share_of(stage.sum_ns, time.sum_ns);
    marked += stage.sum_ns;
  }
  std::stable_sort(time.stages.begin(), time.stages.end(),
                   [](const StageTime& a, const StageTime& b) { return a.sum_ns > b.sum_ns; });
  time.unmarked = share_of(time.sum_ns - std::min(marked, time.sum_ns), time.sum_ns);
  time.enough = time.timed >= kMinClaim;
}

// The whole bucket of the threshold counts as within. That is at most 2.2 % above the threshold.
// Nothing that was stored is above 2^63 units.
std::uint64_t slower_than(const WindowStats& stats, double threshold_ns) {
  const double units = std::min(threshold_ns * kUnitsPerNs, 0x1p63);
  const int limit = bucket_of(static_cast<LatencyUnits>(units));
  std::uint64_t over = 0;
  for (const Histogram::Bucket& bucket : stats.latency.buckets) {
    if (bucket.index > limit) over += bucket.count;
  }
  return over;
}

void find_slow(const Snapshot& snapshot, const SeriesView& series, Analysis& analysis) {
  const WindowStats& stats = series.window(analysis.window);
  SlowOperation slow;
  slow.operation = series.name;
  slow.ring = series.ring;
  slow.timed = stats.timed;
  slow.threshold_ns =
      static_cast<double>(snapshot.thresholds.response_of(series.name, series.declared));
  if (slow.threshold_ns <= 0) return;
  slow.over = slower_than(stats, slow.threshold_ns);
  slow.p95_ns = quantile_ns(stats, 0.95);
  slow.max_ns = stats.max_ns;
  if (slow.over > 0) analysis.slow.push_back(std::move(slow));
}

}  // namespace

void find_time(const Snapshot& snapshot, Analysis& analysis) {
  analysis.all.operation = "all";
  for (const SeriesView& series : snapshot.operations) {
    const WindowStats& stats = series.window(analysis.window);
    if (stats.timed == 0) continue;
    find_slow(snapshot, series, analysis);
    // Its time is its client's: it says nothing of where the server's time goes.
    if (series.declared.waits_for_client) {
      ++analysis.waiting;
      continue;
    }
    TimeShare& time = analysis.operations.emplace_back();
    time.operation = series.name;
    time.ring = series.ring;
    time.timed = stats.timed;
    time.sum_ns = stats.sum_ns;
    for (std::size_t s = 0; s < kStages; ++s) {
      if (stats.stages[s].count == 0) continue;
      const std::string name =
          series.stage_names[s].empty() ? "stage " + std::to_string(s + 1) : series.stage_names[s];
      add_stage(time.stages, name, stats.stages[s]);
      add_stage(analysis.all.stages, name, stats.stages[s]);
    }
    finish_shares(time);
    analysis.all.timed += stats.timed;
    analysis.all.sum_ns += stats.sum_ns;
  }
  finish_shares(analysis.all);
  analysis.all.share_of_all = analysis.all.share_of_calls = analysis.all.timed > 0 ? 1 : 0;
  for (TimeShare& time : analysis.operations) {
    time.share_of_all = share_of(time.sum_ns, analysis.all.sum_ns);
    time.share_of_calls = share_of(time.timed, analysis.all.timed);
  }
  std::stable_sort(analysis.operations.begin(), analysis.operations.end(),
                   [](const TimeShare& a, const TimeShare& b) { return a.sum_ns > b.sum_ns; });
  std::stable_sort(analysis.slow.begin(), analysis.slow.end(),
                   [](const SlowOperation& a, const SlowOperation& b) {
                     return share_of(a.over, a.timed) > share_of(b.over, b.timed);
                   });
}

}  // namespace ringside::detail
