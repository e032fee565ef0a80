// A snapshot of a span of the past, made of its history: so that a report of last night is the
// report of today, made by the same sections.
#pragma once

#include <cstdint>

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

// What it holds:
//   series     each operation's and event's figures of the whole span, in Window::since_start; the
//              other windows are empty. Counts, sums and histograms are the exact sums of the
//              slots. Categories and the sum of all, too.
//   errors     by code and outcome; of when the last came no more is known than the slot's begin
//   rings      their state at the end, as the marks of starts and ends say; observed time, losses
//   books      of the rings as a whole, also of what was left out (HistoryRing::left_out): which
//              operation a lost record was of is not always known
//   gauges     the last value, and the highest of the span
//   incidents  those of the span, and the transitions of their alerts
//   thresholds, configuration, what operations declared
//              those in force for most of the span; the defaults where the history holds none
// What history does not hold is empty: single records, who was behind a call, blocks, lanes,
// processes, the daemon.
//
// Snapshot::past_seconds is the length of the span, at least 1.
Snapshot past_snapshot(const HistorySpan& span);

// The configuration that held for most of the span; null where the history holds none.
const HistoryConfiguration* configuration_in_force(const HistorySpan& span);

}  // namespace ringside
