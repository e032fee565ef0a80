// The tables of the history file. README.md beside this file describes each column, for people who
// query it.
//
// Rules that hold in every table: times are seconds (begin) or nanoseconds (…_ns) since the Unix
// epoch; spans are nanoseconds; a row of `minutes` or `hours` is written whole or replaced whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daemon/history/database.h"
#include "shm/failure.h"

namespace ringside {

// PRAGMA application_id: "RSHI".
inline constexpr std::int64_t kHistoryApplication = 0x52534849;
// PRAGMA user_version.
inline constexpr std::int64_t kHistoryVersion = 3;

// migrations[i] makes version i + 2 of version i + 1.
std::span<const char* const> history_migrations();

// Makes a new file's tables, or brings an old file to `version`, in one transaction. Refuses a file
// of a newer version, or of another program. `migrations` and `version` are for tests.
std::optional<Failure> prepare_schema(
    Database& database, const std::string& path,
    std::span<const char* const> migrations = history_migrations(),
    std::int64_t version = kHistoryVersion);

// Whether a reader knows the file. Says why not.
std::optional<Failure> check_schema(Database& database, const std::string& path);

}  // namespace ringside
