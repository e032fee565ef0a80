// Reads from a snapshot the figures that alerts are about: which figure, against which levels, and
// whether it is known at all. The engine (alert_engine.h) decides what becomes of them over time.
//
//   alert             judged by                                         of
//   high_latency      share of calls slower than the response time      each operation
//   high_error_rate   errors and timeouts / calls                       each operation; each ring
//   high_memory       resident memory of the largest process; growth    each ring
//   high_connections  gauge `connections`                               each ring
//   system_overload   CPU, unavailable memory, load per CPU, pressure   the host
//                     CPU of the server's processes; open files,        each ring
//                     threads, and their growth
//                     many times the usual calls                        each ring; each operation
//   database_issue    breaker open; rollbacks; DATABASE_... errors;     each ring
//                     slow queries and lock waits per minute; p95 of
//                     transactions
//   security_threat   failed logins, rejected tokens, blocks, threats,  each ring, per minute
//                     refusals for the rate, blocked sources
//                     failures of a source, of an account; guessing     each ring, per hour
//   telemetry_loss    records lost, rejected, torn, untraced; refused   each ring
//   server_down       crashed; stopped; stuck; an operation in flight;  each ring
//                     an event loop that lags
//                     most of the usual calls are missing               each ring; each operation
//   performance_regression  what an analysis found (Snapshot)           operation, stage
//   slo_burn          burn of a budget over two windows (slo.h)         each objective
//
// Latency is judged by p95, not p99 or the mean: more than one call in twenty is too slow, which
// users notice. At twenty calls a minute p99 is the slowest call alone, and one hiccup would wake
// somebody. A mean hides one call in ten that takes ten times as long.
//
// A share of calls (too slow, failed) is over a limit at a tick if
//   - the calls of the last 5 s are over it by themselves, so that it ends when its cause does, and
//   - the shortest window that decides (5 s, 15 s, 1 min, 5 min; evidence.h) says so, as surely as
//     `alerts.false_alarms` wants it.
// It is below a limit if the calls of the last 5 s are. Without a call in 5 s nothing is said, and
// without one in a minute the operation is at rest, which is below.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/growth.h"
#include "daemon/alerts/normals.h"
#include "daemon/alerts/slo.h"
#include "daemon/config/config.h"
#include "report/model/snapshot.h"

namespace ringside {

// One figure at one tick.
struct Reading {
  AlertType alert = AlertType::high_latency;
  std::string figure;             // which of the alert's figures
  std::string operation;          // empty: the whole server
  std::string ring;               // empty: the host
  std::optional<double> value;    // absent: not known at this tick
  bool certain = false;           // a fact, not a measurement: it fires at the first tick
  // The highest level that the figure is over, and for each level whether it is below its clear.
  std::optional<AlertLevel> reached;
  std::array<bool, kAlertLevels> below{};
  bool judged = false;  // by evidence, not by comparing `value` with the levels
  bool idle = false;    // nothing new since the last tick: neither over nor below
  bool grace = false;   // no episode begins with it; one that is there goes on
  Levels levels;
  AlertUnit unit = AlertUnit::ms;
  std::string text;               // the figure in words, or why there is none
  std::string suspect;            // as in AlertTransition
  // Where each level's threshold comes from, in words. Empty: there is only one place.
  std::array<std::string, kAlertLevels> origin{};

  // Names the figure. No other figure has the same key, and the key is the same at every tick.
  std::string key() const {
    return std::string(name_of(alert)) + '|' + figure + '|' + ring + '|' + operation;
  }
};

// What the rules remember from one tick to the next. The snapshot has totals, but a rule needs what
// was added since the last tick. Part of the engine's state.
struct RuleMemory {
  struct Ring {
    std::uint64_t crashes = 0;
    std::uint64_t untraced_records = 0;
    std::uint64_t lost = 0;
    std::uint64_t torn = 0;
    std::uint64_t rejected = 0;
    std::uint64_t breaker_opened = 0;
    std::uint64_t database_errors = 0;
    friend bool operator==(const Ring&, const Ring&) = default;
  };
  std::map<std::string, Ring> rings;  // those of the last tick; empty before the first
  // How it goes on between ticks (emergencies.h). Not saved: a new daemon begins to look anew.
  struct Progress {
    std::uint64_t calls = 0;       // as in RingPulse
    std::uint64_t skipped = 0;     // the same
    std::int64_t silent_ns = 0;    // since a call has completed
    std::int64_t stopped_ns = -1;  // since a process has been stopped; -1: none is
    // What was usual before the silence: calls a second that were recorded, and how many
    // connections there were (their maximum, which decays within minutes).
    double usual_per_s = 0;
    double recorded_share = 1;
    double connections = 0;
  };
  std::map<std::string, Progress> progress = {};
  // For how many seconds a ring's database has explained nothing; absent: for half a minute or
  // more. Not saved: it is short.
  std::map<std::string, double> since_database_s = {};
  Normals normals{};                  // of all ticks before this one
  // What a process of a server holds. Those of the last tick that are warm, by "pid|ring".
  struct Process {
    Growth resident, open_files, threads;
    friend bool operator==(const Process&, const Process&) = default;
  };
  std::map<std::string, Process> processes{};
  // Threads that were at an operation at the last tick, by "lane|ring".
  struct Lane {
    std::string operation;
    std::uint64_t written = 0;
    std::uint64_t generation = 0;
    double age_s = 0;   // since the operation began, perhaps on another thread
    double held_s = 0;  // this thread has been at it for so long, at least
    friend bool operator==(const Lane&, const Lane&) = default;
  };
  std::map<std::string, Lane> lanes{};
  SloMemory slo{};
};

// A count that went down was started anew, so all of it was added.
constexpr std::uint64_t added_to(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

// Compares the value of a reading that no evidence has judged with its levels.
void judge_by_value(Reading& reading);

std::vector<Reading> read_figures(const Snapshot& snapshot, const Config& config,
                                  RuleMemory& memory);

}  // namespace ringside
