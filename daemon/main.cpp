// ringsided: the command line, and the configuration that it and the file make.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/run/explain_config.h"
#include "daemon/run/loop.h"
#include "daemon/run/new_token.h"
#include "daemon/run/otlp.h"
#include "daemon/run/receivers.h"
#include "daemon/run/signals.h"
#include "daemon/storage/standard_streams.h"

namespace {

using ringside::Config;
using ringside::ConfigResult;

constexpr int kWrongUsage = 2;

struct Flags {
  std::string config;
  bool check_config = false;
  bool explain = false;
  bool print_config = false;
  std::string new_token;  // its name
  std::string scope = "read";
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
  ConfigResult result = path.empty() ? ConfigResult{} : ringside::load_config(path, flags.rings);
  const auto over = [&](const char* flag, const char* key, const std::vector<std::string>& values) {
    if (auto error = ringside::override_config(result.config, key, values, flag)) {
      result.errors.push_back(*error);
    }
  };
  const auto over_one = [&](const char* flag, const char* key,
                            const std::optional<std::string>& value) {
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

int print_errors(const ConfigResult& result) {
  for (const std::string& error : result.errors) {
    std::fprintf(stderr, "ringsided: %s\n", error.c_str());
  }
  return kWrongUsage;
}

// What only asks: --check-config, --print-config.
int show(const Flags& flags) {
  ringside::release_signals();
  ConfigResult configured = configure(flags);
  if (configured.errors.empty() && flags.check_config) {
    configured.errors = ringside::receivers_of(configured.config, RINGSIDE_VERSION).errors;
    for (std::string& error : ringside::otlp_of(configured.config, RINGSIDE_VERSION).errors)
      configured.errors.push_back(std::move(error));
  }
  if (!configured.errors.empty()) return print_errors(configured);
  if (flags.print_config) {
    const std::string text = ringside::print_config(configured.config, ringside::Comments::with);
    std::fputs(text.c_str(), stdout);
  } else {
    std::puts("the configuration is good");
    if (flags.explain) {
      const std::string text = ringside::explain_config(configured.config);
      std::fputs(("\n" + text).c_str(), stdout);
    }
  }
  return 0;
}

int make_token(const Flags& flags) {
  ringside::release_signals();
  const ConfigResult configured = configure(flags);
  if (!configured.errors.empty()) return print_errors(configured);
  return ringside::new_token(configured.config, flags.new_token, flags.scope);
}

int run(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "Watches chat servers through their rings: keeps metrics, raises alerts, writes reports.\n"
      "SIGHUP reloads the configuration and reopens logs, SIGUSR1 writes the report now, SIGTERM "
      "ends in order.");
  app.add_option("--config", flags.config, "Configuration file (TOML)");
  CLI::Option* check = app.add_flag("--check-config", flags.check_config,
                                    "Check the configuration, say what is wrong, and leave");
  app.add_flag("--explain", flags.explain,
               "With --check-config: say in words what will raise an alert, when, and why then")
      ->needs(check);
  app.add_flag("--print-config", flags.print_config,
               "Print the configuration in force as TOML, each key with what it means, and leave");
  CLI::Option* token =
      app.add_option("--new-token", flags.new_token,
                     "Make a token for the API, for whoever is named, add it to http.tokens_file, "
                     "print it and leave");
  app.add_option("--scope", flags.scope, "With --new-token: read or admin")
      ->needs(token)
      ->check(CLI::IsMember({"read", "admin"}))
      ->capture_default_str();
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
    ringside::release_signals();
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }

  if (flags.print_config || flags.check_config) return show(flags);
  if (token->count() > 0) return make_token(flags);
  ConfigResult configured;
  {
    const ringside::StopAtOnce stoppable;
    configured = configure(flags);
  }
  if (!configured.errors.empty()) return print_errors(configured);
  return ringside::run_daemon(
      RINGSIDE_VERSION, [&] { return configure(flags); }, configured.config);
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  ringside::hold_signals();
  return ringside::finish_output("ringsided", run(argc, argv));
}
