#include "daemon/http/authority.h"

#include <fmt/format.h>

#include <chrono>

#include "daemon/http/ascii.h"

namespace ringside::http {
namespace {

constexpr std::string_view kRealm = "Bearer realm=\"ringside\"";
constexpr std::size_t kMostTokenBytes = 256;

// The token68 of RFC 9110, 11.2. Nothing for another scheme, empty text for a malformed token.
std::optional<std::string_view> bearer(std::string_view field) {
  constexpr std::string_view kScheme = "bearer";
  if (!ascii_same(field.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  field.remove_prefix(kScheme.size());
  if (!field.empty() && field.front() != ' ') return std::nullopt;
  while (field.starts_with(' ')) field.remove_prefix(1);
  const bool good =
      field.size() <= kMostTokenBytes && field.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-._~+/=") == std::string_view::npos;
  return good ? field : std::string_view();
}

Scope needed(const Handlers& handlers, const Request& request) {
  if (handlers.needs) return handlers.needs(request.method, request.path);
  return request.method == Method::post ? Scope::admin : Scope::read;
}

std::string_view scope_name(Scope scope) { return scope == Scope::admin ? "admin" : "read"; }

}  // namespace

void Authority::tell(Refusal::Kind kind, const Request& request) {
  if (handlers_.refused) handlers_.refused({kind, request.peer, request.who});
}

Response Authority::reject(const Request& request, const PeerKey& peer, int status,
                           std::string_view error, std::string_view detail) {
  figures_.add(Figure::rejected_tokens);
  const auto wait_s = guard_.failed(peer, std::chrono::steady_clock::now());
  if (wait_s) {
    figures_.add(Figure::rate_limited);
    tell(Refusal::Kind::rate_limited, request);
    Response response = problem(
        request, 429, "too_many_wrong_tokens", "Too many wrong tokens",
        fmt::format("too many wrong tokens came from this address; wait {} s. A right token is "
                    "still accepted.",
                    *wait_s));
    response.headers.emplace_back("Retry-After", std::to_string(*wait_s));
    return response;
  }
  tell(Refusal::Kind::rejected_token, request);
  Response response =
      problem(request, status, error, status == 400 ? "Malformed token" : "Wrong token", detail);
  response.headers.emplace_back(
      "WWW-Authenticate",
      fmt::format("{}, error=\"{}\", error_description=\"{}\"", kRealm, error, detail));
  return response;
}

std::optional<Response> Authority::identify(Request& request, const PeerKey& peer,
                                            std::int64_t wall_s,
                                            std::optional<TokenDigest>* digest) {
  const std::string* field = request.header("authorization");
  const auto secret = field != nullptr ? bearer(*field) : std::nullopt;
  if (!secret) return std::nullopt;
  if (secret->empty()) {
    return reject(request, peer, 400, "invalid_request",
                  "the token is empty, too long or has characters that no token has");
  }
  const Token* token = tokens_->find(*secret, wall_s);
  if (token == nullptr) {
    return reject(request, peer, 401, "invalid_token",
                  "no such token, or it has expired; make one with ringsided --new-token");
  }
  request.scope = token->scope;
  request.who = token->name;
  *digest = token->digest;
  return std::nullopt;
}

std::optional<Response> Authority::permit(const Request& request) {
  const Scope needs = needed(handlers_, request);
  if (request.scope >= needs) return std::nullopt;
  if (request.scope == Scope::none && !request.uid) {
    Response response = problem(request, 401, "token_needed", "Token needed",
                                "this needs a field Authorization: Bearer TOKEN; make a token "
                                "with ringsided --new-token");
    response.headers.emplace_back("WWW-Authenticate", kRealm);
    return response;
  }
  figures_.add(Figure::forbidden);
  tell(Refusal::Kind::forbidden, request);
  const bool user = request.scope == Scope::none;
  Response response = problem(
      request, 403, "insufficient_scope", "Not allowed",
      user ? fmt::format("{} is neither root nor the daemon's user, and stands neither in "
                         "http.socket_readers nor in http.socket_admins",
                         request.peer)
           : fmt::format("this needs the scope {0}, and {1} has the scope {2}; make a token with "
                         "ringsided --new-token --scope {0}",
                         scope_name(needs), request.who, scope_name(request.scope)));
  response.headers.emplace_back(
      "WWW-Authenticate",
      fmt::format("{}, error=\"insufficient_scope\", scope=\"{}\"", kRealm, scope_name(needs)));
  return response;
}

}  // namespace ringside::http
