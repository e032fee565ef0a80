#include "daemon/http/request_head.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "daemon/http/answer.h"
#include "daemon/http/ascii.h"
#include "daemon/http/host_check.h"
#include "daemon/http/target.h"
#include "daemon/http/tokens.h"

namespace ringside::http {
namespace {

namespace beast = boost::beast::http;

constexpr std::string_view kAllMethods = "GET, HEAD, POST";

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Two of them would mean different things to different programs.
const char* doubled_field(const ParsedHead& head) {
  for (const char* name :
       {"Host", "Content-Length", "Transfer-Encoding", "Authorization", "Content-Type",
        "Content-Encoding", "Expect", "Origin", "Last-Event-ID"}) {
    if (head.count(name) > 1) return name;
  }
  return nullptr;
}

std::optional<Response> wrong_framing(const ParsedHead& head, const Request& request) {
  const auto bad = [&](std::string_view code, const std::string& detail) {
    return problem(request, 400, code, "Bad request", detail);
  };
  if (const char* name = doubled_field(head))
    return bad("doubled_field", fmt::format("found more than one field {}", name));
  const std::string_view length = view(head[beast::field::content_length]);
  if (length.find_first_not_of("0123456789") != std::string_view::npos)
    return bad("bad_content_length", "Content-Length: expected digits alone");
  if (head.count(beast::field::content_length) > 0 && length.empty())
    return bad("bad_content_length", "Content-Length: found nothing, expected digits");
  if (head.count(beast::field::transfer_encoding) == 0) return std::nullopt;
  if (head.count(beast::field::content_length) > 0)
    return bad("two_lengths", "found both Transfer-Encoding and Content-Length");
  if (head.version() < 11)
    return bad("bad_transfer_encoding", "Transfer-Encoding: HTTP/1.0 has none");
  if (ascii_lower(view(head[beast::field::transfer_encoding])) != "chunked") {
    return problem(request, 501, "unknown_transfer_encoding", "Unknown transfer encoding",
                   "Transfer-Encoding: expected chunked alone");
  }
  return std::nullopt;
}

std::optional<Response> wrong_host(const std::string& absolute, const Entrance& entrance,
                                   const HttpOptions& options, const Request& request,
                                   bool* misdirected) {
  const std::string* field = request.header("host");
  if (field == nullptr) {
    return problem(request, 400, "host_needed", "Bad request",
                   "found no field Host; HTTP/1.1 needs one");
  }
  const std::string& host = absolute.empty() ? *field : absolute;
  if (!host_is_good(host) || !host_is_good(*field)) {
    return problem(request, 400, "bad_host", "Bad request",
                   "Host: expected a name or an address, and perhaps a port");
  }
  if (!entrance.checks_host || host_is_ours(host, entrance.local, options.allowed_hosts))
    return std::nullopt;
  *misdirected = true;
  return problem(request, 421, "unknown_host", "Not a name of this server",
                 fmt::format("Host: {} is not a name of this server; add it to "
                             "http.allowed_hosts if it should be one",
                             host));
}

std::string allowed_of(const Handlers& handlers, const std::string& path) {
  return handlers.allowed && path != "*" ? handlers.allowed(path) : std::string(kAllMethods);
}

// Whether a list such as "GET, HEAD" has it.
bool names_method(std::string_view list, std::string_view method) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(", "));
    if (one == method) return true;
    list.remove_prefix(std::min(list.size(), one.size() + 2));
  }
  return false;
}

// Path and method. It needs no token, and comes before any body: nobody keeps a place by sending
// one to nowhere.
void judge_route(const ParsedHead& head, const HttpOptions& options, const Handlers& handlers,
                 const Request& request, HeadJudgement& judgement) {
  const std::string allowed = allowed_of(handlers, request.path);
  if (head.method() == beast::verb::unknown) {
    judgement.refusal = problem(request, 501, "unknown_method", "Unknown method",
                                "expected " + std::string(kAllMethods) + " or OPTIONS");
  } else if (allowed.empty()) {
    judgement.answer = unknown_path(request);
  } else if (head.method() == beast::verb::options) {
    judgement.answer = options_answer(request, allowed + ", OPTIONS", options.cors_origins);
  } else if (!names_method(allowed, view(head.method_string()))) {
    judgement.answer = problem(request, 405, "method_not_allowed", "Method not allowed",
                               "expected " + allowed + " or OPTIONS");
    judgement.answer->headers.emplace_back("Allow", allowed + ", OPTIONS");
  }
}

}  // namespace

std::string request_id(std::string_view bytes) {
  if (token_name_is_good(bytes)) return std::string(bytes);
  static const std::uint64_t start = [] {
    std::uint64_t random = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
    return random;
  }();
  static std::atomic<std::uint64_t> count{0};
  return fmt::format("{:08x}-{:08x}", start & 0xffffffffU,
                     count.fetch_add(1, std::memory_order_relaxed) & 0xffffffffU);
}

HeadJudgement judge_head(const ParsedHead& head, const Entrance& entrance,
                         const HttpOptions& options, const Handlers& handlers, Request& request) {
  HeadJudgement judgement;
  for (const auto& field : head)
    request.headers.emplace_back(ascii_lower(view(field.name_string())),
                                 std::string(view(field.value())));
  if (const std::string* id = request.header("x-request-id")) request.id = request_id(*id);
  request.method = head.method() == beast::verb::head   ? Method::head
                   : head.method() == beast::verb::post ? Method::post
                                                        : Method::get;
  if (head.version() != 11 && head.version() != 10) {
    judgement.refusal = problem(request, 505, "unknown_version", "Unknown version of HTTP",
                                "expected HTTP/1.1 or HTTP/1.0");
    return judgement;
  }
  if ((judgement.refusal = wrong_framing(head, request))) return judgement;
  std::string why;
  auto target = decode_target(view(head.target()), &why, handlers.before_name);
  if (target && target->path == "*" && head.method() != beast::verb::options) {
    target.reset();
    why = "a target * without OPTIONS";
  }
  if (!target) {
    judgement.refusal =
        problem(request, 400, "bad_target", "Bad request", "found in the target: " + why);
    return judgement;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  judgement.refusal = wrong_host(target->host, entrance, options, request, &judgement.misdirected);
  if (judgement.refusal) return judgement;
  const std::string* expected = request.header("expect");
  if (expected != nullptr && ascii_lower(*expected) != "100-continue") {
    judgement.refusal = problem(request, 417, "unknown_expectation", "Unknown expectation",
                                "Expect: expected 100-continue or no such field");
  } else {
    judge_route(head, options, handlers, request, judgement);
  }
  return judgement;
}

std::optional<Response> judge_body(const ParsedHead& head, const Request& request, bool has_body) {
  if (request.method != Method::post) {
    if (!has_body) return std::nullopt;
    return problem(request, 400, "unexpected_body", "Bad request",
                   "found a body; GET and HEAD have none here");
  }
  const bool sized = head.count(beast::field::content_length) > 0 ||
                     head.count(beast::field::transfer_encoding) > 0;
  if (!sized) {
    return problem(request, 411, "length_needed", "Length needed",
                   "found neither Content-Length nor Transfer-Encoding: chunked");
  }
  if (!has_body) return std::nullopt;
  const std::string_view type = view(head[beast::field::content_type]);
  std::string media = ascii_lower(type.substr(0, type.find(';')));
  media.erase(media.find_last_not_of(" \t") + 1);
  const std::string coding = ascii_lower(view(head[beast::field::content_encoding]));
  if (media == "application/json" && (coding.empty() || coding == "identity")) return std::nullopt;
  return problem(request, 415, "unknown_content_type", "Unknown content type",
                 "expected a body with Content-Type: application/json and no Content-Encoding");
}

}  // namespace ringside::http
