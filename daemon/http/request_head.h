// From a parsed head to a Request, or to the answer that refuses it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>

#include "daemon/http/handlers.h"
#include "daemon/http/http_options.h"

namespace ringside::http {

// Where the request came in.
struct Entrance {
  bool checks_host = true;         // plain TCP: host_check.h
  boost::asio::ip::address local;  // of TCP
};

struct HeadJudgement {
  std::optional<Response> refusal;  // and the connection ends after it
  std::optional<Response> answer;   // to OPTIONS, or 404 or 405; the connection goes on
  bool misdirected = false;         // why it was refused
};

using ParsedHead = boost::beast::http::header<true, boost::beast::http::fields>;

// Fills in method, path, query, headers and id. Everything that a route should not have to think of
// is checked here, and nothing that needs to know who asks.
HeadJudgement judge_head(const ParsedHead& head, const Entrance& entrance,
                         const HttpOptions& options, const Handlers& handlers, Request& request);

// What concerns the body, once the client is known: 400, 411, 413, 415 or nothing. `has_body`: a
// Content-Length above 0, or chunks.
std::optional<Response> judge_body(const ParsedHead& head, const Request& request, bool has_body);

// A new id. `bytes`: of a client's own X-Request-Id, which is taken where it is 1 to 64 letters,
// digits, '.', '_' or '-'.
std::string request_id(std::string_view bytes);

}  // namespace ringside::http
