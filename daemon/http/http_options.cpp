#include "daemon/http/http_options.h"

#include <algorithm>

namespace ringside::http {
namespace {

constexpr std::size_t kKeptConnections = 8;

std::vector<uid_t> user_ids(const std::vector<std::string>& users) {
  std::vector<uid_t> ids;
  for (const std::string& user : users) {
    if (const auto uid = user_id(user)) ids.push_back(*uid);
  }
  return ids;
}

}  // namespace

HttpOptions options_of(const HttpConfig& config) {
  HttpOptions options;
  options.listen = config.listen;
  options.plaintext_elsewhere = config.plaintext_elsewhere;
  options.certificate_file = config.certificate;
  options.key_file = config.key;
  options.tokens_file = config.tokens_file;
  options.allowed_hosts = config.allowed_hosts;
  options.cors_origins = config.cors_origins;
  options.socket_path = config.socket;
  options.socket_readers = user_ids(config.socket_readers);
  options.socket_admins = user_ids(config.socket_admins);
  HttpLimits& limits = options.limits;
  limits.connections = config.connections;
  // An administrator on this host gets in, whatever clients of the network do.
  if (!config.socket.empty())
    limits.kept_connections = std::min(kKeptConnections, limits.connections / 8);
  limits.connections_of_address = config.connections_per_address;
  limits.streams = config.streams;
  limits.streams_of_address = config.streams_per_address;
  limits.failures_per_minute = static_cast<double>(config.wrong_tokens_per_minute);
  limits.request = std::chrono::nanoseconds(config.request_timeout_ns);
  limits.idle = std::chrono::nanoseconds(config.idle_timeout_ns);
  return options;
}

}  // namespace ringside::http
