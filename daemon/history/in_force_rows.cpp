#include "daemon/history/in_force_rows.h"

#include <algorithm>

namespace ringside {
namespace {

// SQLite's integers are signed.
std::int64_t whole(std::uint64_t figure) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(figure, INT64_MAX));
}

void write_configuration(Database& database, const HistoryConfiguration& one) {
  const Thresholds& thresholds = one.thresholds;
  auto row = database.query(
      "INSERT OR REPLACE INTO configurations (wall_ns, changed, text, response_ns, error_percent,"
      " memory_bytes, connections, min_samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(one.wall_ns).bind(one.changed).bind(one.text).bind(thresholds.response_ns);
  row.bind(thresholds.error_percent).bind(whole(thresholds.memory_bytes));
  row.bind(whole(thresholds.connections)).bind(whole(thresholds.min_samples)).run();
  database.query("DELETE FROM operation_thresholds WHERE wall_ns = ?").bind(one.wall_ns).run();
  for (const auto& [operation, own] : thresholds.operations) {
    auto insert = database.query("INSERT INTO operation_thresholds VALUES (?, ?, ?, ?)");
    insert.bind(one.wall_ns).bind(operation);
    own.response_ns > 0 ? insert.bind(own.response_ns) : insert.bind_null();
    own.error_percent >= 0 ? insert.bind(own.error_percent) : insert.bind_null();
    insert.run();
  }
}

HistoryConfiguration take_configuration(Statement& row) {
  HistoryConfiguration one;
  one.wall_ns = row.integer();
  one.changed = row.text();
  one.text = row.text();
  one.thresholds.response_ns = row.integer();
  one.thresholds.error_percent = row.real();
  one.thresholds.memory_bytes = row.count();
  one.thresholds.connections = row.count();
  one.thresholds.min_samples = row.count();
  one.thresholds.operations.clear();
  return one;
}

// With its operations. The statement of the caller has been given back.
void read_operations(Database& database, HistoryConfiguration& one) {
  auto row = database.query(
      "SELECT operation, response_ns, error_percent FROM operation_thresholds WHERE wall_ns = ?");
  row.bind(one.wall_ns);
  while (row.row()) {
    OperationThresholds& own = one.thresholds.operations[std::string(row.text())];
    own.response_ns = row.integer();  // NULL reads as 0
    if (!row.null()) own.error_percent = row.real();
  }
}

void read_configurations(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                         std::vector<HistoryConfiguration>& out) {
  {
    auto row = database.query(
        "SELECT wall_ns, changed, text, response_ns, error_percent, memory_bytes, connections,"
        " min_samples FROM configurations WHERE wall_ns < ?2 AND wall_ns >="
        " COALESCE((SELECT MAX(wall_ns) FROM configurations WHERE wall_ns <= ?1), ?1)"
        " ORDER BY wall_ns");
    row.bind(begin_ns).bind(end_ns);
    while (row.row()) out.push_back(take_configuration(row));
  }
  for (HistoryConfiguration& one : out) read_operations(database, one);
}

void read_declared(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                   const std::string& ring, std::vector<HistoryDeclared>& out) {
  auto row = database.query(
      "SELECT wall_ns, ring, operation, response_ns FROM declared_thresholds d WHERE wall_ns < ?2"
      " AND wall_ns >= COALESCE((SELECT MAX(wall_ns) FROM declared_thresholds"
      "  WHERE ring = d.ring AND operation = d.operation AND wall_ns <= ?1), ?1)"
      " AND (?3 = '' OR ring = ?3) ORDER BY ring, operation, wall_ns");
  row.bind(begin_ns).bind(end_ns).bind(ring);
  while (row.row()) {
    HistoryDeclared one;
    one.wall_ns = row.integer();
    one.ring = row.text();
    one.operation = row.text();
    one.response_ns = row.integer();
    out.push_back(std::move(one));
  }
}

}  // namespace

void InForceRows::forget() {
  read_ = false;
  configuration_.reset();
  declared_.clear();
}

void InForceRows::read_last(Database& database) {
  forget();
  std::vector<HistoryConfiguration> last;
  read_configurations(database, INT64_MAX, INT64_MAX, last);
  if (!last.empty()) configuration_ = std::move(last.back());
  std::vector<HistoryDeclared> declared;
  read_declared(database, INT64_MAX, INT64_MAX, {}, declared);
  for (const HistoryDeclared& one : declared)
    declared_[{one.ring, one.operation}] = one.response_ns;
  read_ = true;
}

void InForceRows::write(Database& database, const HistorySpan& batch) {
  if (!read_) read_last(database);
  for (const HistoryConfiguration& one : batch.configurations) {
    if (configuration_ && configuration_->says_the_same(one)) continue;
    write_configuration(database, one);
    configuration_ = one;
  }
  for (const HistoryDeclared& one : batch.declared) {
    const auto [at, first] = declared_.try_emplace({one.ring, one.operation}, one.response_ns);
    if (!first && at->second == one.response_ns) continue;
    at->second = one.response_ns;
    auto row = database.query("INSERT OR REPLACE INTO declared_thresholds VALUES (?, ?, ?, ?)");
    row.bind(one.ring).bind(one.operation).bind(one.wall_ns).bind(one.response_ns).run();
  }
}

void read_in_force(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                   const std::string& ring, HistorySpan& span) {
  read_configurations(database, begin_ns, end_ns, span.configurations);
  read_declared(database, begin_ns, end_ns, ring, span.declared);
}

void remove_in_force_before(Database& database, std::int64_t wall_ns) {
  database
      .query(
          "DELETE FROM configurations WHERE wall_ns <"
          " (SELECT MAX(wall_ns) FROM configurations WHERE wall_ns <= ?)")
      .bind(wall_ns)
      .run();
  database
      .query(
          "DELETE FROM operation_thresholds WHERE wall_ns NOT IN"
          " (SELECT wall_ns FROM configurations)")
      .run();
  database
      .query(
          "DELETE FROM declared_thresholds WHERE EXISTS (SELECT 1 FROM declared_thresholds later"
          " WHERE later.ring = declared_thresholds.ring AND"
          " later.operation = declared_thresholds.operation AND"
          " later.wall_ns > declared_thresholds.wall_ns AND later.wall_ns <= ?)")
      .bind(wall_ns)
      .run();
}

}  // namespace ringside
