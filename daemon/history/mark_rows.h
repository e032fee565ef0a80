// Marks as rows: what was done and may explain a change.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/history/database.h"
#include "report/model/history.h"

namespace ringside {

// A server's start or end is told by each daemon that sees it, and each takes the time anew. Its
// text names the ring's instance, so it is written once.
void write_mark(Database& database, const HistoryMark& mark);

// Fills in HistorySpan::marks and marks_before. Nanoseconds since the Unix epoch; `end_ns` is
// exclusive. `ring` empty: of all rings; marks of the daemon itself are given for every ring.
void read_marks(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                const std::string& ring, HistorySpan& span);

}  // namespace ringside
