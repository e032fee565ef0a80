// SQLite as the server uses it: a connection that caches its statements, a statement in use, and a
// transaction. One thread uses a connection at a time. Nothing here locks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "tools/chat/trace.h"

namespace chatd {

class DbError : public std::runtime_error {
 public:
  DbError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_; }  // SQLite's extended result code
  bool busy() const { return (code_ & 0xff) == SQLITE_BUSY || (code_ & 0xff) == SQLITE_LOCKED; }
  bool interrupted() const { return (code_ & 0xff) == SQLITE_INTERRUPT; }
  bool constraint() const { return (code_ & 0xff) == SQLITE_CONSTRAINT; }

 private:
  int code_;
};

class Connection;

// A cached statement in use: it is bound, stepped through, and given back by the destructor.
class Query {
 public:
  Query(Connection& connection, sqlite3_stmt* statement);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool row();  // takes the next step; false after the last row. Throws DbError
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const;
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
  trace::Stamp began_;
  std::chrono::steady_clock::time_point clock_began_;
};

struct ConnectionOptions {
  std::chrono::milliseconds busy{250};
  std::chrono::milliseconds slow_query{100};
  std::chrono::milliseconds query_limit{2000};  // read_only: an operation is interrupted after it
  bool read_only = false;
};

class Connection {
 public:
  Connection(const std::filesystem::path& file, const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` must be a literal: statements are cached under its address for the life of the
  // connection.
  template <typename... Values>
  Query query(const char* sql, const Values&... values) {
    return Query(*this, bind_all(prepare(sql), values...));
  }

  // Runs a statement to its end and returns how many rows it changed.
  template <typename... Values>
  std::int64_t run(const char* sql, const Values&... values) {
    Query statement(*this, bind_all(prepare(sql), values...));
    while (statement.row()) {
    }
    return sqlite3_changes64(db_);
  }

  void script(const char* sql);  // several statements, uncached: schema and pragmas
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(db_); }
  std::int64_t total_changes() const { return sqlite3_total_changes64(db_); }
  sqlite3* handle() const { return db_; }
  const ConnectionOptions& options() const { return options_; }

  // SLOW_QUERY names this operation as its context. On a read-only connection the query limit
  // begins here.
  void begin_operation(Op op);
  Op operation() const { return operation_; }

 private:
  friend class Query;

  sqlite3_stmt* prepare(const char* sql);
  [[noreturn]] void fail(int code, const char* statement) const;

  template <typename... Values>
  sqlite3_stmt* bind_all(sqlite3_stmt* statement, const Values&... values) {
    int index = 0;
    (bind_one(statement, ++index, values), ...);
    return statement;
  }
  void bind_one(sqlite3_stmt* statement, int index, std::int64_t value) const;
  void bind_one(sqlite3_stmt* statement, int index, std::string_view value) const;
  void bind_one(sqlite3_stmt* statement, int index, std::nullptr_t) const;
  void bind_one(sqlite3_stmt* statement, int index, const std::string& value) const {
    bind_one(statement, index, std::string_view(value));
  }
  void bind_one(sqlite3_stmt* statement, int index, const char* value) const {
    bind_one(statement, index, std::string_view(value));
  }

  sqlite3* db_ = nullptr;
  std::string file_;
  ConnectionOptions options_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by the address of the literal
  Op operation_ = Op::LIST_ROOMS;
  std::chrono::steady_clock::time_point operation_ends_{};
};

// From BEGIN to COMMIT, or to ROLLBACK when it is destroyed before commit(). Each is traced as
// DB_TRANSACTION.
class Transaction {
 public:
  // write is BEGIN IMMEDIATE: a transaction meets another's lock at its start, never in the middle.
  enum class Mode {
    read,
    write
  };
  Transaction(Connection& connection, Mode mode);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  void ended(bool committed);

  Connection& connection_;
  trace::Stamp began_;
  bool open_ = false;
};

}  // namespace chatd
