#include "daemon/history/slots.h"

#include <sqlite3.h>

#include <algorithm>
#include <tuple>

namespace ringside {
namespace {

// SQLite's integers are signed. No count comes near their end.
std::int64_t whole(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(count, INT64_MAX));
}

void add_errors(HistorySlot& to, const HistorySlot& from) {
  const auto before = [](const HistoryError& a, const HistoryError& b) {
    return std::tie(a.code, a.outcome) < std::tie(b.code, b.outcome);
  };
  for (const HistoryError& error : from.errors) {
    const auto at = std::lower_bound(to.errors.begin(), to.errors.end(), error, before);
    if (at != to.errors.end() && !before(error, *at)) {
      at->count += error.count;
    } else {
      to.errors.insert(at, error);
    }
  }
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

void add_slot(HistorySlot& to, const HistorySlot& from) {
  if (from.timed > 0) to.min_ns = to.timed > 0 ? std::min(to.min_ns, from.min_ns) : from.min_ns;
  to.max_ns = std::max(to.max_ns, from.max_ns);
  to.recorded += from.recorded;
  to.skipped += from.skipped;
  to.lost += from.lost;
  for (std::size_t i = 0; i < kOutcomes; ++i) to.outcomes[i] += from.outcomes[i];
  to.timed += from.timed;
  to.sum_ns += from.sum_ns;
  // A server chooses these: the sum wraps, as the metrics' own.
  to.value_sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(to.value_sum) +
                                           static_cast<std::uint64_t>(from.value_sum));
  for (std::size_t i = 0; i < kStages; ++i) {
    to.stages[i].count += from.stages[i].count;
    to.stages[i].sum_ns += from.stages[i].sum_ns;
    to.stages[i].max_ns = std::max(to.stages[i].max_ns, from.stages[i].max_ns);
  }
  to.latency.merge(from.latency);
  add_errors(to, from);
}

}  // namespace ringside
