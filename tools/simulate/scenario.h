// A stretch of virtual time with what happens in it, and what is known about that: the incidents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/model/alerts.h"
#include "tools/simulate/effect.h"
#include "tools/simulate/load.h"

namespace ringside::simulate {

// Trouble that somebody must be told of. Times count from the beginning of the scenario.
struct Incident {
  std::string kind;
  Ns from = 0;
  Ns until = 0;
  // The trouble is over, and its consequences are not yet: a queue is worked off, clients come
  // back. An alert that begins now still belongs to the incident.
  Ns aftermath = 0;
  std::vector<std::string> causes;  // the alerts that name it rightly; usually one
  Op op = Op::none;                 // the operation that must be named; none: any, or no operation
  AlertLevel least = AlertLevel::warning;
  bool hard = false;  // dead, stuck, locked: must be found at once
};

struct Scenario {
  std::string kind;
  std::uint64_t seed = 0;
  Ns length = 0;
  Ns begin_wall = kMondayWall;
  std::uint32_t clients = 320;
  Habits habits;
  Effects effects;
  std::vector<Incident> incidents;  // none: a calm scenario

  bool calm() const { return incidents.empty(); }
};

// Calm and trouble are part of every corpus. A long scenario runs when it is named.
enum class Part : std::uint8_t { calm, trouble, long_run };

// A kind of scenario. `make` draws times and sizes from the seed.
struct ScenarioKind {
  const char* name;
  const char* what;
  Part part;
  Scenario (*make)(std::uint64_t seed, double days);  // `days`: not for trouble
};

const std::vector<ScenarioKind>& scenario_kinds();
// Null: there is no such kind.
const ScenarioKind* scenario_kind(const std::string& name);

}  // namespace ringside::simulate
