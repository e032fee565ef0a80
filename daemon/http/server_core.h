// What the connections of one server share. Only the server's thread touches it, but the figures.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>

#include "daemon/http/authority.h"
#include "daemon/http/broadcaster.h"
#include "daemon/http/figures.h"
#include "daemon/http/handlers.h"
#include "daemon/http/http_options.h"
#include "daemon/http/registry.h"

namespace ringside::http {

struct ServerCore {
  ServerCore(HttpOptions given, Handlers routes)
      : options(std::move(given)),
        handlers(std::move(routes)),
        authority(handlers, figures, options.limits.failures_per_minute,
                  options.limits.remembered_addresses),
        broadcaster(options.limits.past_events, options.limits.past_bytes),
        registry(options.limits) {}
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  const HttpOptions options;
  const Handlers handlers;
  Figures figures;
  Authority authority;
  Broadcaster broadcaster;
  Registry registry;
  boost::asio::io_context io{1};
  bool stopping = false;

  std::int64_t wall_seconds() const { return options.wall_seconds(); }
};

}  // namespace ringside::http
