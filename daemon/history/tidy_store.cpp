// What the writer does to the history between two batches: hours, retention, the limit on size.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/history/advice_rows.h"
#include "daemon/history/history_store.h"
#include "daemon/history/slots.h"
#include "daemon/history/spans.h"
#include "report/model/sums.h"

namespace ringside {
namespace {

// The file is made smaller from this share of its limit on, and down to the next.
constexpr double kFullAt = 0.95;
constexpr double kRoomAt = 0.90;
// Free pages beyond this are given back, so many at a time.
constexpr std::int64_t kFreePages = 64;

// A number, or `otherwise` where SQL says NULL: MIN() of nothing.
std::int64_t number(Database& database, const char* sql, std::int64_t bound,
                    std::int64_t otherwise) {
  auto row = database.query(sql);
  row.bind(bound);
  if (!row.row() || row.null()) return otherwise;
  return row.integer();
}

std::uint64_t count_of_hour(Database& database, std::int64_t begin, std::int64_t series) {
  auto row = database.query("SELECT recorded + skipped FROM hours WHERE begin = ? AND series = ?");
  row.bind(begin).bind(series);
  return row.row() ? row.count() : 0;
}

void run_between(Database& database, const char* sql, std::int64_t begin, std::int64_t end) {
  database.query(sql).bind(begin).bind(end).run();
}

}  // namespace

HistoryStore::Removed HistoryStore::tidy(std::int64_t now_wall_s) {
  roll_up_due(now_wall_s);
  make_coarser(now_wall_s);
  while (remove_minutes_before(now_wall_s - limits_.keep_minutes_s)) {}
  while (remove_hours_before(now_wall_s - limits_.keep_hours_s)) {}
  Removed removed;
  const auto limit = static_cast<double>(limits_.max_bytes);
  if (static_cast<double>(used_bytes()) > limit * kFullAt) {
    while (static_cast<double>(used_bytes()) > limit * kRoomAt &&
           remove_oldest(removed, now_wall_s)) {}
  }
  if (database_->pragma("freelist_count") > kFreePages)
    database_->script("PRAGMA incremental_vacuum(" + std::to_string(kFreePages) + ")");
  return removed;
}

void HistoryStore::roll_up_due(std::int64_t now_wall_s) {
  for (;;) {
    const std::int64_t from = work("rolled_until");
    const std::int64_t first = number(
        *database_,
        "SELECT MIN(begin) FROM (SELECT MIN(begin) AS begin FROM ring_minutes WHERE begin >= ?1"
        " UNION ALL SELECT MIN(begin) FROM minute_samples WHERE begin >= ?1)",
        from, INT64_MAX);
    if (first == INT64_MAX) return;
    const std::int64_t hour = floor_to(first, kHourS);
    if (hour + kHourS + kHourSettlesS > now_wall_s) return;
    Transaction transaction(*database_, Transaction::Mode::write);
    roll_up(hour);
    set_work("rolled_until", hour + kHourS);
    transaction.commit();
  }
}

void HistoryStore::roll_up(std::int64_t begin_wall_s) {
  const std::int64_t end = begin_wall_s + kHourS;
  // Minutes that were removed since the hour was rolled up are missing here: then what is there has
  // counted more, and stays.
  auto of_rings = database_->query(
      "INSERT INTO ring_hours SELECT ?1, ring, 0, SUM(observed_ms), SUM(lost) FROM ring_minutes"
      " WHERE begin >= ?1 AND begin < ?2 GROUP BY ring ON CONFLICT DO UPDATE SET"
      " observed_ms = MAX(observed_ms, excluded.observed_ms), lost = MAX(lost, excluded.lost)");
  of_rings.bind(begin_wall_s).bind(end).run();
  std::map<std::int64_t, HistorySlot> sums;
  {
    auto row = database_->query("SELECT series, " RINGSIDE_SLOT_COLUMNS
                                " FROM minutes WHERE begin >= ? AND begin < ?");
    row.bind(begin_wall_s).bind(end);
    while (row.row()) {
      const std::int64_t series = row.integer();
      HistorySlot minute;
      read_slot(row, minute);
      add_slot(sums[series], minute);
    }
  }
  for (const auto& [series, slot] : sums) {
    if (count_of_hour(*database_, begin_wall_s, series) > slot.count()) continue;
    const std::string histogram = pack_histogram(slot.latency);
    auto insert = database_->query(
        "INSERT OR REPLACE INTO hours (begin, series, again, " RINGSIDE_SLOT_COLUMNS
        ") VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(begin_wall_s).bind(series);
    bind_slot(insert, slot, histogram);
    insert.run();
    database_->query("DELETE FROM hour_errors WHERE begin = ? AND series = ?")
        .bind(begin_wall_s)
        .bind(series)
        .run();
    database_
        ->query(
            "INSERT INTO hour_errors SELECT ?1, series, 0, code, outcome, SUM(count)"
            " FROM minute_errors WHERE begin >= ?1 AND begin < ?2 AND series = ?3"
            " GROUP BY code, outcome")
        .bind(begin_wall_s)
        .bind(end)
        .bind(series)
        .run();
  }
  // With a single MAX, SQLite takes the other columns from the row that holds it: `last` of the
  // latest minute.
  auto samples = database_->query(
      "INSERT INTO hour_samples SELECT ?1, p.gauge, p.last, g.low, g.high FROM"
      " (SELECT gauge, last, MAX(begin) FROM minute_samples WHERE begin >= ?1 AND begin < ?2"
      "  GROUP BY gauge) p JOIN"
      " (SELECT gauge, MIN(min) AS low, MAX(max) AS high FROM minute_samples"
      "  WHERE begin >= ?1 AND begin < ?2 GROUP BY gauge) g ON g.gauge = p.gauge WHERE true"
      " ON CONFLICT DO UPDATE SET last = excluded.last, min = MIN(min, excluded.min),"
      " max = MAX(max, excluded.max)");
  samples.bind(begin_wall_s).bind(end).run();
}

// An hour at a time. Buckets of a finer schema merge exactly into those of a coarser one.
void HistoryStore::make_coarser(std::int64_t now_wall_s) {
  for (;;) {
    const std::int64_t hour = number(*database_, "SELECT MIN(begin) FROM hours WHERE begin >= ?",
                                     work("coarse_until"), INT64_MAX);
    if (hour == INT64_MAX || hour + kHourS + kFineHoursS > now_wall_s) return;
    Transaction transaction(*database_, Transaction::Mode::write);
    std::vector<std::pair<std::int64_t, std::string>> repacked;
    {
      auto row = database_->query("SELECT series, histogram FROM hours WHERE begin = ?");
      row.bind(hour);
      while (row.row()) {
        const std::int64_t series = row.integer();
        if (const auto histogram = unpack_histogram(row.blob()))
          repacked.emplace_back(series, pack_histogram(*histogram, kCoarseSchema));
      }
    }
    for (const auto& [series, bytes] : repacked) {
      database_->query("UPDATE hours SET histogram = ? WHERE begin = ? AND series = ?")
          .bind_blob(bytes)
          .bind(hour)
          .bind(series)
          .run();
    }
    set_work("coarse_until", hour + kHourS);
    transaction.commit();
  }
}

// Removes one hour of minutes, the oldest. False when there is none before that time. `wall_s` is
// cut to a whole hour, so that an hour's minutes go together.
bool HistoryStore::remove_minutes_before(std::int64_t wall_s) {
  const std::int64_t before = floor_to(wall_s, kHourS);
  const std::int64_t first = std::min(
      number(*database_, "SELECT MIN(begin) FROM ring_minutes WHERE begin < ?", before, INT64_MAX),
      number(*database_, "SELECT MIN(begin) FROM minute_samples WHERE begin < ?", before,
             INT64_MAX));
  if (first == INT64_MAX) return false;
  const std::int64_t end = floor_to(first, kHourS) + kHourS;
  Transaction transaction(*database_, Transaction::Mode::write);
  run_between(*database_, "DELETE FROM minutes WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM minute_errors WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM ring_minutes WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM minute_samples WHERE begin >= ? AND begin < ?", first, end);
  transaction.commit();
  return true;
}

// Removes one day of hours, the oldest, and the incidents, alerts, marks and advice before its end.
bool HistoryStore::remove_hours_before(std::int64_t wall_s) {
  const std::int64_t before = floor_to(wall_s, kDayS);
  constexpr const char* kFirst =
      "SELECT MIN(begin) FROM (SELECT MIN(begin) AS begin FROM ring_hours WHERE begin < ?1"
      " UNION ALL SELECT MIN(begin) FROM hour_samples WHERE begin < ?1"
      " UNION ALL SELECT MIN(wall_ns) / 1000000000 FROM marks WHERE wall_ns < ?1 * 1000000000)";
  const std::int64_t first = number(*database_, kFirst, before, INT64_MAX);
  if (first == INT64_MAX) return false;
  const std::int64_t end = floor_to(first, kDayS) + kDayS;
  Transaction transaction(*database_, Transaction::Mode::write);
  run_between(*database_, "DELETE FROM hours WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM hour_errors WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM ring_hours WHERE begin >= ? AND begin < ?", first, end);
  run_between(*database_, "DELETE FROM hour_samples WHERE begin >= ? AND begin < ?", first, end);
  const std::int64_t end_ns = end * 1'000'000'000;
  run_between(*database_, "DELETE FROM marks WHERE wall_ns >= ? AND wall_ns < ?", INT64_MIN,
              end_ns);
  run_between(*database_, "DELETE FROM alerts WHERE wall_ns >= ? AND wall_ns < ?", INT64_MIN,
              end_ns);
  run_between(*database_, "DELETE FROM incidents WHERE ended_ns > ? AND began_ns < ?", 0, end_ns);
  remove_in_force_before(*database_, end_ns);
  remove_advice_before(*database_, end_ns);
  transaction.commit();
  return true;
}

// The oldest day of hours, or the oldest hour of minutes, whichever is older. Hours of today stay,
// and so do the minutes of the present hour.
bool HistoryStore::remove_oldest(Removed& removed, std::int64_t now_wall_s) {
  const auto first = [&](const char* sql) { return number(*database_, sql, INT64_MIN, INT64_MAX); };
  const std::int64_t hour = first("SELECT MIN(begin) FROM hours WHERE begin >= ?");
  const std::int64_t minute = first("SELECT MIN(begin) FROM minutes WHERE begin >= ?");
  const bool hours = hour < floor_to(now_wall_s, kDayS) && hour <= minute;
  if (!hours && minute >= floor_to(now_wall_s, kHourS)) return false;
  const std::int64_t end =
      hours ? floor_to(hour, kDayS) + kDayS : floor_to(minute, kHourS) + kHourS;
  if (!(hours ? remove_hours_before(end) : remove_minutes_before(end))) return false;
  removed.before_wall_s = std::max(removed.before_wall_s, end);
  removed.hours = removed.hours || hours;
  return true;
}

}  // namespace ringside
