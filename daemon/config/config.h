// What the daemon is told to do. The values here are the shipped defaults.
// daemon/config/config_keys.cpp names each as a key of the TOML file, with its range and its
// meaning.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/alert_levels.h"
#include "daemon/config/http_config.h"
#include "daemon/config/objectives.h"
#include "daemon/config/units.h"
#include "report/model/thresholds.h"
#include "shm/segment.h"

namespace ringside {

struct AlertConfig {
  Frequency false_alarms{1, 90 * kDay};
  std::int64_t emergency_tick_ns = kSecond;
  std::uint64_t raise_ticks = 3;
  std::uint64_t of_ticks = 5;
  std::int64_t clear_after_ns = 30 * kSecond;
  std::int64_t start_grace_ns = 30 * kSecond;
  std::int64_t hold_without_data_ns = kHour;
  std::int64_t regression_after_ns = 30 * kMinute;
  bool learn = true;
  double learnt_factor = 10;
  // Multiples of the thresholds.
  Levels latency = Levels::of(LevelBounds{1, 0.8}, LevelBounds{2, 1.6}, LevelBounds{10, 5});
  Levels error_rate = Levels::of(LevelBounds{1, 0.6}, LevelBounds{3, 2}, LevelBounds{10, 5});
  Levels memory = Levels::of(LevelBounds{1, 0.9}, LevelBounds{1.5, 1.3});
  Levels connections = Levels::of(LevelBounds{1, 0.9}, LevelBounds{1.5, 1.3});
  // Absolute values, in the unit that the name says.
  Levels cpu_percent = Levels::of(LevelBounds{85, 75}, LevelBounds{95, 85});
  Levels memory_percent = Levels::of(LevelBounds{90, 80}, LevelBounds{98, 90});
  Levels load_per_cpu = Levels::of(LevelBounds{2, 1.5}, LevelBounds{4, 3});
  Levels rollback_percent = Levels::of(LevelBounds{20, 10}, LevelBounds{50, 30});
  Levels database_error_percent = Levels::of(LevelBounds{1, 0.5}, LevelBounds{10, 5});
  Levels slow_queries_per_minute = Levels::of(LevelBounds{10, 5}, LevelBounds{100, 50});
  Levels failed_logins_per_minute = Levels::of(LevelBounds{20, 10}, LevelBounds{200, 100});
  Levels rejected_tokens_per_minute = Levels::of(LevelBounds{20, 10}, LevelBounds{200, 100});
  Levels ip_blocks_per_minute = Levels::of(LevelBounds{1, 1}, LevelBounds{10, 5});
  Levels threats_per_minute = Levels::of(LevelBounds{1, 1}, LevelBounds{20, 10});
  Levels missing_traffic_percent = Levels::of(LevelBounds{75, 50}, LevelBounds{95, 70});
  Levels traffic_percent = Levels::of(LevelBounds{400, 250});
  Levels memory_growth = Levels::of(LevelBounds{1, 0.5}, LevelBounds{6, 4});
  Levels resource_growth = Levels::of(LevelBounds{1, 0.5}, LevelBounds{6, 4});
  Levels open_files_percent = Levels::of(LevelBounds{80, 70}, LevelBounds{95, 90});
  Levels threads = Levels::of(LevelBounds{1000, 900}, LevelBounds{4000, 3500});
  Levels cpu_pressure_percent = Levels::of(LevelBounds{50, 30}, LevelBounds{90, 70});
  Levels stall_percent = Levels::of(LevelBounds{10, 5}, LevelBounds{40, 20});
  Levels transaction_ms = Levels::of(LevelBounds{500, 400}, LevelBounds{2000, 1600});
  Levels lock_waits_per_minute = Levels::of(LevelBounds{3, 2}, LevelBounds{30, 15});
  Levels failures_of_source_per_hour = Levels::of(LevelBounds{60, 30}, LevelBounds{600, 300});
  Levels failures_of_account_per_hour = Levels::of(LevelBounds{30, 15}, LevelBounds{300, 150});
  Levels guessed_accounts_per_hour = Levels::of(LevelBounds{20, 10}, LevelBounds{200, 100});
  Levels rate_limited_per_minute = Levels::of(LevelBounds{300, 150}, LevelBounds{3000, 1500});
  Levels blocked_attempts_per_minute = Levels::of(LevelBounds{60, 30}, LevelBounds{600, 300});
  Levels loop_lag_ms = Levels::of(LevelBounds{1000, 500}, LevelBounds{5000, 2500});
  Levels in_flight_seconds = Levels::of(LevelBounds{15, 10}, LevelBounds{60, 30});
  Levels lost_records = Levels::of(LevelBounds{1, 1}, LevelBounds{10000, 1000});
  // How alerts and incidents are told.
  Frequency flapping{3, 30 * kMinute};
  std::int64_t visible_ns = 15 * kMinute;
  std::int64_t quiet_ns = 30 * kSecond;
  std::uint64_t most_doublings = 5;
  std::array<std::int64_t, kAlertLevels> repeat_ns{0, 4 * kHour, kHour, 15 * kMinute};  // 0: never
  friend bool operator==(const AlertConfig&, const AlertConfig&) = default;
};

// Somebody who is told of alerts: a table [[receivers]].
struct ReceiverConfig {
  std::string name;
  std::string kind;   // "webhook" or "alertmanager"
  std::string url;
  std::string token_file;   // empty: no token
  std::string ca_file;      // empty: the system's authorities
  std::int64_t connect_timeout_ns = 3 * kSecond;
  std::int64_t timeout_ns = 10 * kSecond;
  std::int64_t resend_ns = kMinute;
  std::string min_level = "warning";
  std::uint64_t queue = 1000;
  bool transitions = false;
  bool watchdog = false;
  friend bool operator==(const ReceiverConfig&, const ReceiverConfig&) = default;
};
inline constexpr std::size_t kMostReceivers = 16;

// The OpenTelemetry collector to which metrics are pushed: the table [otlp].
struct OtlpConfig {
  std::string url;           // empty: none
  std::string headers_file;  // empty: no more fields
  std::string ca_file;       // empty: the system's authorities
  std::int64_t interval_ns = kMinute;
  std::int64_t timeout_ns = 10 * kSecond;
  friend bool operator==(const OtlpConfig&, const OtlpConfig&) = default;
};

struct Config {
  std::vector<std::string> rings = {"chat"};
  std::map<std::string, FileOwner> owners;  // by ring, as it is written in `rings`
  bool any_owner = false;
  bool labels = true;
  std::int64_t tick_ns = 5 * kSecond;
  std::string log_level = "info";

  std::string state_directory;       // empty until resolve_paths()
  std::int64_t state_interval_ns = 0;

  std::uint64_t last = 100;
  std::uint64_t top = 20;

  std::string alert_log_path;        // empty until resolve_paths()
  std::string alert_log_format = "logfmt";
  bool alert_log_transitions = false;

  std::string report_directory;      // empty until resolve_paths()
  std::int64_t report_interval_ns = kHour;
  std::vector<std::string> report_formats = {"text", "markdown", "html", "json"};
  std::uint64_t report_keep = 48;
  std::uint64_t report_keep_daily = 30;

  std::uint64_t dead_rings_keep = 5;
  std::uint64_t dead_rings_max_bytes = std::uint64_t{256} << 20;

  bool history_enabled = true;
  std::string history_path;  // empty until resolve_paths()
  std::int64_t history_minutes_ns = 48 * kHour;
  std::int64_t history_hours_ns = 90 * kDay;
  std::uint64_t history_max_bytes = std::uint64_t{1} << 30;

  HttpConfig http;
  OtlpConfig otlp;

  Thresholds thresholds;
  AlertConfig alerts;
  std::vector<ReceiverConfig> receivers;
  std::vector<ObjectiveConfig> objectives;

  friend bool operator==(const Config&, const Config&) = default;
};

struct ConfigResult {
  Config config;                     // meaningless when there are errors
  // Each error has two lines. The first says where, which key, what was found and what is allowed.
  // The second says what to do next.
  std::vector<std::string> errors;
};

// `file` is what the messages call the text. A key that the text doesn't set keeps its default.
// Every error is reported, but after an error of TOML's syntax nothing more can be read.
// `flag_rings`: the rings that flags name in place of the file's. Then the owners of other rings
// are left out. Without such flags an owner of a ring that is not watched is an error.
ConfigResult parse_config(std::string_view text, const std::string& file,
                          const std::vector<std::string>& flag_rings = {});
ConfigResult load_config(const std::string& path, const std::vector<std::string>& flag_rings = {});

// Sets one key from a command-line flag. A list takes all values, any other key takes the first.
// Returns the error when the value isn't allowed.
std::optional<std::string> override_config(Config& config, std::string_view key,
                                           const std::vector<std::string>& values,
                                           const std::string& flag);

// Prints TOML that parse_config() reads back as the same Config. With comments, each key says what
// it is, what is allowed and what its default is.
enum class Comments : bool { without, with };
std::string print_config(const Config& config, Comments comments);
// The same without comments, and of it only what differs from the defaults.
std::string print_changed(const Config& config);

// Where to put things when the configuration doesn't say. The caller takes these values from the
// environment.
struct Surroundings {
  bool root = false;
  std::string home;               // $HOME
  std::string xdg_state_home;     // $XDG_STATE_HOME
  std::string xdg_config_home;    // $XDG_CONFIG_HOME
  std::string runtime_directory = {};      // $RUNTIME_DIRECTORY, of systemd
  std::string credentials_directory = {};  // $CREDENTIALS_DIRECTORY, of systemd
};
Surroundings read_surroundings();

// Fills in the paths that are empty. The state directory becomes /var/lib/ringside for root, and
// $XDG_STATE_HOME/ringside or ~/.local/state/ringside for others. alerts.log, reports/, history.db,
// and tokens go into it, and so does ringsided.sock where there is no runtime directory. With a
// systemd credential `tokens` this is the file of tokens.
void resolve_paths(Config& config, const Surroundings& surroundings);

// The file that is read when none is named, if this one exists.
std::string default_config_path(const Surroundings& surroundings);

}  // namespace ringside
