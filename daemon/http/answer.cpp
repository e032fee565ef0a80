#include "daemon/http/answer.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "daemon/http/accept.h"
#include "daemon/http/ascii.h"
#include "daemon/http/gzip.h"

namespace ringside::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Documents load scripts and styles from us alone, and run none that stand in them.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kDataPolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// For pages of a configured origin: the fields that we read of their requests, and those of our
// answers that they may read. Both beyond what a browser takes for granted.
constexpr std::string_view kReadFields =
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id";
constexpr std::string_view kExposedFields =
    "Allow, ETag, Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Request-Id";

std::string* find(Fields& fields, std::string_view name) {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const auto& field) { return ascii_same(field.first, name); });
  return it == fields.end() ? nullptr : &it->second;
}

void set_if_missing(Fields& fields, std::string_view name, std::string_view value) {
  if (find(fields, name) == nullptr) fields.emplace_back(name, value);
}

void vary(Fields& fields, std::string_view name) {
  std::string* has = find(fields, "Vary");
  if (has == nullptr) {
    fields.emplace_back("Vary", name);
  } else if (has->find(name) == std::string::npos) {
    *has += fmt::format(", {}", name);
  }
}

// IMF-fixdate (RFC 9110, 5.6.7), whatever the locale.
std::string http_date(std::int64_t wall_s) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = wall_s;
  tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], 1900 + utc.tm_year, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string weak_tag(std::string_view body) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), hash.data());
  std::string out = "W/\"";
  for (std::size_t i = 0; i < 12; ++i) out += fmt::format("{:02x}", hash[i]);
  return out + '"';
}

// The origin of the request, where its pages may read answers.
const std::string* shared_origin(const Request& request, std::span<const std::string> origins) {
  const std::string* origin = request.header("origin");
  const bool known =
      origin != nullptr && std::find(origins.begin(), origins.end(), *origin) != origins.end();
  return known ? origin : nullptr;
}

void add_security(const Request& request, const Response& response, Fields& fields,
                  std::span<const std::string> origins) {
  const bool page = response.type.starts_with("text/html");
  set_if_missing(fields, "Content-Security-Policy", page ? kPagePolicy : kDataPolicy);
  set_if_missing(fields, "X-Content-Type-Options", "nosniff");
  set_if_missing(fields, "Referrer-Policy", "no-referrer");
  const std::string* origin = shared_origin(request, origins);
  set_if_missing(fields, "Cross-Origin-Resource-Policy", origin ? "cross-origin" : "same-origin");
  if (page) set_if_missing(fields, "Cross-Origin-Opener-Policy", "same-origin");
  if (!origins.empty()) vary(fields, "Origin");
  if (origin == nullptr) return;
  fields.emplace_back("Access-Control-Allow-Origin", *origin);
  fields.emplace_back("Access-Control-Expose-Headers", kExposedFields);
}

// Makes 304 of what the client has.
void tag(const Request& request, Response& response) {
  if (response.status != 200 || request.method == Method::post) {
    set_if_missing(response.headers, "Cache-Control", "no-store");
    return;
  }
  set_if_missing(response.headers, "Cache-Control", "private, no-cache");
  if (find(response.headers, "ETag") == nullptr)
    response.headers.emplace_back("ETag", weak_tag(response.body));
  const std::string* known = request.header("if-none-match");
  if (known != nullptr && names_tag(*known, *find(response.headers, "ETag"))) {
    response.status = 304;
    response.body.clear();
  }
}

void compress(const Request& request, Response& response) {
  if (response.status == 304 || !is_compressible(response.type)) return;
  if (find(response.headers, "Content-Encoding") != nullptr) return;
  vary(response.headers, "Accept-Encoding");
  const std::string* accepted = request.header("accept-encoding");
  if (accepted == nullptr || response.body.size() < kLeastGzipBytes || !accepts_gzip(*accepted))
    return;
  if (response.gzipped != nullptr) {
    response.body = *response.gzipped;
  } else if (auto smaller = gzip(response.body)) {
    response.body = std::move(*smaller);
  } else {
    return;
  }
  response.headers.emplace_back("Content-Encoding", "gzip");
}

// What a route made of a client's text must not begin a field of its own.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
}

std::string head_text(int status, const Fields& fields) {
  namespace beast = boost::beast::http;
  std::string out = fmt::format("HTTP/1.1 {} ", status);
  out += beast::obsolete_reason(beast::int_to_status(static_cast<unsigned>(status))).to_string();
  out += "\r\n";
  for (const auto& [name, value] : fields) {
    out += name;
    out += ": ";
    append_value(out, value);
    out += "\r\n";
  }
  return out + "\r\n";
}

Fields general_fields(const Request& request, const AnswerOptions& options) {
  Fields fields{{"Date", http_date(options.wall_s)}};
  if (!request.id.empty()) fields.emplace_back("X-Request-Id", request.id);
  fields.emplace_back("Connection", options.keep_alive ? "keep-alive" : "close");
  return fields;
}

}  // namespace

AnswerBytes answer_bytes(const Request& request, Response response, const AnswerOptions& options) {
  tag(request, response);
  compress(request, response);
  add_security(request, response, response.headers, options.cors_origins);
  Fields fields = general_fields(request, options);
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    fields.emplace_back("Content-Type", response.type);
    fields.emplace_back("Content-Length", std::to_string(response.body.size()));
  }
  fields.insert(fields.end(), response.headers.begin(), response.headers.end());
  AnswerBytes bytes{head_text(response.status, fields), {}};
  if (has_body && request.method != Method::head) bytes.body = std::move(response.body);
  return bytes;
}

std::string stream_head(const Request& request, const AnswerOptions& options) {
  Response response;
  response.type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  add_security(request, response, response.headers, options.cors_origins);
  AnswerOptions closing = options;
  closing.keep_alive = false;
  Fields fields = general_fields(request, closing);
  fields.emplace_back("Content-Type", response.type);
  fields.insert(fields.end(), response.headers.begin(), response.headers.end());
  return head_text(200, fields);
}

Response options_answer(const Request& request, const std::string& allowed,
                        std::span<const std::string> cors_origins) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", allowed);
  if (shared_origin(request, cors_origins) != nullptr) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
    response.headers.emplace_back("Access-Control-Allow-Headers", kReadFields);
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace ringside::http
