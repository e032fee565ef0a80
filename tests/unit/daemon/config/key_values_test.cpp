// What each key takes, and what a message says about it: lists written by hand, beside the table of
// keys.
#include <fmt/format.h>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "tests/unit/daemon/config/errors_in.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

// "alerts.raise_ticks" and "3" as a file of its own.
std::string file_with(const std::string& key, const std::string& value) {
  const std::size_t dot = key.rfind('.');
  if (dot == std::string::npos) return key + " = " + value + "\n";
  return "[" + key.substr(0, dot) + "]\n" + key.substr(dot + 1) + " = " + value + "\n";
}

// What is printed after that file was read: the value that was taken. Empty when it was refused.
std::string taken_value(const std::string& key, const std::string& value) {
  const ConfigResult result = parse_config(file_with(key, value), "f");
  if (!result.errors.empty()) return "";
  for (const auto& known : config_keys()) {
    if (known.path == key) return value_text(known, result.config);
  }
  for (const auto& known : operation_keys()) {
    if (key == "thresholds.operations.X." + std::string(known.path))
      return value_text(known, result.config.thresholds.operations.at("X"));
  }
  return "";
}

TEST_CASE("KeyValues: a collector's address is a URL, or nothing") {
  CHECK(taken_value("otlp.url", "\"http://localhost:4318\"") == "\"http://localhost:4318\"");
  CHECK(taken_value("otlp.url", "\"\"") == "\"\"");
  CHECK(errors_in("[otlp]\nurl = \"collector:4318\"") ==
        Errors{"f:2:7: otlp.url: found \"collector:4318\", allowed: nothing, or http:// or "
               "https://, a host, and perhaps a port and a path, without user, password or "
               "fragment\n  next: for instance url = \"http://localhost:4318\""});
  // A receiver must be somewhere.
  CHECK_FALSE(errors_in("[[receivers]]\nname = \"x\"\nkind = \"webhook\"\nurl = \"\"").empty());
}

TEST_CASE("KeyValues: the least and the most value of each range are taken, and nothing beyond") {
  struct Range {
    std::string key, below, least, most, above;
  };
  const Range ranges[] = {
      {"tick", "\"99ms999us999ns\"", "\"100ms\"", "\"1h\"", "\"1h1ns\""},
      {"state.interval", "\"-1ns\"", "\"0s\"", "\"1h\"", "\"1h1ns\""},
      {"metrics.last", "0", "1", "10000", "10001"},
      {"metrics.top", "0", "1", "100", "101"},
      {"reports.interval", "\"-1ns\"", "\"0s\"", "\"366d\"", "\"366d1ns\""},
      {"reports.keep", "-1", "0", "100000", "100001"},
      {"dead_rings.keep", "-1", "0", "1000", "1001"},
      {"dead_rings.max_size", "\"1048575B\"", "\"1MiB\"", "\"1TiB\"", "\"1025GiB\""},
      {"history.keep_minutes", "\"179min\"", "\"3h\"", "\"366d\"", "\"367d\""},
      {"history.keep_hours", "\"23h\"", "\"1d\"", "\"3660d\"", "\"3661d\""},
      {"history.max_size", "\"4194303B\"", "\"4MiB\"", "\"1TiB\"", "\"1025GiB\""},
      {"http.connections", "0", "1", "10000", "10001"},
      {"http.connections_per_address", "0", "1", "10000", "10001"},
      {"http.streams", "-1", "0", "10000", "10001"},
      {"http.streams_per_address", "-1", "0", "10000", "10001"},
      {"http.wrong_tokens_per_minute", "0", "1", "1000000", "1000001"},
      {"http.request_timeout", "\"999ms\"", "\"1s\"", "\"1h\"", "\"1h1ns\""},
      {"http.idle_timeout", "\"999ms\"", "\"1s\"", "\"1h\"", "\"1h1ns\""},
      {"otlp.interval", "\"999ms\"", "\"1s\"", "\"1h\"", "\"1h1ns\""},
      {"otlp.timeout", "\"9ms999us999ns\"", "\"10ms\"", "\"5min\"", "\"5min1ns\""},
      {"thresholds.response_time", "\"999ns\"", "\"1us\"", "\"1h\"", "\"1h1ns\""},
      {"thresholds.error_rate_percent", "0.0009", "0.001", "100", "100.1"},
      {"thresholds.memory", "\"1048575B\"", "\"1MiB\"", "\"1024TiB\"", "\"1125899906842625B\""},
      {"thresholds.connections", "0", "1", "1000000000", "1000000001"},
      {"thresholds.operations.X.response_time", "\"999ns\"", "\"1us\"", "\"1h\"", "\"1h1ns\""},
      {"thresholds.operations.X.error_rate_percent", "0.0009", "0.001", "100", "100.1"},
      {"alerts.min_samples", "0", "1", "1000000", "1000001"},
      {"alerts.emergency_tick", "\"99ms999us999ns\"", "\"100ms\"", "\"1h\"", "\"1h1ns\""},
      {"alerts.clear_after", "\"-1ns\"", "\"0s\"", "\"1d\"", "\"1d1ns\""},
      {"alerts.start_grace", "\"-1ns\"", "\"0s\"", "\"1h\"", "\"1h1ns\""},
      {"alerts.regression_after", "\"-1ns\"", "\"0s\"", "\"1d\"", "\"1d1ns\""},
      {"alerts.learnt_factor", "1.9", "2", "1000", "1000.1"},
      {"alerts.hold_without_data", "\"999ms\"", "\"1s\"", "\"366d\"", "\"366d1ns\""},
  };
  for (const Range& range : ranges) {
    CAPTURE(range.key);
    CHECK(taken_value(range.key, range.below) == "");
    CHECK(taken_value(range.key, range.least) == range.least);
    CHECK(taken_value(range.key, range.most) == range.most);
    CHECK(taken_value(range.key, range.above) == "");
  }
}

TEST_CASE("KeyValues: ticks of an alert are 1 to 64, and as many may be needed as are looked at") {
  const auto ticks = [](const std::string& raise, const std::string& of) {
    const ConfigResult result =
        parse_config("[alerts]\nraise_ticks = " + raise + "\nof_ticks = " + of + "\n", "f");
    return result.errors;
  };
  CHECK(ticks("1", "1") == Errors{});
  CHECK(ticks("64", "64") == Errors{});
  CHECK(ticks("4", "3") ==
        Errors{"f:2:15: alerts.raise_ticks: found 4 with alerts.of_ticks = 3, allowed: at most as "
               "many\n  next: raise alerts.of_ticks, or lower alerts.raise_ticks"});
  CHECK(ticks("0", "1") ==
        Errors{"f:2:15: alerts.raise_ticks: found 0, allowed: a whole number from 1 to 64\n  next: "
               "for instance raise_ticks = 3",
               "f:2:15: alerts.raise_ticks: found 3 with alerts.of_ticks = 1, allowed: at most as "
               "many\n  next: raise alerts.of_ticks, or lower alerts.raise_ticks"});
  CHECK(ticks("65", "64") ==
        Errors{"f:2:15: alerts.raise_ticks: found 65, allowed: a whole number from 1 to 64\n  "
               "next: for instance raise_ticks = 3"});
  CHECK(ticks("1", "65") ==
        Errors{"f:3:12: alerts.of_ticks: found 65, allowed: a whole number from 1 to 64\n  next: "
               "for instance of_ticks = 5"});
  CHECK(ticks("1", "0").size() == 1);
  // The error points at the key that the file sets.
  CHECK(parse_config("\n[alerts]\nof_ticks = 2", "f").errors.at(0).starts_with("f:3:12: alerts."));
  CHECK(parse_config("\n[alerts]\nraise_ticks = 6\nmin_samples = 7", "f")
            .errors.at(0)
            .starts_with("f:3:15: alerts."));
}

TEST_CASE(
    "KeyValues: bounds of a level go up to what the figure can reach, and from level to level") {
  const std::string cpu = "alerts.system_overload.cpu_percent";
  const std::string taken[] = {
      "{ info = [0.02, 0.01], warning = [0.03, 0.03] }",
      "{ emergency = [100, 100] }",
      "{ info = [10, 5], warning = [20, 10], critical = [30, 15], emergency = [40, 20] }",
      "{ warning = [1, 0.5] }",
      "{}",
  };
  for (const std::string& value : taken) {
    CAPTURE(value);
    CHECK(taken_value(cpu, value) == value);
  }
  CHECK(taken_value(cpu, "{ critical = [9, 8.5], info = [7, 6.0] }") ==
        "{ info = [7, 6], critical = [9, 8.5] }");
  const std::string refused[] = {
      "{ warning = [100.1, 50] }",
      "{ info = [20, 10], warning = [20, 10] }",
      "{ info = [20, 10], critical = [19, 10] }",
      "{ warning = [20] }",
      "{ warning = [20, 10, 5] }",
      "{ warning = [] }",
      "{ warning = [\"20\", 10] }",
      "{ warning = [20, \"10\"] }",
      "{ warning = [10, 20] }",
      "{ warning = [10, -1] }",
      "{ warning = [-1, -2] }",
      "{ warning = [20, 10], loud = [30, 20] }",
      "{ warning = [nan, 10] }",
      "{ warning = [20, nan] }",
      "{ warning = [inf, 10] }",
      "[20, 10]",
  };
  for (const std::string& value : refused) {
    CAPTURE(value);
    CHECK(taken_value(cpu, value) == "");
  }
  // The other figures' highest values.
  const std::string percents[] = {cpu, "alerts.system_overload.memory_percent",
                                  "alerts.database_issue.rollback_percent",
                                  "alerts.database_issue.error_percent"};
  for (const std::string& key : percents) {
    CAPTURE(key);
    CHECK(taken_value(key, "{ warning = [100, 1] }") != "");
    CHECK(taken_value(key, "{ warning = [100.5, 1] }") == "");
  }
  CHECK(taken_value("alerts.times_threshold.memory", "{ warning = [1000000, 1] }") != "");
  CHECK(taken_value("alerts.times_threshold.memory", "{ warning = [1000001, 1] }") == "");
}

TEST_CASE("KeyValues: texts and lists, as they are taken") {
  CHECK(taken_value("any_owner", "true") == "true");
  CHECK(taken_value("any_owner", "false") == "false");
  CHECK(taken_value("any_owner", "\"true\"") == "");
  CHECK(taken_value("log_level", "\"debug\"") == "\"debug\"");
  CHECK(taken_value("log_level", "[\"debug\"]") == "");
  CHECK(taken_value("log_level", "1") == "");
  CHECK(taken_value("alert_log.path", "\"/tmp/a b\"") == "\"/tmp/a b\"");
  CHECK(taken_value("alert_log.path", "\"-\"") == "\"-\"");
  CHECK(taken_value("alert_log.path", "\"a\\u007fb\"") == "");
  CHECK(taken_value("alert_log.path", "\"a\\u001fb\"") == "");
  CHECK(taken_value("alert_log.path", "1") == "");
  CHECK(taken_value("reports.formats", "[]") == "[]");
  CHECK(taken_value("reports.formats", "[\"json\", \"text\"]") == "[\"json\", \"text\"]");
  CHECK(taken_value("reports.formats", "[\"json\", \"pdf\"]") == "");
  CHECK(taken_value("reports.formats", "\"json\"") == "");
  CHECK(taken_value("rings", "[\"a/*/[\", \"b[!0-9]\", \"c[^d]\", \"?\"]") ==
        "[\"a/*/[\", \"b[!0-9]\", \"c[^d]\", \"?\"]");
  CHECK(taken_value("rings", "[\"chat\", \"a\\u007f*\"]") == "");
  CHECK(taken_value("rings", "[\"!\"]") == "");
  CHECK(taken_value("rings", "[\"]^\"]") == "");
  for (const int count : {63, 64, 65}) {
    std::string list;
    for (int i = 0; i < count; ++i) list += fmt::format("{}\"r{}\"", i > 0 ? ", " : "", i);
    list = "[" + list + "]";
    CHECK(taken_value("rings", list) == (count <= 64 ? list : ""));
  }
}

TEST_CASE("KeyValues: addresses, hosts, origins and users of [http]") {
  const auto taken = [](const std::string& key, const std::string& text) {
    const std::string list = "[\"" + text + "\"]";
    return taken_value("http." + key, list) == list;
  };
  for (const char* good : {"127.0.0.1:9717", "0.0.0.0:0", "[::1]:65535", "localhost:80", "[::]:1"})
    CHECK_MESSAGE(taken("listen", good), good);
  for (const char* bad : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                          "::1:80", "[127.0.0.1]:80", "example.com:80", "[::1]", "127.1:80",
                          "127.0.0.1:8 0", "[fe80::1%lo]:80"})
    CHECK_MESSAGE(!taken("listen", bad), bad);
  for (const char* good : {"monitor.example", "Monitor", "10.0.0.1", "::1", "a_b-c"})
    CHECK_MESSAGE(taken("allowed_hosts", good), good);
  for (const char* bad : {"", "a b", "a:80", "http://a", "*", "[::1]", "a/b"})
    CHECK_MESSAGE(!taken("allowed_hosts", bad), bad);
  for (const char* good : {"https://monitor.example", "http://a:8080", "https://[::1]:1"})
    CHECK_MESSAGE(taken("cors_origins", good), good);
  for (const char* bad : {"*", "null", "monitor.example", "https://", "https://a/", "https://A",
                          "https://a:b", "ftp://a", "https://u@a"})
    CHECK_MESSAGE(!taken("cors_origins", bad), bad);
  for (const char* key : {"socket_readers", "socket_admins"}) {
    CHECK(taken(key, "root"));
    CHECK(taken(key, "12345"));
    CHECK_FALSE(taken(key, "nobody-has-this-name"));
    CHECK_FALSE(taken(key, "4294967295"));
  }
  CHECK(taken_value("http.listen", "[]") == "[]");
  CHECK(taken_value("http.listen", "\"127.0.0.1:80\"") == "");
  CHECK(taken_value("http.listen", "[\"127.0.0.1:80\", \"127.0.0.1:80\"]") == "");
  CHECK(taken_value("http.metrics", "\"token\"") == "\"token\"");
  CHECK(taken_value("http.metrics", "\"closed\"") == "");
  CHECK(taken_value("http.enabled", "false") == "false");
  CHECK(taken_value("http.plaintext_elsewhere", "true") == "true");
  for (const char* key : {"http.certificate", "http.key", "http.tokens_file", "http.socket"})
    CHECK(taken_value(key, "\"/a/b\"") == "\"/a/b\"");
}

TEST_CASE("KeyValues: each kind of key says what it allows") {
  const auto allowed = [](std::string_view path) -> std::string {
    for (const auto& key : config_keys()) {
      if (key.path == path) return allowed_text(key);
    }
    return "no such key";
  };
  CHECK(allowed("reports.interval") ==
        "a duration from 0s to 366d, such as \"5s\", \"200ms\", \"2min\"");
  CHECK(allowed("thresholds.memory") == "a size from 1MiB to 1024TiB, such as \"512MiB\"");
  CHECK(allowed("metrics.top") == "a whole number from 1 to 100");
  CHECK(allowed("thresholds.error_rate_percent") == "a number from 0.001 to 100");
  CHECK(allowed("http.listen") ==
        "a list of up to 16 different texts, each an address and a port, such as "
        "\"127.0.0.1:9717\" or \"[::1]:9717\"");
  CHECK(allowed("any_owner") == "true or false");
  CHECK(allowed("labels") == "true or false");
  CHECK(taken_value("labels", "false") == "false");
  CHECK(allowed("alert_log.path") == "a path, as text without control characters");
  CHECK(allowed("log_level") == "one of \"error\", \"warning\", \"info\", \"debug\"");
  CHECK(allowed("reports.formats") ==
        "a list of any of \"text\", \"markdown\", \"html\", \"json\"");
  CHECK(allowed("rings") ==
        "a list of 1 to 64 different rings: 1 to 64 letters, digits, '.', '_' or '-', or a path "
        "with a '/'; *, ? and [...] in its last part make it a pattern");
  CHECK(allowed("alerts.system_overload.cpu_percent") ==
        "a table of info, warning, critical and emergency (any of them), each [raise, clear] with "
        "0 < clear <= raise <= 100 and rising from level to level, such as { warning = [2, 1] }");
  CHECK(allowed_text(operation_keys()[0]) ==
        "a duration from 1us to 1h, such as \"5s\", \"200ms\", \"2min\"");
  CHECK(allowed_text(operation_keys()[1]) == "a number from 0.001 to 100");
}

}  // namespace
}  // namespace ringside
