// The flags that every command takes which sees records. One flag several times: any of its values.
// Several flags, and several expressions: all of them.
#pragma once

#include <string>
#include <vector>

#include "tools/ringside/filter/condition.h"

namespace ringside::tool {

struct FilterFlags {
  std::vector<std::string> operations;    // --op: a name or a pattern
  std::vector<std::string> errors_named;  // --error: a name, a pattern or a code
  std::vector<std::string> actors, subjects;
  std::vector<std::string> stages;  // --stage: database>20ms
  std::vector<std::string> outcomes, threads, lanes, kinds;
  std::string min_latency, max_latency;
  std::string since, until;              // a duration before now, or a UTC time
  bool errors = false;                   // --errors: outcome error or timeout
  bool failures = false;                 // --failures: any outcome but ok
  std::vector<std::string> expressions;  // -q

  bool none() const;
  // As they are written on a command line; empty without any.
  std::string text() const;
};

// False, and `error` set, when a flag's value cannot be read.
bool read_flags(const FilterFlags& flags, Wanted& out, FilterError& error);

}  // namespace ringside::tool
