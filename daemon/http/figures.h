// What the server counts of itself, and what it tells others at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::http {

enum class Figure : std::uint8_t {
  connections,      // open now
  streams,          // open now
  accepted,         // connections, since the start; so are all that follow
  refused_full,     // connections that were answered 503, or closed at once
  evicted,          // connections that were closed to make room
  accept_failures,  // such as: no file descriptor left
  tls_failures,     // handshakes that failed
  requests,         // whose head came whole
  answers_2xx,
  answers_3xx,
  answers_4xx,
  answers_5xx,
  bad_requests,  // no HTTP, or such as is refused (400, 404, 405, 413, 414, 431, 501, 505)
  timeouts,      // of a head, a body or a write
  rejected_tokens,
  rate_limited,  // of the rejected tokens: answered 429
  forbidden,     // the scope did not do, or the user of the Unix socket
  misdirected,   // a Host that is not ours
  sent_bytes,
  streams_opened,
  streams_dropped,  // too slow
  events,           // published
  events_lost,      // published faster than the server's thread took them
  reload_failures,  // a bad certificate or token file, and the old one stayed
};
inline constexpr std::size_t kFigures = 24;

// "connections", "accepted", ...: the names above.
std::string_view figure_name(Figure figure);

// Written by the server's thread, read by any.
class Figures {
 public:
  void add(Figure figure, std::uint64_t count = 1) {
    values_[static_cast<std::size_t>(figure)].fetch_add(count, std::memory_order_relaxed);
  }
  void subtract(Figure figure) {
    values_[static_cast<std::size_t>(figure)].fetch_sub(1, std::memory_order_relaxed);
  }
  std::uint64_t value(Figure figure) const {
    return values_[static_cast<std::size_t>(figure)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kFigures> values_{};
};

// Somebody was refused who may be up to something.
struct Refusal {
  enum class Kind : std::uint8_t { rejected_token, rate_limited, forbidden, misdirected };
  Kind kind = Kind::rejected_token;
  std::string peer;  // as in Request
  std::string who;   // of `forbidden`: the token's name or the user
};

}  // namespace ringside::http
