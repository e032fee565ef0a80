// Reads from a snapshot the figures that alerts are about: which figure, against which levels, and
// whether it is known at all. The engine (alert_engine.h) decides what becomes of them over time.
//
//   alert             judged by                                         of
//   high_latency      p95 of the last minute against the response time  each operation
//   high_error_rate   errors and timeouts / calls, last minute          each operation; each ring
//   high_memory       resident memory of the largest process            each ring
//   high_connections  gauge `connections`                               each ring
//   system_overload   CPU, unavailable memory, load per CPU             the host
//                     CPU of the server's processes                     each ring
//   database_issue    breaker open; rollbacks; DATABASE_... errors;     each ring
//                     slow queries per minute
//   security_threat   failed logins, rejected tokens, blocks, threats   each ring, per minute
//   telemetry_loss    records lost, rejected                            all rings together
//                     records untraced; the ring is refused             each ring
//   server_down       crashed; stopped                                  each ring
//
// Latency is judged by p95, not p99 or the mean. At twenty calls a minute p99 is the slowest call
// alone, and one hiccup would wake somebody. A mean hides one call in ten that takes ten times as
// long. A p95 over the threshold says that more than one call in twenty is too slow, which users
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
  std::string figure;             // which of the alert's figures
  std::string operation;          // empty: the whole server
  std::string ring;               // empty: the host, or all rings
  std::optional<double> value;    // absent: not known at this tick
  bool few = false;               // the sample is too small; `value` is absent then
  bool certain = false;           // a fact, not a measurement: it fires at the first tick
  Levels levels;
  AlertUnit unit = AlertUnit::ms;
  std::string text;               // the figure in words, or why there is none

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
