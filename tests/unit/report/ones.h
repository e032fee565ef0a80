// A snapshot in which every list has one entry and every figure is one: the least that is not
// nothing. What asks for more than one is noticed by it.
#pragma once

#include "report/model/snapshot.h"

namespace sample {

ringside::Snapshot ones();

}  // namespace sample
