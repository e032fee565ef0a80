// Figures added up: of slots, and of windows. Sums of counts are exact; histograms are merged
// bucket by bucket.
#pragma once

#include "report/model/history.h"
#include "report/model/windows.h"

namespace ringside {

// Adds what `from` counts, errors by code included. Begin, length and observed time stay.
void add_slot(HistorySlot& to, const HistorySlot& from);

// The same into a window. Its observed time stays: several series are observed in the same time.
void add_slot(WindowStats& to, const HistorySlot& from);

// Two series over the same window. The observed time is the longer one.
void add_window(WindowStats& to, const WindowStats& from);

// How much of a span the daemon saw, of the ring that it saw most: seconds.
double observed_seconds(const HistorySpan& span);

}  // namespace ringside
