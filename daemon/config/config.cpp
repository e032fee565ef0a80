#include "daemon/config/config.h"

#include <unistd.h>

#include <cstdlib>

#include "daemon/storage/files.h"

namespace ringside {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The XDG specification says to ignore relative paths.
std::string base_directory(const std::string& xdg, const std::string& home, const char* fallback) {
  if (!xdg.empty() && xdg.front() == '/') return xdg;
  return home.empty() ? "." : home + fallback;
}

// systemd may name several runtime directories, with colons between them.
void resolve_http_paths(HttpConfig& http, const std::string& state_directory,
                        const Surroundings& surroundings) {
  const std::string runtime =
      surroundings.runtime_directory.substr(0, surroundings.runtime_directory.find(':'));
  if (http.socket.empty())
    http.socket = (runtime.empty() ? state_directory : runtime) + "/ringsided.sock";
  if (!http.tokens_file.empty()) return;
  const std::string credential = surroundings.credentials_directory + "/tokens";
  const bool given =
      !surroundings.credentials_directory.empty() && access(credential.c_str(), F_OK) == 0;
  http.tokens_file = given ? credential : state_directory + "/tokens";
}

}  // namespace

ConfigResult load_config(const std::string& path, const std::vector<std::string>& flag_rings) {
  Failure failure;
  const auto text = read_whole_file(path, &failure);
  if (!text) {
    ConfigResult result;
    result.errors.push_back(
        failure.message +
        "\n  next: name a readable file with --config; `ringsided --print-config` "
        "prints one with all the defaults");
    return result;
  }
  return parse_config(*text, path, flag_rings);
}

Surroundings read_surroundings() {
  return {geteuid() == 0,
          variable("HOME"),
          variable("XDG_STATE_HOME"),
          variable("XDG_CONFIG_HOME"),
          variable("RUNTIME_DIRECTORY"),
          variable("CREDENTIALS_DIRECTORY")};
}

void resolve_paths(Config& config, const Surroundings& surroundings) {
  if (config.state_directory.empty()) {
    config.state_directory =
        surroundings.root
            ? "/var/lib/ringside"
            : base_directory(surroundings.xdg_state_home, surroundings.home, "/.local/state") +
                  "/ringside";
  }
  if (config.alert_log_path.empty()) config.alert_log_path = config.state_directory + "/alerts.log";
  if (config.report_directory.empty())
    config.report_directory = config.state_directory + "/reports";
  if (config.history_path.empty()) config.history_path = config.state_directory + "/history.db";
  resolve_http_paths(config.http, config.state_directory, surroundings);
}

std::string default_config_path(const Surroundings& surroundings) {
  if (surroundings.root) return "/etc/ringside/ringsided.toml";
  return base_directory(surroundings.xdg_config_home, surroundings.home, "/.config") +
         "/ringside/ringsided.toml";
}

}  // namespace ringside
