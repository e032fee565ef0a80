// Series of daily and hourly figures that change by two standard deviations, or not at all: how
// report/analysis/change_points.h finds them, beside what is possible.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/simulate/run.h"

namespace ringside::simulate {

struct ChangePointRow {
  const char* kind = "";
  std::uint64_t changes = 0;
  std::uint64_t found = 0;            // within ten slots of the change
  std::uint64_t within_one = 0;       // slot of it
  std::uint64_t best_within_one = 0;  // by the likelihood, for who knows both levels and the noise
  std::uint64_t false_points = 0;
  std::uint64_t points = 0;  // slots of all series
};

// Ten series of each kind for each seed.
std::vector<ChangePointRow> run_change_points(const Corpus& corpus, unsigned jobs);

}  // namespace ringside::simulate
