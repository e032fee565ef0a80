// What each server says about its database: the stage of its operations, transactions, slow
// queries, a gauge.
#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/analysis/shares.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

std::uint64_t database_stage_ns(const Snapshot& snapshot, const std::string& ring, Window window) {
  std::uint64_t sum_ns = 0;
  for (const SeriesView& series : snapshot.operations) {
    if (series.ring != ring) continue;
    for (std::size_t s = 0; s < kStages; ++s) {
      if (series.stage_names[s] == names::kDatabase)
        sum_ns += series.window(window).stages[s].sum_ns;
    }
  }
  return sum_ns;
}

// The rings that have a series, in the order of the rings and then of the series.
std::vector<std::string> rings_of(const Snapshot& snapshot) {
  std::vector<std::string> rings;
  const auto add = [&](const std::string& ring) {
    if (std::find(rings.begin(), rings.end(), ring) == rings.end()) rings.push_back(ring);
  };
  for (const RingView& ring : snapshot.rings) add(ring.name);
  for (const SeriesView& series : snapshot.operations) add(series.ring);
  for (const SeriesView& series : snapshot.events) add(series.ring);
  return rings;
}

}  // namespace

void find_database(const Snapshot& snapshot, Analysis& analysis) {
  for (const std::string& ring : rings_of(snapshot)) {
    DatabaseSummary database;
    database.ring = ring;
    database.stage_ns = database_stage_ns(snapshot, ring, analysis.window);
    if (const SeriesView* transactions =
            find_series(snapshot.events, ring, names::kDbTransaction)) {
      const WindowStats& stats = transactions->window(analysis.window);
      database.transactions = stats.count();
      database.rollbacks = stats.errors;
      database.rollback_share = share_of(stats.errors, stats.count());
      database.transaction_ns = stats.sum_ns;
      database.busy = share_of(static_cast<double>(stats.sum_ns) / 1e9, stats.seconds);
    }
    if (const SeriesView* slow = find_series(snapshot.events, ring, names::kSlowQuery)) {
      const WindowStats& stats = slow->window(analysis.window);
      database.slow_queries = stats.count();
      database.slow_query_ns = stats.sum_ns;
    }
    if (database.stage_ns == 0 && database.transactions == 0 && database.slow_queries == 0)
      continue;
    for (const GaugeView& gauge : snapshot.gauges) {
      if (gauge.ring != ring || gauge.name != names::kDbTransactions) continue;
      database.at_once_now = gauge.value;
      database.at_once_max = gauge.max;
    }
    analysis.databases.push_back(std::move(database));
  }
}

}  // namespace ringside::detail
