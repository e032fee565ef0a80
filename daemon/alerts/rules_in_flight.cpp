// Threads that hang: at one operation for too long, and nothing is written meanwhile.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside {

namespace {

// An operation that took long of late may take longer now, and hangs no thread.
constexpr double kTimesOfLate = 5;

std::string key_of(const LaneView& lane) { return fmt::format("{}|{}", lane.lane, lane.ring); }

// The longest that the operation took of late, in seconds.
double of_late_s(const SeriesView& series) {
  const double longest = static_cast<double>(series.window(Window::five_minutes).max_ns);
  return std::max(longest, series.window(Window::hour).quantile_ns(0.99)) / 1e9;
}

}  // namespace

// The operation may have waited in queues before its thread came to it. So the thread's time counts
// from the first tick that sees it, and not from the operation's beginning.
void Readings::remember_lanes() {
  std::map<std::string, RuleMemory::Lane> now;
  for (const LaneView& lane : s_.lanes) {
    if (lane.state != LaneView::State::owned || lane.in_flight.empty()) continue;
    RuleMemory::Lane one;
    one.operation = lane.in_flight;
    one.written = lane.books.written;
    one.generation = lane.generation;
    one.age_s = std::max(0.0, static_cast<double>(s_.wall_ns - lane.in_flight_wall_ns) / 1e9);
    const std::string key = key_of(lane);
    const auto before = memory_.lanes.find(key);
    // The same operation has grown older by just the tick. Clocks are compared, so not exactly.
    const double slack_s = 0.02 + 0.01 * s_.tick_seconds;
    if (before != memory_.lanes.end() && before->second.operation == one.operation &&
        before->second.written == one.written && before->second.generation == one.generation &&
        std::abs(one.age_s - before->second.age_s - s_.tick_seconds) <= slack_s) {
      one.held_s = before->second.held_s + s_.tick_seconds;
    }
    now[key] = std::move(one);
  }
  memory_.lanes = std::move(now);
}

void Readings::in_flight(const RingView& ring) {
  const Levels levels = alerts_.in_flight_seconds.times(1000);
  Reading& r = add(AlertType::server_down, "in_flight", levels, AlertUnit::ms);
  r.ring = ring.name;
  r.certain = true;
  r.judged = true;
  r.text = "the ring is not live";
  if (!ring.live()) return;
  r.value = 0;
  r.below.fill(true);
  r.text = "no operation hangs";
  std::size_t hanging = 0;
  for (const LaneView& lane : s_.lanes) {
    const auto memory = memory_.lanes.find(key_of(lane));
    if (lane.ring != ring.name || memory == memory_.lanes.end()) continue;
    const auto series = std::find_if(s_.operations.begin(), s_.operations.end(), [&](auto& one) {
      return one.ring == ring.name && one.name == lane.in_flight;
    });
    const bool known = series != s_.operations.end();
    const Declared declared = known ? series->declared : Declared{};
    if (config_.thresholds.response_of(lane.in_flight, declared) <= 0) continue;  // its client's
    const double late_s = known ? of_late_s(*series) : 0;
    const double held_ms = memory->second.held_s * 1000;
    const double least_ms = kTimesOfLate * late_s * 1000;
    std::optional<AlertLevel> reached;
    for (std::size_t i = 0; i < kAlertLevels; ++i) {
      const auto& bounds = levels.bounds[i];
      if (!bounds) continue;
      if (held_ms >= std::max(bounds->raise, least_ms)) reached = static_cast<AlertLevel>(i);
      if (held_ms >= std::max(bounds->clear, least_ms)) r.below[i] = false;
    }
    hanging += reached ? 1 : 0;
    if (!reached || held_ms <= *r.value) continue;
    r.reached = std::max(r.reached.value_or(AlertLevel::info), *reached);
    r.value = held_ms;
    r.text = fmt::format(
        "{} of thread {} does not end: {} so far, and the thread writes nothing; of late {}",
        escape_visible(lane.in_flight),
        lane.thread.empty() ? std::to_string(lane.tid) : escape_visible(lane.thread),
        format_span(held_ms * 1e6),
        late_s > 0 ? "the longest took " + format_span(late_s * 1e9) : "none has ended");
  }
  if (hanging > 1) {
    r.text = fmt::format("{} operations hang: {}", format_count(hanging), r.text);
  }
}

// What a loop that lags keeps waiting: everybody. A server without the gauge says nothing.
void Readings::loop_lag(const RingView& ring) {
  const auto gauge = std::find_if(s_.gauges.begin(), s_.gauges.end(), [&](const GaugeView& one) {
    return one.ring == ring.name && one.name == names::kLoopLagMs;
  });
  if (!ring.live() || gauge == s_.gauges.end()) return;
  Reading& r = add(AlertType::server_down, "loop_lag", alerts_.loop_lag_ms, AlertUnit::ms);
  r.ring = ring.name;
  r.value = static_cast<double>(gauge->value);
  r.text =
      fmt::format("the event loop ran {} late, at worst of a second", format_span(*r.value * 1e6));
}

}  // namespace ringside
