// What a mark says when tracing is switched, by operation.
#pragma once

#include <string>
#include <vector>

#include "report/model/rings.h"

namespace ringside {

// What is recorded of a ring.
struct Sampling {
  bool enabled = true;
  std::vector<SampledView> sampled;
};

// "tracing is switched off; SEND_MESSAGE, EDIT_MESSAGE: from every call to one in 10". Empty when
// nothing changed. Of many with the same change ten are named, and the others counted.
std::string sampling_changes(const Sampling& before, const Sampling& now);

}  // namespace ringside
