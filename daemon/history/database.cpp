#include "daemon/history/database.h"

#include <sqlite3.h>

#include <utility>

namespace ringside {
namespace {

constexpr int kPatienceMs = 2000;

int plain(int code) { return code & 0xff; }

// A path as SQLite's URI: what has a meaning there is escaped. An absolute one comes after an empty
// host, or what follows "//" would be one.
std::string uri_of(const std::string& path, const char* options) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    } else {
      uri += c;
    }
  }
  return uri + options;
}

[[noreturn]] void fail(sqlite3* database, int code) {
  throw DatabaseError(code, database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code));
}

}  // namespace

// A file size limit (EFBIG) and a quota come as I/O errors.
bool DatabaseError::full() const {
  return plain(code_) == SQLITE_FULL || code_ == SQLITE_IOERR_WRITE ||
         code_ == SQLITE_IOERR_SHMSIZE;
}

bool DatabaseError::busy() const {
  return plain(code_) == SQLITE_BUSY || plain(code_) == SQLITE_LOCKED;
}

bool DatabaseError::damaged() const {
  return plain(code_) == SQLITE_CORRUPT || plain(code_) == SQLITE_NOTADB;
}

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, ++bound_, text.data() != nullptr ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  sqlite3_bind_blob64(statement_, ++bound_, bytes.data() != nullptr ? bytes.data() : "",
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

bool Statement::row() {
  column_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(sqlite3_db_handle(statement_), code);
  return false;
}

void Statement::run() {
  while (row()) {}
  sqlite3_reset(statement_);
  bound_ = 0;
}

bool Statement::null() const { return sqlite3_column_type(statement_, column_) == SQLITE_NULL; }

std::int64_t Statement::integer() { return sqlite3_column_int64(statement_, column_++); }

double Statement::real() { return sqlite3_column_double(statement_, column_++); }

std::string_view Statement::text() {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_++);
  return text != nullptr ? std::string_view(text, static_cast<std::size_t>(size))
                         : std::string_view{};
}

std::string_view Statement::blob() {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_++);
  return bytes != nullptr ? std::string_view(bytes, static_cast<std::size_t>(size))
                          : std::string_view{};
}

Database::Database(const std::string& path, Mode mode) {
  const int flags =
      mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const std::string uri = uri_of(path, mode == Mode::read_alone ? "?immutable=1" : "");
  const int code = sqlite3_open_v2(uri.c_str(), &database_,
                                   flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const DatabaseError error(
        code, database_ != nullptr ? sqlite3_errmsg(database_) : sqlite3_errstr(code));
    sqlite3_close(std::exchange(database_, nullptr));
    throw error;
  }
  sqlite3_extended_result_codes(database_, 1);
  sqlite3_busy_timeout(database_, kPatienceMs);
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Statement Database::query(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) fail(database_, code);
  }
  return Statement(statement);
}

void Database::script(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(database_, code);
}

std::int64_t Database::pragma(const std::string& name) {
  sqlite3_stmt* statement = nullptr;
  const std::string sql = "PRAGMA " + name;
  int code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) fail(database_, code);
  std::int64_t value = 0;
  code = sqlite3_step(statement);
  if (code == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail(database_, code);
  return value;
}

std::int64_t Database::changes() const { return sqlite3_changes64(database_); }

bool Database::checkpoint() {
  return sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                   nullptr) == SQLITE_OK;
}

Transaction::Transaction(Database& database, Mode mode) : database_(database) {
  database_.script(mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.script("ROLLBACK");
  } catch (const DatabaseError&) {
    // SQLite has rolled it back itself: after an I/O error, or on a full disk.
  }
}

void Transaction::commit() {
  database_.script("COMMIT");
  open_ = false;
}

}  // namespace ringside
