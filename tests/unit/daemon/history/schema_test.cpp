#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "daemon/history/history_store.h"
#include "daemon/history/schema.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

std::string schema_text_of(Database& database) {
  auto row = database.query(
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema"
      " WHERE sql IS NOT NULL ORDER BY name)");
  row.row();
  return std::string(row.text());
}

// Our migrations and one more, to a version that does not exist yet.
std::vector<const char*> with_next(const char* sql) {
  std::vector<const char*> all(history_migrations().begin(), history_migrations().end());
  all.push_back(sql);
  return all;
}

}  // namespace

TEST_CASE("HistorySchema: a new file has its version, its application and its settings") {
  TempDir directory;
  Database database(directory.file("history.db"), Database::Mode::create);
  CHECK_FALSE(prepare_schema(database, "history.db"));
  CHECK(database.pragma("user_version") == kHistoryVersion);
  CHECK(database.pragma("application_id") == kHistoryApplication);
  CHECK(database.pragma("auto_vacuum") == 2);
  CHECK(database.pragma("synchronous") == 1);
  // Every table is STRICT and WITHOUT ROWID.
  auto loose = database.query(
      "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND"
      " type = 'table' AND name NOT LIKE 'sqlite_%' AND (strict = 0 OR"
      " wr = 0)");
  REQUIRE(loose.row());
  CHECK(loose.integer() == 0);
}

TEST_CASE("HistorySchema: a file of the version before is brought up to date, with what it holds") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  {
    Database database(path, Database::Mode::create);
    REQUIRE_FALSE(prepare_schema(database, path));
    database.script("INSERT INTO rings VALUES (1, 'chat')");
  }
  const auto next = with_next("ALTER TABLE rings ADD COLUMN program TEXT NOT NULL DEFAULT 'none'");
  Database database(path, Database::Mode::create);
  CHECK_FALSE(prepare_schema(database, path, next, kHistoryVersion + 1));
  CHECK(database.pragma("user_version") == kHistoryVersion + 1);
  auto row = database.query("SELECT name, program FROM rings");
  REQUIRE(row.row());
  CHECK(row.text() == "chat");
  CHECK(row.text() == "none");
}

TEST_CASE("HistorySchema: a migration that fails changes nothing") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  Database database(path, Database::Mode::create);
  REQUIRE_FALSE(prepare_schema(database, path));
  const std::string before = schema_text_of(database);
  const auto wrong = with_next("CREATE TABLE one (x); CREATE TABLE one (x)");
  CHECK_THROWS_AS((void)prepare_schema(database, path, wrong, kHistoryVersion + 1), DatabaseError);
  CHECK(database.pragma("user_version") == kHistoryVersion);
  CHECK(schema_text_of(database) == before);
}

TEST_CASE("HistorySchema: a file of a newer version, or of another program, is refused and stays") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  std::string moved;
  {
    Database database(path, Database::Mode::create);
    REQUIRE_FALSE(prepare_schema(database, path));
    database.script("PRAGMA user_version = 99");
  }
  HistoryStore newer;
  const auto failure = newer.open(path, {}, &moved);
  REQUIRE(failure);
  CHECK(failure->message.find("this history is of version 99, this program knows versions up to") !=
        std::string::npos);
  CHECK(failure->message.find("\n  next: ") != std::string::npos);
  const std::string other = directory.file("other.db");
  {
    Database database(other, Database::Mode::create);
    database.script("CREATE TABLE mine (x)");
  }
  HistoryStore foreign;
  REQUIRE(foreign.open(other, {}, &moved));
  CHECK(moved.empty());
  Database database(other, Database::Mode::read);
  CHECK(schema_text_of(database) == "CREATE TABLE mine (x)");
}

TEST_CASE("HistorySchema: a damaged file is moved aside, and a new one begins") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  std::ofstream(path) << std::string(5000, 'x');
  HistoryStore store;
  std::string moved;
  CHECK_FALSE(store.open(path, {}, &moved));
  CHECK(moved == path + ".damaged");
  CHECK(std::filesystem::file_size(moved) == 5000);
  store.write({});
}
