#include "daemon/http/tokens.h"

#include <sys/stat.h>
#include <unistd.h>

#include "daemon/http/failure_guard.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside::http {
namespace {

using Errors = std::vector<std::string>;

constexpr std::int64_t k2027 = 1798761600;  // date -u -d 2027-01-01 +%s

// printf %s test | sha256sum
const std::string kTest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

TokenTable parse(const std::string& text, Errors* errors) {
  return TokenTable::parse(text, "f", errors);
}

TEST_CASE("HttpTokens: a token is found by its hash, with its name and scope, until it expires") {
  Errors errors;
  const TokenTable table =
      parse("# mine\n\n  \na.b-c_1 read " + kTest + " 2027-01-01\r\n", &errors);
  REQUIRE(errors.empty());
  const Token* token = table.find("test", k2027 - 1);
  REQUIRE(token != nullptr);
  CHECK(token->name == "a.b-c_1");
  CHECK(token->scope == Scope::read);
  CHECK(table.find("test", k2027) == nullptr);
  CHECK(table.find("tesu", 0) == nullptr);
  CHECK(table.find("", 0) == nullptr);
}

TEST_CASE("HttpTokens: several of one name are valid, and each line's mistake is told once") {
  const auto one = make_token("ci", Scope::read);
  const auto two = make_token("ci", Scope::admin);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->secret.size() == 46);
  CHECK(one->secret != two->secret);
  Errors errors;
  const TokenTable both = parse(one->line + "\n" + two->line, &errors);
  CHECK(errors.empty());
  CHECK(both.find(one->secret, 0)->scope == Scope::read);
  CHECK(both.find(two->secret, 0)->scope == Scope::admin);
  const std::string mistakes[] = {"a/b read " + kTest,
                                  "a write " + kTest,
                                  "a read",
                                  "a read " + kTest.substr(1),
                                  "a read g" + kTest.substr(1),
                                  "a read " + kTest + " tomorrow",
                                  "a read " + kTest + " 2027-02-30",
                                  "a read " + kTest + " 2027-02-03 x",
                                  std::string(65, 'a') + " read " + kTest};
  for (const std::string& mistake : mistakes) {
    CAPTURE(mistake);
    Errors found;
    CHECK(parse(one->line + "\n" + mistake + "\n", &found).size() == 0);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("f:2: found "));
    CHECK(found[0].find(kTest) == std::string::npos);
  }
  std::string many;
  for (std::size_t i = 0; i < TokenTable::kMostTokens; ++i) many += one->line + "\n";
  CHECK(parse(many, &errors).size() == TokenTable::kMostTokens);
  CHECK(parse(many + one->line, &errors).size() == 0);
}

TEST_CASE("HttpTokens: a file that others may write, or everybody read, is refused") {
  const test::TempDir directory;
  const std::string path = directory.file("tokens");
  write_text(path, "a read " + kTest + "\n");
  for (const unsigned mode : {0600U, 0640U, 0400U, 0440U, 0620U, 0602U, 0604U, 0644U, 0666U}) {
    CAPTURE(mode);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    Errors errors;
    const bool good = (mode & 026U) == 0;
    CHECK(TokenTable::load(path, &errors).size() == (good ? 1 : 0));
    CHECK(errors.size() == (good ? 0 : 1));
    if (!good) CHECK(errors.at(0).find("chmod 0640 " + path) != std::string::npos);
  }
  Errors errors;
  TokenTable::load(directory.file("none"), &errors);
  TokenTable::load(directory.path(), &errors);
  write_text(path, std::string(TokenTable::kMostFileBytes + 1, '\n'));
  chmod(path.c_str(), 0600);
  TokenTable::load(path, &errors);
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].find("No such file") != std::string::npos);
  CHECK(errors[1].find("found no regular file") != std::string::npos);
  CHECK(errors[2].find("found more than 65536 bytes") != std::string::npos);
}

TEST_CASE("HttpTokens: a new line is appended, after a line without an end too") {
  const test::TempDir directory;
  const std::string path = directory.file("tokens");
  CHECK_FALSE(append_token(path, "a read " + kTest));
  CHECK((std::filesystem::status(path).permissions() == std::filesystem::perms(0600)));
  write_text(path, "a read " + kTest);
  CHECK_FALSE(append_token(path, "b admin " + kTest));
  CHECK(read_text(path) == "a read " + kTest + "\nb admin " + kTest + "\n");
  chmod(path.c_str(), 0666);
  CHECK(append_token(path, "c read " + kTest));
  CHECK(append_token(directory.file("no/where"), "c read " + kTest));
  write_text(directory.file("other"), "");
  std::filesystem::create_symlink("other", directory.file("link"));
  CHECK(append_token(directory.file("link"), "c read " + kTest));
  CHECK(read_text(directory.file("other")).empty());
  if (geteuid() != 0) return;
  // Root makes it for the user to whom the directory belongs, and appends to what is that user's.
  REQUIRE(chown(directory.path().c_str(), 12345, 12346) == 0);
  for (int i = 0; i < 2; ++i)
    CHECK_FALSE(append_token(directory.file("theirs"), "a read " + kTest));
  struct stat facts {};
  REQUIRE(stat(directory.file("theirs").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 12345);
  CHECK(facts.st_gid == 12346);
  Errors errors;
  CHECK(TokenTable::load(directory.file("theirs"), &errors).size() == 0);  // not ours
  CHECK(errors.at(0).find("found the owner uid 12345") != std::string::npos);
}

TEST_CASE("HttpGuard: an address may fail so often, and again when its minute has passed") {
  using std::chrono::seconds;
  FailureGuard guard(10, 3);
  FailureGuard::Clock::time_point now{};
  const PeerKey peer = peer_key(boost::asio::ip::make_address("10.0.0.1"));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(guard.failed(peer, now));
  CHECK(guard.failed(peer, now) == 6);
  CHECK(guard.failed(peer, now + seconds(3)) == 3);
  CHECK_FALSE(guard.failed(peer, now + seconds(6)));
  CHECK(guard.failed(peer, now + seconds(6)) == 6);
  // Others are others, and only so many are remembered.
  for (const char* other : {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"})
    CHECK_FALSE(guard.failed(peer_key(boost::asio::ip::make_address(other)), now));
  CHECK(guard.size() == 3);
}

TEST_CASE(
    "HttpGuard: a /64 is one peer, a mapped address is the address, and users are their own") {
  const auto key = [](const char* text) { return peer_key(boost::asio::ip::make_address(text)); };
  CHECK(key("2001:db8::1") == key("2001:db8::ffff:1"));
  CHECK(key("2001:db8::1") != key("2001:db8:0:1::1"));
  CHECK(key("::ffff:10.0.0.1") == key("10.0.0.1"));
  CHECK(key("10.0.0.1") != key("10.0.0.2"));
  CHECK(peer_key(uid_t{0}) != key("::"));
  CHECK(peer_key(uid_t{1}) != peer_key(uid_t{2}));
}

}  // namespace
}  // namespace ringside::http
