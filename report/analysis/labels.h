// Labels for readers: foreign names are made harmless, and their ring is added where there are
// several.
#pragma once

#include <string>
#include <string_view>

#include "report/model/snapshot.h"

namespace ringside {

inline bool has_several_rings(const Snapshot& snapshot) { return snapshot.rings.size() > 1; }

// "SEND_MESSAGE", or "SEND_MESSAGE (chat)" where another ring may have an operation of that name.
std::string label_of(const Snapshot& snapshot, std::string_view name, std::string_view ring);

// "1 operation", "2,000 operations"
std::string count_of(std::uint64_t count, std::string_view one, std::string_view many);

// "5001 DATABASE_BUSY", "code 5001" where the server named no error.
std::string error_label(std::uint16_t code, std::string_view name);

// "the last 5 min". A window that is not full yet says how much of it there is: "the last hour (14
// min 03 s so far)".
std::string describe_window(const Snapshot& snapshot, Window window);

// The name of a kind as words: "server_start" is "server start".
std::string spoken(std::string_view kind);

}  // namespace ringside
