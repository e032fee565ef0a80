// What the server is told to do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "daemon/config/http_config.h"
#include "daemon/http/head_scanner.h"

namespace ringside::http {

struct HttpLimits {
  HeadLimits head;
  std::size_t body_bytes = 64 * 1024;
  std::size_t connections = 256;
  std::size_t kept_connections = 0;  // of these, only for admins of the Unix socket
  std::size_t connections_of_address = 64;
  std::size_t streams = 32;
  std::size_t streams_of_address = 8;
  double failures_per_minute = 10;  // wrong tokens of one address, before it gets 429
  std::size_t remembered_addresses = 4096;

  // Each from the begin of its phase, however the bytes trickle.
  std::chrono::nanoseconds handshake = std::chrono::seconds(5);
  std::chrono::nanoseconds header = std::chrono::seconds(10);  // from the first byte on
  std::chrono::nanoseconds body = std::chrono::seconds(20);
  std::chrono::nanoseconds write = std::chrono::seconds(30);
  std::chrono::nanoseconds request = std::chrono::seconds(60);  // all of these together
  std::chrono::nanoseconds idle = std::chrono::seconds(60);     // between two requests
  std::chrono::nanoseconds linger = std::chrono::seconds(1);    // for the client to read and close
  // An unauthorised connection may be closed for a new one when it is at the same for this long.
  std::chrono::nanoseconds evict_after = std::chrono::milliseconds(500);

  std::chrono::nanoseconds heartbeat = std::chrono::seconds(15);
  std::size_t backlog_events = 64;  // of one stream, not yet sent
  std::size_t backlog_bytes = std::size_t{1} << 20;
  std::size_t past_events = 256;  // for Last-Event-ID
  std::size_t past_bytes = std::size_t{4} << 20;
};

struct HttpOptions {
  std::vector<std::string> listen = {"127.0.0.1:9717"};  // parse_listen_address()
  bool plaintext_elsewhere = false;  // addresses other than loopback may do without TLS
  std::string certificate_file;      // PEM, with its chain. TLS on all addresses; empty: none
  std::string key_file;
  std::string tokens_file;                 // empty: no tokens
  std::vector<std::string> allowed_hosts;  // for Host, beside those of host_check.h
  std::vector<std::string> cors_origins;   // "https://monitor.example"

  std::string socket_path;            // empty: no Unix socket
  std::vector<uid_t> socket_readers;  // beside root and our own user, who are admins
  std::vector<uid_t> socket_admins;

  std::chrono::nanoseconds retry = std::chrono::seconds(5);  // of an address that is in use
  HttpLimits limits;

  // Seconds since 1970: when tokens expire, and the date of an answer. Tests set another one.
  std::function<std::int64_t()> wall_seconds = [] { return std::int64_t{std::time(nullptr)}; };
};

// What [http] says, as the server takes it. `enabled` and `metrics` concern others.
HttpOptions options_of(const HttpConfig& config);

}  // namespace ringside::http
