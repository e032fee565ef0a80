// Where the time goes: per operation and stage, against the thresholds, and in the database.
#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

void add_stage(std::vector<StageTime>& stages, const std::string& name, const StageStats& stats) {
  auto at = std::find_if(stages.begin(), stages.end(), [&](const StageTime& stage) { return stage.name == name; });
  if (at == stages.end()) {
    stages.push_back({name, 0, 0, 0, 0});
    at = stages.end() - 1;
  }
  at->count += stats.count;
  at->sum_ns += stats.sum_ns;
  at->max_ns = std::max(at->max_ns, stats.max_ns);
}

// Stages can overlap the operation's end by a rounding of ticks, so what is unmarked never goes below nothing.
void finish_shares(TimeShare& time) {
  std::uint64_t marked = 0;
  for (StageTime& stage : time.stages) {
    stage.share = share_of(stage.sum_ns, time.sum_ns);
    marked += stage.sum_ns;
  }
  time.unmarked = time.sum_ns > marked ? share_of(time.sum_ns - marked, time.sum_ns) : 0;
  time.enough = time.timed >= kMinClaim;
}

std::uint64_t slower_than(const WindowStats& stats, double threshold_ns) {
  const double units = threshold_ns * kUnitsPerNs;
  if (units >= 1.8e19) return 0;
  const int limit = bucket_of(static_cast<LatencyUnits>(units));
  std::uint64_t over = 0;
  for (const Histogram::Bucket& bucket : stats.latency.buckets) {
    if (bucket.index > limit) over += bucket.count;
  }
  // All of the threshold's own bucket counts as within: at most 2.2 % above it.
  return over;
}

void find_database(const Snapshot& snapshot, Analysis& analysis) {
  const SeriesView* transactions = find_series(snapshot.events, names::kDbTransaction);
  const SeriesView* slow = find_series(snapshot.events, names::kSlowQuery);
  DatabaseSummary database;
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.name == names::kDatabase) database.stage_ns = stage.sum_ns;
  }
  bool seen = database.stage_ns > 0;
  if (transactions != nullptr) {
    const WindowStats& stats = transactions->window(analysis.window);
    database.transactions = stats.count();
    database.rollbacks = stats.errors;
    database.rollback_share = share_of(stats.errors, stats.count());
    database.transaction_ns = stats.sum_ns;
    if (stats.seconds > 0) database.busy = static_cast<double>(stats.sum_ns) / 1e9 / stats.seconds;
    seen = seen || stats.count() > 0;
  }
  if (slow != nullptr) {
    const WindowStats& stats = slow->window(analysis.window);
    database.slow_queries = stats.count();
    database.slow_query_ns = stats.sum_ns;
    seen = seen || stats.count() > 0;
  }
  for (const GaugeView& gauge : snapshot.gauges) {
    if (gauge.name != names::kDbTransactions) continue;
    database.at_once_now = database.at_once_now.value_or(0) + gauge.value;
    database.at_once_max = std::max(database.at_once_max.value_or(0), gauge.max);
  }
  if (seen) analysis.database = database;
}

}  // namespace

void find_time(const Snapshot& snapshot, Analysis& analysis) {
  std::uint64_t all_calls = 0;
  analysis.all.operation = "all";
  for (const SeriesView& series : snapshot.operations) {
    const WindowStats& stats = series.window(analysis.window);
    if (stats.timed == 0) continue;
    TimeShare time;
    time.operation = series.name;
    time.timed = stats.timed;
    time.sum_ns = stats.sum_ns;
    for (std::size_t s = 0; s < kStages; ++s) {
      if (stats.stages[s].count == 0) continue;
      const std::string name = series.stage_names[s].empty() ? "stage " + std::to_string(s + 1) : series.stage_names[s];
      add_stage(time.stages, name, stats.stages[s]);
      add_stage(analysis.all.stages, name, stats.stages[s]);
    }
    finish_shares(time);
    analysis.all.timed += stats.timed;
    analysis.all.sum_ns += stats.sum_ns;
    all_calls += stats.timed;

    SlowOperation slow;
    slow.operation = series.name;
    slow.timed = stats.timed;
    slow.threshold_ns = static_cast<double>(snapshot.thresholds.response_of(series.name));
    slow.over = static_cast<double>(stats.max_ns) > slow.threshold_ns ? slower_than(stats, slow.threshold_ns) : 0;
    slow.p95_ns = quantile_ns(stats, 0.95);
    slow.max_ns = stats.max_ns;
    if (slow.over > 0) analysis.slow.push_back(std::move(slow));
    analysis.operations.push_back(std::move(time));
  }
  finish_shares(analysis.all);
  analysis.all.share_of_all = analysis.all.share_of_calls = all_calls > 0 ? 1 : 0;
  for (TimeShare& time : analysis.operations) {
    time.share_of_all = share_of(time.sum_ns, analysis.all.sum_ns);
    time.share_of_calls = share_of(time.timed, all_calls);
  }
  std::stable_sort(analysis.operations.begin(), analysis.operations.end(),
                   [](const TimeShare& a, const TimeShare& b) { return a.sum_ns > b.sum_ns; });
  std::stable_sort(analysis.slow.begin(), analysis.slow.end(), [](const SlowOperation& a, const SlowOperation& b) {
    return share_of(a.over, a.timed) > share_of(b.over, b.timed);
  });
  find_database(snapshot, analysis);
}

}  // namespace ringside::detail
