// A snapshot in which every figure differs from all others, so that a swapped figure is noticed.
// Two rings have operations of the same names with other stages. Names share their first letters.
// Every list is longer than what the text report shows of it.
#pragma once

#include "report/model/snapshot.h"

namespace sample {

ringside::Snapshot numbered();

}  // namespace sample
