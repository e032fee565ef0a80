#include "tools/chat/storage/sqlite.h"

namespace chatd {

namespace {
using Clock = std::chrono::steady_clock;
}

Connection::Connection(const std::filesystem::path& file, const ConnectionOptions& options)
    : file_(file.string()), options_(options) {
  // NOMUTEX: one thread uses a connection at a time, so SQLite's own locks would only cost time.
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (const int code = sqlite3_open_v2(file_.c_str(), &db_, flags, nullptr); code != SQLITE_OK) {
    const std::string message = file_ + ": " + (db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
    sqlite3_close_v2(db_);
    throw DbError(code, message);
  }
  sqlite3_busy_timeout(db_, static_cast<int>(options.busy.count()));
  try {
    script("PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;");
  } catch (const DbError&) {
    sqlite3_close_v2(db_);
    throw;
  }
  if (options.read_only) {
    // SQLite asks this every 1000 steps of its virtual machine, which take some 20 us. An answer of
    // 1 interrupts the read.
    sqlite3_progress_handler(
        db_, 1000,
        [](void* self) {
          return Clock::now() > static_cast<Connection*>(self)->operation_ends_ ? 1 : 0;
        },
        this);
    operation_ends_ = Clock::time_point::max();
  }
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

void Connection::begin_operation(Op op) {
  operation_ = op;
  if (options_.read_only) operation_ends_ = Clock::now() + options_.query_limit;
}

void Connection::script(const char* sql) {
  if (const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK)
    fail(code, sql);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    const int code =
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      statements_.erase(sql);
      fail(code, sql);
    }
  }
  return statement;
}

void Connection::fail(int code, const char* statement) const {
  throw DbError(
      code, file_ + ": " + sqlite3_errmsg(db_) + " in: " + std::string(statement).substr(0, 120));
}

void Connection::bind_one(sqlite3_stmt* statement, int index, std::int64_t value) const {
  if (const int code = sqlite3_bind_int64(statement, index, value); code != SQLITE_OK)
    fail(code, "bind");
}

void Connection::bind_one(sqlite3_stmt* statement, int index, std::string_view value) const {
  // TRANSIENT makes SQLite copy the text. The argument may be a temporary of the caller's
  // expression, and the query outlives it.
  const int code = sqlite3_bind_text64(statement, index, value.data() ? value.data() : "",
                                       value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(code, "bind");
}

void Connection::bind_one(sqlite3_stmt* statement, int index, std::nullptr_t) const {
  if (const int code = sqlite3_bind_null(statement, index); code != SQLITE_OK) fail(code, "bind");
}

Query::Query(Connection& connection, sqlite3_stmt* statement)
    : connection_(connection),
      statement_(statement),
      began_(trace::now()),
      clock_began_(Clock::now()) {}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  if (Clock::now() - clock_began_ >= connection_.options_.slow_query) {
    trace::event(trace::Event::SLOW_QUERY,
                 {.op = connection_.operation_, .duration = trace::now() - began_});
  }
}

bool Query::row() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  connection_.fail(code, sqlite3_sql(statement_));
}

std::string Query::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes ? std::string(bytes,
                             static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
               : std::string();
}

Transaction::Transaction(Connection& connection, Mode mode)
    : connection_(connection), began_(trace::now()) {
  connection_.run(mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN");
  open_ = true;
  trace::db_transactions(+1);
}

Transaction::~Transaction() {
  if (!open_) return;
  // After some failures (disk full, I/O) SQLite has rolled back by itself. Then nothing is left to
  // do.
  if (sqlite3_get_autocommit(connection_.handle()) == 0) {
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  ended(false);
}

void Transaction::commit() {
  connection_.run("COMMIT");
  ended(true);
}

void Transaction::ended(bool committed) {
  open_ = false;
  trace::db_transactions(-1);
  trace::event(trace::Event::DB_TRANSACTION, {.outcome = committed ? Outcome::ok : Outcome::error,
                                              .op = connection_.operation(),
                                              .duration = trace::now() - began_});
}

}  // namespace chatd
