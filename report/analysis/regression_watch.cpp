#include "report/analysis/regression_watch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ringside {
namespace {

constexpr double kMonthMinutes = 30 * 24 * 60;
// False alarms of the e-detector in a month, over all figures, if each were a median: one of each
// operation, and no more than these. Of a p95 or a stage, which may take longer to be found, fewer.
constexpr double kMostFalse = 4;
constexpr double kFalseWindow = 0.01;  // chance, over all figures and windows, at one look
constexpr double kWindowsOfAFigure = 6;
constexpr double kOverload = 1.5;  // of the usual traffic
constexpr double kLeastCalls = 60;
constexpr std::int64_t kAfterOverloadS = 120;  // queues drain
constexpr double kMixEffect = 0.10;
constexpr double kMixOrigin = 20;           // a level of exactly 0 is one that is not known
constexpr std::size_t kLeastMixWindow = 6;  // points
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

FigureLimits RegressionWatch::certainty_now() const {
  const auto figures = static_cast<double>(std::max<std::size_t>(watched_, 1));
  FigureLimits limits;
  const auto operations = static_cast<double>(std::max<std::size_t>(operations_.size(), 1));
  limits.log_run = std::log(kMonthMinutes / std::min(operations, kMostFalse) * figures);
  limits.least_deviations = normal_above(kFalseWindow / (figures * kWindowsOfAFigure));
  return limits;
}

void RegressionWatch::begin_hour(std::int64_t wall_s) {
  hour_ = wall_s / 3600;
  watched_ = 0;
  // What a pinned baseline taught may be older, and is all that there is.
  const bool pinned = options_.pinned_end_wall_s > options_.pinned_begin_wall_s;
  std::erase_if(operations_, [&](const auto& entry) {
    return !pinned && wall_s - entry.second.last_seen() > kForgottenS;
  });
  for (const auto& [key, operation] : operations_) watched_ += operation.watched();
  for (auto& [name, ring] : rings_) {
    watched_ += std::size_t{ring.mean.watched()} + std::size_t{ring.common.watched()};
    ring.traffic.end_hour();
  }
  certainty_ = certainty_now();
  patient_log_run_ =
      std::log(kMonthMinutes * static_cast<double>(std::max<std::size_t>(watched_, 1)));
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
    OperationWatch& operation = operations_[key];
    operation.learn_hour(*slot);
    Sum& sum = sums[series.ring];
    sum.calls += static_cast<double>(slot->count());
    sum.timed += static_cast<double>(slot->timed);
    sum.ns += static_cast<double>(slot->timed) * operation.typical_ns();
  }
  for (const auto& [name, sum] : sums) {
    Ring& ring = rings_[name];
    if (sum.calls > 0) ring.traffic.learn_hour(begin_wall_s, std::log(sum.calls / 60));
    const double usual = usual_call_ns(name);
    if (sum.ns > 0 && usual > 0)
      ring.mean.learn_hour(begin_wall_s, kMixOrigin + std::log(sum.ns / sum.timed / usual));
  }
}

void RegressionWatch::add_minute(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                                 const std::set<std::string>& in_trouble) {
  if (begin_wall_s <= last_) return;
  last_ = begin_wall_s;
  if (begin_wall_s / 3600 != hour_) begin_hour(begin_wall_s);
  certainty_.levels = in_baseline(begin_wall_s);
  WatchedMinute minute{certainty_, options_.clock_resolution_ns};
  minute.patient_log_run = patient_log_run_;
  struct Sum {
    double calls = 0;
    double timed = 0;
    double ns = 0;  // of these, if each operation takes as long as usual
    bool skip = false;
    MinuteDistances distances;
    double common_p95 = 0;
  };
  std::map<std::string, Sum> sums;
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr) continue;
    Sum& sum = sums[series.ring];
    sum.calls += static_cast<double>(slot->count());
    if (!whole(*slot)) continue;
    const auto known = operations_.find({series.ring, series.name});
    if (known == operations_.end()) continue;
    known->second.distances(*slot, sum.distances);
    if (known->second.typical_ns() <= 0) continue;
    sum.timed += static_cast<double>(slot->timed);
    sum.ns += static_cast<double>(slot->timed) * known->second.typical_ns();
  }
  for (auto& [name, sum] : sums) {
    Ring& ring = rings_[name];
    sum.skip = overloaded(ring, begin_wall_s, sum.calls);
    if (!sum.skip)
      ring.common.add(begin_wall_s, sum.distances.p50, static_cast<std::uint64_t>(sum.calls),
                      certainty_, !troubled(in_trouble, name));
    sum.common_p95 = common_of(sum.distances.p95);
  }
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
    const CommonDrift& common = rings_[series.ring].common;
    minute.learn = !troubled(in_trouble, series.ring);
    minute.certainty.drift = common.drift();
    minute.common_p50 = common.now();
    minute.common_p95 = sum.common_p95;
    operation.add(series, *slot, minute);
  }
  for (auto& [name, sum] : sums) {
    if (!sum.skip && sum.timed >= kLeastCalls)
      watch_mix(name, rings_[name], begin_wall_s, sum.timed, sum.ns, !troubled(in_trouble, name));
  }
  for (auto& [key, operation] : operations_) {
    const auto& finding = operation.finding();
    if (finding && !finding->ongoing() && begin_wall_s - finding->ended_wall_s > options_.kept_s)
      operation.drop_finding();
  }
}

// The mean of the usual calls of a ring; 0: not known.
double RegressionWatch::usual_call_ns(const std::string& name) const {
  double calls = 0;
  double ns = 0;
  for (const auto& [key, operation] : operations_) {
    if (key.first != name) continue;
    calls += operation.typical_calls();
    ns += operation.typical_calls() * operation.typical_ns();
  }
  return calls > 0 ? ns / calls : 0;
}

// The mean over all operations if each takes as long as usual: it rises only when more of the calls
// are of slow operations.
void RegressionWatch::watch_mix(const std::string& name, Ring& ring, std::int64_t wall_s,
                                double calls, double ns, bool learn) {
  ring.typical_ns = usual_call_ns(name);
  if (ns <= 0 || ring.typical_ns <= 0) return;
  FigureLimits limits = certainty_;
  limits.least_effect = std::log1p(kMixEffect);
  limits.least_window = kLeastMixWindow;
  const bool lasting = ring.finding && ring.finding->ongoing();
  const FigureWatch::Change change =
      ring.mean.add(wall_s, kMixOrigin + std::log(ns / calls / ring.typical_ns),
                    static_cast<std::uint64_t>(calls), limits, learn);
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

// Clients who wait for their answers call less when these are slower. That is no other mix.
void RegressionWatch::open_mix(const std::string& name, Ring& ring, std::int64_t wall_s) {
  for (const auto& [key, operation] : operations_) {
    if (key.first != name || !operation.slower()) continue;
    ring.mean.forget();
    return;
  }
  RegressionFinding found;
  found.ring = name;
  found.kind = RegressionFinding::Kind::mix_shift;
  found.figure = "mean";
  found.since_wall_s = ring.mean.since_wall_s();
  found.found_wall_s = wall_s + 60;
  found.before_ns = ring.typical_ns * std::exp(ring.mean.usual_level() - kMixOrigin);
  found.now_ns = found.before_ns * std::exp(ring.mean.effect());
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
