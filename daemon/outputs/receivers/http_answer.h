// What an answer over HTTP means for what was posted.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/outputs/receivers/outbox.h"

namespace ringside {

// 2xx: accepted. 400, 413 and 422: refused because of what was posted. Everything else says nothing
// about the post, and it is tried again: a receiver that is overloaded or broken, a wrong token, a
// wrong path. Redirects are not followed, because they would take a token to somebody else.
Answer meaning_of(int status);

// The pause that a Retry-After field asks for: seconds, or a date of RFC 9110 (IMF-fixdate). 0 when
// it asks for none, or is in the past, or is none of both.
std::int64_t retry_after_ns(std::string_view field, std::int64_t wall_ns);

}  // namespace ringside
