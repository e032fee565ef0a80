// Which minute is meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/ringside/past/source.h"

namespace ringside::tool::past {

// The begin of the minute that holds a UTC time (2026-11-27T02:13Z), a time of day (02:13:00, the
// latest one that the source has), or a moment so long before the end (30min). Nothing when it is
// none of them, or lies outside of what is held: `why` says which, with the span.
std::optional<std::int64_t> minute_of(const std::string& text, const Held& held, std::string& why);

// "2026-11-27T02:00Z to 2026-11-27T10:00Z"
std::string span_words(std::int64_t begin_wall_s, std::int64_t end_wall_s);

}  // namespace ringside::tool::past
