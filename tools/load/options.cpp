#include "tools/load/options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <iostream>

namespace ringside::load {
namespace {

constexpr const char* kDescription =
    "Loads ringside-chatd with real clients over real connections, and counts what becomes of\n"
    "every request. With --rate it sends at that rate whatever the server does (open loop):\n"
    "latencies count from the time at which a request was due. With --rate 0 every client sends\n"
    "its next request when it has its answer (closed loop).";

constexpr const char* kFooter = R"(
Incidents, each --incident NAME[:key=value,...]@START+DURATION, in seconds after the load's start:
  locked-database:db=FILE           holds the write lock of the server's database, from this process
  password-guessing[:rate=20,clients=4,from=127.0.0.2]
                                    wrong passwords for the load's users, from an address of its own
  connection-surge:connections=N[,from=ADDRESS]
                                    opens N more connections, and holds them
  invalid-burst[:rate=200,clients=8,from=ADDRESS]
                                    requests that break the rules, and lines that are no requests
  kill-server:pid=N|pid-file=FILE,command=...
                                    SIGKILL; after DURATION `/bin/sh -c COMMAND` starts it again.
                                    The command takes all that is left, commas included. Its output
                                    is discarded unless it redirects it. Its process id is written
                                    to FILE. The server stays when the load has ended.

Example: ringside-chatload --rate 500 --clients 40 --duration 30 --json load.json \
           --incident locked-database:db=chat.db@10+5

A server takes 50 commands a second from one connection unless told otherwise: --rate above 50
times --clients, and --rate 0, need `ringside-chatd --rate-limit 0`. Hundreds of clients register
faster with `--argon2 min`.

Exit codes: 0 done, 1 failed, 2 wrong usage.)";

bool split_endpoint(const std::string& text, Settings& settings) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  unsigned number = 0;
  const auto [end, status] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (status != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535)
    return false;
  settings.host = host;
  settings.port = port;
  return true;
}

// Checks rules that hold between settings and that no single flag can check. Returns the error,
// empty if there is none.
std::string check_together(const Settings& settings) {
  if (settings.duration_s == 0 && settings.operations == 0) {
    return "--duration 0 means until --operations are through: give --operations, or a duration";
  }
  for (const IncidentSpec& spec : settings.incidents) {
    const double end_s = spec.start_s + spec.duration_s;
    if (settings.duration_s > 0 && end_s > settings.duration_s) {
      return fmt::format(
          "--incident {}: ends {} s after the start, the load after {} s; give a longer --duration",
          spec.text, end_s, settings.duration_s);
    }
  }
  if (settings.incidents.size() > 200) return "more than 200 incidents";
  return {};
}

}  // namespace

int parse_options(int argc, const char* const* argv, Options& options) {
  Settings& settings = options.settings;
  std::string connect = "127.0.0.1:7788";
  std::vector<std::string> mixes;
  std::vector<std::string> incidents;

  CLI::App app(kDescription, "ringside-chatload");
  app.footer(kFooter);
  app.get_formatter()->column_width(28);
  app.add_option("--connect", connect, "the server")->type_name("HOST:PORT")->capture_default_str();
  app.add_option("--rate", settings.rate_per_s,
                 "requests a second of all clients together; 0 is flat out")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--clients", settings.clients, "connections, each with a user of its own")
      ->type_name("N")->check(CLI::Range(1U, 60000U))->capture_default_str();
  app.add_option("--threads", settings.threads, "threads of the load")
      ->type_name("N")->check(CLI::Range(1U, 256U))->capture_default_str();
  app.add_option("--rooms", settings.rooms, "home rooms; 0 is one for ten clients, at least two")
      ->type_name("N")->check(CLI::Range(0U, 60000U))->capture_default_str();
  auto* duration =
      app.add_option("--duration", settings.duration_s,
                     "seconds; with --operations whichever ends first, and 0 is no end")
          ->type_name("S")
          ->check(CLI::Range(0.0, 31536000.0))
          ->capture_default_str();
  auto* operations =
      app.add_option("--operations", settings.operations, "requests of the mix, then it ends")
          ->type_name("N")
          ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 53));
  app.add_option("--seed", settings.seed, "same seed, same sequence of operations and fields")
      ->type_name("N")->capture_default_str();
  app.add_option("--mix", mixes,
                 "weights that replace the defaults, as in SEND_MESSAGE=50,CREATE_ROOM=0; "
                 "all=0,SEND_MESSAGE=1 sends nothing else")
      ->type_name("OP=W,...");
  app.add_option("--incident", incidents, "real trouble, see below; repeatable")->type_name("SPEC");
  app.add_option("--run", settings.run,
                 "marks the names of users and rooms, so that runs on one database do not collide; "
                 "from the clock unless given")
      ->type_name("TAG");
  app.add_option("--wait-server", settings.wait_server_s,
                 "wait so long for a server that is not there yet")
      ->type_name("S")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_option("--drain", settings.drain_s, "wait so long for the last answers")
      ->type_name("S")->check(CLI::Range(0.0, 86400.0))->capture_default_str();
  app.add_option("--json", options.json_file, "where the counts and latencies go, as JSON")
      ->type_name("FILE");

  const auto refuse = [](const std::string& why) {
    std::cerr << "ringside-chatload: " << why << "\n  next: ringside-chatload --help\n";
    return 2;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& wrong) {
    return refuse(wrong.what());
  }
  if (operations->count() > 0 && duration->count() == 0) settings.duration_s = 0;
  if (!split_endpoint(connect, settings)) {
    return refuse(fmt::format("--connect {}: expected HOST:PORT, as in 127.0.0.1:7788", connect));
  }
  std::string error;
  for (const std::string& text : mixes) {
    if (!parse_mix(text, settings.mix, error)) return refuse("--mix: " + error);
  }
  for (const std::string& text : incidents) {
    IncidentSpec spec;
    if (!parse_incident(text, spec, error))
      return refuse(fmt::format("--incident {}: {}", text, error));
    settings.incidents.push_back(std::move(spec));
  }
  const auto is_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  if (!settings.run.empty() &&
      (settings.run.size() > 12 ||
       !std::all_of(settings.run.begin(), settings.run.end(), is_name) ||
       std::isalnum(static_cast<unsigned char>(settings.run.front())) == 0)) {
    return refuse(fmt::format(
        "--run {}: expected 1 to 12 of A-Z a-z 0-9 _ -, first a letter or digit", settings.run));
  }
  settings.threads = std::min(settings.threads, settings.clients);
  error = check_together(settings);
  return error.empty() ? -1 : refuse(error);
}

}  // namespace ringside::load
