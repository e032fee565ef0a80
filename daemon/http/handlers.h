// What the server asks the routes. All of it is called on the server's thread, and must not wait.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/figures.h"
#include "daemon/http/message.h"

namespace ringside::http {

// Takes the answer: at once or later, on any thread while the server lives. Only the first counts,
// and none that comes after HttpLimits::request.
using Answered = std::function<void(Response)>;

struct Handlers {
  // Answers an authorised request. For HEAD as for GET: the server leaves the body out. The
  // server adds ETag, Cache-Control, Content-Security-Policy and Vary where the answer has none of
  // its own; it compresses, and answers If-None-Match.
  std::function<void(const Request&, Answered)> answer;

  // What a request must have. Without it: `read` for GET and HEAD, `admin` for POST.
  std::function<Scope(Method, std::string_view path)> needs;

  // The methods of a path as Allow has them, "GET, HEAD"; empty: no such path. Without it: all. The
  // server answers 404 and 405 by it, before anybody is asked for a token or a body.
  std::function<std::string(std::string_view path)> allowed;

  // A begin of paths, "/things/", after which one name stands. In its raw text, and there alone,
  // "%2F" and "%5C" are allowed; they are decoded as the rest is. Empty: nowhere.
  std::string before_name;

  // Whether an authorised GET opens a stream. Then the text is sent first: events as event_text()
  // writes them, perhaps none. Nothing: answer() is asked.
  std::function<std::optional<std::string>(const Request&)> open_stream;

  std::function<void(const Refusal&)> refused;
};

}  // namespace ringside::http
