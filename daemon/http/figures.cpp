#include "daemon/http/figures.h"

namespace ringside::http {
namespace {

constexpr std::string_view kNames[] = {
    "connections",     "streams",      "accepted",     "refused_full",    "evicted",
    "accept_failures", "tls_failures", "requests",     "answers_2xx",     "answers_3xx",
    "answers_4xx",     "answers_5xx",  "bad_requests", "timeouts",        "rejected_tokens",
    "rate_limited",    "forbidden",    "misdirected",  "sent_bytes",      "streams_opened",
    "streams_dropped", "events",       "events_lost",  "reload_failures",
};
static_assert(std::size(kNames) == kFigures);
static_assert(static_cast<std::size_t>(Figure::reload_failures) + 1 == kFigures);

}  // namespace

std::string_view figure_name(Figure figure) { return kNames[static_cast<std::size_t>(figure)]; }

}  // namespace ringside::http
