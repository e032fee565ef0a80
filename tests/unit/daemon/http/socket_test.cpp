#include <sys/stat.h>
#include <sys/un.h>

#include <deque>

#include "tests/support/process.h"
#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using test::code_of;
using test::RawAnswer;
using test::RawClient;
using test::Served;

constexpr uid_t kOther = 12345;

struct SocketServed : Served {
  SocketServed() {
    options.listen = {};
    options.socket_path = directory.file("ringsided.sock");
    options.retry = std::chrono::milliseconds(5);
  }
  RawClient client() const { return RawClient(options.socket_path); }
};

std::string plain(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: whatever\r\n\r\n";
}

TEST_CASE("HttpSocket: our own user and root are admins without a token") {
  SocketServed served;
  served.start();
  struct stat facts {};
  REQUIRE(lstat(served.options.socket_path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777U) == 0660U);
  const RawAnswer answer = served.client().ask(plain("/admin"));
  CHECK(answer.status == 200);
  const auto seen = nlohmann::json::parse(answer.body);
  CHECK(seen.at("peer") == "uid " + std::to_string(geteuid()));
  CHECK_FALSE(seen.at("who").get<std::string>().empty());
  served.server->stop(std::chrono::seconds(1));
  CHECK_FALSE(std::filesystem::exists(served.options.socket_path));
}

TEST_CASE("HttpSocket: an admin there finds room when everybody else has none") {
  SocketServed served;
  served.options.listen = {"127.0.0.1:0"};
  served.options.limits.connections = 5;
  served.options.limits.kept_connections = 2;
  served.start();
  std::deque<RawClient> streams;
  for (int i = 0; i < 3; ++i) {
    streams.emplace_back(served.at());
    streams.back().send(served.request("GET", "/stream"));
    CHECK(streams.back().has_read("event: hello"));
  }
  CHECK(RawClient(served.at()).ask(served.request("GET", "/")).status == 503);
  for (int i = 0; i < 2; ++i) {
    streams.emplace_back(served.options.socket_path);
    streams.back().send(plain("/stream"));
    CHECK(streams.back().has_read("event: hello"));
  }
  CHECK(served.client().ask(plain("/")).status == 503);
}

// Asks as another user, in a process of its own: the status.
int asked_as(uid_t uid, const std::string& path, const std::string& bytes) {
  const auto ended = test::run([&] {
    if (setuid(uid) != 0) return 255;
    RawClient client(path);
    return client.connected() ? client.ask(bytes).status / 10 : 254;
  });
  return WEXITSTATUS(ended.status) * 10;
}

TEST_CASE("HttpSocket: other users may do what the configuration says, by their uid") {
  if (geteuid() != 0) {
    MESSAGE("needs root, to become another user");
    return;
  }
  SocketServed served;
  served.options.socket_readers = {kOther};
  served.options.socket_admins = {kOther + 1};
  served.start();
  std::filesystem::permissions(served.directory.path(), std::filesystem::perms(0755));
  REQUIRE(chmod(served.options.socket_path.c_str(), 0666) == 0);
  const std::string& path = served.options.socket_path;
  CHECK(asked_as(kOther, path, plain("/")) == 200);
  CHECK(asked_as(kOther, path, plain("/admin")) == 400);  // 403
  CHECK(asked_as(kOther + 1, path, plain("/admin")) == 200);
  CHECK(asked_as(kOther + 2, path, plain("/")) == 400);  // 403
  CHECK(asked_as(kOther + 2, path, plain("/open")) == 200);
  // A token does here too.
  CHECK(asked_as(kOther + 2, path, served.request("GET", "/")) == 200);
  CHECK(served.count(Figure::forbidden) == 2);
  CHECK(served.refusal_count(Refusal::Kind::forbidden) == 2);
}

TEST_CASE("HttpSocket: a stale socket is replaced, a live one and other files are not") {
  SocketServed first;
  // What a killed daemon leaves.
  const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, first.options.socket_path.c_str(), sizeof name.sun_path - 1);
  REQUIRE(bind(stale, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  close(stale);
  first.start();
  CHECK(first.client().ask(plain("/")).status == 200);

  SocketServed second;
  second.options.socket_path = first.options.socket_path;
  second.server = std::make_unique<HttpServer>(second.options, second.handlers);
  REQUIRE_FALSE(second.server->start());
  CHECK(second.said.count("another process listens there") == 1);
  CHECK_FALSE(second.server->listens());
  CHECK(first.client().ask(plain("/")).status == 200);
  // The second one takes over when the first has gone, and its end leaves nothing.
  first.server->stop(std::chrono::seconds(1));
  test::until([&] { return second.server->listens(); });
  CHECK(second.client().ask(plain("/")).status == 200);

  SocketServed third;
  write_text(third.options.socket_path, "mine");
  third.server = std::make_unique<HttpServer>(third.options, third.handlers);
  REQUIRE_FALSE(third.server->start());
  CHECK(third.said.count("found a file that is no socket") == 1);
  third.server.reset();
  CHECK(read_text(third.options.socket_path) == "mine");

  SocketServed fourth;
  fourth.options.socket_path = "/" + std::string(200, 'a');
  fourth.server = std::make_unique<HttpServer>(fourth.options, fourth.handlers);
  REQUIRE_FALSE(fourth.server->start());
  CHECK(fourth.said.count("found a path of 201 bytes, expected at most 107") == 1);
}

}  // namespace
}  // namespace ringside::http
