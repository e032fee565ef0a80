// A moment as people give it to the debug tool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringside::tool {

// What parse_instant() takes (daemon/http/instants.h), with a fraction of a second of up to nine
// digits: "2026-11-27T02:00:00.25Z", or "1.5s" before `now_wall_ns`. Nanoseconds since the Unix
// epoch; nothing for any other text.
std::optional<std::int64_t> parse_moment_ns(const std::string& text, std::int64_t now_wall_ns);

}  // namespace ringside::tool
