// Who a client is, and what it may do: the Authorization field against the tokens (RFC 6750).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/http/failure_guard.h"
#include "daemon/http/figures.h"
#include "daemon/http/handlers.h"
#include "daemon/http/tokens.h"

namespace ringside::http {

class Authority {
 public:
  Authority(const Handlers& handlers, Figures& figures, double failures_per_minute,
            std::size_t remembered)
      : handlers_(handlers), figures_(figures), guard_(failures_per_minute, remembered) {}

  void use(std::shared_ptr<const TokenTable> tokens) { tokens_ = std::move(tokens); }

  // Finds the request's token and fills in scope and name; what the Unix socket gave stays where
  // there is no token. Returns the refusal of a wrong one: 400, 401 or 429. `digest`: of the token
  // that was found.
  std::optional<Response> identify(Request& request, const PeerKey& peer, std::int64_t wall_s,
                                   std::optional<TokenDigest>* digest);

  // Whether the request's scope does for its route: nothing, or 401 or 403.
  std::optional<Response> permit(const Request& request);

  // Whether a token that was found before still holds.
  bool holds(const TokenDigest& digest, std::int64_t wall_s) const {
    return tokens_->find(digest, wall_s) != nullptr;
  }

 private:
  Response reject(const Request& request, const PeerKey& peer, int status, std::string_view error,
                  std::string_view detail);
  void tell(Refusal::Kind kind, const Request& request);

  const Handlers& handlers_;
  Figures& figures_;
  FailureGuard guard_;
  std::shared_ptr<const TokenTable> tokens_ = std::make_shared<const TokenTable>();
};

}  // namespace ringside::http
