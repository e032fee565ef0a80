// When a budget that burns is another alert's symptom, for incidents.cpp.
#pragma once

#include "report/model/alerts.h"

namespace ringside {

// `burn` is an slo_burn. Both are of the same server, or one is of the host.
bool explains_burn(const AlertTransition& cause, const AlertTransition& burn);

}  // namespace ringside
