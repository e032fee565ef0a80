#include "report/analysis/change_points.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "report/analysis/usual.h"

namespace ringside {
namespace {

using Values = std::vector<double>;

// SplitMix64 (Steele, Lea, Flood 2014).
class Shuffle {
 public:
  explicit Shuffle(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t count) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>((z ^ (z >> 31)) % count);
  }

 private:
  std::uint64_t state_;
};

double middle(Values values) { return median_of(values); }

struct Split {
  double energy = 0;
  std::size_t at = 0;  // the first point of the right side
};

// The split with the largest energy distance, with `least` points a side.
Split best_split(const Values& x, std::size_t least) {
  const std::size_t n = x.size();
  double right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) right += std::abs(x[i] - x[j]);
  }
  const double all = right;
  double left = 0;
  Split best;
  for (std::size_t at = 1; at < n; ++at) {
    // Point at - 1 goes from the right to the left side.
    for (std::size_t i = 0; i + 1 < at; ++i) left += std::abs(x[i] - x[at - 1]);
    for (std::size_t j = at; j < n; ++j) right -= std::abs(x[at - 1] - x[j]);
    if (at < least || n - at < least) continue;
    const auto m = static_cast<double>(at);
    const auto k = static_cast<double>(n - at);
    const double between = all - left - right;
    const double distance =
        2 * between / (m * k) - 2 * left / (m * (m - 1)) - 2 * right / (k * (k - 1));
    const double energy = m * k / (m + k) * distance;
    if (energy > best.energy) best = {energy, at};
  }
  return best;
}

// So many neighbours depend on each other: the lag from which on the correlation of what is left
// without the change is below a fifth.
std::size_t block_length(const Values& x, std::size_t at) {
  Values rest(x);
  const double before = middle({x.begin(), x.begin() + static_cast<std::ptrdiff_t>(at)});
  const double after = middle({x.begin() + static_cast<std::ptrdiff_t>(at), x.end()});
  double power = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    rest[i] -= i < at ? before : after;
    power += rest[i] * rest[i];
  }
  // Less than this is chance in so few points.
  const double bar = std::max(0.2, 2.3 / std::sqrt(static_cast<double>(x.size())));
  for (std::size_t lag = 1; lag < x.size() / 4; ++lag) {
    double sum = 0;
    for (std::size_t i = lag; i < rest.size(); ++i) sum += rest[i] * rest[i - lag];
    if (sum < bar * power) return lag;
  }
  return std::max<std::size_t>(x.size() / 4, 1);
}

Values shuffled(const Values& x, std::size_t block, Shuffle& shuffle) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < x.size(); i += block) begins.push_back(i);
  for (std::size_t i = begins.size(); i > 1; --i)
    std::swap(begins[i - 1], begins[shuffle.below(i)]);
  Values result;
  result.reserve(x.size());
  for (const std::size_t begin : begins) {
    for (std::size_t i = begin; i < std::min(begin + block, x.size()); ++i) result.push_back(x[i]);
  }
  return result;
}

struct Tested {
  Split split;
  double chance = 1;
};

Tested test(const Values& x, const ChangePointOptions& options) {
  Tested tested;
  if (x.size() < 2 * options.least_points) return tested;
  tested.split = best_split(x, options.least_points);
  if (tested.split.energy <= 0) return tested;
  const std::size_t block = block_length(x, tested.split.at);
  Shuffle shuffle(options.seed);
  // Once that many were as large, the chance is too high whatever comes.
  const double bar = options.chance * static_cast<double>(options.permutations + 1);
  std::size_t as_large = 1;  // the one that was seen
  for (std::size_t i = 0; i < options.permutations && static_cast<double>(as_large) <= bar; ++i) {
    if (best_split(shuffled(x, block, shuffle), options.least_points).energy >= tested.split.energy)
      ++as_large;
  }
  tested.chance = static_cast<double>(as_large) / static_cast<double>(options.permutations + 1);
  return tested;
}

Values part_of(const Values& x, std::size_t from, std::size_t until) {
  return {x.begin() + static_cast<std::ptrdiff_t>(from),
          x.begin() + static_cast<std::ptrdiff_t>(until)};
}

void bisect(const Values& x, std::size_t from, std::size_t until, const ChangePointOptions& options,
            std::vector<std::size_t>& found) {
  const Tested tested = test(part_of(x, from, until), options);
  if (tested.chance > options.chance) return;
  const std::size_t at = from + tested.split.at;
  found.push_back(at);
  bisect(x, from, at, options, found);
  bisect(x, at, until, options, found);
}

double huber(double distance, double scale) {
  const double z = std::abs(distance) / scale;
  return z <= 1.5 ? z * z / 2 : 1.5 * z - 1.125;
}

// The place between `from` and `until` that fits best, near `at`.
std::size_t refine(const Values& x, std::size_t from, std::size_t at, std::size_t until,
                   const ChangePointOptions& options) {
  const double before = middle(part_of(x, from, at));
  const double after = middle(part_of(x, at, until));
  Values rest;
  for (std::size_t i = from; i < until; ++i)
    rest.push_back(std::abs(x[i] - (i < at ? before : after)));
  const double scale = std::max(1.4826 * median_of(rest), 1e-9);
  const std::size_t first = std::max(from + options.least_points, at > 10 ? at - 10 : 0);
  const std::size_t last = std::min(until - options.least_points, at + 10);
  double least = 0;
  for (std::size_t i = from; i < first; ++i) least += huber(x[i] - before, scale);
  for (std::size_t i = first; i < until; ++i) least += huber(x[i] - after, scale);
  std::size_t best = first;
  double cost = least;
  for (std::size_t place = first + 1; place <= last; ++place) {
    cost += huber(x[place - 1] - before, scale) - huber(x[place - 1] - after, scale);
    if (cost >= least) continue;
    least = cost;
    best = place;
  }
  return best;
}

// Each must hold between its neighbours; what doesn't is taken out, the least certain first.
std::vector<std::pair<std::size_t, double>> confirmed(const Values& x,
                                                      std::vector<std::size_t> found,
                                                      const ChangePointOptions& options) {
  std::sort(found.begin(), found.end());
  while (true) {
    std::vector<std::pair<std::size_t, double>> kept;
    std::size_t worst = found.size();
    double chance = options.chance;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t from = i == 0 ? 0 : found[i - 1];
      const std::size_t until = i + 1 == found.size() ? x.size() : found[i + 1];
      const Tested tested = test(part_of(x, from, until), options);
      if (tested.chance > chance) {
        worst = i;
        chance = tested.chance;
      }
      if (tested.chance <= options.chance) {
        found[i] = refine(x, from, from + tested.split.at, until, options);
        kept.emplace_back(found[i], tested.chance);
      }
    }
    if (worst == found.size()) return kept;
    found.erase(found.begin() + static_cast<std::ptrdiff_t>(worst));
  }
}

std::vector<std::pair<std::size_t, double>> find(const Values& x,
                                                 const ChangePointOptions& options) {
  std::vector<std::size_t> found;
  const std::size_t step = std::max<std::size_t>(options.window / 2, 1);
  for (std::size_t from = 0; from < x.size(); from += step) {
    bisect(x, from, std::min(from + options.window, x.size()), options, found);
    if (from + options.window >= x.size()) break;
  }
  // Windows overlap: one change is found twice.
  std::sort(found.begin(), found.end());
  std::vector<std::size_t> single;
  for (const std::size_t at : found) {
    if (single.empty() || at - single.back() >= options.least_points) single.push_back(at);
  }
  return confirmed(x, single, options);
}

// Takes the season out: for each of its places, its usual distance from the level between changes.
// While no change is known it is the mean: all places hold the same share of a change, and their
// means are as far apart as without it. Medians would fall to one side or the other of it.
// `flat`: the figures as flat as they are known, for the levels.
Values without_season(const Values& x, const Values& flat, const std::vector<std::int64_t>& place,
                      const std::vector<std::pair<std::size_t, double>>& changes) {
  Values level;
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const std::size_t from = i == 0 ? 0 : changes[i - 1].first;
    const std::size_t until = i == changes.size() ? x.size() : changes[i].first;
    level.resize(until, middle(part_of(flat, from, until)));
  }
  std::map<std::int64_t, Values> distances;
  for (std::size_t i = 0; i < x.size(); ++i) distances[place[i]].push_back(x[i] - level[i]);
  Values rest(x);
  for (auto& [at, values] : distances) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    const double mean = sum / static_cast<double>(values.size());
    const double season = changes.empty() ? mean : median_of(values);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (place[i] == at) rest[i] -= season;
    }
  }
  return rest;
}

}  // namespace

std::vector<ChangePoint> change_points(const std::vector<LevelPoint>& points,
                                       const ChangePointOptions& options) {
  std::vector<LevelPoint> used;
  std::copy_if(points.begin(), points.end(), std::back_inserter(used),
               [](const LevelPoint& point) { return point.value > 0; });
  if (used.size() < 2 * options.least_points) return {};
  Values x;
  std::vector<std::int64_t> place;
  std::int64_t slot = INT64_MAX;  // the least distance: some slots may be missing
  for (std::size_t i = 1; i < used.size(); ++i)
    slot = std::min(slot, used[i].begin_wall_s - used[i - 1].begin_wall_s);
  for (const LevelPoint& point : used) {
    x.push_back(std::log(point.value));
    const auto season = static_cast<std::int64_t>(std::max<std::size_t>(options.season, 1));
    place.push_back(slot > 0 ? point.begin_wall_s / slot % season : 0);
  }
  const bool seasonal = options.season > 1 && used.size() >= 3 * options.season;
  Values flat = x;
  if (seasonal) {
    flat = without_season(x, x, place, {});
    flat = without_season(x, flat, place, find(flat, options));
  }
  const auto found = find(flat, options);
  std::vector<ChangePoint> changes;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ChangePoint change;
    change.index = found[i].first;
    change.chance = found[i].second;
    change.begin_wall_s = used[change.index].begin_wall_s;
    const std::size_t from = i == 0 ? 0 : found[i - 1].first;
    const std::size_t until = i + 1 == found.size() ? x.size() : found[i + 1].first;
    change.before = std::exp(middle(part_of(flat, from, change.index)));
    change.after = std::exp(middle(part_of(flat, change.index, until)));
    change.effect_percent = 100 * (change.after / change.before - 1);
    // As positions in what was given.
    const auto at = std::find_if(points.begin(), points.end(), [&](const LevelPoint& point) {
      return point.begin_wall_s == change.begin_wall_s;
    });
    change.index = static_cast<std::size_t>(at - points.begin());
    if (std::abs(std::log(change.after / change.before)) >= std::log1p(options.least_effect))
      changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace ringside
