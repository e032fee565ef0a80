#include "daemon/history/schema.h"

#include <fmt/format.h>

#include <array>

#include "shm/assert.h"

namespace ringside {
namespace {

// A column for each outcome and three for each stage. SQL can add them up, and one that is NULL
// takes a byte.
#define RINGSIDE_FIGURES                                                            \
  "  recorded INTEGER NOT NULL, skipped INTEGER NOT NULL, lost INTEGER NOT NULL,"   \
  "  ok INTEGER NOT NULL, error INTEGER NOT NULL, timeout INTEGER NOT NULL,"        \
  "  rejected INTEGER NOT NULL, denied INTEGER NOT NULL, limited INTEGER NOT NULL," \
  "  cancelled INTEGER NOT NULL,"                                                   \
  "  timed INTEGER NOT NULL, sum_ns INTEGER NOT NULL, min_ns INTEGER NOT NULL,"     \
  "  max_ns INTEGER NOT NULL, value_sum INTEGER NOT NULL,"                          \
  "  stage1_count INTEGER, stage1_ns INTEGER, stage1_max_ns INTEGER,"               \
  "  stage2_count INTEGER, stage2_ns INTEGER, stage2_max_ns INTEGER,"               \
  "  stage3_count INTEGER, stage3_ns INTEGER, stage3_max_ns INTEGER,"               \
  "  stage4_count INTEGER, stage4_ns INTEGER, stage4_max_ns INTEGER,"               \
  "  stage5_count INTEGER, stage5_ns INTEGER, stage5_max_ns INTEGER,"               \
  "  stage6_count INTEGER, stage6_ns INTEGER, stage6_max_ns INTEGER,"               \
  "  histogram BLOB NOT NULL,"

// Of version 1. What came since is in the migrations, for new files as for old ones.
constexpr const char* kTables =
    "CREATE TABLE rings (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID;"
    "CREATE TABLE series (id INTEGER PRIMARY KEY, ring INTEGER NOT NULL, event INTEGER NOT NULL,"
    "  name TEXT NOT NULL, category TEXT NOT NULL, waits_for_client INTEGER NOT NULL,"
    "  stage1 TEXT NOT NULL, stage2 TEXT NOT NULL, stage3 TEXT NOT NULL,"
    "  stage4 TEXT NOT NULL, stage5 TEXT NOT NULL, stage6 TEXT NOT NULL,"
    "  UNIQUE (ring, event, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE gauges (id INTEGER PRIMARY KEY, ring INTEGER NOT NULL, name TEXT NOT NULL,"
    "  UNIQUE (ring, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE error_names (ring INTEGER, code INTEGER, name TEXT NOT NULL,"
    "  PRIMARY KEY (ring, code)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE ring_minutes (begin INTEGER, ring INTEGER, again INTEGER,"
    "  observed_ms INTEGER NOT NULL, lost INTEGER NOT NULL,"
    "  PRIMARY KEY (begin, ring, again)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ring_hours (begin INTEGER, ring INTEGER, again INTEGER,"
    "  observed_ms INTEGER NOT NULL, lost INTEGER NOT NULL,"
    "  PRIMARY KEY (begin, ring, again)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE minutes (begin INTEGER, series INTEGER, again INTEGER," RINGSIDE_FIGURES
    "  PRIMARY KEY (begin, series, again)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE hours (begin INTEGER, series INTEGER, again INTEGER," RINGSIDE_FIGURES
    "  PRIMARY KEY (begin, series, again)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE minute_errors (begin INTEGER, series INTEGER, again INTEGER, code INTEGER,"
    "  outcome TEXT, count INTEGER NOT NULL, PRIMARY KEY (begin, series, again, code, outcome))"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE hour_errors (begin INTEGER, series INTEGER, again INTEGER, code INTEGER,"
    "  outcome TEXT, count INTEGER NOT NULL, PRIMARY KEY (begin, series, again, code, outcome))"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE minute_samples (begin INTEGER, gauge INTEGER, last INTEGER NOT NULL,"
    "  min INTEGER NOT NULL, max INTEGER NOT NULL, PRIMARY KEY (begin, gauge))"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE hour_samples (begin INTEGER, gauge INTEGER, last INTEGER NOT NULL,"
    "  min INTEGER NOT NULL, max INTEGER NOT NULL, PRIMARY KEY (begin, gauge))"
    "  STRICT, WITHOUT ROWID;"

    "CREATE TABLE incidents (id TEXT PRIMARY KEY, ring TEXT NOT NULL, began_ns INTEGER NOT NULL,"
    "  ended_ns INTEGER NOT NULL, level TEXT NOT NULL, peak TEXT NOT NULL, flaps INTEGER NOT NULL,"
    "  failed_calls INTEGER NOT NULL, users INTEGER NOT NULL, acknowledged INTEGER NOT NULL,"
    "  silenced INTEGER NOT NULL, acknowledged_by TEXT NOT NULL, symptoms TEXT NOT NULL,"
    "  operations TEXT NOT NULL, cause_message TEXT NOT NULL, cause BLOB NOT NULL)"
    "  STRICT, WITHOUT ROWID;"
    "CREATE INDEX incidents_by_time ON incidents (began_ns);"
    "CREATE TABLE alerts (wall_ns INTEGER, id TEXT, state TEXT, ring TEXT NOT NULL,"
    "  incident TEXT NOT NULL, alert TEXT NOT NULL, level TEXT NOT NULL, operation TEXT NOT NULL,"
    "  figure TEXT NOT NULL, value REAL NOT NULL, threshold REAL NOT NULL, unit TEXT NOT NULL,"
    "  message TEXT NOT NULL, suspect TEXT NOT NULL, any_alert INTEGER NOT NULL,"
    "  silenced INTEGER NOT NULL, PRIMARY KEY (wall_ns, id, state))"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE marks (wall_ns INTEGER, kind TEXT, ring TEXT, text TEXT NOT NULL,"
    "  PRIMARY KEY (wall_ns, kind, ring)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE work (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE VIEW operation_minutes AS SELECT datetime(m.begin, 'unixepoch') AS at, r.name AS ring,"
    "  s.name AS operation, m.recorded + m.skipped AS calls, m.error + m.timeout AS errors,"
    "  m.rejected + m.denied + m.limited AS refused,"
    "  CASE WHEN m.timed > 0 THEN m.sum_ns / 1e6 / m.timed END AS mean_ms, m.max_ns / 1e6 AS "
    "max_ms,"
    "  m.begin AS begin, m.series AS series, m.again AS again"
    "  FROM minutes m JOIN series s ON s.id = m.series JOIN rings r ON r.id = s.ring"
    "  WHERE s.event = 0;"
    "CREATE VIEW event_minutes AS SELECT datetime(m.begin, 'unixepoch') AS at, r.name AS ring,"
    "  s.name AS event, m.recorded + m.skipped AS count, m.value_sum AS value_sum,"
    "  m.begin AS begin, m.series AS series, m.again AS again"
    "  FROM minutes m JOIN series s ON s.id = m.series JOIN rings r ON r.id = s.ring"
    "  WHERE s.event = 1;"
    "CREATE VIEW gauge_minutes AS SELECT datetime(p.begin, 'unixepoch') AS at, r.name AS ring,"
    "  g.name AS gauge, p.last AS last, p.min AS min, p.max AS max, p.begin AS begin"
    "  FROM minute_samples p JOIN gauges g ON g.id = p.gauge JOIN rings r ON r.id = g.ring;";

#undef RINGSIDE_FIGURES

// What was in force from a time on: each row until the next one of its key.
constexpr const char* kInForce =
    "CREATE TABLE configurations (wall_ns INTEGER PRIMARY KEY, changed TEXT NOT NULL,"
    "  response_ns INTEGER NOT NULL, error_percent REAL NOT NULL, memory_bytes INTEGER NOT NULL,"
    "  connections INTEGER NOT NULL, min_samples INTEGER NOT NULL, text TEXT NOT NULL)"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE operation_thresholds (wall_ns INTEGER, operation TEXT, response_ns INTEGER,"
    "  error_percent REAL, PRIMARY KEY (wall_ns, operation)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE declared_thresholds (ring TEXT, operation TEXT, wall_ns INTEGER,"
    "  response_ns INTEGER, PRIMARY KEY (ring, operation, wall_ns)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE builds (ring TEXT, wall_ns INTEGER, build_id TEXT NOT NULL,"
    "  configuration_digest TEXT NOT NULL, PRIMARY KEY (ring, wall_ns)) STRICT, WITHOUT ROWID;";

// What was suggested, from when until when, and what its figure was. `kind`, `unit`: words of
// report/model/advice.h. `absent`: looks in a row that knew the figure and did not suggest it
// again.
constexpr const char* kAdvice =
    "CREATE TABLE advice (kind TEXT, ring TEXT, subject TEXT, first_ns INTEGER,"
    "  last_ns INTEGER NOT NULL, unit TEXT NOT NULL, first_figure REAL NOT NULL,"
    "  last_figure REAL NOT NULL, absent_since_ns INTEGER NOT NULL, absent_ns INTEGER NOT NULL,"
    "  absent_looks INTEGER NOT NULL, absent_figure REAL NOT NULL, what TEXT NOT NULL, evidence "
    "TEXT NOT NULL,"
    "  gain TEXT NOT NULL, PRIMARY KEY (kind, ring, subject, first_ns)) STRICT, WITHOUT ROWID;";

constexpr std::array kMigrations = {kInForce, kAdvice};

std::string of_version(const std::string& path, std::int64_t found, std::int64_t known) {
  return fmt::format(
      "{}: this history is of version {}, this program knows versions up to {}\n"
      "  next: use the program that wrote it, or name another file with history.path",
      path, found, known);
}

std::optional<Failure> foreign(const std::string& path) {
  return Failure{0, path +
                        ": this is a SQLite file, and no history of Ringside\n"
                        "  next: name another file with history.path"};
}

}  // namespace

std::span<const char* const> history_migrations() { return kMigrations; }

std::optional<Failure> prepare_schema(Database& database, const std::string& path,
                                      std::span<const char* const> migrations,
                                      std::int64_t version) {
  RINGSIDE_ASSERT(static_cast<std::int64_t>(migrations.size()) + 1 == version);
  const bool empty = database.pragma("schema_version") == 0;
  // The file's own settings come before its first table.
  if (empty) database.script("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;");
  if (!empty && database.pragma("application_id") != kHistoryApplication) return foreign(path);
  const std::int64_t found = database.pragma("user_version");
  if (found > version) return Failure{0, of_version(path, found, version)};
  database.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  if (found == version) return std::nullopt;
  Transaction transaction(database, Transaction::Mode::write);
  if (empty) database.script(kTables);
  for (std::int64_t from = empty ? 1 : found; from < version; ++from)
    database.script(migrations[static_cast<std::size_t>(from - 1)]);
  database.script(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                              kHistoryApplication, version));
  transaction.commit();
  return std::nullopt;
}

std::optional<Failure> check_schema(Database& database, const std::string& path) {
  if (database.pragma("application_id") != kHistoryApplication) return foreign(path);
  const std::int64_t found = database.pragma("user_version");
  if (found > kHistoryVersion) return Failure{0, of_version(path, found, kHistoryVersion)};
  if (found == kHistoryVersion) return std::nullopt;
  return Failure{0, fmt::format("{}: this history is of version {}, this program reads version {}\n"
                                "  next: start the daemon on it once, which brings it up to date",
                                path, found, kHistoryVersion)};
}

}  // namespace ringside
