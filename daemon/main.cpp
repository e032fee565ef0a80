// ringsided: wires configuration, service and signals.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/run/service.h"
#include "daemon/run/signals.h"

namespace {

using ringside::Config;
using ringside::ConfigResult;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

struct Flags {
  std::string config;
  bool check_config = false;
  bool print_config = false;
  std::vector<std::string> rings;
  std::optional<std::string> state_dir, alert_log, report_dir, tick, log_level;
};

// The file, if there is one, and the flags over it.
ConfigResult configure(const Flags& flags) {
  const ringside::Surroundings surroundings = ringside::read_surroundings();
  std::string path = flags.config;
  if (path.empty()) {
    const std::string usual = ringside::default_config_path(surroundings);
    if (access(usual.c_str(), F_OK) == 0) path = usual;
  }
  ConfigResult result = path.empty() ? ConfigResult{} : ringside::load_config(path);
  const auto over = [&](const char* flag, const char* key, const std::vector<std::string>& values) {
    if (auto error = ringside::override_config(result.config, key, values, flag)) result.errors.push_back(*error);
  };
  const auto over_one = [&](const char* flag, const char* key, const std::optional<std::string>& value) {
    if (value) over(flag, key, {*value});
  };
  if (!flags.rings.empty()) over("--ring", "rings", flags.rings);
  over_one("--state-dir", "state.directory", flags.state_dir);
  over_one("--alert-log", "alert_log.path", flags.alert_log);
  over_one("--report-dir", "reports.directory", flags.report_dir);
  over_one("--tick", "tick", flags.tick);
  over_one("--log-level", "log_level", flags.log_level);
  ringside::resolve_paths(result.config, surroundings);
  return result;
}

void print_errors(const ConfigResult& result) {
  for (const std::string& error : result.errors) std::fprintf(stderr, "ringsided: %s\n", error.c_str());
}

void set_up_log() {
  auto log = spdlog::stderr_logger_mt("ringsided");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ ringsided %l: %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(log);
}

void set_log_level(const Config& config) { spdlog::set_level(spdlog::level::from_str(config.log_level)); }

// A configuration that is wrong changes nothing; the logs are reopened all the same, for they may have been rotated.
void reload(const Flags& flags, Config& config, ringside::Service& service) {
  ConfigResult next = configure(flags);
  if (!next.errors.empty()) {
    for (const std::string& error : next.errors) spdlog::error("{}", error);
    spdlog::error("the configuration is refused, the old one stays in force; logs reopened");
    service.reopen_logs();
    return;
  }
  if (next.config.state_directory != config.state_directory) {
    spdlog::warn("state.directory cannot change while the daemon runs: {} stays\n  next: restart the daemon for {}",
                 config.state_directory, next.config.state_directory);
    next.config.state_directory = config.state_directory;
  }
  config = next.config;
  set_log_level(config);
  service.reconfigure(config);
  spdlog::info("configuration reloaded, logs reopened");
}

int run(const Flags& flags, Config config) {
  ringside::block_signals();
  set_up_log();
  set_log_level(config);
  ringside::Service service(config, RINGSIDE_VERSION);
  if (const auto failure = service.start()) {
    std::fprintf(stderr, "ringsided: %s\n", failure->message.c_str());
    return kFailed;
  }
  spdlog::info("ringsided {} (pid {}) started; state {}, alert log {}, reports {}", RINGSIDE_VERSION, getpid(),
               config.state_directory, config.alert_log_path, config.report_directory);
  for (;;) {
    switch (ringside::next_signal()) {
      case ringside::Signal::reload: reload(flags, config, service); break;
      case ringside::Signal::report: service.write_reports(); break;
      case ringside::Signal::stop:
        service.stop();
        spdlog::info("stopped in order; state and reports are written");
        return 0;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Watches chat servers through their rings: keeps metrics, raises alerts, writes reports.\n"
               "SIGHUP reloads the configuration and reopens logs, SIGUSR1 writes the report now, SIGTERM ends in order.");
  app.add_option("--config", flags.config, "Configuration file (TOML)");
  app.add_flag("--check-config", flags.check_config, "Check the configuration, say what is wrong, and leave");
  app.add_flag("--print-config", flags.print_config,
               "Print the configuration in force as TOML, each key with what it means, and leave");
  app.add_option("--ring", flags.rings, "Ring to watch, by name or path; may be repeated");
  app.add_option("--state-dir", flags.state_dir, "State directory");
  app.add_option("--alert-log", flags.alert_log, "Alert log");
  app.add_option("--report-dir", flags.report_dir, "Directory for reports");
  app.add_option("--tick", flags.tick, "Interval of evaluation, such as 5s");
  app.add_option("--log-level", flags.log_level, "error, warning, info or debug");
  app.set_version_flag("--version", "ringsided " RINGSIDE_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringsided: ") + error.what() + "\n  next: ringsided --help\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }

  const ConfigResult configured = configure(flags);
  if (!configured.errors.empty()) {
    print_errors(configured);
    return kWrongUsage;
  }
  if (flags.print_config) {
    const std::string text = ringside::print_config(configured.config, ringside::Comments::with);
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? kFailed : 0;
  }
  if (flags.check_config) {
    std::printf("the configuration is good\n");
    return 0;
  }
  return run(flags, configured.config);
}
