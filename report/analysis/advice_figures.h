// The figure behind a suggestion, so that a later report can say what became of it. It is known
// whether or not the suggestion is made.
#pragma once

#include <optional>
#include <vector>

#include "report/analysis/analysis.h"
#include "report/model/advice.h"

namespace ringside {

// In the unit of the key's kind (unit_of). Nothing: the sample is too small to tell, or what it is
// about was not seen. `history` may be null.
std::optional<double> advice_figure(const AdviceKey& key, const Snapshot& snapshot,
                                    const Analysis& analysis, const HistorySpan* history);

// All suggestions of the analysis, and what became of those in `open` that it does not make. What
// the figures can't tell is left out.
std::vector<AdviceLook> look_at_advice(const Snapshot& snapshot, const Analysis& analysis,
                                       const HistorySpan* history,
                                       const std::vector<AdviceKey>& open);

// Operations whose threshold the last hour makes doubtful: worth reading the hours of their days.
std::vector<AdviceKey> doubtful_thresholds(const Snapshot& snapshot);

}  // namespace ringside
