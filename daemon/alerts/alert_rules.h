// From a snapshot to the figures that alerts are about: which figure, against which levels, and
// whether it is known at all. What becomes of them over time is the engine's business
// (alert_engine.h).
//
//   alert             judged by                                              of
//   high_latency      p95 of the last minute against the response time       each operation
//   high_error_rate   errors and timeouts / calls, last minute               each operation; all of
//   a ring together high_memory       resident memory of the largest process                 each
//   ring high_connections  gauge `connections`                                    each ring
//   system_overload   CPU, unavailable memory, load per CPU; server's CPU    the host; each ring
//   database_issue    breaker open; rollbacks; DATABASE_... errors; slow     each ring
//   security_threat   failed logins, rejected tokens, blocks, threats        each ring, per minute
//   telemetry_loss    records lost, rejected; untraced; a ring refused       the whole; each ring
//   server_down       crashed; stopped                                       each ring
//
// Latency is judged by p95, not p99 or the mean: at twenty calls a minute p99 is the slowest call
// alone and one hiccup would wake somebody, while a mean hides one call in ten that takes ten times
// as long. p95 over the threshold says that more than one in twenty is too slow, which users
// notice.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "report/model/snapshot.h"

namespace ringside {

// One figure at one tick.
struct Reading {
  AlertType alert = AlertType::high_latency;
  std::string figure;             // which of the type's figures
  std::string operation;          // empty: the whole server
  std::string ring;               // empty: the host, or all rings
  std::optional<double> value;    // absent: not known at this tick
  bool few = false;  // too small a sample to raise or clear anything; `value` is absent then
  bool certain = false;           // a fact and not a measurement: raised at the first tick
  Levels levels;
  AlertUnit unit = AlertUnit::ms;
  std::string text;               // the figure in words, or why there is none

  // Tells it from all others, and is the same at every tick.
  std::string key() const {
    return std::string(name_of(alert)) + '|' + figure + '|' + ring + '|' + operation;
  }
};

// What must be remembered from one tick to the next, because the snapshot has totals and the rule
// wants what was added. Part of the engine's state.
struct RuleMemory {
  struct Ring {
    std::uint64_t crashes = 0;
    std::uint64_t untraced_records = 0;
    friend bool operator==(const Ring&, const Ring&) = default;
  };
  bool known = false;   // false before the first tick: nothing to compare with
  std::uint64_t lost = 0;
  std::uint64_t rejected = 0;
  std::map<std::string, Ring> rings;
  friend bool operator==(const RuleMemory&, const RuleMemory&) = default;
};

std::vector<Reading> read_figures(const Snapshot& snapshot, const Config& config,
                                  RuleMemory& memory);

}  // namespace ringside
