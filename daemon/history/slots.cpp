#include "daemon/history/slots.h"

#include <sqlite3.h>

#include <algorithm>

namespace ringside {
namespace {

// SQLite's integers are signed. No count comes near their end.
std::int64_t whole(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(count, INT64_MAX));
}

}  // namespace

void bind_slot(Statement& statement, const HistorySlot& slot, std::string_view histogram) {
  statement.bind(whole(slot.recorded)).bind(whole(slot.skipped)).bind(whole(slot.lost));
  for (const std::uint64_t count : slot.outcomes) statement.bind(whole(count));
  statement.bind(whole(slot.timed)).bind(whole(slot.sum_ns)).bind(whole(slot.min_ns));
  statement.bind(whole(slot.max_ns)).bind(slot.value_sum);
  for (const StageStats& stage : slot.stages) {
    if (stage.count == 0) {
      statement.bind_null().bind_null().bind_null();
    } else {
      statement.bind(whole(stage.count)).bind(whole(stage.sum_ns)).bind(whole(stage.max_ns));
    }
  }
  statement.bind_blob(histogram);
}

void read_slot(Statement& statement, HistorySlot& slot) {
  slot.recorded = statement.count();
  slot.skipped = statement.count();
  slot.lost = statement.count();
  for (std::uint64_t& count : slot.outcomes) count = statement.count();
  slot.timed = statement.count();
  slot.sum_ns = statement.count();
  slot.min_ns = statement.count();
  slot.max_ns = statement.count();
  slot.value_sum = statement.integer();
  for (StageStats& stage : slot.stages) {
    stage.count = statement.count();
    stage.sum_ns = statement.count();
    stage.max_ns = statement.count();
  }
  auto histogram = unpack_histogram(statement.blob());
  if (!histogram) throw DatabaseError(SQLITE_CORRUPT, "a histogram is damaged");
  slot.latency = std::move(*histogram);
}

}  // namespace ringside
