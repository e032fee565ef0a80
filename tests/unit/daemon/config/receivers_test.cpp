// The tables [[receivers]]: what they may say, and what a message says about them.
#include "daemon/config/config.h"
#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/config/url.h"
#include "tests/unit/daemon/config/errors_in.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

const std::string kGood =
    "[[receivers]]\nname = \"pager\"\nkind = \"webhook\"\nurl = \"http://h/\"\n";

// A receiver with one more line. Empty when it was refused.
std::vector<ReceiverConfig> with_line(const std::string& line, const std::string& kind) {
  const ConfigResult result = parse_config(
      "[[receivers]]\nname = \"x\"\nurl = \"http://h/\"\nkind = \"" + kind + "\"\n" + line, "f");
  return result.errors.empty() ? result.config.receivers : std::vector<ReceiverConfig>{};
}

TEST_CASE("Receivers: a table has its keys, and the others their defaults") {
  const ConfigResult result = parse_config(kGood + R"(token_file = "/etc/token"
min_level = "critical"
[[receivers]]
name = "am-1"
kind = "alertmanager"
url = "https://[::1]:9093/am"
ca_file = "/etc/ca.pem"
connect_timeout = "500ms"
timeout = "2s"
resend = "30s"
queue = 7
watchdog = true
)",
                                           "f");
  REQUIRE(result.errors == Errors{});
  REQUIRE(result.config.receivers.size() == 2);
  const ReceiverConfig& pager = result.config.receivers[0];
  CHECK(pager.name == "pager");
  CHECK(pager.kind == "webhook");
  CHECK(pager.url == "http://h/");
  CHECK(pager.token_file == "/etc/token");
  CHECK(pager.ca_file.empty());
  CHECK(pager.connect_timeout_ns == 3 * kSecond);
  CHECK(pager.timeout_ns == 10 * kSecond);
  CHECK(pager.min_level == "critical");
  CHECK(pager.queue == 1000);
  const ReceiverConfig& manager = result.config.receivers[1];
  CHECK(manager.kind == "alertmanager");
  CHECK(manager.ca_file == "/etc/ca.pem");
  CHECK(manager.connect_timeout_ns == 500 * kMillisecond);
  CHECK(manager.timeout_ns == 2 * kSecond);
  CHECK(manager.resend_ns == 30 * kSecond);
  CHECK(manager.min_level == "warning");
  CHECK(manager.queue == 7);
  CHECK(manager.watchdog);
}

TEST_CASE("Receivers: they are printed as they are read, and only what is not a default") {
  Config config;
  CHECK(print_config(config, Comments::without).find("receivers") == std::string::npos);
  ReceiverConfig webhook;
  webhook.name = "pager";
  webhook.kind = "webhook";
  webhook.url = "https://hooks.example/a?b=c";
  ReceiverConfig manager = webhook;
  manager.name = "am";
  manager.kind = "alertmanager";
  manager.token_file = "/a \"b\"";
  manager.ca_file = "/c";
  manager.connect_timeout_ns = kSecond;
  manager.timeout_ns = 5 * kSecond;
  manager.resend_ns = 2 * kMinute;
  manager.min_level = "info";
  manager.queue = 1;
  webhook.transitions = true;
  manager.watchdog = true;
  config.receivers = {webhook, manager};
  for (const Comments comments : {Comments::without, Comments::with}) {
    const std::string text = print_config(config, comments);
    CHECK(text.find("\n[[receivers]]\nname = \"pager\"\nkind = \"webhook\"\n"
                    "url = \"https://hooks.example/a?b=c\"\ntransitions = true\n\n"
                    "[[receivers]]\n") !=
          std::string::npos);
    const ConfigResult back = parse_config(text, "printed");
    REQUIRE(back.errors == Errors{});
    CHECK(back.config == config);
  }
}

TEST_CASE("Receivers: the ranges of their keys") {
  struct Range {
    std::string key, below, least, most, above;
  };
  const Range ranges[] = {
      {"connect_timeout", "\"9ms\"", "\"10ms\"", "\"5min\"", "\"5min1ns\""},
      {"timeout", "\"9ms\"", "\"10ms\"", "\"5min\"", "\"5min1ns\""},
      {"resend", "\"999ms\"", "\"1s\"", "\"1h\"", "\"1h1ns\""},
      {"queue", "0", "1", "100000", "100001"},
      {"min_level", "\"pending\"", "\"info\"", "\"emergency\"", "\"none\""},
      {"watchdog", "0", "true", "false", "\"true\""},
      {"transitions", "0", "true", "false", "\"true\""},
      {"kind", "\"slack\"", "\"webhook\"", "\"alertmanager\"", "\"email\""},
      {"token_file", "1", "\"\"", "\"/a b\"", "\"a\\u0007\""},
  };
  for (const Range& range : ranges) {
    CAPTURE(range.key);
    for (const std::string& good : {range.least, range.most}) {
      if (range.key == "kind") continue;
      const char* kind = range.key == "transitions" ? "webhook" : "alertmanager";
      CHECK(with_line(range.key + " = " + good, kind).size() == 1);
    }
    for (const std::string& bad : {range.below, range.above})
      CHECK(with_line(range.key + " = " + bad, "alertmanager").empty());
  }
}

TEST_CASE("Receivers: an error says where, what was found, what is allowed and what to do next") {
  CHECK(errors_in(kGood + "tokenfile = \"x\"") ==
        Errors{"f:5:1: receivers.tokenfile: found an unknown key, nearest known: "
               "receivers.token_file\n  next: write receivers.token_file, or remove it; "
               "`ringsided --print-config` prints all keys"});
  CHECK(errors_in(kGood + "timeout = \"10\"") ==
        Errors{"f:5:11: receivers.timeout: found \"10\", allowed: a duration from 10ms to 5min, "
               "such as \"5s\", \"200ms\", \"2min\"\n  next: for instance timeout = \"10s\""});
  CHECK(errors_in("[[receivers]]\nname = \"a b\"\nkind = \"webhook\"\nurl = \"http://h\"") ==
        Errors{"f:2:8: receivers.name: found \"a b\", allowed: 1 to 64 letters, digits, '.', '_' "
               "or '-'\n  next: for instance name = \"pager\""});
  CHECK(errors_in("[[receivers]]\nname = \"x\"\nurl = \"http://h\"") ==
        Errors{"f:1:1: receivers.kind: found none, needed in each table [[receivers]]\n  next: for "
               "instance kind = \"webhook\""});
  CHECK(errors_in(kGood + kGood) ==
        Errors{"f:6:8: receivers.name: found \"pager\" twice, allowed: a name for each\n  next: "
               "give one of them another name"});
  CHECK(errors_in(kGood + "watchdog = true") ==
        Errors{"f:5:12: receivers.watchdog: found it with kind = \"webhook\", allowed: only with "
               "kind = \"alertmanager\"\n  next: remove it, or change the kind"});
  CHECK(errors_in(kGood + "resend = \"2min\"").size() == 1);
  CHECK(with_line("transitions = true", "alertmanager").empty());
  for (const char* text : {"[receivers]\nname = \"x\"", "receivers = \"x\"", "receivers = [1]"}) {
    CAPTURE(text);
    REQUIRE(errors_in(text).size() == 1);
    CHECK(errors_in(text)[0].find("allowed: up to 16 tables [[receivers]]\n  next: write "
                                  "[[receivers]] on a line of its own") != std::string::npos);
  }
  CHECK(errors_in("[[reciever]]\nname = 1").at(0).find("nearest known: receivers\n") !=
        std::string::npos);
}

TEST_CASE("Receivers: sixteen at most") {
  const auto text = [](int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
      all += "[[receivers]]\nname = \"r" + std::to_string(i) +
             "\"\nkind = \"webhook\"\nurl = \"http://h\"\n";
    }
    return all;
  };
  CHECK(errors_in(text(16)) == Errors{});
  CHECK(errors_in(text(17)).size() == 1);
}

TEST_CASE("Receivers: a wrong URL is not shown, because it may hold a password") {
  const auto errors = errors_in(
      "[[receivers]]\nname = \"x\"\nkind = \"webhook\"\nurl = \"https://ada:secret@h/\"");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0] ==
        "f:4:7: receivers.url: found another text of 21 bytes (not shown: it may hold a password), "
        "allowed: http:// or https://, a host, and perhaps a port and a path, without user, "
        "password or fragment\n  next: for instance url = \"https://hooks.example/alerts\"");
}

TEST_CASE("Receivers: the README has every key with its default") {
  const std::string readme = read_text(RINGSIDE_SOURCE_DIR "/daemon/README.md");
  for (const auto& key : receiver_keys()) {
    CAPTURE(key.path);
    const std::size_t row = readme.find("| `receivers." + std::string(key.path) + "`");
    REQUIRE(row != std::string::npos);
    const std::string value = value_text(key, ReceiverConfig{});
    const std::string line = readme.substr(row, readme.find('\n', row) - row);
    if (value != "\"\"") CHECK(line.find("`" + value + "`") != std::string::npos);
  }
}

TEST_CASE("Url: a scheme, a host, perhaps a port, a path and a query") {
  CHECK(parse_url("http://h") == Url{false, "h", 80, "/"});
  CHECK(parse_url("https://h") == Url{true, "h", 443, "/"});
  CHECK(parse_url("https://a-b.c_d:8443/x/y?z=1") == Url{true, "a-b.c_d", 8443, "/x/y?z=1"});
  CHECK(parse_url("http://h?q") == Url{false, "h", 80, "/?q"});
  CHECK(parse_url("http://[::1]:65535/") == Url{false, "::1", 65535, "/"});
  CHECK(parse_url("http://[fe80::1%eth0]/") == Url{false, "fe80::1%eth0", 80, "/"});
  for (const char* text :
       {"", "h", "ftp://h/", "HTTP://h/", "http:/h", "http://", "http:///x", "http://u@h/",
        "http://u:p@h/", "http://h:/", "http://h:0/", "http://h:65536/", "http://h:1x/",
        "http://h:-1/", "http://[::1/", "http://[]/", "http://[::1]x/", "http://[a/b]/",
        "http://h/#f", "http://h/ x", "http://h/\n", "http://h/\x7f", "http://h/\xc3\xa4",
        "http://h/\"", "http://h/\\", "http://h/<", "http://a:1:2/"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url(text));
  }
  CHECK(parse_url("http://h/" + std::string(2039, 'x')));
  CHECK_FALSE(parse_url("http://h/" + std::string(2040, 'x')));
}

TEST_CASE("Url: the Host field has a port where it is not the usual one") {
  const auto field = [](const char* text) { return host_field(*parse_url(text)); };
  CHECK(field("http://h:80/") == "h");
  CHECK(field("http://h:443/") == "h:443");
  CHECK(field("https://h:443/") == "h");
  CHECK(field("https://[::1]:80/") == "[::1]:80");
  CHECK(field("https://[::1]/") == "[::1]");
}

TEST_CASE("Url: a receiver's name is 1 to 64 letters, digits, dots, underscores and dashes") {
  CHECK(receiver_name_is_good("a"));
  CHECK(receiver_name_is_good("A-z_0.9"));
  CHECK(receiver_name_is_good(std::string(64, 'x')));
  CHECK_FALSE(receiver_name_is_good(std::string(65, 'x')));
  for (const char* name : {"", " ", "a b", "a/b", "a:b", "\xc3\xa4", "a\n"})
    CHECK_FALSE(receiver_name_is_good(name));
}

}  // namespace
}  // namespace ringside
