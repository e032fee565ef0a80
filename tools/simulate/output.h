// What a run shows: tables for people, JSON for programs, and the lines of one scenario.
#pragma once

#include <string>

#include "tools/simulate/run.h"

namespace ringside::simulate {

// All policies side by side, ours by kind, what was missed, and what simulating cost.
std::string tables(const Corpus& corpus, const CorpusReport& report);
std::string to_json(const Corpus& corpus, const CorpusReport& report);
// Every line of every policy, with the virtual time, and where incidents begin and end.
std::string trace(const Scenario& scenario, const Config& config);
// The kinds and what they are.
std::string list_kinds();

}  // namespace ringside::simulate
