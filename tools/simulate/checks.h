// Two checks that answer yes or no: no false alarm on calm days, and nothing that grows in a month.
// Only our own policy is looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "tools/simulate/run.h"

namespace ringside::simulate {

struct Check {
  bool good = false;
  std::string text;
};

// The calm kinds of the corpus (`only`, else all), `days` of each, for each of its seeds.
Check check_calm(const Corpus& corpus, const Config& config, unsigned jobs);

// `corpus.days` days with three troubles each, of the corpus's first seed. `told` gets each line of
// the table as it comes.
Check check_month(const Corpus& corpus, const Config& config,
                  const std::function<void(const std::string&)>& told);

// Whether what was held at the ends of the days grows: its highest in the last quarter is more than
// a tenth, and 64 KiB, above its highest in the second quarter. The first quarter is for windows to
// fill.
bool grows(const std::vector<std::uint64_t>& days);

}  // namespace ringside::simulate
