#include "report/analysis/regression_watch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ringside {
namespace {

constexpr double kMonthMinutes = 30 * 24 * 60;
constexpr double kFalseWindow = 0.01;  // chance, over all figures and windows, at one look
constexpr double kWindowsOfAFigure = 6;
constexpr double kOverload = 1.5;  // of the usual traffic
constexpr double kLeastCalls = 60;
constexpr std::int64_t kAfterOverloadS = 120;  // queues drain
// Where half of the operations are slower at once, it may be a pause of the host or of the server.
constexpr std::int64_t kHiccupS = 180;
constexpr std::size_t kAfterHiccup = 6;  // points that a rise must then last
constexpr double kMixEffect = 0.10;
constexpr double kMixShare = 0.7;  // of the rise must be the mix
constexpr std::int64_t kForgottenS = 8 * 86'400;

// The z for which a normal figure is above z with that chance.
double normal_above(double chance) {
  double low = 0;
  double high = 12;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::numbers::sqrt2) / 2 > chance ? low : high) = middle;
  }
  return high;
}

const HistorySlot* slot_of(const HistorySeries& series, std::int64_t begin_wall_s) {
  for (auto at = series.slots.rbegin(); at != series.slots.rend(); ++at) {
    if (at->begin_wall_s == begin_wall_s) return &*at;
    if (at->begin_wall_s < begin_wall_s) return nullptr;
  }
  return nullptr;
}

bool troubled(const std::set<std::string>& in_trouble, const std::string& ring) {
  return in_trouble.contains(ring) || in_trouble.contains("");
}

// Whether the slot shows what its minute was like.
bool whole(const HistorySlot& slot) {
  return slot.observed_seconds >= slot.seconds / 2.0 && slot.lost * 10 <= slot.count();
}

}  // namespace

FigureLimits RegressionWatch::certainty() const {
  const auto figures = static_cast<double>(std::max<std::size_t>(watched_, 1));
  FigureLimits limits;
  limits.log_run = std::log(kMonthMinutes * figures);
  limits.least_deviations = normal_above(kFalseWindow / (figures * kWindowsOfAFigure));
  return limits;
}

void RegressionWatch::begin_hour(std::int64_t wall_s) {
  hour_ = wall_s / 3600;
  watched_ = 0;
  std::erase_if(operations_,
                [&](const auto& entry) { return wall_s - entry.second.last_seen() > kForgottenS; });
  for (const auto& [key, operation] : operations_) watched_ += operation.watched();
  for (auto& [name, ring] : rings_) {
    watched_ += std::size_t{ring.mean.watched()};
    ring.traffic.end_hour();
    std::erase_if(ring.now, [](const auto& entry) { return entry.second < 0.01; });
  }
  certainty_ = certainty();
}

bool RegressionWatch::overloaded(Ring& ring, std::int64_t wall_s, double calls) {
  double expected = 0;
  if (!ring.last_hour.empty()) {
    std::vector<double> counts(ring.last_hour.begin(), ring.last_hour.end());
    expected = median_of(counts);
    // That was half an hour ago; since then, traffic rose as it usually does.
    const auto usual = ring.traffic.level(wall_s);
    const auto earlier = ring.traffic.level(wall_s - 1800);
    if (usual && earlier) expected *= std::exp(std::max(*usual - *earlier, 0.0));
  }
  ring.last_hour.push_back(calls);
  if (ring.last_hour.size() > 60) ring.last_hour.pop_front();
  if (calls > 0) {
    ring.traffic.learn(wall_s, std::log(calls), static_cast<std::uint64_t>(calls), 0, std::nullopt);
  }
  if (expected > 0 && calls >= kLeastCalls && calls > kOverload * expected)
    ring.held_until = wall_s + kAfterOverloadS;
  return wall_s < ring.held_until;
}

bool RegressionWatch::in_baseline(std::int64_t begin_wall_s) const {
  const bool pinned = options_.pinned_end_wall_s > options_.pinned_begin_wall_s;
  return !pinned || (begin_wall_s >= options_.pinned_begin_wall_s &&
                     begin_wall_s < options_.pinned_end_wall_s);
}

void RegressionWatch::learn_hour(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                                 const std::set<std::string>& in_trouble) {
  if (begin_wall_s <= last_ || !in_baseline(begin_wall_s)) return;
  struct Sum {
    double calls = 0;
    double timed = 0;
    double ns = 0;
  };
  std::map<std::string, Sum> sums;
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr || !whole(*slot) || troubled(in_trouble, series.ring)) continue;
    const Key key{series.ring, series.name};
    if (operations_.size() >= options_.most_operations && operations_.count(key) == 0) continue;
    operations_[key].learn_hour(*slot);
    Sum& sum = sums[series.ring];
    sum.calls += static_cast<double>(slot->count());
    sum.timed += static_cast<double>(slot->timed);
    sum.ns += static_cast<double>(slot->sum_ns);
  }
  for (const auto& [name, sum] : sums) {
    Ring& ring = rings_[name];
    if (sum.calls > 0) ring.traffic.learn_hour(begin_wall_s, std::log(sum.calls / 60));
    if (sum.timed > 0 && sum.ns > 0)
      ring.mean.learn_hour(begin_wall_s, std::log(sum.ns / sum.timed));
  }
}

void RegressionWatch::add_minute(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                                 const std::set<std::string>& in_trouble) {
  if (begin_wall_s <= last_) return;
  last_ = begin_wall_s;
  if (begin_wall_s / 3600 != hour_) begin_hour(begin_wall_s);
  const bool learn = in_baseline(begin_wall_s);
  WatchedMinute minute{certainty_, options_.clock_resolution_ns, learn};
  struct Sum {
    double calls = 0;
    double timed = 0;
    double ns = 0;
    bool skip = false;
    std::size_t judged = 0;   // operations whose median is watched
    std::size_t suspect = 0;  // of these
  };
  std::map<std::string, Sum> sums;
  for (auto& [name, ring] : rings_) {
    for (auto& [operation, calls] : ring.now) calls *= 0.9;
  }
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr) continue;
    Sum& sum = sums[series.ring];
    sum.calls += static_cast<double>(slot->count());
    if (!whole(*slot)) continue;
    sum.timed += static_cast<double>(slot->timed);
    sum.ns += static_cast<double>(slot->sum_ns);
    rings_[series.ring].now[series.name] += static_cast<double>(slot->timed);
  }
  for (auto& [name, sum] : sums) sum.skip = overloaded(rings_[name], begin_wall_s, sum.calls);
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr) continue;
    const Key key{series.ring, series.name};
    if (operations_.size() >= options_.most_operations && operations_.count(key) == 0) {
      ++not_watched_;
      continue;
    }
    OperationWatch& operation = operations_[key];
    Sum& sum = sums[series.ring];
    if (sum.skip || !whole(*slot)) {
      operation.skip();
      continue;
    }
    const bool hiccup = begin_wall_s - rings_[series.ring].all_suspect <= kHiccupS;
    minute.learn = learn && !troubled(in_trouble, series.ring);
    minute.certainty.least_window = hiccup ? kAfterHiccup : 2;
    operation.add(series, *slot, minute);
    sum.judged += std::size_t{operation.median_watched()};
    sum.suspect += std::size_t{operation.suspect()};
  }
  for (auto& [name, sum] : sums) {
    if (sum.judged >= 3 && 2 * sum.suspect >= sum.judged) rings_[name].all_suspect = begin_wall_s;
    minute.learn = learn && !troubled(in_trouble, name);
    if (!sum.skip && sum.timed > 0)
      watch_mix(name, rings_[name], begin_wall_s, sum.timed, sum.ns, minute);
  }
  for (auto& [key, operation] : operations_) {
    const auto& finding = operation.finding();
    if (finding && !finding->ongoing() && begin_wall_s - finding->ended_wall_s > options_.kept_s)
      operation.drop_finding();
  }
}

// The mean over all operations rises when one of them becomes slower, or when more of the calls are
// of slow operations. Only the second is told here.
void RegressionWatch::watch_mix(const std::string& name, Ring& ring, std::int64_t wall_s,
                                double calls, double ns, const WatchedMinute& minute) {
  FigureLimits limits = minute.certainty;
  limits.least_effect = std::log1p(kMixEffect);
  if (calls < kLeastCalls || ns <= 0) return;
  const bool lasting = ring.finding && ring.finding->ongoing();
  const FigureWatch::Change change = ring.mean.add(
      wall_s, std::log(ns / calls), static_cast<std::uint64_t>(calls), limits, minute.learn);
  if (change == FigureWatch::Change::rose) open_mix(name, ring, wall_s);
  if (lasting && change == FigureWatch::Change::ended) ring.finding->ended_wall_s = wall_s + 60;
  if (lasting && ring.finding->ongoing() &&
      wall_s - ring.finding->found_wall_s >= OperationWatch::kAcceptMixS) {
    ring.mean.accept();
    ring.finding->accepted = true;
    ring.finding->ended_wall_s = wall_s + 60;
  }
  if (ring.finding && !ring.finding->ongoing() &&
      wall_s - ring.finding->ended_wall_s > options_.kept_s)
    ring.finding.reset();
}

// With w for an operation's share of the calls and m for its mean time, the mean over all is the
// sum of w m. Its rise is the sum of (w_now - w_past) m_past, which is the mix, and of the rest.
void RegressionWatch::open_mix(const std::string& name, Ring& ring, std::int64_t wall_s) {
  double past_calls = 0;
  double now_calls = 0;
  bool slower = false;
  for (const auto& [key, operation] : operations_) {
    if (key.first != name) continue;
    past_calls += operation.past_calls();
    slower = slower || operation.slower();
  }
  for (const auto& [operation, calls] : ring.now) now_calls += calls;
  double mix = 0;
  double past_mean = 0;
  for (const auto& [key, operation] : operations_) {
    if (key.first != name || operation.past_calls() <= 0) continue;
    const double mean = operation.past_ns() / operation.past_calls();
    const double was = operation.past_calls() / past_calls;
    const auto now = ring.now.find(key.second);
    past_mean += was * mean;
    mix += ((now == ring.now.end() ? 0 : now->second) / now_calls - was) * mean;
  }
  const double rise = std::exp(ring.mean.usual_level()) * std::expm1(ring.mean.effect());
  if (slower || past_mean <= 0 || mix < kMixShare * rise) {
    ring.mean.forget();
    return;
  }
  RegressionFinding found;
  found.ring = name;
  found.kind = RegressionFinding::Kind::mix_shift;
  found.figure = "mean";
  found.since_wall_s = ring.mean.since_wall_s();
  found.found_wall_s = wall_s + 60;
  found.before_ns = std::exp(ring.mean.usual_level());
  found.now_ns = std::exp(ring.mean.usual_level() + ring.mean.effect());
  found.effect_percent = 100 * std::expm1(ring.mean.effect());
  ring.finding = std::move(found);
}

std::vector<RegressionFinding> RegressionWatch::findings() const {
  std::vector<RegressionFinding> all;
  for (const auto& [key, operation] : operations_) {
    if (operation.finding()) all.push_back(*operation.finding());
  }
  for (const auto& [name, ring] : rings_) {
    if (ring.finding) all.push_back(*ring.finding);
  }
  return all;
}

std::vector<RegressionView> RegressionWatch::regressions() const {
  std::vector<RegressionView> views;
  for (const RegressionFinding& found : findings()) {
    views.push_back({found.ring, found.operation, found.stage, found.effect_percent,
                     found.ongoing(), found.text(), found.kind,
                     found.since_wall_s * 1'000'000'000});
  }
  return views;
}

}  // namespace ringside
