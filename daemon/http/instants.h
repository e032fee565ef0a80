// Moments as people give them on a command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringside {

// "2026-11-27T02:00:00Z", "2026-11-27T02:00Z", "2026-11-27 02:00", "2026-11-27" (all of them UTC),
// "now", or a span before `now_wall_s`: "8h", "1h30min". Seconds since the Unix epoch; nothing for
// any other text, for a time before it and for one after the year 2254.
std::optional<std::int64_t> parse_instant(const std::string& text, std::int64_t now_wall_s);

}  // namespace ringside
