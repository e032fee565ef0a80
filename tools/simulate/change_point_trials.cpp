#include "tools/simulate/change_point_trials.h"

#include <cmath>
#include <cstdlib>
#include <mutex>
#include <numbers>

#include "report/analysis/change_points.h"
#include "tools/simulate/minutes.h"
#include "tools/simulate/random.h"

namespace ringside::simulate {
namespace {

constexpr std::size_t kSeries = 10;
constexpr double kDeviation = 0.06;  // of a figure's logarithm

struct SeriesKind {
  const char* name;
  std::int64_t slot_s = kDayS;
  std::size_t slots = 0;
  double deviations = 0;   // of the change
  double correlation = 0;  // of neighbours
  double day_curve = 0;    // day and night
};
constexpr SeriesKind kSeriesKinds[] = {
    {"daily, 2 deviations", kDayS, 90, 2},
    {"daily, 3 deviations", kDayS, 90, 3},
    {"hourly, 2 deviations, day and night", 3600, 240, 2, 0, 0.3},
    {"daily, none", kDayS, 90},
    {"hourly, none, correlated, day and night", 3600, 240, 0, 0.5, 0.3},
};

void run_one(const SeriesKind& kind, Random& random, ChangePointRow& row) {
  const double rise = kind.deviations * kDeviation;
  const std::size_t change = 12 + random.below(kind.slots - 24);
  std::vector<LevelPoint> points;
  std::vector<double> clean;  // without day and night
  double noise = 0;
  for (std::size_t i = 0; i < kind.slots; ++i) {
    const double fresh = std::sqrt(1 - kind.correlation * kind.correlation);
    noise = kind.correlation * noise + fresh * kDeviation * random.normal();
    const double level = noise + (i >= change ? rise : 0);
    const double hour = static_cast<double>(i % 24) / 24;
    const double curve = kind.day_curve * std::sin(2 * std::numbers::pi * hour);
    clean.push_back(level);
    points.push_back(
        {kMondayS + static_cast<std::int64_t>(i) * kind.slot_s, 5e6 * std::exp(level + curve)});
  }
  ChangePointOptions options;
  options.season = kind.slot_s == 3600 ? 24 : 0;
  row.points += kind.slots;
  bool found = false;
  for (const ChangePoint& point : change_points(points, options)) {
    const auto off =
        std::abs(static_cast<std::int64_t>(point.index) - static_cast<std::int64_t>(change));
    if (rise <= 0 || off > 10 || found) {
      ++row.false_points;
      continue;
    }
    found = true;
    ++row.found;
    row.within_one += std::uint64_t{off <= 1};
  }
  if (rise <= 0) return;
  ++row.changes;
  // The likelihood of a place moves by this much from one to the next.
  double likelihood = 0;
  double most = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    likelihood += rise / 2 - clean[i];
    if (likelihood <= most) continue;
    most = likelihood;
    best = i + 1;
  }
  const auto off = std::abs(static_cast<std::int64_t>(best) - static_cast<std::int64_t>(change));
  row.best_within_one += std::uint64_t{off <= 1};
}

}  // namespace

std::vector<ChangePointRow> run_change_points(const Corpus& corpus, unsigned jobs) {
  std::vector<ChangePointRow> rows(std::size(kSeriesKinds));
  run_each(std::size(kSeriesKinds), jobs, [&](std::size_t number) {
    rows[number].kind = kSeriesKinds[number].name;
    for (std::uint64_t n = 0; n < corpus.seeds; ++n) {
      Random random(scenario_seed(corpus, n) * 977 + number);
      for (std::size_t i = 0; i < kSeries; ++i) run_one(kSeriesKinds[number], random, rows[number]);
    }
  });
  return rows;
}

}  // namespace ringside::simulate
