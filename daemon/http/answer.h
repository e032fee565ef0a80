// From a Response to the bytes of an answer.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "daemon/http/message.h"

namespace ringside::http {

struct AnswerBytes {
  std::string head;
  std::string body;
};

struct AnswerOptions {
  bool keep_alive = true;
  std::int64_t wall_s = 0;                    // for Date
  std::span<const std::string> cors_origins;  // configured
};

// What every answer has: Date, X-Request-Id, no sniffing, no referrer, nobody else's page.
// Compresses, tags (a weak entity tag of the body's hash), and makes 304 of an answer that the
// client has. A field that the route sets is kept.
AnswerBytes answer_bytes(const Request& request, Response response, const AnswerOptions& options);

// The head of a stream of events: without a length, up to the connection's end.
std::string stream_head(const Request& request, const AnswerOptions& options);

// The answer to OPTIONS: 204, with what a page of an allowed origin may send.
Response options_answer(const Request& request, const std::string& allowed,
                        std::span<const std::string> cors_origins);

}  // namespace ringside::http
