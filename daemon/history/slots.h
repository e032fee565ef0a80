// Slots as rows of `minutes` and `hours`.
#pragma once

#include "daemon/history/database.h"
#include "daemon/history/packed_histogram.h"
#include "report/model/history.h"

namespace ringside {

// The columns of a slot after begin, series and again, in the order of the two functions below.
#define RINGSIDE_SLOT_COLUMNS                                                                   \
  "recorded, skipped, lost, ok, error, timeout, rejected, denied, limited, cancelled, timed, "  \
  "sum_ns, min_ns, max_ns, value_sum, stage1_count, stage1_ns, stage1_max_ns, stage2_count, "   \
  "stage2_ns, stage2_max_ns, stage3_count, stage3_ns, stage3_max_ns, stage4_count, stage4_ns, " \
  "stage4_max_ns, stage5_count, stage5_ns, stage5_max_ns, stage6_count, stage6_ns, "            \
  "stage6_max_ns, histogram"

// Binds those columns. `histogram` is pack_histogram() of the slot's, and must outlive the
// statement's use.
void bind_slot(Statement& statement, const HistorySlot& slot, std::string_view histogram);

// Reads those columns into a slot, from the statement's next column on. Throws DatabaseError when
// the histogram is damaged.
void read_slot(Statement& statement, HistorySlot& slot);

}  // namespace ringside
