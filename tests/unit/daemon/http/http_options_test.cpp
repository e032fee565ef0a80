#include "daemon/http/http_options.h"

#include <doctest/doctest.h>

namespace ringside::http {
namespace {

TEST_CASE("HttpOptions: every key of [http] that the server has is passed on to it") {
  HttpConfig config;
  config.listen = {"[::1]:1"};
  config.plaintext_elsewhere = true;
  config.certificate = "/c";
  config.key = "/k";
  config.tokens_file = "/t";
  config.allowed_hosts = {"h"};
  config.cors_origins = {"https://o"};
  config.socket = "/s";
  config.socket_readers = {"root", "12"};
  config.socket_admins = {"13"};
  config.connections = 1;
  config.connections_per_address = 2;
  config.streams = 3;
  config.streams_per_address = 4;
  config.wrong_tokens_per_minute = 5;
  config.request_timeout_ns = 6;
  config.idle_timeout_ns = 7;
  const HttpOptions options = options_of(config);
  CHECK(options.listen == config.listen);
  CHECK(options.plaintext_elsewhere);
  CHECK(options.certificate_file == "/c");
  CHECK(options.key_file == "/k");
  CHECK(options.tokens_file == "/t");
  CHECK(options.allowed_hosts == config.allowed_hosts);
  CHECK(options.cors_origins == config.cors_origins);
  CHECK(options.socket_path == "/s");
  CHECK(options.socket_readers == std::vector<uid_t>{0, 12});
  CHECK(options.socket_admins == std::vector<uid_t>{13});
  CHECK(options.limits.connections == 1);
  CHECK(options.limits.kept_connections == 0);
  CHECK(options.limits.connections_of_address == 2);
  CHECK(options.limits.streams == 3);
  CHECK(options.limits.streams_of_address == 4);
  CHECK(options.limits.failures_per_minute == 5);
  CHECK(options.limits.request == std::chrono::nanoseconds(6));
  CHECK(options.limits.idle == std::chrono::nanoseconds(7));
}

TEST_CASE("HttpOptions: what a configuration does not say is what the server does by itself") {
  const HttpOptions from_config = options_of(HttpConfig{});
  const HttpOptions own;
  CHECK(from_config.listen == own.listen);
  CHECK(from_config.limits.connections == own.limits.connections);
  CHECK(from_config.limits.connections_of_address == own.limits.connections_of_address);
  CHECK(from_config.limits.streams == own.limits.streams);
  CHECK(from_config.limits.streams_of_address == own.limits.streams_of_address);
  CHECK(from_config.limits.failures_per_minute == own.limits.failures_per_minute);
  CHECK(from_config.limits.request == own.limits.request);
  CHECK(from_config.limits.idle == own.limits.idle);
}

TEST_CASE("HttpOptions: where there is a Unix socket some places are kept for its admins") {
  const auto kept = [](std::uint64_t connections, const char* socket) {
    HttpConfig config;
    config.connections = connections;
    config.socket = socket;
    return options_of(config).limits.kept_connections;
  };
  CHECK(kept(256, "") == 0);
  CHECK(kept(256, "/s") == 8);
  CHECK(kept(10'000, "/s") == 8);
  CHECK(kept(63, "/s") == 7);
  CHECK(kept(8, "/s") == 1);
  CHECK(kept(7, "/s") == 0);
}

}  // namespace
}  // namespace ringside::http
