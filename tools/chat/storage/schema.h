// The tables, and how the server recognises its own SQLite file.
#pragma once

#include "tools/chat/storage/sqlite.h"

namespace chatd {

inline constexpr int kSchemaVersion = 1;

// Creates the tables in an empty file. A file that has tables must bear our application id and our
// schema version. If not, throws std::runtime_error that says what was found and what to do.
void open_schema(Connection& connection, const std::filesystem::path& file);

}  // namespace chatd
