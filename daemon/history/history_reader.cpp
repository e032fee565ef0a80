#include "daemon/history/history_reader.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "daemon/history/schema.h"
#include "daemon/history/span_reader.h"
#include "daemon/storage/files.h"

namespace ringside {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// SQLite has the journal beside the file itself, not beside a link to it.
std::string real_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

// A journal that can't be read: SQLite would have to make a file beside it.
bool needs_shared_memory(const std::string& path) {
  return exists(path + "-wal") && !exists(path + "-shm") &&
         access(directory_of(path).c_str(), W_OK) != 0;
}

// A file without a journal, in a place where none can be made, is read as it stands.
std::unique_ptr<Database> open_for_reading(const std::string& path) {
  const bool alone = !exists(path + "-wal") && access(directory_of(path).c_str(), W_OK) != 0 &&
                     !exists(path + "-shm");
  return std::make_unique<Database>(path,
                                    alone ? Database::Mode::read_alone : Database::Mode::read);
}

Failure unreadable(const std::string& path, const DatabaseError& error) {
  if (!exists(path)) {
    return {ENOENT, path +
                        ": there is no history\n  next: start the daemon with history.enabled, "
                        "or name the file that it writes (history.path)"};
  }
  const char* next = "see that the file and its directory may be read";
  if (error.damaged()) {
    next = "read a copy that is whole";
  } else if (needs_shared_memory(real_path(path))) {
    next =
        "it has a journal (-wal), which can only be read where a file can be made beside it: copy "
        "both to a directory that you may write";
  }
  return {0, fmt::format("{}: cannot read the history: {}\n  next: {}", path, error.what(), next)};
}

// Runs `read` in a transaction of its own on the file. Returns what went wrong.
template <typename Read>
std::optional<Failure> read_file(const std::string& path, const Read& read) {
  try {
    const std::unique_ptr<Database> database = open_for_reading(real_path(path));
    Transaction transaction(*database, Transaction::Mode::read);
    if (auto failure = check_schema(*database, path)) return failure;
    read(*database);
    transaction.commit();
    return std::nullopt;
  } catch (const DatabaseError& error) {
    return unreadable(path, error);
  }
}

std::int64_t first_number(Database& database, const char* sql) {
  auto row = database.query(sql);
  return row.row() && !row.null() ? row.integer() : 0;
}

}  // namespace

HistoryResult read_history(const std::string& path, const HistoryQuery& query) {
  HistoryResult result;
  result.failure = read_file(
      path, [&](Database& database) { result.span = SpanReader(database, query).read(); });
  if (result.failure) result.span = {};
  return result;
}

HistoryExtent history_extent(const std::string& path) {
  HistoryExtent extent;
  extent.failure = read_file(path, [&](Database& database) {
    extent.first_minute_wall_s = first_number(database, "SELECT MIN(begin) FROM ring_minutes");
    extent.first_wall_s = first_number(
        database,
        "SELECT MIN(begin) FROM (SELECT MIN(begin) AS begin FROM ring_minutes UNION ALL"
        " SELECT MIN(begin) FROM ring_hours)");
    extent.last_wall_s = first_number(
        database,
        "SELECT MAX(begin) FROM (SELECT MAX(begin) AS begin FROM ring_minutes UNION ALL"
        " SELECT MAX(begin) FROM ring_hours)");
    extent.end_wall_s =
        first_number(database,
                     "SELECT MAX(at) FROM (SELECT MAX(begin) + 60 AS at FROM ring_minutes UNION ALL"
                     " SELECT MAX(begin) + 3600 FROM ring_hours UNION ALL"
                     " SELECT (MAX(wall_ns) / 60000000000 + 1) * 60 FROM marks)");
    // No time lies before 1970, or beyond the year 2255.
    const auto times = std::minmax(
        {extent.first_minute_wall_s, extent.first_wall_s, extent.last_wall_s, extent.end_wall_s});
    if (times.first < 0 || times.second > 9'000'000'000)
      throw DatabaseError(SQLITE_CORRUPT, "a minute begins at an impossible time");
  });
  return extent;
}

}  // namespace ringside
