#include "daemon/history/history_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <utility>

#include "daemon/history/advice_rows.h"
#include "daemon/history/alert_rows.h"
#include "daemon/history/mark_rows.h"
#include "daemon/history/schema.h"
#include "daemon/history/slots.h"
#include "daemon/history/spans.h"
#include "shm/assert.h"

namespace ringside {
namespace {

constexpr const char* kNext =
    "\n  next: see that the directory is there and has room, or name another file with "
    "history.path, or switch the history off with history.enabled";

std::string journal_of(const std::string& path) { return path + "-wal"; }

std::vector<std::string> words_of(const HistorySeries& series) {
  std::vector<std::string> words = {series.category, series.waits_for_client ? "1" : "0"};
  words.insert(words.end(), series.stage_names.begin(), series.stage_names.end());
  return words;
}

// What a damaged file and its journal are called from now on. Empty when it can't be moved.
std::string moved_aside(const std::string& path) {
  std::string aside = path + ".damaged";
  if (std::rename(path.c_str(), aside.c_str()) != 0) return {};
  for (const char* suffix : {"-wal", "-shm"})
    std::rename((path + suffix).c_str(), (aside + suffix).c_str());
  return aside;
}

}  // namespace

std::optional<Failure> HistoryStore::open(const std::string& path, const HistoryLimits& limits,
                                          std::string* moved, bool* passes) {
  RINGSIDE_ASSERT(database_ == nullptr);
  if (passes != nullptr) *passes = false;
  path_ = path;
  forget_ids();
  for (const bool again : {false, true}) {
    try {
      auto database = std::make_unique<Database>(path, Database::Mode::create);
      database->pragma(fmt::format("journal_size_limit = {}", kJournalBytes));
      if (auto failure = prepare_schema(*database, path)) return failure;
      database_ = std::move(database);
      set_limits(limits);
      return std::nullopt;
    } catch (const DatabaseError& error) {
      database_.reset();
      if (error.damaged() && !again) {
        *moved = moved_aside(path);
        if (!moved->empty()) continue;
      }
      if (passes != nullptr) *passes = error.full() || error.busy();
      return Failure{0,
                     fmt::format("{}: cannot open the history: {}{}", path, error.what(), kNext)};
    }
  }
  return std::nullopt;
}

std::optional<Failure> HistoryStore::begin_anew(std::string* moved) {
  const std::string path = path_;
  const HistoryLimits limits = limits_;
  database_.reset();
  *moved = moved_aside(path);
  if (moved->empty()) return system_failure(path, "cannot move the damaged history aside", errno);
  std::string again;
  return open(path, limits, &again);
}

void HistoryStore::set_limits(const HistoryLimits& limits) {
  limits_ = limits;
  const std::int64_t page = database_->pragma("page_size");
  // SQLite lets no file grow beyond this. Pages that are in use already stay.
  database_->pragma(
      fmt::format("max_page_count = {}", static_cast<std::int64_t>(limits.max_bytes) / page));
}

void HistoryStore::forget_ids() {
  rings_.clear();
  series_.clear();
  gauges_.clear();
  in_force_.forget();
}

std::int64_t HistoryStore::work(const char* name) {
  auto row = database_->query("SELECT value FROM work WHERE name = ?");
  row.bind(name);
  return row.row() ? row.integer() : INT64_MIN;
}

void HistoryStore::set_work(const char* name, std::int64_t value) {
  database_->query("INSERT OR REPLACE INTO work VALUES (?, ?)").bind(name).bind(value).run();
}

std::int64_t HistoryStore::ring_id(const std::string& name) {
  if (const auto at = rings_.find(name); at != rings_.end()) return at->second;
  database_
      ->query(
          "INSERT OR IGNORE INTO rings"
          " VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM rings), ?)")
      .bind(name)
      .run();
  auto row = database_->query("SELECT id FROM rings WHERE name = ?");
  row.bind(name).row();
  return rings_[name] = row.integer();
}

std::int64_t HistoryStore::gauge_id(const std::string& ring, const std::string& name) {
  const std::pair<std::string, std::string> key{ring, name};
  if (const auto at = gauges_.find(key); at != gauges_.end()) return at->second;
  const std::int64_t of = ring_id(ring);
  database_
      ->query(
          "INSERT OR IGNORE INTO gauges"
          " VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM gauges), ?, ?)")
      .bind(of)
      .bind(name)
      .run();
  auto row = database_->query("SELECT id FROM gauges WHERE ring = ? AND name = ?");
  row.bind(of).bind(name).row();
  return gauges_[key] = row.integer();
}

// A server may declare other stages after a restart. The names in the file are the latest.
std::int64_t HistoryStore::series_id(const HistorySeries& series) {
  const auto key = std::make_tuple(series.ring, series.event, series.name);
  std::vector<std::string> words = words_of(series);
  if (const auto at = series_.find(key); at != series_.end() && at->second.words == words)
    return at->second.id;
  const std::int64_t ring = ring_id(series.ring);
  auto insert = database_->query(
      "INSERT INTO series VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM series), ?, ?, ?, ?, ?, ?,"
      " ?, ?, ?, ?, ?) ON CONFLICT (ring, event, name) DO UPDATE SET category = excluded.category,"
      " waits_for_client = excluded.waits_for_client, stage1 = excluded.stage1,"
      " stage2 = excluded.stage2, stage3 = excluded.stage3, stage4 = excluded.stage4,"
      " stage5 = excluded.stage5, stage6 = excluded.stage6");
  insert.bind(ring).bind(std::int64_t{series.event}).bind(series.name).bind(series.category);
  insert.bind(std::int64_t{series.waits_for_client});
  for (const std::string& stage : series.stage_names) insert.bind(stage);
  insert.run();
  auto row = database_->query("SELECT id FROM series WHERE ring = ? AND event = ? AND name = ?");
  row.bind(ring).bind(std::int64_t{series.event}).bind(series.name).row();
  const std::int64_t id = row.integer();
  series_.insert_or_assign(key, Known{id, std::move(words)});
  return id;
}

std::vector<AdviceKey> HistoryStore::open_advice(std::int64_t wall_ns) {
  return ringside::open_advice(*database_, wall_ns);
}

void HistoryStore::write(const HistorySpan& batch, const std::vector<AdviceLook>& looks) {
  try {
    Transaction transaction(*database_, Transaction::Mode::write);
    write_batch(batch);
    write_advice(*database_, looks);
    transaction.commit();
  } catch (const DatabaseError&) {
    forget_ids();  // those of this batch are not in the file
    throw;
  }
}

void HistoryStore::end_untold_incidents(const std::vector<IncidentView>& told) {
  Transaction transaction(*database_, Transaction::Mode::write);
  ringside::end_untold_incidents(*database_, told);
  transaction.commit();
}

void HistoryStore::write_batch(const HistorySpan& batch) {
  std::int64_t earliest = INT64_MAX;
  for (const HistoryRing& ring : batch.rings) {
    const std::int64_t id = ring_id(ring.ring);
    for (const HistoryRingSlot& slot : ring.slots) {
      RINGSIDE_ASSERT(slot.seconds == 60);
      earliest = std::min(earliest, slot.begin_wall_s);
      auto row = database_->query(
          "INSERT INTO ring_minutes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
          " observed_ms = MAX(observed_ms, excluded.observed_ms),"
          " lost = MAX(lost, excluded.lost)");
      row.bind(slot.begin_wall_s).bind(id).bind(std::int64_t{slot.again});
      row.bind(std::int64_t{std::llround(slot.observed_seconds * 1000)});
      row.bind(static_cast<std::int64_t>(slot.lost)).run();
    }
  }
  for (const HistorySeries& series : batch.series) {
    if (series.slots.empty()) continue;
    const std::int64_t id = series_id(series);
    for (const HistorySlot& slot : series.slots) write_slot(id, slot);
  }
  for (const HistoryGauge& gauge : batch.gauges) {
    const std::int64_t id = gauge_id(gauge.ring, gauge.name);
    for (const HistorySample& sample : gauge.samples) {
      auto row = database_->query(
          "INSERT INTO minute_samples VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
          " last = excluded.last, min = MIN(min, excluded.min), max = MAX(max, excluded.max)");
      row.bind(sample.begin_wall_s).bind(id).bind(sample.last).bind(sample.min).bind(sample.max);
      row.run();
    }
  }
  for (const IncidentView& incident : batch.incidents) write_incident(*database_, incident);
  for (const AlertTransition& line : batch.transitions) write_transition(*database_, line);
  for (const HistoryMark& mark : batch.marks) write_mark(*database_, mark);
  in_force_.write(*database_, batch);
  for (const HistoryErrorName& error : batch.error_names) {
    database_
        ->query(
            "INSERT INTO error_names VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name")
        .bind(ring_id(error.ring))
        .bind(std::int64_t{error.code})
        .bind(error.name)
        .run();
  }
  // A minute of an hour that was rolled up has come: that hour is due again.
  const std::int64_t rolled = work("rolled_until");
  if (earliest < rolled) set_work("rolled_until", floor_to(earliest, kHourS));
}

void HistoryStore::write_slot(std::int64_t series, const HistorySlot& slot) {
  RINGSIDE_ASSERT(slot.seconds == 60);
  const auto again = std::int64_t{slot.again};
  {
    auto before = database_->query(
        "SELECT recorded + skipped, lost, sum_ns FROM minutes"
        " WHERE begin = ? AND series = ? AND again = ?");
    before.bind(slot.begin_wall_s).bind(series).bind(again);
    if (before.row()) {
      const std::uint64_t count = before.count();
      const std::uint64_t lost = before.count();
      const bool same = count == slot.count() && lost == slot.lost && before.count() == slot.sum_ns;
      if (same || count > slot.count()) return;
    }
  }
  const std::string histogram = pack_histogram(slot.latency);
  auto row = database_->query(
      "INSERT OR REPLACE INTO minutes (begin, series, again, " RINGSIDE_SLOT_COLUMNS
      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?,"
      " ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(slot.begin_wall_s).bind(series).bind(again);
  bind_slot(row, slot, histogram);
  row.run();
  database_->query("DELETE FROM minute_errors WHERE begin = ? AND series = ? AND again = ?")
      .bind(slot.begin_wall_s)
      .bind(series)
      .bind(again)
      .run();
  for (const HistoryError& error : slot.errors) {
    database_->query("INSERT INTO minute_errors VALUES (?, ?, ?, ?, ?, ?)")
        .bind(slot.begin_wall_s)
        .bind(series)
        .bind(again)
        .bind(std::int64_t{error.code})
        .bind(name_of(error.outcome))
        .bind(static_cast<std::int64_t>(error.count))
        .run();
  }
}

std::int64_t HistoryStore::journal_bytes() const {
  struct stat info {};
  return stat(journal_of(path_).c_str(), &info) == 0 ? info.st_size : 0;
}

std::uint64_t HistoryStore::used_bytes() {
  const std::int64_t pages = database_->pragma("page_count") - database_->pragma("freelist_count");
  return static_cast<std::uint64_t>(pages * database_->pragma("page_size"));
}

}  // namespace ringside
