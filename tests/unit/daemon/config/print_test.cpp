// What a configuration looks like when it is printed, and what the environment says about paths.
#include <unistd.h>

#include <cstdlib>

#include "daemon/config/config_print.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

TEST_CASE("ConfigPrint: without comments there are tables, keys and values, and nothing else") {
  Config config;
  config.rings = {"a", "b*"};
  config.owners = {{"a", {0, "root"}}, {"b*", {17, ""}}};
  config.state_directory = "/var/\"x\"";
  config.report_formats = {};
  config.thresholds.operations["B OP"] = {0, 0.25};
  config.thresholds.operations["C"] = {1, 0};
  config.thresholds.operations["D"] = {};
  config.alerts.memory = {};
  config.alerts.connections.bounds[0] = LevelBounds{0.5, 0.25};
  CHECK(print_config(config, Comments::without) == R"(rings = ["a", "b*"]
any_owner = false
labels = true
tick = "5s"
log_level = "info"

[owners]
a = "root"
"b*" = 17

[state]
directory = "/var/\"x\""
interval = "0s"

[metrics]
last = 100
top = 20

[alert_log]
path = ""
format = "logfmt"
transitions = false

[reports]
directory = ""
interval = "1h"
formats = []
keep = 48
keep_daily = 30

[dead_rings]
keep = 5
max_size = "256MiB"

[history]
enabled = true
path = ""
keep_minutes = "2d"
keep_hours = "90d"
max_size = "1GiB"

[http]
enabled = true
listen = ["127.0.0.1:9717"]
plaintext_elsewhere = false
certificate = ""
key = ""
tokens_file = ""
metrics = "open"
allowed_hosts = []
cors_origins = []
socket = ""
socket_readers = []
socket_admins = []
connections = 256
connections_per_address = 64
streams = 32
streams_per_address = 8
wrong_tokens_per_minute = 10
request_timeout = "1min"
idle_timeout = "1min"

[otlp]
url = ""
headers_file = ""
ca_file = ""
interval = "1min"
timeout = "10s"

[thresholds]
response_time = "1s"
error_rate_percent = 5
memory = "1GiB"
connections = 1000

[thresholds.operations."B OP"]
error_rate_percent = 0.25

[thresholds.operations.C]
response_time = "1ns"
error_rate_percent = 0

[thresholds.operations.CREATE_ROOM]
response_time = "500ms"

[thresholds.operations.D]

[thresholds.operations.SEND_MESSAGE]
response_time = "200ms"

[alerts]
min_samples = 20
false_alarms = "1 per 90d"
emergency_tick = "1s"
raise_ticks = 3
of_ticks = 5
clear_after = "30s"
start_grace = "30s"
visible = "15min"
flapping = "3 per 30min"
hold_without_data = "1h"
regression_after = "30min"
learn = true
learnt_factor = 10

[alerts.incidents]
quiet = "30s"
most_doublings = 5

[alerts.repeat]
info = "0s"
warning = "4h"
critical = "1h"
emergency = "15min"

[alerts.times_threshold]
response_time = { warning = [1, 0.8], critical = [2, 1.6], emergency = [10, 5] }
error_rate = { warning = [1, 0.6], critical = [3, 2], emergency = [10, 5] }
memory = {}
connections = { info = [0.5, 0.25], warning = [1, 0.9], critical = [1.5, 1.3] }

[alerts.high_memory]
growth_per_hour = { warning = [1, 0.5], critical = [6, 4] }

[alerts.system_overload]
cpu_percent = { warning = [85, 75], critical = [95, 85] }
memory_percent = { warning = [90, 80], critical = [98, 90] }
load_per_cpu = { warning = [2, 1.5], critical = [4, 3] }
traffic_percent = { warning = [400, 250] }
cpu_pressure_percent = { warning = [50, 30], critical = [90, 70] }
stall_percent = { warning = [10, 5], critical = [40, 20] }
open_files_percent = { warning = [80, 70], critical = [95, 90] }
threads = { warning = [1000, 900], critical = [4000, 3500] }
growth_per_hour = { warning = [1, 0.5], critical = [6, 4] }

[alerts.server_down]
missing_traffic_percent = { warning = [75, 50], critical = [95, 70] }
in_flight_seconds = { warning = [15, 10], critical = [60, 30] }
loop_lag_ms = { warning = [1000, 500], critical = [5000, 2500] }

[alerts.database_issue]
rollback_percent = { warning = [20, 10], critical = [50, 30] }
error_percent = { warning = [1, 0.5], critical = [10, 5] }
slow_queries_per_minute = { warning = [10, 5], critical = [100, 50] }
transaction_ms = { warning = [500, 400], critical = [2000, 1600] }
lock_waits_per_minute = { warning = [3, 2], critical = [30, 15] }

[alerts.security_threat]
failed_logins_per_minute = { warning = [20, 10], critical = [200, 100] }
rejected_tokens_per_minute = { warning = [20, 10], critical = [200, 100] }
ip_blocks_per_minute = { warning = [1, 1], critical = [10, 5] }
threats_per_minute = { warning = [1, 1], critical = [20, 10] }
failures_of_source_per_hour = { warning = [60, 30], critical = [600, 300] }
failures_of_account_per_hour = { warning = [30, 15], critical = [300, 150] }
guessed_accounts_per_hour = { warning = [20, 10], critical = [200, 100] }
rate_limited_per_minute = { warning = [300, 150], critical = [3000, 1500] }
blocked_attempts_per_minute = { warning = [60, 30], critical = [600, 300] }

[alerts.telemetry_loss]
lost_records = { warning = [1, 1], critical = [10000, 1000] }
)");
}

TEST_CASE("ConfigPrint: with comments each key has its meaning, what is allowed and its default") {
  Config config;
  config.last = 7;
  const std::string text = print_config(config, Comments::with);
  CHECK(text.starts_with("# Rings to watch: by name "));
  const std::string metrics = R"(
[metrics]

# Operations of each kind that are kept singly, the latest.
# Allowed: a whole number from 1 to 10000. Default: 100.
last = 7

# Actors, subjects and slowest operations that are listed.
# Allowed: a whole number from 1 to 100. Default: 20.
top = 20

[alert_log]

# One line )";
  CHECK(text.find(metrics) != std::string::npos);
  const std::string owners = R"(
log_level = "info"

# Which user must own a ring's file: a table [owners] of rings, each written as in `rings`, and of
# their owners. Such a ring is refused if anybody else owns its file, the daemon's user and root
# included, and whatever any_owner says. A ring that a pattern finds obeys its own entry, or else
# the first pattern's that has one. Allowed: a user's name, or the number of a user from 0 to
# 4294967294, such as chat = "irc". Default: none.

[state]
)";
  CHECK(text.find(owners) != std::string::npos);
  const std::string operations = R"(
connections = 1000

# Thresholds of single operations: a table [thresholds.operations.NAME] for each, in which any of
# these keys may stand.
# response_time: In place of thresholds.response_time, for this operation. Allowed: a duration from
# 1us to 1h, such as "5s", "200ms", "2min".
# error_rate_percent: In place of thresholds.error_rate_percent, for this operation. Allowed: a
# number from 0.001 to 100.

[thresholds.operations.CREATE_ROOM]
response_time = "500ms"

[thresholds.operations.SEND_MESSAGE]
response_time = "200ms"

[alerts]

# The report's )";
  CHECK(text.find(operations) != std::string::npos);
  // Without the comments and the empty lines it is what is printed without comments.
  const auto bare = [](const std::string& whole) {
    std::string out;
    std::istringstream lines(whole);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && !line.starts_with('#')) out += line + "\n";
    }
    return out;
  };
  CHECK(bare(text) == bare(print_config(config, Comments::without)));
}

TEST_CASE("ConfigPrint: a comment's lines are filled up to 100 columns, and no further") {
  std::istringstream lines(print_config(Config{}, Comments::with));
  std::string before;
  std::size_t widest = 0, wrapped = 0;
  for (std::string line; std::getline(lines, line); before = line) {
    if (!line.starts_with("# ")) continue;
    CAPTURE(line);
    widest = std::max(widest, line.size());
    CHECK(line.size() <= 100);
    // A sentence of its own begins with a capital letter or with a key's name and a colon.
    const std::string word = line.substr(2, line.find(' ', 2) - 2);
    if (!before.starts_with("# ") || before.ends_with('.') || word.ends_with(':')) continue;
    ++wrapped;
    CHECK(before.size() + 1 + word.size() > 100);
  }
  CHECK(widest > 95);
  CHECK(wrapped > 20);
}

TEST_CASE("ConfigPrint: text as a string of TOML, and a key in quotes only where it must be") {
  CHECK(toml_string("") == "\"\"");
  CHECK(toml_string("a \"b\" \\ c\xc3\xa4~") == "\"a \\\"b\\\" \\\\ c\xc3\xa4~\"");
  CHECK(toml_string(std::string("\0\t\x1f \x7f", 5)) == "\"\\u0000\\u0009\\u001f \\u007f\"");
  CHECK(toml_path("", "a-Z_09") == "a-Z_09");
  CHECK(toml_path("t.u", "key") == "t.u.key");
  CHECK(toml_path("t", "") == "t.\"\"");
  CHECK(toml_path("", "a b") == "\"a b\"");
  CHECK(toml_path("t", "a.b") == "t.\"a.b\"");
}

TEST_CASE("ConfigPaths: socket and tokens go where systemd says, or into the state directory") {
  const test::TempDir credentials;
  Surroundings surroundings{
      false, "/home/ada", "", "", "/run/ringside:/run/other", credentials.path()};
  Config none;
  resolve_paths(none, surroundings);
  CHECK(none.http.socket == "/run/ringside/ringsided.sock");
  CHECK(none.http.tokens_file == "/home/ada/.local/state/ringside/tokens");
  write_text(credentials.file("tokens"), "");
  Config given;
  resolve_paths(given, surroundings);
  CHECK(given.http.tokens_file == credentials.file("tokens"));
  Config plain;
  resolve_paths(plain, {false, "/home/ada", "", ""});
  CHECK(plain.http.socket == "/home/ada/.local/state/ringside/ringsided.sock");
  Config written;
  written.http.socket = "/a";
  written.http.tokens_file = "/b";
  resolve_paths(written, surroundings);
  CHECK(written.http.socket == "/a");
  CHECK(written.http.tokens_file == "/b");
}

TEST_CASE("ConfigPaths: what is not said follows from the user and the XDG directories") {
  const auto resolved = [](const Surroundings& surroundings) {
    Config config;
    resolve_paths(config, surroundings);
    CHECK(config.alert_log_path == config.state_directory + "/alerts.log");
    CHECK(config.report_directory == config.state_directory + "/reports");
    return config.state_directory + " " + default_config_path(surroundings);
  };
  CHECK(resolved({}) == "./ringside ./ringside/ringsided.toml");
  CHECK(resolved({false, "/home/ada", "", ""}) ==
        "/home/ada/.local/state/ringside /home/ada/.config/ringside/ringsided.toml");
  CHECK(resolved({false, "/home/ada", "/s", "/c"}) == "/s/ringside /c/ringside/ringsided.toml");
  // A relative path is ignored.
  CHECK(resolved({false, "/home/ada", "s", "c"}) ==
        "/home/ada/.local/state/ringside /home/ada/.config/ringside/ringsided.toml");
  CHECK(resolved({true, "/root", "/s", "/c"}) == "/var/lib/ringside /etc/ringside/ringsided.toml");
  Config config;
  config.state_directory = "/a";
  config.report_directory = "/b";
  resolve_paths(config, {});
  CHECK(config.state_directory == "/a");
  CHECK(config.alert_log_path == "/a/alerts.log");
  CHECK(config.report_directory == "/b");
}

TEST_CASE("ConfigPaths: the surroundings are the user and three variables, where they are set") {
  const char* names[] = {"HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"};
  std::optional<std::string> before[3];
  for (int i = 0; i < 3; ++i) {
    const char* value = std::getenv(names[i]);
    if (value != nullptr) before[i] = value;
  }
  setenv("HOME", "/h", 1);
  setenv("XDG_STATE_HOME", "/s", 1);
  setenv("XDG_CONFIG_HOME", "/c", 1);
  const Surroundings set = read_surroundings();
  for (const char* name : names) unsetenv(name);
  const Surroundings unset = read_surroundings();
  for (int i = 0; i < 3; ++i) {
    if (before[i]) setenv(names[i], before[i]->c_str(), 1);
  }
  CHECK(set.root == (geteuid() == 0));
  CHECK(set.home == "/h");
  CHECK(set.xdg_state_home == "/s");
  CHECK(set.xdg_config_home == "/c");
  CHECK(unset.home.empty());
  CHECK(unset.xdg_state_home.empty());
  CHECK(unset.xdg_config_home.empty());
}

TEST_CASE("ConfigPrint: what differs from the defaults, and nothing else") {
  CHECK(print_changed(Config{}).empty());
  Config config;
  config.rings = {"room"};
  config.thresholds.connections = 7;
  CHECK(print_changed(config) == "rings = [\"room\"]\n\n[thresholds]\nconnections = 7\n");
  config.thresholds.operations = {{"SEARCH", {5'000'000, -1}}};
  const std::string text = print_changed(config);
  CHECK(text.find("\n[thresholds.operations.SEARCH]\nresponse_time = \"5ms\"\n") !=
        std::string::npos);
  CHECK(text.find("min_samples") == std::string::npos);
}

}  // namespace
}  // namespace ringside
