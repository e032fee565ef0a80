#include "daemon/history/in_force_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/history/mark_rows.h"
#include "report/model/format.h"

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

// Of a table with a row for each change of a ring, or of what is told by `columns`: the rows
// between two times, and of each key the one that held at the first of them.
#define RINGSIDE_HELD(table, columns, key, order)            \
  "SELECT wall_ns, ring, " columns " FROM " table            \
  " held WHERE wall_ns < ?2 AND wall_ns >="                  \
  " COALESCE((SELECT MAX(wall_ns) FROM " table " WHERE " key \
  " AND wall_ns <= ?1), ?1)"                                 \
  " AND (?3 = '' OR ring = ?3) ORDER BY " order ", wall_ns"

constexpr const char* kDeclaredHeld =
    RINGSIDE_HELD("declared_thresholds", "operation, response_ns",
                  "ring = held.ring AND operation = held.operation", "ring, operation");
constexpr const char* kBuildsHeld =
    RINGSIDE_HELD("builds", "build_id, configuration_digest", "ring = held.ring", "ring");

#undef RINGSIDE_HELD

void take_rest(Statement& row, HistoryDeclared& one) {
  one.operation = row.text();
  one.response_ns = row.integer();
}

void take_rest(Statement& row, HistoryBuild& one) {
  one.build_id = row.text();
  one.configuration_digest = row.text();
}

template <typename One>
void read_held(Database& database, const char* sql, std::int64_t begin_ns, std::int64_t end_ns,
               const std::string& ring, std::vector<One>& out) {
  auto row = database.query(sql);
  row.bind(begin_ns).bind(end_ns).bind(ring);
  while (row.row()) {
    One one;
    one.wall_ns = row.integer();
    one.ring = row.text();
    take_rest(row, one);
    out.push_back(std::move(one));
  }
}

// A row holds until the next one of its key. So those of a later time than the one that is written
// now must go: the clock was ahead when they were written. They would come into force again.
void remove_configurations_after(Database& database, std::int64_t wall_ns) {
  database.query("DELETE FROM configurations WHERE wall_ns > ?").bind(wall_ns).run();
  database.query("DELETE FROM operation_thresholds WHERE wall_ns > ?").bind(wall_ns).run();
}

// Whether `one` needs no row. The same as before, of an earlier time: the clock was ahead.
template <typename One>
bool is_known(const One& before, const One& one) {
  return before.says_the_same(one) && before.wall_ns <= one.wall_ns;
}

std::string given(const std::string& text) {
  return text.empty() ? "none given" : escape_visible(text);
}

// "build 1.2.3, before 1.2.2; configuration 91ac, before none given"
std::string deploy_text(const HistoryBuild& before, const HistoryBuild& now) {
  std::string text;
  const auto add = [&](const char* what, const std::string& was, const std::string& is) {
    if (was == is) return;
    if (!text.empty()) text += "; ";
    text += fmt::format("{} {}, before {}", what, given(is), given(was));
  };
  add("build", before.build_id, now.build_id);
  add("configuration", before.configuration_digest, now.configuration_digest);
  return text;
}

}  // namespace

void InForceRows::write_build(Database& database, const HistoryBuild& one) {
  const auto [before, first] = builds_.try_emplace(one.ring, one);
  if (!first && is_known(before->second, one)) return;
  auto later = database.query("DELETE FROM builds WHERE ring = ? AND wall_ns > ?");
  later.bind(one.ring).bind(one.wall_ns).run();
  auto row = database.query("INSERT OR REPLACE INTO builds VALUES (?, ?, ?, ?)");
  row.bind(one.ring).bind(one.wall_ns).bind(one.build_id).bind(one.configuration_digest).run();
  if (!first && !before->second.says_the_same(one)) {
    write_mark(database, {one.wall_ns, HistoryMark::Kind::deploy, one.ring,
                          deploy_text(before->second, one)});
  }
  before->second = one;
}

void InForceRows::write_declared(Database& database, const HistoryDeclared& one) {
  const auto [before, first] = declared_.try_emplace({one.ring, one.operation}, one);
  if (!first && is_known(before->second, one)) return;
  auto later = database.query(
      "DELETE FROM declared_thresholds WHERE ring = ? AND operation = ? AND wall_ns > ?");
  later.bind(one.ring).bind(one.operation).bind(one.wall_ns).run();
  auto row = database.query("INSERT OR REPLACE INTO declared_thresholds VALUES (?, ?, ?, ?)");
  row.bind(one.ring).bind(one.operation).bind(one.wall_ns).bind(one.response_ns).run();
  before->second = one;
}

void InForceRows::forget() {
  read_ = false;
  configuration_.reset();
  declared_.clear();
  builds_.clear();
}

void InForceRows::read_last(Database& database) {
  forget();
  std::vector<HistoryConfiguration> last;
  read_configurations(database, INT64_MAX, INT64_MAX, last);
  if (!last.empty()) configuration_ = std::move(last.back());
  std::vector<HistoryDeclared> declared;
  read_held(database, kDeclaredHeld, INT64_MAX, INT64_MAX, {}, declared);
  for (const HistoryDeclared& one : declared) declared_[{one.ring, one.operation}] = one;
  std::vector<HistoryBuild> builds;
  read_held(database, kBuildsHeld, INT64_MAX, INT64_MAX, {}, builds);
  for (const HistoryBuild& one : builds) builds_[one.ring] = one;
  read_ = true;
}

void InForceRows::write(Database& database, const HistorySpan& batch) {
  if (!read_) read_last(database);
  for (const HistoryConfiguration& one : batch.configurations) {
    if (configuration_ && is_known(*configuration_, one)) continue;
    remove_configurations_after(database, one.wall_ns);
    write_configuration(database, one);
    configuration_ = one;
  }
  for (const HistoryBuild& one : batch.builds) write_build(database, one);
  for (const HistoryDeclared& one : batch.declared) write_declared(database, one);
}

void read_in_force(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                   const std::string& ring, HistorySpan& span) {
  read_configurations(database, begin_ns, end_ns, span.configurations);
  read_held(database, kDeclaredHeld, begin_ns, end_ns, ring, span.declared);
  read_held(database, kBuildsHeld, begin_ns, end_ns, ring, span.builds);
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
  database
      .query(
          "DELETE FROM builds WHERE EXISTS (SELECT 1 FROM builds later WHERE"
          " later.ring = builds.ring AND later.wall_ns > builds.wall_ns AND later.wall_ns <= ?)")
      .bind(wall_ns)
      .run();
}

}  // namespace ringside
