// A snapshot in which every figure is another one, so that none can stand in another's place
// unnoticed. Two rings have operations of the same names but other stages, names share their first
// letters, and every list is longer than what the text report shows of it.
#pragma once

#include "report/model/snapshot.h"

namespace sample {

ringside::Snapshot numbered();

}  // namespace sample
