// What is judged by what is usual (normals.h): an operation's latency, and the rate of calls.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/alerts/latency_levels.h"
#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {
namespace {

// So many calls are usual in a window that is judged.
constexpr double kEnoughCalls = 100;
// Fewer calls a second burden nobody.
constexpr double kManyPerSecond = 20;
// A burst is so many times the highest known rate.
constexpr double kBeyondHighest = 2;
// A call that takes longer than this is waited for, so its client is still there.
constexpr std::int64_t kWaitsNs = 2 * kSecond;

// The ends of the score interval for the mean of a Poisson count, `z` standard deviations away.
double poisson_high(double count, double z) {
  return count + z * z / 2 + z * std::sqrt(count + z * z / 4);
}
double poisson_low(double count, double z) {
  return count + z * z / 2 - z * std::sqrt(count + z * z / 4);
}

Levels only_warning(Levels levels) {
  levels.bounds[static_cast<std::size_t>(AlertLevel::critical)].reset();
  levels.bounds[static_cast<std::size_t>(AlertLevel::emergency)].reset();
  return levels;
}

}  // namespace

void Readings::set_latency_levels(Reading& r, const SeriesView& series, double threshold_ns) const {
  const RingNormal* ring = memory_.normals.ring(series.ring);
  // The caches of a server that has just started are cold.
  const bool settled = ring != nullptr && Normals::settled(*ring);
  LatencyLevels found =
      latency_levels(config_, series.name, series.declared, threshold_ns,
                     settled ? memory_.normals.operation(series.ring, series.name) : nullptr);
  r.levels = found.levels;
  r.origin = std::move(found.origin);
}

// The calls of an operation, or of all of a ring's (`operation` is empty).
struct Readings::Calls {
  // One window of calls.
  struct Flow {
    double seconds = 0;
    double calls = 0;
    double good = 0;    // neither failed nor refused
    double busy_s = 0;  // time that the server took for them

    double rate() const { return seconds > 0 ? calls / seconds : 0; }
    double busy() const { return seconds > 0 ? busy_s / seconds : 0; }
    void add(const SeriesView& series, const WindowStats& window) {
      const auto count =
          static_cast<double>(window.count() - std::min(window.history, window.count()));
      seconds = std::max(seconds, window.seconds);
      calls += count;
      good += std::max(0.0, count - static_cast<double>(window.errors + window.refused));
      if (!series.declared.waits_for_client) busy_s += count * window.mean_ns() / 1e9;
    }
  };

  std::string ring;
  std::string operation;
  UsualRate usual;
  Flow last_5s, last_15s, minute, hour;

  void add(const SeriesView& series) {
    last_5s.add(series, series.last_5s);
    last_15s.add(series, series.last_15s);
    minute.add(series, series.window(Window::minute));
    hour.add(series, series.window(Window::hour));
  }
};

void Readings::traffic(const RingView& ring) {
  const RingNormal* normal = memory_.normals.ring(ring.name);
  if (!alerts_.learn || normal == nullptr || !normal->calls.known()) return;
  Calls all{ring.name, "", normal->calls, {}, {}, {}, {}};
  std::vector<Calls> each;
  for (const SeriesView& series : s_.operations) {
    if (series.ring != ring.name) continue;
    all.add(series);
    const auto own = normal->operations.find(series.name);
    if (own == normal->operations.end() || !own->second.calls.known() ||
        own->second.calls.highest * 60 < kEnoughCalls)
      continue;
    each.push_back({ring.name, series.name, own->second.calls, {}, {}, {}, {}});
    each.back().add(series);
  }
  const bool judged =
      ring.live() && ring.enabled && ring.instance == normal->instance && Normals::settled(*normal);
  const bool explained = !judged || traffic_explained(ring);
  const std::size_t first = out_.size();
  missing(all, explained);
  // Calls that waited for a trouble to end all come at once.
  const bool after_trouble = !judged || normal->troubled_for(kMinute);
  burst(all, after_trouble);
  const bool whole = out_[first].reached || out_[first + 1].reached;
  for (const Calls& calls : each) {
    missing(calls, explained || whole);
    burst(calls, after_trouble || whole);
  }
}

// Slow or failing calls, and calls that wait, explain that fewer complete.
bool Readings::traffic_explained(const RingView& ring) const {
  for (const Reading& r : out_) {
    const bool here = r.ring.empty() || r.ring == ring.name;
    if (here && r.reached && r.figure != kTrafficFigure && r.alert != AlertType::high_memory)
      return true;
  }
  for (const LaneView& lane : s_.lanes) {
    if (lane.ring != ring.name || lane.in_flight.empty() ||
        s_.wall_ns - lane.in_flight_wall_ns < kWaitsNs)
      continue;
    const auto at = std::find_if(
        s_.operations.begin(), s_.operations.end(),
        [&](const SeriesView& o) { return o.ring == ring.name && o.name == lane.in_flight; });
    if (at == s_.operations.end() || !at->declared.waits_for_client) return true;
  }
  return false;
}

void Readings::missing(const Calls& calls, bool explained) {
  Reading& r = add(AlertType::server_down, kTrafficFigure,
                   calls.operation.empty() ? alerts_.missing_traffic_percent
                                           : only_warning(alerts_.missing_traffic_percent),
                   AlertUnit::percent);
  r.ring = calls.ring;
  r.operation = calls.operation;
  r.judged = true;
  // By Little's law a slow server is as busy as before while its clients wait.
  explained = explained || calls.minute.busy() > calls.hour.busy() / 2;
  // A batch that was all there was for some minutes may end.
  const double usual = std::min(calls.usual.recent, calls.hour.rate());
  const auto missing_of = [](const Calls::Flow& flow, double rate) {
    const double expected = rate * flow.seconds;
    return expected > 0 ? std::max(0.0, 100 - flow.calls / expected * 100) : 0.0;
  };
  r.value = missing_of(calls.minute, calls.usual.recent);
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto& bounds = r.levels.bounds[i];
    r.below[i] = !bounds || missing_of(calls.last_15s, calls.usual.recent) < bounds->clear;
    if (!bounds || explained || missing_of(calls.last_5s, usual) < bounds->raise) continue;
    for (const Calls::Flow* flow : {&calls.last_15s, &calls.minute}) {
      const double expected = usual * flow->seconds;
      if (expected >= kEnoughCalls &&
          poisson_high(flow->calls, z_) <= expected * (1 - bounds->raise / 100))
        r.reached = static_cast<AlertLevel>(i);
    }
  }
  r.text = fmt::format("{} of {} usual calls came in the last minute, and none waits",
                       format_number(calls.minute.calls),
                       format_number(std::round(calls.usual.recent * calls.minute.seconds)));
}

void Readings::burst(const Calls& calls, bool explained) {
  Reading& r =
      add(AlertType::system_overload, kTrafficFigure,
          calls.operation.empty() ? alerts_.traffic_percent : only_warning(alerts_.traffic_percent),
          AlertUnit::percent);
  r.ring = calls.ring;
  r.operation = calls.operation;
  r.judged = true;
  const double usual = std::max(calls.usual.recent, calls.hour.rate());
  const auto percent_of = [](const Calls::Flow& flow, double rate) {
    const double expected = rate * flow.seconds;
    return expected > 0 ? flow.good / expected * 100 : 0.0;
  };
  r.value = percent_of(calls.last_15s, calls.usual.recent);
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto& bounds = r.levels.bounds[i];
    r.below[i] = !bounds || percent_of(calls.last_15s, calls.usual.recent) < bounds->clear;
    if (!bounds || explained || percent_of(calls.last_5s, usual) < bounds->raise) continue;
    const double least = std::max(
        {bounds->raise / 100 * usual, kBeyondHighest * calls.usual.highest, kManyPerSecond});
    for (const Calls::Flow* flow : {&calls.last_15s, &calls.minute}) {
      if (poisson_low(flow->good, z_) >= least * flow->seconds)
        r.reached = static_cast<AlertLevel>(i);
    }
  }
  r.text = fmt::format("{} calls in the last {:.0f} s, where {} are usual",
                       format_number(calls.last_15s.calls), calls.last_15s.seconds,
                       format_number(std::round(calls.usual.recent * calls.last_15s.seconds)));
}

}  // namespace ringside
