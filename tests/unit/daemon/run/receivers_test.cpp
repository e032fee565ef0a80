// From the configuration to the receivers, with the files that it names.
#include "daemon/run/receivers.h"

#include <unistd.h>

#include <chrono>

#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

using Texts = std::vector<std::string>;

ReceiverConfig receiver_at(const std::string& url, const std::string& kind = "webhook") {
  ReceiverConfig receiver;
  receiver.name = "pager";
  receiver.kind = kind;
  receiver.url = url;
  return receiver;
}

Receivers receivers_from(const ReceiverConfig& receiver) {
  Config config;
  config.receivers = {receiver};
  return receivers_of(config, "1.2.3");
}

TEST_CASE("ReceiversOf: every key has its place") {
  ReceiverConfig config = receiver_at("https://[::1]:8443/a?b=c");
  config.connect_timeout_ns = 7;
  config.timeout_ns = 8;
  config.resend_ns = 9;
  config.min_level = "critical";
  config.queue = 10;
  config.transitions = true;
  config.watchdog = true;
  const Receivers receivers = receivers_from(config);
  CHECK(receivers.errors == Texts{});
  CHECK(receivers.warnings == Texts{});
  REQUIRE(receivers.options.size() == 1);
  const ReceiverOptions& options = receivers.options[0];
  CHECK(options.name == "pager");
  CHECK(options.kind == ReceiverKind::webhook);
  CHECK(options.min_level == AlertLevel::critical);
  CHECK(options.most_kept == 10);
  CHECK(options.resend_ns == 9);
  CHECK(options.watchdog);
  CHECK(options.transitions);
  char host[256] = {};
  REQUIRE(gethostname(host, sizeof host - 1) == 0);
  CHECK(options.instance == host);
  const ReceiverAddress& address = options.address;
  CHECK(address.tls);
  CHECK(address.host == "::1");
  CHECK(address.port == 8443);
  CHECK(address.target == "/a?b=c");
  CHECK(address.host_field == "[::1]:8443");
  CHECK(address.program == "ringside/1.2.3");
  CHECK(address.connect_timeout == std::chrono::nanoseconds(7));
  CHECK(address.timeout == std::chrono::nanoseconds(8));
  CHECK(address.token.empty());
  CHECK(address.authorities.empty());
  CHECK(receivers_of(Config{}, "1").options.empty());
  CHECK_FALSE(receivers_from(receiver_at("http://h/")).options.at(0).transitions);
}

TEST_CASE("ReceiversOf: each level has its name") {
  ReceiverConfig config = receiver_at("http://h/");
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    config.min_level = kAlertLevelNames[i];
    CHECK(receivers_from(config).options.at(0).min_level == static_cast<AlertLevel>(i));
  }
}

TEST_CASE("ReceiversOf: the path of an Alertmanager's API is added where it is not there") {
  const auto target = [](const std::string& url, const std::string& kind) {
    const ReceiverOptions options = receivers_from(receiver_at(url, kind)).options.at(0);
    CHECK(options.kind ==
          (kind == "webhook" ? ReceiverKind::webhook : ReceiverKind::alertmanager));
    return options.address.target;
  };
  CHECK(target("http://h", "webhook") == "/");
  CHECK(target("http://h/a/", "webhook") == "/a/");
  CHECK(target("http://h", "alertmanager") == "/api/v2/alerts");
  CHECK(target("http://h/", "alertmanager") == "/api/v2/alerts");
  CHECK(target("http://h/am//", "alertmanager") == "/am/api/v2/alerts");
  CHECK(target("http://h/am/api/v2/alerts", "alertmanager") == "/am/api/v2/alerts");
  CHECK(target("http://h/am?x=/", "alertmanager") == "/am/api/v2/alerts?x=/");
}

TEST_CASE("ReceiversOf: a token is the first line of its file") {
  const test::TempDir directory;
  ReceiverConfig config = receiver_at("https://h/");
  config.token_file = directory.file("token");
  const auto token = [&](const std::string& text) {
    write_text(config.token_file, text);
    const Receivers receivers = receivers_from(config);
    if (receivers.errors.empty()) return receivers.options.at(0).address.token;
    CHECK(receivers.errors ==
          Texts{"receiver pager: " + config.token_file +
                ": found no token on its first line, expected 1 to 8192 printable ASCII "
                "characters without spaces\n  next: write the token there alone"});
    return std::string("refused");
  };
  CHECK(token("s3cret") == "s3cret");
  CHECK(token("!~\n") == "!~");
  CHECK(token("s3cret \r\nmore") == "s3cret");
  CHECK(token(std::string(8192, 'x')) == std::string(8192, 'x'));
  for (const char* wrong : {"", "\nx", "a b", "a\tb", "\x7f", "\xc3\xa4"})
    CHECK(token(wrong) == "refused");
  CHECK(token(std::string(8193, 'x')) == "refused");
  CHECK(token(std::string("a\0b", 3)) == "refused");
  config.token_file = directory.file("none");
  CHECK(receivers_from(config).errors ==
        Texts{"receiver pager: " + config.token_file +
              ": cannot open: No such file or directory"});
}

TEST_CASE("ReceiversOf: a token on its way without encryption is a warning, but on loopback") {
  const test::TempDir directory;
  write_text(directory.file("token"), "s3cret\n");
  const auto warnings = [&](const std::string& url, bool with_token = true) {
    ReceiverConfig config = receiver_at(url);
    if (with_token) config.token_file = directory.file("token");
    return receivers_from(config).warnings;
  };
  CHECK(warnings("http://h/") ==
        Texts{"receiver pager: its token is sent without encryption, for anybody on the way to "
              "read\n  next: use https"});
  CHECK(warnings("http://192.0.2.1/").size() == 1);
  for (const char* url : {"https://h/", "http://127.0.0.9/", "http://[::1]/", "http://localhost/"})
    CHECK(warnings(url).empty());
  CHECK(warnings("http://h/", false).empty());
}

TEST_CASE("ReceiversOf: authorities are certificates in PEM") {
  const test::TempDir directory;
  ReceiverConfig config = receiver_at("https://h/");
  config.ca_file = directory.file("ca.pem");
  CHECK(receivers_from(config).errors ==
        Texts{"receiver pager: " + config.ca_file + ": cannot open: No such file or directory"});
  for (const char* text : {"", "no PEM\n"}) {
    write_text(config.ca_file, text);
    const Texts errors = receivers_from(config).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].starts_with("receiver pager: " + config.ca_file +
                                ": found no certificates in PEM: "));
  }
}

}  // namespace
}  // namespace ringside
