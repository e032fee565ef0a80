#include "report/analysis/bottlenecks.h"

#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/analysis/shares.h"

namespace ringside::detail {
namespace {

std::string stage_name(const SeriesView& series, std::size_t stage) {
  return series.stage_names[stage].empty() ? "stage " + std::to_string(stage + 1)
                                           : series.stage_names[stage];
}

// The sums of a group of records.
struct Group {
  std::size_t records = 0;
  double total_ns = 0;
  std::array<double, kStages> stages_ns{};

  Group(const std::vector<const RecordView*>& sorted, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      ++records;
      total_ns += static_cast<double>(sorted[i]->duration_ns);
      for (std::size_t s = 0; s < kStages; ++s)
        stages_ns[s] += static_cast<double>(sorted[i]->stages_ns[s]);
    }
  }
  double mean_ns() const { return share_of(total_ns, static_cast<double>(records)); }
};

// Adds a profile if enough records were kept.
void add_profile(const SeriesView& series, Bottlenecks& out) {
  std::vector<const RecordView*> sorted;
  for (const RecordView& record : series.last) {
    if (!record.untimed && record.duration_ns >= 0) sorted.push_back(&record);
  }
  const std::size_t n = sorted.size();
  if (n < kProfileRecords) return;
  std::stable_sort(sorted.begin(), sorted.end(), [](const RecordView* a, const RecordView* b) {
    return a->duration_ns < b->duration_ns;
  });
  const Group median(sorted, n * 2 / 5, n * 3 / 5);
  const Group tail(sorted, n - n / 10, n);
  StageProfile& profile = out.profiles.emplace_back();
  profile.operation = series.name;
  profile.ring = series.ring;
  profile.records = n;
  profile.tail_records = tail.records;
  profile.median_ns = median.mean_ns();
  profile.tail_ns = tail.mean_ns();
  for (std::size_t s = 0; s < kStages; ++s) {
    if (median.stages_ns[s] + tail.stages_ns[s] <= 0) continue;
    profile.stages.push_back({stage_name(series, s), share_of(median.stages_ns[s], median.total_ns),
                              share_of(tail.stages_ns[s], tail.total_ns)});
  }
  std::stable_sort(profile.stages.begin(), profile.stages.end(),
                   [](const auto& a, const auto& b) { return a.tail_share > b.tail_share; });
}

FeltTime felt_of(const SeriesView& series, Window window) {
  const WindowStats& stats = series.window(window);
  FeltTime felt;
  felt.operation = series.name;
  felt.ring = series.ring;
  felt.timed = stats.timed;
  felt.felt_ns = stats.mean_ns();
  for (std::size_t s = 0; s < kStages; ++s) {
    if (series.stage_names[s] != names::kQueue || stats.stages[s].count == 0) continue;
    felt.from_arrival = true;
    felt.waited_ns += share_of(stats.stages[s].sum_ns, stats.timed);
  }
  felt.at_once = stats.rate() * stats.mean_ns() / 1e9;
  return felt;
}

}  // namespace

void find_bottlenecks(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis) {
  Bottlenecks& out = analysis.bottlenecks;
  FeltTime all;
  all.operation = "all";
  double waited_ns = 0;
  for (const TimeShare& time : analysis.operations) {
    const SeriesView* series = find_series(snapshot.operations, time.ring, time.operation);
    add_profile(*series, out);
    const FeltTime& felt = out.felt.emplace_back(felt_of(*series, analysis.window));
    all.from_arrival = all.from_arrival || felt.from_arrival;
    all.at_once += felt.at_once;
    waited_ns += felt.waited_ns * static_cast<double>(felt.timed);
  }
  all.timed = analysis.all.timed;
  all.felt_ns = share_of(analysis.all.sum_ns, analysis.all.timed);
  all.waited_ns = share_of(waited_ns, static_cast<double>(all.timed));
  if (all.timed > 0) out.felt.push_back(all);
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.name == names::kDatabase) out.database_share = stage.share;
  }
  if (history != nullptr) find_load_effects(*history, analysis);
}

}  // namespace ringside::detail
