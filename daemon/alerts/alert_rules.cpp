// The list of what is read, and how sure it must be.
#include "daemon/alerts/alert_rules.h"

#include <algorithm>

#include "daemon/alerts/emergencies.h"
#include "daemon/alerts/readings.h"
#include "report/analysis/judgement.h"

namespace ringside {
namespace {

// Calls that wait for a lock, or that a breaker turns away, say nothing of the host. Nor do those
// that come after them and wait in their queue.
constexpr double kDatabaseExplainsS = 30;

}  // namespace

std::vector<Reading> Readings::all() {
  remember_processes();
  remember_lanes();
  for (const SeriesView& operation : s_.operations) {
    latency(operation);
    error_rate(operation.name, operation);
  }
  for (const RingView& ring : s_.rings) {
    const SeriesView all = sum_of_ring(s_, ring.name);
    const RingPulse pulse = pulse_of(s_, ring);
    now_[ring.name] = counts_of(pulse);
    note_usual(pulse, all, s_.tick_seconds, memory_.progress[ring.name]);
    error_rate("", all);
    processes(ring);
    growth(ring);
    descriptors(ring);
    connections(ring);
    out_.push_back(breaker_of(pulse, memory_));
    database(ring, all);
    lock_waits(ring);
    transaction_time(ring);
    security(ring);
    sources(ring);
    out_.push_back(crash_of(pulse, memory_));
    stopped(ring);
    out_.push_back(stuck_of(pulse, memory_));
    in_flight(ring);
    loop_lag(ring);
    out_.push_back(refused_of(pulse));
    for (Reading& loss : losses_of(pulse, config_, memory_)) out_.push_back(std::move(loss));
  }
  regressions();
  objectives();
  for (Reading& reading : out_) judge_by_value(reading);
  remember_database();
  for (const RingView& ring : s_.rings) traffic(ring);
  host();
  memory_.rings = std::move(now_);
  std::erase_if(memory_.progress,
                [&](const auto& one) { return !memory_.rings.contains(one.first); });
  return {std::make_move_iterator(out_.begin()), std::make_move_iterator(out_.end())};
}

double Readings::z() const {
  return tick_z(config_, judged_shares(config_, s_.operations.size(), s_.rings.size()));
}

void judge_by_value(Reading& r) {
  if (r.judged || !r.value) return;
  r.reached = r.levels.reached(*r.value);
  for (std::size_t i = 0; i < kAlertLevels; ++i)
    r.below[i] = !r.levels.bounds[i] || *r.value < r.levels.bounds[i]->clear;
}

Reading& Readings::add(AlertType alert, std::string figure, Levels levels, AlertUnit unit) {
  Reading reading;
  reading.alert = alert;
  reading.figure = std::move(figure);
  reading.levels = levels;
  reading.unit = unit;
  out_.push_back(std::move(reading));
  return out_.back();
}

void Readings::remember_database() {
  auto& since_s = memory_.since_database_s;
  for (auto& [ring, seconds] : since_s) seconds += s_.tick_seconds;
  for (const Reading& r : out_) {
    if (r.alert == AlertType::database_issue && r.reached &&
        (r.figure == "breaker" || r.figure == "errors" || r.figure == "lock_waits"))
      since_s[r.ring] = 0;
  }
  std::erase_if(since_s, [](const auto& one) { return one.second >= kDatabaseExplainsS; });
}

Readings::Suffering Readings::suffering() const {
  Suffering found = Suffering::none;
  for (const Reading& r : out_) {
    if (!r.reached) continue;
    const bool calls = r.alert == AlertType::high_latency || r.alert == AlertType::high_error_rate;
    if (r.alert == AlertType::telemetry_loss ||
        (calls && !memory_.since_database_s.contains(r.ring)))
      return Suffering::some;
    if (calls) found = Suffering::by_database;
  }
  return found;
}

const SeriesView* Readings::event(const RingView& ring, std::string_view name) const {
  for (const SeriesView& series : s_.events) {
    if (series.ring == ring.name && series.name == name) return &series;
  }
  return nullptr;
}

const RuleMemory::Ring* Readings::before_of(const RingView& ring) const {
  const auto before = memory_.rings.find(ring.name);
  return before == memory_.rings.end() ? nullptr : &before->second;
}

std::vector<Reading> read_figures(const Snapshot& snapshot, const Config& config,
                                  RuleMemory& memory) {
  return Readings(snapshot, config, memory).all();
}

}  // namespace ringside
