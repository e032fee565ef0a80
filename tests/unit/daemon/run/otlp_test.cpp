// From the configuration to the collector, with the files that it names.
#include "daemon/run/otlp.h"

#include <unistd.h>

#include <chrono>

#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

using Messages = std::vector<std::string>;
using Fields = std::vector<std::pair<std::string, std::string>>;

OtlpTarget target_at(const std::string& url, const std::string& headers_file = "") {
  Config config;
  config.state_directory = "/var/lib/ringside";
  config.otlp.url = url;
  config.otlp.headers_file = headers_file;
  return otlp_of(config, "1.2.3");
}

TEST_CASE("OtlpOf: without an address nothing is pushed") {
  const OtlpTarget target = otlp_of(Config{}, "1");
  CHECK_FALSE(target.options.has_value());
  CHECK(target.errors.empty());
}

TEST_CASE("OtlpOf: every key has its place") {
  Config config;
  config.state_directory = "/var/lib/ringside";
  config.otlp.url = "https://[::1]:8443/otlp?b=c";
  config.otlp.interval_ns = 7;
  config.otlp.timeout_ns = 8;
  const OtlpTarget target = otlp_of(config, "1.2.3");
  CHECK(target.errors == Messages{});
  CHECK(target.warnings == Messages{});
  REQUIRE(target.options.has_value());
  CHECK(target.options->interval_ns == 7);
  char host[256] = {};
  REQUIRE(gethostname(host, sizeof host - 1) == 0);
  CHECK(target.options->resource.host_name == host);
  CHECK(target.options->resource.instance_id == std::string(host) + ":/var/lib/ringside");
  const ReceiverAddress& address = target.options->address;
  CHECK(address.tls);
  CHECK(address.host == "::1");
  CHECK(address.port == 8443);
  CHECK(address.target == "/otlp?b=c");
  CHECK(address.host_field == "[::1]:8443");
  CHECK(address.program == "ringside/1.2.3");
  CHECK(address.content_type == "application/x-protobuf");
  CHECK(address.wants_body);
  CHECK(address.fields.empty());
  CHECK(address.timeout == std::chrono::nanoseconds(8));
  CHECK(address.connect_timeout == std::chrono::nanoseconds(8));
  config.otlp.timeout_ns = 10 * kSecond;
  CHECK(otlp_of(config, "1").options->address.connect_timeout == std::chrono::seconds(3));
}

TEST_CASE("OtlpOf: the path is added where the address has none") {
  const auto path = [](const std::string& url) { return target_at(url).options->address.target; };
  CHECK(path("http://h:4318") == "/v1/metrics");
  CHECK(path("http://h:4318/") == "/v1/metrics");
  CHECK(path("http://h:4318/v1/metrics") == "/v1/metrics");
  CHECK(path("http://h/mine/") == "/mine/");
  CHECK(path("http://h/?a=b") == "/?a=b");
}

TEST_CASE("OtlpOf: fields are lines of their file, and what is none is refused by its number") {
  const test::TempDir directory;
  const std::string path = directory.file("headers");
  const auto read = [&](const std::string& text) {
    write_text(path, text);
    return target_at("https://h", path);
  };
  const OtlpTarget good =
      read("# for the collector\n\nAuthorization:  Bearer s3cret \r\nX-Scope-OrgID:chat");
  CHECK(good.errors == Messages{});
  CHECK(good.options->address.fields ==
        Fields{{"Authorization", "Bearer s3cret"}, {"X-Scope-OrgID", "chat"}});

  const auto refused = [&](const std::string& text) {
    const Messages errors = read(text).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].find("s3cret") == std::string::npos);
    const std::string begin = "otlp: " + path + ":";
    REQUIRE(errors[0].starts_with(begin));
    return errors[0].substr(begin.size());
  };
  for (const std::string line : {"s3cret", ": s3cret", "a b: s3cret", "a:", "a: ", "a\x01: s3cret",
                                 "a: s3cret\x7f", "a: s3cret\xc3\xa4"})
    CHECK(refused("x: y\n" + line + "\n") ==
          "2: found no field, expected \"Name: value\" of printable ASCII characters\n"
          "  next: mend that line");
  CHECK(refused("a: " + std::string(8190, 's')).starts_with("1: found no field"));
  for (const char* ours : {"Host", "content-length", "Content-Type", "Transfer-Encoding"})
    CHECK(refused(std::string(ours) + ": s3cret").starts_with("1: found a field that the request"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "a" + std::to_string(i) + ": b\n";
  CHECK(refused(many).starts_with("33: found one field too many, expected at most 32"));
  for (const char* none : {"", "\n", "# a: b\n"})
    CHECK(refused(none).starts_with(" found no field, expected lines such as"));

  CHECK(target_at("https://h", directory.file("none")).errors ==
        Messages{"otlp: " + directory.file("none") + ": cannot open: No such file or directory"});
}

TEST_CASE("OtlpOf: fields on their way without encryption are a warning, but on loopback") {
  const test::TempDir directory;
  write_text(directory.file("headers"), "a: s3cret\n");
  const auto warnings = [&](const std::string& url) {
    return target_at(url, directory.file("headers")).warnings;
  };
  CHECK(warnings("http://h") ==
        Messages{"otlp: the fields of otlp.headers_file are sent without encryption, for anybody "
                 "on the way to read\n  next: use https"});
  for (const char* url : {"https://h", "http://127.0.0.9", "http://[::1]", "http://localhost:4318"})
    CHECK(warnings(url).empty());
  CHECK(target_at("http://h").warnings.empty());
}

TEST_CASE("OtlpOf: authorities are certificates in PEM") {
  const test::TempDir directory;
  Config config;
  config.otlp.url = "https://h";
  config.otlp.ca_file = directory.file("ca.pem");
  CHECK(otlp_of(config, "1").errors ==
        Messages{"otlp: " + config.otlp.ca_file + ": cannot open: No such file or directory"});
  write_text(config.otlp.ca_file, "no PEM\n");
  const Messages errors = otlp_of(config, "1").errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].starts_with("otlp: " + config.otlp.ca_file + ": found no certificates in PEM: "));
}

}  // namespace
}  // namespace ringside
