// A night held against the night before, with a change of every kind.
#pragma once

#include "report/analysis/comparison.h"
#include "report/model/history.h"

namespace sample {

// SEND is slower in its stage database, LIST is faster, LOGIN fails more, MIXED has more calls of
// its slow kind, RARE has too few calls; GONE and NEW are seen in one of them alone.
struct ComparedNights {
  ringside::HistorySpan then, now;
};
// With `hostile`, SEND and its stage have the name of night.h that tries to break out.
ComparedNights compared_nights(bool hostile = false);
ringside::Comparison compared(const ComparedNights& nights);

}  // namespace sample
