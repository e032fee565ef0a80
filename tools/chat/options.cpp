#include "tools/chat/options.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <map>

#include <CLI/CLI.hpp>

namespace chatd {
namespace {

// Takes "host:port" or "[v6]:port". Returns an error text for CLI11, empty when the text is good.
std::string split_listen(const std::string& text, ServerOptions& server) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return "\"" + text + "\" is not HOST:PORT, e.g. 127.0.0.1:7788";
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const std::string port = text.substr(colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || value > 65535) {
    return "\"" + text + "\": \"" + port + "\" is no port (0 to 65535)";
  }
  server.host = host;
  server.port = static_cast<std::uint16_t>(value);
  return "";
}

// FNV-1a (Fowler, Noll, Vo), 64 bits.
std::string digest_of(const std::string& text) {
  std::uint64_t word = 0xcbf29ce484222325ULL;
  for (const char c : text) word = (word ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::string digits(16, '0');
  std::to_chars(digits.data() + std::countl_zero(word | 1) / 4, digits.data() + digits.size(), word,
                16);
  return digits;
}

}  // namespace

std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_code) {
  CommandLine line;
  ServerOptions& server = line.server;
  StoreOptions& store = server.service.store;
  GuardOptions& guard = server.service.guard;
  server.session.rate_limit = 50;
  store.file = "ringside-chat.db";
  std::string listen = "127.0.0.1:7788";
  std::string db = store.file.string();
  int block_seconds = 300, suspend_seconds = 600, busy_ms = 250, open_ms = 2000, slow_ms = 100,
      idle_seconds = 300;

  CLI::App app(
      "The reference chat server of Ringside. Protocol, limits and errors: tools/chat/README.md.\n"
      "Tracing is off unless RINGSIDE_RING names a ring.",
      "ringside-chatd");
  app.option_defaults()->always_capture_default();
  app.add_option("--listen", listen, "HOST:PORT; port 0 takes a free one")
      ->check([&server](const std::string& text) { return split_listen(text, server); });
  app.add_option("--port-file", line.port_file,
                 "write the port to this file once connections are taken")
      ->configurable(false);
  app.add_option("--db", db, "SQLite file; created if absent");
  app.add_option("--threads", server.threads, "threads for sockets")->check(CLI::Range(1, 256));
  app.add_option("--db-connections", store.connections, "one writes, the others read")
      ->check(CLI::Range(2, 64));
  app.add_option("--rate-limit", server.session.rate_limit,
                 "commands a second and connection; 0 is off")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--rate-burst", server.session.rate_burst, "commands that may come at once")
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--block-after", guard.block_after,
                 "failed logins from one address within 60 s; 0 is off")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--block-seconds", block_seconds, "how long an address is blocked")
      ->check(CLI::Range(1, 86400));
  app.add_option("--suspend-after", guard.suspend_after,
                 "strikes within 10 min that suspend a user; 0 is off")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--suspend-seconds", suspend_seconds, "how long a user is suspended")
      ->check(CLI::Range(1, 86400 * 365));
  const std::map<std::string, Argon2Level> levels = {{"min", Argon2Level::min},
                                                     {"interactive", Argon2Level::interactive},
                                                     {"moderate", Argon2Level::moderate}};
  std::string level = "interactive";
  app.add_option("--argon2", level, "cost of a password hash; min is for load tests only")
      ->check(CLI::IsMember({"min", "interactive", "moderate"}));
  app.add_option("--password-workers", server.service.password_workers,
                 "threads that hash passwords")
      ->check(CLI::Range(1, 64));
  app.add_option("--db-busy-ms", busy_ms, "how long one attempt waits for a locked database")
      ->check(CLI::Range(0, 60000));
  app.add_option("--db-attempts", store.attempts, "attempts for one transaction")
      ->check(CLI::Range(1, 20));
  app.add_option("--breaker-after", store.breaker_after,
                 "failed attempts in a row that open the breaker")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--breaker-open-ms", open_ms, "how long it stays open before a probe")
      ->check(CLI::Range(1, 3600000));
  app.add_option("--slow-query-ms", slow_ms, "a statement that takes longer is an event")
      ->check(CLI::Range(1, 3600000));
  app.add_option("--max-connections", server.max_connections, "one more is turned away")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--idle-seconds", idle_seconds,
                 "a connection without a line for so long is closed")
      ->check(CLI::Range(1, 86400));
  app.add_option("--log-level", line.log_level, "of the log on stderr")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}));

  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside-chatd: ") + error.what() + "\n  next: ringside-chatd --help\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  line.configuration_digest = digest_of(app.config_to_str(true));
  split_listen(listen, server);
  store.file = db;
  server.service.argon2 = levels.at(level);
  store.busy = std::chrono::milliseconds(busy_ms);
  store.breaker_open = std::chrono::milliseconds(open_ms);
  store.slow_query = std::chrono::milliseconds(slow_ms);
  guard.block_for = std::chrono::seconds(block_seconds);
  guard.suspend_for = std::chrono::seconds(suspend_seconds);
  server.session.idle = std::chrono::seconds(idle_seconds);
  return line;
}

}  // namespace chatd
