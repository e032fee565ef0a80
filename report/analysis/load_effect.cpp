// What rises with the load and what doesn't. A time that rises with it is time spent waiting for a
// turn: for a thread, a connection, a lock. A time that doesn't is slow work.
#include <algorithm>
#include <cmath>
#include <map>

#include "report/analysis/analysis.h"
#include "report/analysis/ranks.h"
#include "report/analysis/shares.h"

namespace ringside {

const char* name_of(LoadEffect::Kind kind) {
  switch (kind) {
    case LoadEffect::Kind::unknown: return "unknown";
    case LoadEffect::Kind::rises: return "rises";
    case LoadEffect::Kind::steady: return "steady";
    case LoadEffect::Kind::falls: return "falls";
  }
  return "unknown";
}

namespace detail {
namespace {

constexpr double kVaries = 1.25;     // the load of the highest quarter against the lowest
constexpr double kChanges = 1.2;     // the same of the mean time
constexpr double kCorrelated = 0.4;  // Spearman's; at 20 minutes chance alone gives 0.38 in 5 %

struct Minute {
  double load = 0;  // calls a second, of the whole server
  const HistorySlot* slot = nullptr;

  double mean_ns() const { return share_of(slot->sum_ns, slot->timed); }
};

bool in_incident(const HistorySpan& history, const std::string& ring, const HistorySlot& slot) {
  const std::int64_t begin_ns = slot.begin_wall_s * 1'000'000'000;
  const std::int64_t end_ns = begin_ns + std::int64_t{slot.seconds} * 1'000'000'000;
  return std::any_of(history.incidents.begin(), history.incidents.end(),
                     [&](const IncidentView& incident) {
                       const bool here = incident.ring.empty() || incident.ring == ring;
                       return here && incident.began_wall_ns < end_ns &&
                              (!incident.over() || incident.ended_wall_ns > begin_ns);
                     });
}

using Loads = std::map<std::string, std::map<std::int64_t, double>>;  // by ring and minute

// Calls of all operations of each ring, for each minute.
Loads loads_of(const HistorySpan& history) {
  Loads loads;
  for (const HistorySeries& series : history.series) {
    if (series.event) continue;
    for (const HistorySlot& slot : series.slots) {
      if (slot.observed_seconds <= 0) continue;
      loads[series.ring][slot.begin_wall_s] +=
          static_cast<double>(slot.count()) / slot.observed_seconds;
    }
  }
  return loads;
}

// Spearman's rank correlation: Pearson's of the ranks. 0 where one of them does not vary.
double spearman(const std::vector<double>& x, const std::vector<double>& y) {
  const std::vector<double> a = ranks_of(x);
  const std::vector<double> b = ranks_of(y);
  const double mean = static_cast<double>(a.size() + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

// Sums over a quarter of the minutes.
struct Quarter {
  double load = 0;
  std::uint64_t timed = 0, sum_ns = 0;
  std::array<std::uint64_t, kStages> stages_ns{};

  Quarter(const std::vector<Minute>& minutes, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      load += minutes[i].load / static_cast<double>(to - from);
      timed += minutes[i].slot->timed;
      sum_ns += minutes[i].slot->sum_ns;
      for (std::size_t s = 0; s < kStages; ++s) stages_ns[s] += minutes[i].slot->stages[s].sum_ns;
    }
  }
};

void find_growing_stage(const HistorySeries& series, const Quarter& low, const Quarter& high,
                        LoadEffect& effect) {
  double most = 0;
  for (std::size_t s = 0; s < kStages; ++s) {
    const double before = share_of(low.stages_ns[s], low.timed);
    const double after = share_of(high.stages_ns[s], high.timed);
    if (after - before <= most) continue;
    most = after - before;
    effect.stage =
        series.stage_names[s].empty() ? "stage " + std::to_string(s + 1) : series.stage_names[s];
    effect.stage_low_ns = before;
    effect.stage_high_ns = after;
  }
}

LoadEffect effect_of(const HistorySpan& history, const HistorySeries& series, const Loads& loads) {
  LoadEffect effect;
  effect.operation = series.name;
  effect.ring = series.ring;
  std::vector<Minute> minutes;
  for (const HistorySlot& slot : series.slots) {
    if (slot.seconds != 60 || slot.timed < kLoadCalls || slot.observed_seconds <= 0) continue;
    if (in_incident(history, series.ring, slot)) continue;
    minutes.push_back({loads.at(series.ring).at(slot.begin_wall_s), &slot});
  }
  effect.minutes = minutes.size();
  if (minutes.size() < kLoadMinutes) return effect;
  std::vector<double> load, mean;
  for (const Minute& minute : minutes) {
    load.push_back(minute.load);
    mean.push_back(minute.mean_ns());
  }
  effect.correlation = spearman(load, mean);
  std::stable_sort(minutes.begin(), minutes.end(),
                   [](const Minute& a, const Minute& b) { return a.load < b.load; });
  const std::size_t quarter = minutes.size() / 4;
  const Quarter low(minutes, 0, quarter);
  const Quarter high(minutes, minutes.size() - quarter, minutes.size());
  effect.low_rate = low.load;
  effect.high_rate = high.load;
  effect.low_ns = share_of(low.sum_ns, low.timed);
  effect.high_ns = share_of(high.sum_ns, high.timed);
  if (high.load < kVaries * low.load) return effect;
  effect.kind = LoadEffect::Kind::steady;
  if (effect.correlation >= kCorrelated && effect.high_ns >= kChanges * effect.low_ns) {
    effect.kind = LoadEffect::Kind::rises;
    find_growing_stage(series, low, high, effect);
  } else if (effect.correlation <= -kCorrelated && effect.low_ns >= kChanges * effect.high_ns) {
    effect.kind = LoadEffect::Kind::falls;
  }
  return effect;
}

}  // namespace

void find_load_effects(const HistorySpan& history, Analysis& analysis) {
  const Loads loads = loads_of(history);
  for (const TimeShare& time : analysis.operations) {
    for (const HistorySeries& series : history.series) {
      if (series.event || series.ring != time.ring || series.name != time.operation) continue;
      analysis.bottlenecks.load.push_back(effect_of(history, series, loads));
    }
  }
}

}  // namespace detail
}  // namespace ringside
