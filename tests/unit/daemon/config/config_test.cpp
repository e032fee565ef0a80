#include "daemon/config/config.h"

#include "daemon/config/config_keys.h"
#include "daemon/config/known_operations.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

// The error of a text that has exactly one.
std::string only_error(const std::string& text) {
  const ConfigResult result = parse_config(text, "test.toml");
  REQUIRE_MESSAGE(result.errors.size() == 1, text);
  return result.errors.front();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("Config: an empty file gives the shipped defaults") {
  const ConfigResult result = parse_config("", "test.toml");
  CHECK(result.errors.empty());
  CHECK(result.config == Config{});
  const Config& c = result.config;
  CHECK(c.tick_ns == 5 * kSecond);
  CHECK(c.last == 100);
  CHECK(c.thresholds.response_of("JOIN_ROOM") == 1000 * kMillisecond);
  CHECK(c.thresholds.response_of("CREATE_ROOM") == 500 * kMillisecond);
  CHECK(c.thresholds.response_of("SEND_MESSAGE") == 200 * kMillisecond);
  CHECK(c.thresholds.error_percent == 5);
  CHECK(c.thresholds.memory_bytes == std::uint64_t{1} << 30);
  CHECK(c.thresholds.connections == 1000);
  CHECK(c.thresholds.min_samples == 20);
  CHECK(c.alerts.raise_ticks == 3);
  CHECK(c.alerts.of_ticks == 5);
  CHECK(c.alerts.clear_after_ns == 30 * kSecond);
  CHECK(c.alerts.cpu_percent == Levels::of(LevelBounds{85, 75}, LevelBounds{95, 85}));
}

TEST_CASE("Config: a key that is set takes its value, the others keep theirs") {
  const ConfigResult result = parse_config(R"(
rings = ["chat", "/dev/shm/other"]
tick = "1s"
any_owner = true
[reports]
interval = "1h30min"
formats = ["json"]
[thresholds]
memory = "1.5GiB"
error_rate_percent = 2.5
[thresholds.operations.JOIN_ROOM]
response_time = "50ms"
[thresholds.operations.SEND_MESSAGE]
error_rate_percent = 1
[alerts.system_overload]
cpu_percent = { critical = [99, 90] }
load_per_cpu = {}
)",
                                           "test.toml");
  REQUIRE(result.errors.empty());
  const Config& c = result.config;
  CHECK(c.rings == std::vector<std::string>{"chat", "/dev/shm/other"});
  CHECK(c.tick_ns == kSecond);
  CHECK(c.any_owner);
  CHECK(c.report_interval_ns == 90 * kMinute);
  CHECK(c.report_formats == std::vector<std::string>{"json"});
  CHECK(c.thresholds.memory_bytes == 3 * (std::uint64_t{1} << 29));
  CHECK(c.thresholds.response_of("JOIN_ROOM") == 50 * kMillisecond);
  CHECK(c.thresholds.response_of("SEND_MESSAGE") == 200 * kMillisecond);
  CHECK(c.thresholds.error_percent_of("SEND_MESSAGE") == 1);
  CHECK(c.thresholds.error_percent_of("JOIN_ROOM") == 2.5);
  CHECK(c.alerts.cpu_percent == Levels::of({}, LevelBounds{99, 90}));
  CHECK_FALSE(c.alerts.load_per_cpu.any());
  CHECK(c.alerts.memory_percent == Config{}.alerts.memory_percent);
}

TEST_CASE("Config: an unknown key is refused with the nearest known one") {
  const auto nearest = [](const std::string& text, const std::string& expected) {
    CAPTURE(text);
    CHECK(has(only_error(text), "found an unknown key, nearest known: " + expected + "\n  next: "));
  };
  nearest("tik = \"5s\"", "tick");
  nearest("ring = [\"chat\"]", "rings");
  nearest("[alert_log]\nfromat = \"json\"", "alert_log.format");
  nearest("[alerts]\nmin_sample = 5", "alerts.min_samples");
  nearest("[alertlog]\npath = \"x\"", "alert_log");
  nearest("min_samples = 5", "alerts.min_samples");
  nearest("[thresholds]\nresponse = \"1s\"", "thresholds.response_time");
  nearest("[owner]\nchat = \"root\"", "owners");
  nearest("[thresholds.operations.SEND_MESSAGE]\nresponse_tme = \"1s\"",
          "thresholds.operations.SEND_MESSAGE.response_time");
}

TEST_CASE("Config: an unknown key that resembles none is refused without a guess") {
  const std::string error = only_error("zebra = 1");
  CHECK(error ==
        "test.toml:1:1: zebra: found an unknown key\n  next: remove it; `ringsided --print-config` "
        "prints all keys");
}

TEST_CASE("Config: an error names file, line, column, key, what was found, what is allowed and what to do next") {
  CHECK(only_error("# first line\ntick = \"5 parsecs\"") ==
        "test.toml:2:8: tick: found \"5 parsecs\", allowed: a duration from 100ms to 1h, such as "
        "\"5s\", \"200ms\", "
        "\"2min\"\n  next: for instance tick = \"5s\"");
}

TEST_CASE("Config: values of the wrong type or beyond the range are refused") {
  const char* bad[] = {
      "tick = 5",
      "tick = \"5\"",
      "tick = \"-5s\"",
      "tick = \"1ms\"",
      "tick = \"2h\"",
      "tick = \"5s5\"",
      "tick = \"\"",
      "tick = [\"5s\"]",
      "any_owner = 1",
      "any_owner = \"true\"",
      "log_level = \"loud\"",
      "rings = []",
      "rings = \"chat\"",
      "rings = [\"chat\", \"chat\"]",
      "rings = [\"two words\"]",
      "rings = [\"two *\"]",
      "rings = [\"chat]\"]",
      "rings = [\"/a\\nb\"]",
      "rings = [1]",
      "alert_log = \"alerts.log\"",
      "[alert_log]\npath = \"a\\u001b[31mb\"",
      "[metrics]\nlast = 0",
      "[metrics]\nlast = 10001",
      "[metrics]\nlast = 1.5",
      "[metrics]\nlast = -1",
      "[reports]\nformats = [\"pdf\"]",
      "[reports]\nformats = [\"text\", \"text\"]",
      "[thresholds]\nmemory = \"1\"",
      "[thresholds]\nmemory = 1073741824",
      "[thresholds]\nmemory = \"1GiBs\"",
      "[thresholds]\nerror_rate_percent = 0",
      "[thresholds]\nerror_rate_percent = 101",
      "[thresholds]\nerror_rate_percent = nan",
      "[thresholds]\noperations = 5",
      "[thresholds.operations]\nSEND_MESSAGE = \"1s\"",
      "[thresholds.operations.\"\"]\nresponse_time = \"1s\"",
      "[thresholds.operations.\"a\\nb\"]\nresponse_time = \"1s\"",
      "[thresholds.operations.SEND_MESSAGE]\nresponse_time = \"0s\"",
      "[alerts.system_overload]\ncpu_percent = 85",
      "[alerts.system_overload]\ncpu_percent = { warning = 85 }",
      "[alerts.system_overload]\ncpu_percent = { warning = [75, 85] }",
      "[alerts.system_overload]\ncpu_percent = { warning = [85, 0] }",
      "[alerts.system_overload]\ncpu_percent = { warning = [101, 85] }",
      "[alerts.system_overload]\ncpu_percent = { warning = [nan, nan] }",
      "[alerts.system_overload]\ncpu_percent = { warning = [95, 85], critical = [85, 75] }",
      "[alerts.system_overload]\ncpu_percent = { severe = [95, 85] }",
      "[alerts]\nraise_ticks = 6",
      "[alerts]\nof_ticks = 2",
      "owners = \"root\"",
      "owners = [\"root\"]",
      "[owners]\nchat = true",
      "[owners]\nchat = \"\"",
      "[owners]\nchat = \"no-such-user\"",
      "[owners]\nchat = \"root\\u0000\"",
      "[owners]\nchat = \"0\"",
      "[owners]\nchat = -1",
      "[owners]\nchat = 4294967295",
      "[owners]\nchat = 0.5",
      "[owners]\nchat = [\"root\"]",
  };
  for (const char* text : bad) {
    CAPTURE(text);
    const std::string error = only_error(text);
    CHECK(has(error, "found "));
    CHECK(has(error, ", allowed: "));
    CHECK(has(error, "\n  next: "));
  }
}

TEST_CASE("Config: all errors are reported, in the order of the file") {
  const ConfigResult result =
      parse_config("tick = 1\nzebra = 1\n[metrics]\nlast = 0\n[alerts]\nraise_ticks = 60\n", "f");
  REQUIRE(result.errors.size() == 4);
  CHECK(result.errors[0].starts_with("f:1:8: tick: "));
  CHECK(result.errors[1].starts_with("f:2:1: zebra: "));
  CHECK(result.errors[2].starts_with("f:4:8: metrics.last: "));
  CHECK(result.errors[3].starts_with("f:6:15: alerts.raise_ticks: "));
}

TEST_CASE("Config: text that is no TOML is refused where it stops to be it") {
  const std::string error = only_error("tick = \"5s\"\n[alerts\n");
  CHECK(error.starts_with("test.toml:2:"));
  CHECK(has(error, "found no TOML: "));
  CHECK(has(error, "\n  next: "));
  CHECK_FALSE(only_error("tick = \"5s\"\ntick = \"6s\"").empty());
  CHECK_FALSE(only_error("a = \"\xff\xfe\"").empty());
}

TEST_CASE("Config: a message shows what was found in visible form") {
  const std::string error = only_error("tick = \"\\u001b[31m\\n\"");
  CHECK_FALSE(has(error, "\x1b"));
  CHECK(has(error, "u001b"));
}

TEST_CASE("Config: rings may be named by pattern") {
  const ConfigResult result =
      parse_config("rings = [\"*\", \"irc-?\", \"node[0-9]\", \"/run/chat/ring-*\"]", "test.toml");
  REQUIRE(result.errors == std::vector<std::string>{});
  CHECK(result.config.rings ==
        std::vector<std::string>{"*", "irc-?", "node[0-9]", "/run/chat/ring-*"});
  Config config;
  CHECK_FALSE(override_config(config, "rings", {"*"}, "--ring"));
}

TEST_CASE("Config: each ring and each pattern may have its owner, by name or by number") {
  const ConfigResult result = parse_config(R"(
rings = ["chat", "irc-*", "/run/irc/ring"]
[owners]
chat = "root"
"irc-*" = 4294967294
"/run/irc/ring" = 0
)",
                                           "test.toml");
  REQUIRE(result.errors == std::vector<std::string>{});
  CHECK(result.config.owners == std::map<std::string, FileOwner>{
                                    {"chat", {0, "root"}},
                                    {"irc-*", {4294967294U, ""}},
                                    {"/run/irc/ring", {0, ""}},
                                });
  CHECK(parse_config("rings = [\"a\"]\nowners = { a = \"root\" }", "f").config.owners.at("a").uid ==
        0);
  CHECK(parse_config("[owners]\n", "f").errors.empty());
}

TEST_CASE(
    "Config: rings that flags name keep their owners, and the owners of others are left out") {
  const std::string text = "rings = [\"a\", \"b\"]\n[owners]\na = 1\nb = 2\nc = 3\n";
  const ConfigResult result = parse_config(text, "f", {"b", "c"});
  CHECK(result.errors == std::vector<std::string>{});
  CHECK(result.config.owners == std::map<std::string, FileOwner>{{"b", {2, ""}}, {"c", {3, ""}}});
  const test::TempDir directory;
  write_text(directory.file("f.toml"), text);
  CHECK(load_config(directory.file("f.toml"), {"b", "c"}).config == result.config);
  CHECK(load_config(directory.file("f.toml")).errors.size() == 1);
  // So what is printed with a flag can be read without it.
  Config config = result.config;
  CHECK_FALSE(override_config(config, "rings", {"b", "c"}, "--ring"));
  CHECK(parse_config(print_config(config, Comments::with), "printed").config == config);
}

TEST_CASE("Config: a threshold for an operation that no server has registered is found, with the nearest name") {
  Thresholds thresholds;   // CREATE_ROOM and SEND_MESSAGE by default
  thresholds.operations["SEND_MESAGE"] = {kSecond, -1};
  thresholds.operations["JOIN_ROOM"] = {kSecond, -1};
  thresholds.operations["TELEPORTATION"] = {kSecond, -1};
  const std::vector<std::string> registered = {"SEND_MESSAGE", "JOIN_ROOM"};
  const std::vector<UnknownOperation> unknown = unknown_operations(thresholds, registered);
  CHECK(unknown ==
        std::vector<UnknownOperation>{{"SEND_MESAGE", "SEND_MESSAGE"}, {"TELEPORTATION", ""}});
  CHECK(unknown_operation_text(unknown[0]) ==
        "thresholds.operations.SEND_MESAGE: no server has registered this operation, nearest "
        "known: SEND_MESSAGE\n"
        "  next: write thresholds.operations.SEND_MESSAGE, or remove it");
  CHECK(has(unknown_operation_text(unknown[1]),
            "TELEPORTATION: no server has registered this operation\n"));
  // Without any server there is nothing to compare with. A default that was changed was meant.
  CHECK(unknown_operations(thresholds, {}).empty());
  thresholds.operations = {{"CREATE_ROOM", {kSecond, -1}}};
  CHECK(unknown_operations(thresholds, registered).size() == 1);
}

TEST_CASE("Config: a printed configuration reads back as the same") {
  Config config;
  config.rings = {"a", "/dev/shm/with \"quotes\" and \\", "node[0-9]", "umlaut/\xc3\xa4"};
  config.owners = {{config.rings[0], {0, "root"}},
                   {config.rings[1], {12, ""}},
                   {config.rings[2], {0, ""}},
                   {config.rings[3], {1, ""}}};
  config.tick_ns = 1500 * kMillisecond;
  config.state_directory = "/tmp/umlaut \xc3\xa4";
  config.report_interval_ns = kDay + kHour + 1;
  config.report_formats = {};
  config.thresholds.memory_bytes = (std::uint64_t{1} << 30) + 1;
  config.thresholds.error_percent = 0.1;
  config.thresholds.operations["OUR OWN.OP"] = {3 * kMillisecond, 0.25};
  config.alerts.latency = Levels::of(LevelBounds{1.0 / 3, 0.1});
  config.alerts.threats_per_minute = {};
  for (const Comments comments : {Comments::without, Comments::with}) {
    const std::string text = print_config(config, comments);
    const ConfigResult back = parse_config(text, "printed");
    REQUIRE_MESSAGE(back.errors.empty(), text, "\n",
                    back.errors.empty() ? "" : back.errors.front());
    CHECK(back.config == config);
  }
  const ConfigResult defaults = parse_config(print_config(Config{}, Comments::with), "printed");
  REQUIRE(defaults.errors.empty());
  CHECK(defaults.config == Config{});
}

TEST_CASE("Config: every key of the table is printed and can be set to what is printed") {
  const std::string text = print_config(Config{}, Comments::with);
  for (const auto& key : config_keys()) {
    CAPTURE(key.path);
    CHECK(has(text, "\n" + std::string(key.path.substr(key.path.rfind('.') + 1)) + " = "));
    CHECK_FALSE(key.doc.empty());
  }
}

TEST_CASE("Config: the README has every key with its default") {
  const std::string readme = read_text(RINGSIDE_SOURCE_DIR "/daemon/README.md");
  std::istringstream printed(print_config(Config{}, Comments::without));
  std::string table;
  for (std::string line; std::getline(printed, line);) {
    if (line.starts_with('[')) table = line.substr(1, line.size() - 2) + ".";
    const std::size_t equals = line.find(" = ");
    if (line.starts_with('[') || equals == std::string::npos) continue;
    const bool one_operation = table.starts_with("thresholds.operations.");
    const std::string key =
        (one_operation ? "thresholds.operations.NAME." : table) + line.substr(0, equals);
    const std::string value = line.substr(equals + 3);
    CAPTURE(key);
    const std::size_t row = readme.find("`" + key + "`");
    REQUIRE(row != std::string::npos);
    if (value != "\"\"")
      CHECK(has(readme.substr(row, readme.find('\n', row) - row), "`" + value + "`"));
  }
}

TEST_CASE("Config: a flag overrides a key by the same rules") {
  Config config;
  CHECK_FALSE(override_config(config, "tick", {"250ms"}, "--tick"));
  CHECK(config.tick_ns == 250 * kMillisecond);
  CHECK_FALSE(override_config(config, "rings", {"a", "b"}, "--ring"));
  CHECK(config.rings == std::vector<std::string>{"a", "b"});
  const auto error = override_config(config, "tick", {"soon"}, "--tick");
  REQUIRE(error);
  CHECK(error->starts_with("--tick: found \"soon\", allowed: a duration from 100ms to 1h"));
  CHECK(config.tick_ns == 250 * kMillisecond);
}

TEST_CASE("Config: a file that can't be read is named with the reason") {
  const test::TempDir directory;
  const ConfigResult missing = load_config(directory.file("none.toml"));
  REQUIRE(missing.errors.size() == 1);
  CHECK(missing.errors[0].starts_with(directory.file("none.toml") + ": cannot open: No such file"));
  CHECK_FALSE(load_config(directory.path()).errors.empty());
  write_text(directory.file("empty.toml"), "");
  CHECK(load_config(directory.file("empty.toml")).errors.empty());
}

TEST_CASE("Config: paths that are not set follow the state directory, and that the user") {
  Config config;
  resolve_paths(config, {false, "/home/ada", "", ""});
  CHECK(config.state_directory == "/home/ada/.local/state/ringside");
  CHECK(config.alert_log_path == "/home/ada/.local/state/ringside/alerts.log");
  CHECK(config.report_directory == "/home/ada/.local/state/ringside/reports");
  Config xdg;
  resolve_paths(xdg, {false, "/home/ada", "/var/xdg", ""});
  CHECK(xdg.state_directory == "/var/xdg/ringside");
  Config root;
  root.alert_log_path = "/var/log/alerts.log";
  resolve_paths(root, {true, "/root", "/ignored", ""});
  CHECK(root.state_directory == "/var/lib/ringside");
  CHECK(root.alert_log_path == "/var/log/alerts.log");
}

TEST_CASE("Units: durations and sizes read back as they are written") {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{1}, kMillisecond, 1500 * kMillisecond,
                                kMinute + kSecond, 90 * kMinute, 366 * kDay, kDay + 1}) {
    CHECK(parse_duration(write_duration(ns)) == ns);
  }
  CHECK(write_duration(2 * kMinute) == "2min");
  CHECK(parse_duration("0.5ms") == 500'000);
  CHECK(parse_duration("1 h 30 min") == 90 * kMinute);
  for (const char* text :
       {"", "5", "s", "5x", "5s!", "-1s", "1e3s", "99999999999d", "nan s", "0x10s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{1023}, std::uint64_t{1024}, std::uint64_t{1} << 40}) {
    CHECK(parse_size(write_size(bytes)) == bytes);
  }
  CHECK(parse_size("1.5KiB") == 1536);
  CHECK(parse_size("2MB") == 2'000'000);
  for (const char* text : {"", "5", "GiB", "5gib", "1GiB1MiB", "-1B", "9999999999TiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

}  // namespace
}  // namespace ringside
