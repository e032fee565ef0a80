// The tables, and what makes an SQLite file ours.
#pragma once

#include "tools/chat/storage/sqlite.h"

namespace chatd {

inline constexpr int kSchemaVersion = 1;

// Creates the tables in an empty file, and checks them in one that has some. Throws
// std::runtime_error with what was found and what to do when the file is another program's, or a
// newer version's.
void open_schema(Connection& connection, const std::filesystem::path& file);

}  // namespace chatd
