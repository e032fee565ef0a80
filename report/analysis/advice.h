// What to do about an error, in a sentence or two.
#pragma once

#include <string>

#include "report/analysis/analysis.h"

namespace ringside::detail {

// The error's name tells the server's own meaning. Where it tells nothing, the outcome is used.
std::string advice_for(const Snapshot& snapshot, const ErrorKind& kind);

}  // namespace ringside::detail
