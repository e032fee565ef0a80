// A request that was authorised, and its answer: what the server and the routes have in common.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringside::http {

enum class Method : std::uint8_t { get, head, post };

// What whoever asks may do. `admin` may do what `read` may.
enum class Scope : std::uint8_t { none, read, admin };

struct Request {
  Method method = Method::get;
  std::string path;  // percent-decoded and without "." and ".."; begins with '/'
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in the order of the URL
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most what the route allows
  std::string id;                                            // of this request, for its answer
  std::string peer;          // an address, or "uid 1000" on the Unix socket
  std::string who;           // the token's name, or the user of the Unix socket
  std::optional<uid_t> uid;  // on the Unix socket
  Scope scope = Scope::none;

  // The first of that name; nullptr: there is none.
  const std::string* header(std::string_view lower_case_name) const;
  const std::string* parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";  // Content-Type
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  const std::string* gzipped = nullptr;  // gzipped_once() of the body, where it never changes
};

// application/problem+json (RFC 9457). `code` is for programs and never changes: "unknown_window".
// `detail` says what was found, what was expected and what to do next.
Response problem(const Request& request, int status, std::string_view code, std::string_view title,
                 std::string_view detail);
// 404, where there is no route.
Response unknown_path(const Request& request);

// For an exception. Its text goes into the daemon's log, with the request's id, and not to the
// client: it may hold paths.
Response internal_error(const Request& request);

}  // namespace ringside::http
