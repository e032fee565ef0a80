#include "daemon/alerts/emergencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "report/analysis/judgement.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside {
namespace {

Reading reading_of(const RingPulse& ring, AlertType alert, const char* figure, Levels levels,
                   AlertUnit unit) {
  Reading reading;
  reading.alert = alert;
  reading.figure = figure;
  reading.ring = ring.ring;
  reading.levels = levels;
  reading.unit = unit;
  return reading;
}

const RuleMemory::Ring* before_of(const RingPulse& ring, const RuleMemory& memory) {
  const auto before = memory.rings.find(ring.ring);
  return before == memory.rings.end() ? nullptr : &before->second;
}

std::string name_of_server(const RingPulse& ring) {
  return ring.program.empty() ? "the server" : escape_visible(ring.program);
}

}  // namespace

RingPulse pulse_of(const Snapshot& snapshot, const RingView& ring) {
  RingPulse pulse;
  pulse.ring = ring.name;
  pulse.program = ring.program;
  pulse.state = ring.state;
  pulse.problem = ring.problem;
  pulse.pid = ring.pid;
  pulse.crashes_seen = ring.crashes_seen;
  pulse.untraced_records = ring.untraced_records;
  pulse.books = ring.books;
  pulse.calls = ring.calls;
  pulse.skipped = 0;
  for (const SeriesView& operation : snapshot.operations) {
    if (operation.ring == ring.name)
      *pulse.skipped += operation.window(Window::since_start).skipped;
  }
  if (const GaugeView* gauge = connections_of(snapshot, ring.name))
    pulse.connections = gauge->value;
  for (const ProcessView& process : snapshot.processes) {
    if (process.ring == ring.name && process.stopped.value_or(false))
      pulse.stopped_pid = process.pid;
  }
  for (const SeriesView& moves : snapshot.events) {
    if (moves.ring != ring.name || moves.name != names::kBreaker) continue;
    pulse.breaker_opened = moves.window(Window::since_start).errors;
    if (moves.last.empty()) continue;
    const RecordView& move = moves.last.front();
    const std::int64_t moved_ns = move.start_wall_ns + std::max<std::int64_t>(move.duration_ns, 0);
    if (moved_ns < ring.created_wall_ns) continue;
    pulse.breaker_value = move.value;
    pulse.breaker_moved_wall_ns = moved_ns;
  }
  return pulse;
}

void note_progress(const std::vector<RingPulse>& rings, std::int64_t passed_ns,
                   RuleMemory& memory) {
  for (const RingPulse& ring : rings) {
    const bool known = memory.progress.contains(ring.ring);
    RuleMemory::Progress& progress = memory.progress[ring.ring];
    const std::uint64_t skipped = ring.skipped.value_or(progress.skipped);
    const bool moved =
        !known || progress.calls != ring.calls || progress.skipped != skipped || !ring.live();
    progress.calls = ring.calls;
    progress.skipped = skipped;
    progress.silent_ns = moved ? 0 : progress.silent_ns + passed_ns;
    progress.stopped_ns = ring.stopped_pid == 0     ? -1
                          : progress.stopped_ns < 0 ? 0
                                                    : progress.stopped_ns + passed_ns;
  }
}

void note_usual(const RingPulse& ring, const SeriesView& all, double tick_seconds,
                RuleMemory::Progress& progress) {
  constexpr double kForgetS = 300;
  if (progress.silent_ns >= kLeastSilenceNs) return;
  // The latest share, because sampling may have been switched just now.
  for (const WindowStats* window : {&all.last_15s, &all.last_5s}) {
    if (window->count() > 0) {
      progress.recorded_share =
          static_cast<double>(window->recorded) / static_cast<double>(window->count());
    }
  }
  // A server that was stuck before this daemon came has only its hour.
  const WindowStats& minutes = all.window(Window::five_minutes);
  const WindowStats& window = minutes.count() > 0 ? minutes : all.window(Window::hour);
  progress.usual_per_s = window.rate() * progress.recorded_share;
  progress.connections =
      std::max(static_cast<double>(ring.connections.value_or(0)),
               progress.connections * std::exp(-std::max(tick_seconds, 0.0) / kForgetS));
}

RuleMemory::Ring counts_of(const RingPulse& ring) {
  RuleMemory::Ring counts;
  counts.crashes = ring.crashes_seen;
  counts.untraced_records = ring.untraced_records;
  counts.lost = ring.books.lost;
  counts.torn = ring.books.torn;
  counts.rejected = ring.books.rejected;
  counts.breaker_opened = ring.breaker_opened;
  return counts;
}

Reading breaker_of(const RingPulse& ring, const RuleMemory& memory) {
  Reading r = reading_of(ring, AlertType::database_issue, "breaker",
                         Levels::of({}, LevelBounds{1, 0.5}), AlertUnit::open);
  r.certain = true;
  r.text = "the ring is not live";
  if (!ring.live()) return r;
  r.value = 0;
  r.text = "the circuit breaker has not moved";
  if (!ring.breaker_value) return r;
  // Half-open: a trial runs. That neither raises nor clears the alert.
  const auto known = breaker_state_from(*ring.breaker_value);
  r.value = known == BreakerState::open ? 1 : known == BreakerState::half_open ? 0.5 : 0;
  const char* state = known ? name_of(*known) : "in an unknown state";
  r.text = fmt::format("the circuit breaker is {} since {}", state,
                       format_time_of_day(ring.breaker_moved_wall_ns));
  const RuleMemory::Ring* before = before_of(ring, memory);
  const std::uint64_t times =
      before == nullptr ? 0 : added_to(before->breaker_opened, ring.breaker_opened);
  if (times == 0 || *r.value == 1) return r;
  r.value = 1;
  r.text = fmt::format("the circuit breaker opened {} since the last tick and is {} now",
                       times == 1 ? "once" : format_count(times) + " times", state);
  return r;
}

Reading crash_of(const RingPulse& ring, const RuleMemory& memory) {
  Reading r = reading_of(ring, AlertType::server_down, "crashed", Levels::of({}, LevelBounds{1, 1}),
                         AlertUnit::crashed);
  r.certain = true;
  r.text = "the ring cannot be read";
  if (ring.state == RingState::refused) return r;
  const RuleMemory::Ring* before = before_of(ring, memory);
  const bool crashed = ring.state == RingState::crashed;
  const bool crashed_since = before != nullptr && ring.crashes_seen > before->crashes;
  r.value = crashed || crashed_since ? 1 : 0;
  const std::string who = name_of_server(ring);
  if (crashed) {
    r.text = fmt::format("{} (pid {}) died without closing its ring", who, ring.pid);
  } else if (crashed_since) {
    r.text = fmt::format("{} crashed and was started again", who);
  } else {
    r.text = ring.live() ? fmt::format("{} (pid {}) runs", who, ring.pid) : "no crash";
  }
  return r;
}

Reading stuck_of(const RingPulse& ring, const RuleMemory& memory) {
  // So many calls are to be expected before their absence says something. Were they independent,
  // exp(-20) would do; but traffic comes in bursts.
  constexpr double kSurelySome = 30;
  Reading r = reading_of(ring, AlertType::server_down, "stuck", Levels::of({}, LevelBounds{1, 1}),
                         AlertUnit::stuck);
  r.certain = true;
  r.text = "the ring is not live";
  if (!ring.live()) return r;
  r.value = 0;
  r.text = "calls complete, or none is expected";
  const auto at = memory.progress.find(ring.ring);
  if (at == memory.progress.end()) return r;
  const RuleMemory::Progress& progress = at->second;
  if (ring.stopped_pid != 0 && progress.stopped_ns >= kLeastStopNs) {
    r.value = 1;
    r.text = fmt::format("{} (pid {}) is stopped, by a signal or a debugger", name_of_server(ring),
                         ring.stopped_pid);
    return r;
  }
  const double silent_s = static_cast<double>(progress.silent_ns) / 1e9;
  const auto connections = static_cast<double>(ring.connections.value_or(0));
  if (connections <= 0 || progress.silent_ns < kLeastSilenceNs) return r;
  // Of fewer clients less is to be expected: after a restart they come back one by one.
  const double expected = progress.usual_per_s * silent_s *
                          std::min(1.0, connections / std::max(progress.connections, 1.0));
  if (expected < kSurelySome) return r;
  r.value = 1;
  r.text = fmt::format("no call has completed in the last {}, where {} were usual, and {} {} open",
                       format_span(static_cast<double>(progress.silent_ns)),
                       format_number(std::round(expected)), format_signed(*ring.connections),
                       *ring.connections == 1 ? "connection is" : "connections are");
  return r;
}

Reading refused_of(const RingPulse& ring) {
  Reading r = reading_of(ring, AlertType::telemetry_loss, "refused",
                         Levels::of({}, LevelBounds{1, 1}), AlertUnit::refused);
  r.certain = true;
  r.value = ring.state == RingState::refused ? 1 : 0;
  r.text = ring.state == RingState::refused ? "the ring is refused: " + escape_visible(ring.problem)
                                            : "the ring can be read";
  return r;
}

std::vector<Reading> losses_of(const RingPulse& ring, const Config& config,
                               const RuleMemory& memory) {
  std::vector<Reading> out;
  const RuleMemory::Ring* before = before_of(ring, memory);
  if (before == nullptr) return out;
  const auto add = [&](const char* figure, std::uint64_t then, std::uint64_t now, const char* one,
                       const char* many) {
    Reading r = reading_of(ring, AlertType::telemetry_loss, figure, config.alerts.lost_records,
                           AlertUnit::records);
    r.certain = true;
    const std::uint64_t added = added_to(then, now);
    r.value = static_cast<double>(added);
    r.text = fmt::format("{} {} since the last tick, {} in all", format_count(added),
                         added == 1 ? one : many, format_count(now));
    out.push_back(std::move(r));
  };
  add("lost", before->lost, ring.books.lost, "record was overwritten before it was read",
      "records were overwritten before they were read");
  add("rejected", before->rejected, ring.books.rejected,
      "record was read but could not be believed", "records were read but could not be believed");
  add("torn", before->torn, ring.books.torn, "record was half-written when its thread died",
      "records were half-written when their thread died");
  add("untraced", before->untraced_records, ring.untraced_records,
      "record of a thread without a lane was not written",
      "records of threads without a lane were not written");
  return out;
}

std::vector<Reading> read_emergencies(const Pulse& pulse, const Config& config,
                                      const RuleMemory& memory) {
  std::vector<Reading> out;
  for (const RingPulse& ring : pulse.rings) {
    out.push_back(breaker_of(ring, memory));
    out.push_back(crash_of(ring, memory));
    out.push_back(stuck_of(ring, memory));
    out.push_back(refused_of(ring));
    std::vector<Reading> losses = losses_of(ring, config, memory);
    std::move(losses.begin(), losses.end(), std::back_inserter(out));
  }
  for (Reading& reading : out) judge_by_value(reading);
  return out;
}

}  // namespace ringside
