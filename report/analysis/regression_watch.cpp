#include "report/analysis/regression_watch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "report/analysis/effect_limits.h"

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
constexpr std::uint64_t kForgottenHours = 8 * 24;
constexpr std::int64_t kSetBackS = 2 * 3600;

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
  ++hours_;
  watched_ = 0;
  // What a pinned baseline taught may be older, and is all that there is.
  std::erase_if(operations_, [&](const auto& entry) {
    return !options_.pinned() && hours_ - entry.second.seen_hour() > kForgottenHours;
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
  return !options_.pinned() || (begin_wall_s >= options_.pinned_begin_wall_s &&
                                begin_wall_s < options_.pinned_end_wall_s);
}

void RegressionWatch::learn_hour(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                                 const std::set<std::string>& in_trouble) {
  if (!in_baseline(begin_wall_s)) return;
  Sums sums;
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr || !whole(*slot) || troubled(in_trouble, series.ring)) continue;
    if (begin_wall_s <= rings_[series.ring].last) continue;
    OperationWatch* operation = operation_of(series);
    if (operation == nullptr) continue;
    operation->learn_hour(*slot);
    Sum& sum = sums[series.ring];
    sum.calls += static_cast<double>(slot->count());
    sum.timed += static_cast<double>(slot->timed);
    sum.ns += static_cast<double>(slot->timed) * operation->typical_ns();
  }
  for (const auto& [name, sum] : sums) {
    Ring& ring = rings_[name];
    ring.last = begin_wall_s;
    if (sum.calls > 0) ring.traffic.learn_hour(begin_wall_s, std::log(sum.calls / 60));
    const double usual = usual_call_ns(name);
    if (sum.ns > 0 && usual > 0)
      ring.mean.learn_hour(begin_wall_s, mean_level(sum.ns / sum.timed, usual));
  }
}

// An operation for which there is room; else nullptr.
OperationWatch* RegressionWatch::operation_of(const HistorySeries& series) {
  const Key key{series.ring, series.name};
  auto at = operations_.find(key);
  if (at == operations_.end()) {
    if (operations_.size() >= options_.most_operations) return nullptr;
    at = operations_.emplace(key, OperationWatch()).first;
  }
  at->second.saw(hours_);
  return &at->second;
}

// The operations of the rings whose turn this minute is.
std::vector<RegressionWatch::Present> RegressionWatch::present(
    std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch) {
  std::map<std::string, bool> in_turn;
  std::vector<Present> all;
  for (const HistorySeries& series : batch) {
    const HistorySlot* slot =
        series.event || series.waits_for_client ? nullptr : slot_of(series, begin_wall_s);
    if (slot == nullptr) continue;
    const auto [at, first] = in_turn.try_emplace(series.ring, false);
    if (first) {
      Ring& ring = rings_[series.ring];
      if (ring.last - begin_wall_s > kSetBackS) set_back(series.ring, ring, begin_wall_s);
      at->second = begin_wall_s > ring.last;
      if (at->second) ring.last = begin_wall_s;
    }
    if (at->second) all.push_back({series, *slot});
  }
  return all;
}

void RegressionWatch::set_back(const std::string& name, Ring& ring, std::int64_t wall_s) {
  ring.last = 0;
  ring.held_until = std::min(ring.held_until, wall_s + kAfterOverloadS);
  ring.traffic.interrupt();
  ring.common.set_back(wall_s);
  ring.mean.set_back(wall_s);
  ring.findings.set_back(wall_s);
  for (auto& [key, operation] : operations_) {
    if (key.first == name) operation.set_back(wall_s);
  }
}

RegressionWatch::Sums RegressionWatch::sums_of(std::int64_t begin_wall_s,
                                               const std::vector<Present>& present,
                                               const std::set<std::string>& in_trouble) {
  Sums sums;
  for (const Present& one : present) {
    Sum& sum = sums[one.series.ring];
    sum.calls += static_cast<double>(one.slot.count());
    if (!whole(one.slot)) continue;
    const auto known = operations_.find({one.series.ring, one.series.name});
    if (known == operations_.end()) continue;
    known->second.distances(one.slot, sum.distances);
    if (known->second.typical_ns() <= 0) continue;
    sum.timed += static_cast<double>(one.slot.timed);
    sum.ns += static_cast<double>(one.slot.timed) * known->second.typical_ns();
  }
  for (auto& [name, sum] : sums) {
    Ring& ring = rings_[name];
    sum.skip = overloaded(ring, begin_wall_s, sum.calls);
    if (!sum.skip)
      ring.common.add(begin_wall_s, sum.distances.p50, static_cast<std::uint64_t>(sum.calls),
                      certainty_, !troubled(in_trouble, name));
    sum.common_p50 = common_of(sum.distances.p50, sum.distances.latest_p50);
    sum.common_p95 = common_of(sum.distances.p95, sum.distances.latest_p95);
  }
  return sums;
}

void RegressionWatch::watch_operations(const std::vector<Present>& present, Sums& sums,
                                       WatchedMinute minute,
                                       const std::set<std::string>& in_trouble) {
  for (const Present& one : present) {
    OperationWatch* operation = operation_of(one.series);
    if (operation == nullptr) {
      ++not_watched_;
      continue;
    }
    const Sum& sum = sums[one.series.ring];
    if (sum.skip || !whole(one.slot)) {
      operation->skip();
      continue;
    }
    const Ring& ring = rings_[one.series.ring];
    minute.learn = !troubled(in_trouble, one.series.ring);
    minute.clock_resolution_ns = ring.tick_ns;
    minute.certainty.drift = ring.common.drift();
    minute.common_p50 = sum.common_p50;
    minute.common_p95 = sum.common_p95;
    operation->add(one.series, one.slot, minute);
  }
}

void RegressionWatch::add_minute(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                                 const std::set<std::string>& in_trouble) {
  const std::vector<Present> in_turn = present(begin_wall_s, batch);
  const bool set_back = last_ - begin_wall_s > kSetBackS;
  if (begin_wall_s / 3600 != hour_ && (begin_wall_s > last_ || set_back)) begin_hour(begin_wall_s);
  certainty_.levels = in_baseline(begin_wall_s);
  WatchedMinute minute;
  minute.certainty = certainty_;
  minute.patient_log_run = patient_log_run_;
  Sums sums = sums_of(begin_wall_s, in_turn, in_trouble);
  watch_operations(in_turn, sums, minute, in_trouble);
  for (auto& [name, sum] : sums) {
    if (!sum.skip && sum.timed >= kLeastCalls)
      watch_mix(name, rings_[name], begin_wall_s, sum.timed, sum.ns, !troubled(in_trouble, name));
  }
  if (begin_wall_s > last_ || set_back) end_minute(begin_wall_s);
}

// Of all operations, those without calls too.
void RegressionWatch::end_minute(std::int64_t begin_wall_s) {
  last_ = begin_wall_s;
  for (auto& [key, operation] : operations_)
    operation.end_minute(begin_wall_s + 60, options_.kept_s);
  for (auto& [name, ring] : rings_) follow_mix(ring, begin_wall_s + 60);
}

void RegressionWatch::set_clock_resolution(const std::string& ring, double tick_ns) {
  double& known = rings_[ring].tick_ns;
  if (known == tick_ns) return;
  known = tick_ns;
  for (auto& [key, operation] : operations_) {
    if (key.first == ring) operation.drop_below(kLeastTicks * tick_ns);
  }
}

std::vector<RegressionFinding> RegressionWatch::findings() const {
  std::vector<RegressionFinding> all;
  for (const auto& [key, operation] : operations_) {
    const auto& kept = operation.findings().all();
    all.insert(all.end(), kept.begin(), kept.end());
  }
  for (const auto& [name, ring] : rings_) {
    all.insert(all.end(), ring.findings.all().begin(), ring.findings.all().end());
  }
  return all;
}

std::vector<RegressionView> RegressionWatch::regressions() const {
  std::vector<RegressionView> views;
  for (const RegressionFinding& found : findings()) {
    views.push_back({found.ring, found.operation, found.stage, found.effect_percent,
                     found.ongoing(), found.text(), found.kind, found.since_wall_s * 1'000'000'000,
                     found.ending, found.lasted_s()});
  }
  return views;
}

}  // namespace ringside
