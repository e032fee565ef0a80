// What to do about an error, in a sentence or two.
#pragma once

#include <string>

#include "report/analysis/analysis.h"

namespace ringside::detail {

// What the error's name tells is the server's own. Where the name tells nothing, the outcome does.
std::string advice_for(const Snapshot& snapshot, const ErrorKind& kind);

}  // namespace ringside::detail
