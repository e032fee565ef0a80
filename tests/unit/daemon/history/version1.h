// A history of version 1, as the daemon of that time made it: its tables word for word, and rows in
// each. Never changed: files like it are out there.
#pragma once

#include <string>

#include "daemon/history/alert_rows.h"
#include "daemon/history/database.h"
#include "daemon/history/schema.h"

namespace ringside::test {

inline constexpr const char* kVersion1Tables = R"sql(
CREATE TABLE rings (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, ring INTEGER NOT NULL, event INTEGER NOT NULL, name
  TEXT NOT NULL, category TEXT NOT NULL, waits_for_client INTEGER NOT NULL, stage1 TEXT NOT
  NULL, stage2 TEXT NOT NULL, stage3 TEXT NOT NULL, stage4 TEXT NOT NULL, stage5 TEXT NOT NULL,
  stage6 TEXT NOT NULL, UNIQUE (ring, event, name)) STRICT, WITHOUT ROWID;
CREATE TABLE gauges (id INTEGER PRIMARY KEY, ring INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE
  (ring, name)) STRICT, WITHOUT ROWID;
CREATE TABLE error_names (ring INTEGER, code INTEGER, name TEXT NOT NULL, PRIMARY KEY (ring,
  code)) STRICT, WITHOUT ROWID;
CREATE TABLE ring_minutes (begin INTEGER, ring INTEGER, again INTEGER, observed_ms INTEGER NOT
  NULL, lost INTEGER NOT NULL, PRIMARY KEY (begin, ring, again)) STRICT, WITHOUT ROWID;
CREATE TABLE ring_hours (begin INTEGER, ring INTEGER, again INTEGER, observed_ms INTEGER NOT
  NULL, lost INTEGER NOT NULL, PRIMARY KEY (begin, ring, again)) STRICT, WITHOUT ROWID;
CREATE TABLE minutes (begin INTEGER, series INTEGER, again INTEGER, recorded INTEGER NOT NULL,
  skipped INTEGER NOT NULL, lost INTEGER NOT NULL, ok INTEGER NOT NULL, error INTEGER NOT NULL,
  timeout INTEGER NOT NULL, rejected INTEGER NOT NULL, denied INTEGER NOT NULL, limited INTEGER
  NOT NULL, cancelled INTEGER NOT NULL, timed INTEGER NOT NULL, sum_ns INTEGER NOT NULL, min_ns
  INTEGER NOT NULL, max_ns INTEGER NOT NULL, value_sum INTEGER NOT NULL, stage1_count INTEGER,
  stage1_ns INTEGER, stage1_max_ns INTEGER, stage2_count INTEGER, stage2_ns INTEGER,
  stage2_max_ns INTEGER, stage3_count INTEGER, stage3_ns INTEGER, stage3_max_ns INTEGER,
  stage4_count INTEGER, stage4_ns INTEGER, stage4_max_ns INTEGER, stage5_count INTEGER,
  stage5_ns INTEGER, stage5_max_ns INTEGER, stage6_count INTEGER, stage6_ns INTEGER,
  stage6_max_ns INTEGER, histogram BLOB NOT NULL, PRIMARY KEY (begin, series, again)) STRICT,
  WITHOUT ROWID;
CREATE TABLE hours (begin INTEGER, series INTEGER, again INTEGER, recorded INTEGER NOT NULL,
  skipped INTEGER NOT NULL, lost INTEGER NOT NULL, ok INTEGER NOT NULL, error INTEGER NOT NULL,
  timeout INTEGER NOT NULL, rejected INTEGER NOT NULL, denied INTEGER NOT NULL, limited INTEGER
  NOT NULL, cancelled INTEGER NOT NULL, timed INTEGER NOT NULL, sum_ns INTEGER NOT NULL, min_ns
  INTEGER NOT NULL, max_ns INTEGER NOT NULL, value_sum INTEGER NOT NULL, stage1_count INTEGER,
  stage1_ns INTEGER, stage1_max_ns INTEGER, stage2_count INTEGER, stage2_ns INTEGER,
  stage2_max_ns INTEGER, stage3_count INTEGER, stage3_ns INTEGER, stage3_max_ns INTEGER,
  stage4_count INTEGER, stage4_ns INTEGER, stage4_max_ns INTEGER, stage5_count INTEGER,
  stage5_ns INTEGER, stage5_max_ns INTEGER, stage6_count INTEGER, stage6_ns INTEGER,
  stage6_max_ns INTEGER, histogram BLOB NOT NULL, PRIMARY KEY (begin, series, again)) STRICT,
  WITHOUT ROWID;
CREATE TABLE minute_errors (begin INTEGER, series INTEGER, again INTEGER, code INTEGER, outcome
  TEXT, count INTEGER NOT NULL, PRIMARY KEY (begin, series, again, code, outcome)) STRICT,
  WITHOUT ROWID;
CREATE TABLE hour_errors (begin INTEGER, series INTEGER, again INTEGER, code INTEGER, outcome
  TEXT, count INTEGER NOT NULL, PRIMARY KEY (begin, series, again, code, outcome)) STRICT,
  WITHOUT ROWID;
CREATE TABLE minute_samples (begin INTEGER, gauge INTEGER, last INTEGER NOT NULL, min INTEGER
  NOT NULL, max INTEGER NOT NULL, PRIMARY KEY (begin, gauge)) STRICT, WITHOUT ROWID;
CREATE TABLE hour_samples (begin INTEGER, gauge INTEGER, last INTEGER NOT NULL, min INTEGER NOT
  NULL, max INTEGER NOT NULL, PRIMARY KEY (begin, gauge)) STRICT, WITHOUT ROWID;
CREATE TABLE incidents (id TEXT PRIMARY KEY, ring TEXT NOT NULL, began_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL, level TEXT NOT NULL, peak TEXT NOT NULL, flaps INTEGER NOT NULL,
  failed_calls INTEGER NOT NULL, users INTEGER NOT NULL, acknowledged INTEGER NOT NULL, silenced
  INTEGER NOT NULL, acknowledged_by TEXT NOT NULL, symptoms TEXT NOT NULL, operations TEXT NOT
  NULL, cause_message TEXT NOT NULL, cause BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_by_time ON incidents (began_ns);
CREATE TABLE alerts (wall_ns INTEGER, id TEXT, state TEXT, ring TEXT NOT NULL, incident TEXT NOT
  NULL, alert TEXT NOT NULL, level TEXT NOT NULL, operation TEXT NOT NULL, figure TEXT NOT NULL,
  value REAL NOT NULL, threshold REAL NOT NULL, unit TEXT NOT NULL, message TEXT NOT NULL,
  suspect TEXT NOT NULL, any_alert INTEGER NOT NULL, silenced INTEGER NOT NULL, PRIMARY KEY
  (wall_ns, id, state)) STRICT, WITHOUT ROWID;
CREATE TABLE marks (wall_ns INTEGER, kind TEXT, ring TEXT, text TEXT NOT NULL, PRIMARY KEY
  (wall_ns, kind, ring)) STRICT, WITHOUT ROWID;
CREATE TABLE work (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIEW operation_minutes AS SELECT datetime(m.begin, 'unixepoch') AS at, r.name AS ring,
  s.name AS operation, m.recorded + m.skipped AS calls, m.error + m.timeout AS errors,
  m.rejected + m.denied + m.limited AS refused, CASE WHEN m.timed > 0 THEN m.sum_ns / 1e6 /
  m.timed END AS mean_ms, m.max_ns / 1e6 AS max_ms, m.begin AS begin, m.series AS series,
  m.again AS again FROM minutes m JOIN series s ON s.id = m.series JOIN rings r ON r.id = s.ring
  WHERE s.event = 0;
CREATE VIEW event_minutes AS SELECT datetime(m.begin, 'unixepoch') AS at, r.name AS ring, s.name
  AS event, m.recorded + m.skipped AS count, m.value_sum AS value_sum, m.begin AS begin,
  m.series AS series, m.again AS again FROM minutes m JOIN series s ON s.id = m.series JOIN
  rings r ON r.id = s.ring WHERE s.event = 1;
CREATE VIEW gauge_minutes AS SELECT datetime(p.begin, 'unixepoch') AS at, r.name AS ring, g.name
  AS gauge, p.last AS last, p.min AS min, p.max AS max, p.begin AS begin FROM minute_samples p
  JOIN gauges g ON g.id = p.gauge JOIN rings r ON r.id = g.ring;
)sql";

// Begins at kHistoryBegin of history_samples.h. The bytes of a histogram: schema 5, then one
// bucket.
inline constexpr const char* kVersion1Rows = R"sql(
INSERT INTO rings VALUES (1, 'chat'), (2, '');
INSERT INTO series VALUES (1, 1, 0, 'SEND_MESSAGE', 'messages', 0, 'queue', '', '', 'database', '',
  '');
INSERT INTO series VALUES (2, 1, 1, 'LOGIN_FAILED', '', 0, '', '', '', '', '', '');
INSERT INTO gauges VALUES (1, 1, 'connections'), (2, 2, 'load_1m_milli');
INSERT INTO error_names VALUES (1, 7, 'DATABASE_BUSY');
INSERT INTO ring_minutes VALUES (1800003600, 1, 0, 60000, 4), (1800003660, 1, 0, 30000, 0);
INSERT INTO ring_hours VALUES (1800000000, 1, 0, 3600000, 9);
INSERT INTO minutes VALUES (1800003600, 1, 0, 6, 1, 0, 4, 2, 0, 0, 0, 0, 0, 6, 6000, 500, 2000, 0,
  6, 100, 30, NULL, NULL, NULL, NULL, NULL, NULL, 6, 4000, 1500, NULL, NULL, NULL, NULL, NULL,
  NULL, X'05050006');
INSERT INTO minutes VALUES (1800003600, 2, 0, 3, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, X'05');
INSERT INTO hours VALUES (1800000000, 1, 0, 100, 0, 9, 80, 0, 20, 0, 0, 0, 0, 100, 90000, 400, 3000,
  0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, X'05050064');
INSERT INTO minute_errors VALUES (1800003600, 1, 0, 7, 'error', 2);
INSERT INTO hour_errors VALUES (1800000000, 1, 0, 7, 'timeout', 20);
INSERT INTO minute_samples VALUES (1800003600, 1, 5, 3, 9), (1800003600, 2, 1250, 1000, 1500);
INSERT INTO hour_samples VALUES (1800000000, 1, 6, 1, 12);
INSERT INTO alerts VALUES (1800003605000000000, 'a-1', 'begun', 'chat', 'i-1', 'database_issue',
  'critical', 'SEND_MESSAGE', 'breaker', 1, 1, 'open', 'the breaker is open', 'database', 0, 0);
INSERT INTO marks VALUES (1800000001000000000, 'server_start', 'chat', 'chatd, pid 7, instance aa'),
  (1800003601000000000, 'reload', '', 'tick = "1s"');
INSERT INTO work VALUES ('rolled_until', 1800003600);
)sql";

inline IncidentView version1_incident() {
  IncidentView incident;
  incident.id = "i-1";
  incident.ring = "chat";
  incident.began_wall_ns = 1'800'003'605'000'000'000;
  incident.peak = AlertLevel::critical;
  incident.failed_calls = 2;
  incident.symptoms = {"high_latency p95 SEND_MESSAGE"};
  incident.operations = {"SEND_MESSAGE"};
  incident.cause.message = "the breaker is open";
  return incident;
}

// Makes the file, closed and whole.
inline void make_version1(const std::string& path) {
  Database database(path, Database::Mode::create);
  database.script(
      "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
  Transaction transaction(database, Transaction::Mode::write);
  database.script(kVersion1Tables);
  database.script(kVersion1Rows);
  write_incident(database, version1_incident());  // its table is as it was
  database.script("PRAGMA application_id = 1381189705; PRAGMA user_version = 1;");
  transaction.commit();
}

}  // namespace ringside::test
