// SQLite as the history uses it: a connection that keeps its statements, a statement in use, and a
// transaction. One thread uses a connection at a time.
//
// Everything here throws DatabaseError. The functions that other rooms call catch it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace ringside {

class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  bool full() const;     // no room on the disk, or in the file's own limit
  bool busy() const;     // somebody else holds the lock
  bool damaged() const;  // the bytes are no database, or contradict each other

 private:
  int code_;  // SQLite's extended result code
};

// A statement in use. The destructor gives it back to its connection.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds the next parameter. A string is not copied: it must live until the statement is given
  // back or bound anew.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();

  bool row();  // takes the next step; false after the last row
  void run();  // to its end, and ready to be bound anew

  // A column of the present row, the next at each call.
  bool null() const;  // whether the next column is NULL
  std::int64_t integer();
  std::uint64_t count() { return static_cast<std::uint64_t>(integer()); }
  double real();
  std::string_view text();
  std::string_view blob();  // both are valid until the next step

 private:
  sqlite3_stmt* statement_;
  int bound_ = 0;
  int column_ = 0;
};

class Database {
 public:
  enum class Mode { create, read, read_alone };
  // read_alone: nobody writes the file. SQLite then needs no other file beside it.
  Database(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql` must be a literal: statements are kept under its address.
  Statement query(const char* sql);
  void script(const std::string& sql);           // several statements, not kept
  std::int64_t pragma(const std::string& name);  // its value, a number
  std::int64_t changes() const;                  // rows that the latest statement changed
  // Copies what it can from the journal into the file, and cuts the journal. False when a reader
  // holds some of it.
  bool checkpoint();

 private:
  sqlite3* database_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// From BEGIN to commit(), or to ROLLBACK when it is destroyed before.
class Transaction {
 public:
  enum class Mode { read, write };
  Transaction(Database& database, Mode mode);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace ringside
