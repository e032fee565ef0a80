// The reference chat server under load. Traced and untraced runs take turns.

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/harness.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

std::optional<double> requests_per_second(const Settings& settings, bool traced, double seconds) {
  Scratch scratch;
  const std::string ring = traced ? "bench-server-" + std::to_string(getpid()) : "";
  Program server({settings.programs + "/ringside-chatd", "--listen", "127.0.0.1:0", "--port-file",
                  scratch.file("port"), "--db", scratch.file("chat.db"), "--argon2", "min",
                  "--rate-limit", "0"},
                 scratch.file("server.log"), {{"RINGSIDE_RING", ring}});
  if (!wait_for_file(scratch.file("port"), 20)) {
    std::fprintf(stderr, "ringside-bench: ringside-chatd did not start: %s\n",
                 read_text(scratch.file("server.log")).c_str());
    return std::nullopt;
  }
  std::optional<Program> daemon;
  if (traced) {
    daemon.emplace(
        std::vector<std::string>{settings.programs + "/ringsided", "--ring", ring, "--state-dir",
                                 scratch.file("state"), "--alert-log", scratch.file("alerts.log"),
                                 "--report-dir", scratch.file("reports")},
        scratch.file("daemon.log"));
  }
  std::string port = read_text(scratch.file("port"));
  while (!port.empty() && port.back() == '\n') port.pop_back();
  Program load({settings.programs + "/ringside-chatload", "--connect", "127.0.0.1:" + port,
                "--clients", "32", "--rate", "0", "--seed", "1", "--duration",
                std::to_string(seconds), "--json", scratch.file("load.json")},
               scratch.file("load.log"));
  const auto code = load.wait(seconds + 60);
  if (code != 0) {
    std::fprintf(stderr, "ringside-bench: ringside-chatload failed: %s\n",
                 read_text(scratch.file("load.log")).c_str());
    return std::nullopt;
  }
  const auto json = nlohmann::json::parse(read_text(scratch.file("load.json")), nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  // The answers to the mix, without those of the set-up.
  std::uint64_t answered = 0;
  for (const auto& operation : json.at("operations")) {
    answered += operation.at("answered_by_source").value("mix", std::uint64_t{0});
  }
  return static_cast<double>(answered) / json.at("load_s").get<double>();
}

}  // namespace

void measure_server(const Settings& settings, Results& results) {
  std::printf("\nThe reference chat server under load (32 clients, flat out)\n");
  const int pairs = settings.smoke ? 1 : 20;
  const double seconds = settings.smoke ? 2 : 5;
  std::vector<double> off;
  std::vector<double> on;
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    // The order changes with each pair, so that a drift of the machine favours neither.
    std::optional<double> untraced;
    std::optional<double> traced;
    if (i % 2 == 0) {
      untraced = requests_per_second(settings, false, seconds);
      traced = requests_per_second(settings, true, seconds);
    } else {
      traced = requests_per_second(settings, true, seconds);
      untraced = requests_per_second(settings, false, seconds);
    }
    if (!untraced || !traced) return;
    off.push_back(*untraced);
    on.push_back(*traced);
    ratios.push_back(*traced / *untraced);
  }
  results.add(figure("untraced", "requests/s", off));
  results.add(figure("traced, daemon attached", "requests/s", on));
  results.add(figure("traced : untraced, pair by pair", "ratio", ratios));
}

}  // namespace ringside::bench
