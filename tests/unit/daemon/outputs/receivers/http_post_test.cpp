// One POST against servers that answer well, badly, slowly or not at all.
#include "daemon/outputs/receivers/http_post.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

#include "tests/unit/daemon/outputs/receivers/scripted_server.h"

namespace ringside {
namespace {

using std::chrono::milliseconds;
using test::ScriptedServer;
using test::status;

ReceiverAddress address_of(std::uint16_t port) {
  ReceiverAddress address;
  address.host = "127.0.0.1";
  address.port = port;
  address.target = "/alerts?x=1";
  address.host_field = "h:1";
  address.program = "ringside/0";
  address.connect_timeout = std::chrono::seconds(20);
  address.timeout = std::chrono::seconds(20);
  return address;
}

HttpReply post(const ReceiverAddress& address, const std::string& body = "{}") {
  boost::asio::io_context io;
  HttpPost post(io, address);
  std::optional<HttpReply> reply;
  post.start(body, [&](const HttpReply& got) {
    CHECK_FALSE(reply);
    reply = got;
  });
  CHECK_FALSE(reply);   // never from inside of start()
  CHECK(post.under_way());
  io.run();
  CHECK_FALSE(post.under_way());
  REQUIRE(reply);
  return *reply;
}

HttpReply post_to(const ScriptedServer::Reply& answer) {
  ScriptedServer server([&](int, const std::string&) { return answer; });
  return post(address_of(server.port()));
}

TEST_CASE("HttpPost: the request, byte for byte, with and without a token") {
  ScriptedServer server([](int, const std::string&) { return status(200); });
  ReceiverAddress address = address_of(server.port());
  CHECK(post(address, "[1]").status == 200);
  address.token = "s3cret";
  CHECK(post(address, "").status == 200);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0] ==
        "POST /alerts?x=1 HTTP/1.1\r\nHost: h:1\r\nUser-Agent: ringside/0\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\nConnection: close\r\n"
        "Content-Length: 3\r\n\r\n[1]");
  CHECK(requests[1].find("\r\nAuthorization: Bearer s3cret\r\n") != std::string::npos);
}

TEST_CASE("HttpPost: a good answer is its status, and nothing of its body is waited for") {
  const HttpReply reply =
      post_to({"HTTP/1.1 202 X\r\nContent-Length: 100000000\r\n\r\nbegin", true});
  CHECK(reply.status == 202);
  CHECK(reply.text.empty());
}

TEST_CASE("HttpPost: an error comes with Retry-After and the first bytes of its body") {
  HttpReply reply = post_to(status(503, "Retry-After: 7\r\n", "no room"));
  CHECK(reply.status == 503);
  CHECK(reply.retry_after == "7");
  CHECK(reply.text == "no room");
  reply = post_to(status(400, "", std::string(10'000'000, 'x')));
  CHECK(reply.status == 400);
  CHECK(reply.text == std::string(512, 'x'));
  // A body that is cut off is no reason to forget the status.
  reply = post_to({"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nabc", false});
  CHECK(reply.status == 500);
  CHECK(reply.text == "abc");
  reply = post_to({"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                   false});
  CHECK(reply.text == "abc");
}

TEST_CASE("HttpPost: a redirect is not followed") {
  ScriptedServer elsewhere([](int, const std::string&) { return status(200); });
  ScriptedServer server([&](int, const std::string&) {
    return status(307, "Location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/\r\n");
  });
  CHECK(post(address_of(server.port())).status == 307);
  CHECK(elsewhere.requests().empty());
}

TEST_CASE("HttpPost: interim answers are skipped") {
  CHECK(post_to({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                 "HTTP/1.1 204 X\r\n\r\n",
                 false})
            .status == 204);
}

TEST_CASE("HttpPost: what is no answer is said") {
  const auto text = [](const ScriptedServer::Reply& answer) {
    const HttpReply reply = post_to(answer);
    CHECK(reply.status == 0);
    return reply.text;
  };
  CHECK(text({"", false}) == "read: end of stream");
  CHECK(text({"HTTP/1.1 200 X\r\nA: b", false}) == "read: partial message");
  CHECK(text({"SSH-2.0-OpenSSH_9.2\r\n", false}) == "read: bad version");
  CHECK(text({"HTTP/1.1 200 X\r\nA: " + std::string(100'000, 'b') + "\r\n\r\n", true}) ==
        "read: header limit exceeded");
}

TEST_CASE("HttpPost: nobody listens") {
  std::uint16_t port = 0;
  {
    ScriptedServer server([](int, const std::string&) { return status(200); });
    port = server.port();
  }
  const HttpReply reply = post(address_of(port));
  CHECK(reply.status == 0);
  CHECK(reply.text == "connect: Connection refused");
}

TEST_CASE("HttpPost: a server that never answers, or never ends, has until the deadline") {
  const ScriptedServer::Reply replies[] = {
      {"", true},
      {"HTTP/1.1 200 X\r\nA: b", true},
      {"HTTP/1.1 100 Continue\r\n\r\n", true},
  };
  for (const auto& answer : replies) {
    ScriptedServer server([&](int, const std::string&) { return answer; });
    ReceiverAddress address = address_of(server.port());
    address.timeout = milliseconds(100);
    const HttpReply reply = post(address);
    CHECK(reply.status == 0);
    CHECK(reply.text == "no answer within 0.1 s");
  }
}

TEST_CASE("HttpPost: an error whose body never ends is known at the deadline") {
  ScriptedServer server([](int, const std::string&) {
    return ScriptedServer::Reply{"HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nabc", true};
  });
  ReceiverAddress address = address_of(server.port());
  address.timeout = milliseconds(200);
  const HttpReply reply = post(address);
  CHECK(reply.status == 500);
  CHECK(reply.text == "abc");
}

TEST_CASE("HttpPost: a name is looked up, and one that there is not is said") {
  ScriptedServer server([](int, const std::string&) { return status(200); });
  ReceiverAddress address = address_of(server.port());
  address.host = "localhost";
  CHECK(post(address).status == 200);
  address.host = "no-such-host.invalid";
  const HttpReply reply = post(address);
  CHECK(reply.status == 0);
  CHECK(reply.text.starts_with("no-such-host.invalid: "));
}

TEST_CASE("HttpPost: a post that is cancelled calls nobody") {
  ScriptedServer server([](int, const std::string&) { return ScriptedServer::Reply{"", true}; });
  boost::asio::io_context io;
  HttpPost post(io, address_of(server.port()));
  post.start("{}", [](const HttpReply&) { FAIL("called"); });
  io.run_for(milliseconds(50));
  post.cancel();
  CHECK_FALSE(post.under_way());
  io.restart();
  io.run();   // ends, so nothing is left to wait for
  // Another one may follow.
  bool called = false;
  post.start("{}", [&](const HttpReply&) { called = true; });
  post.cancel();
  io.restart();
  io.run();
  CHECK_FALSE(called);
}

TEST_CASE("HttpPost: TLS with a server that speaks none is refused") {
  ScriptedServer server([](int, const std::string&) { return status(200); });
  ReceiverAddress address = address_of(server.port());
  address.tls = true;
  address.timeout = milliseconds(100);
  const HttpReply reply = post(address);
  CHECK(reply.status == 0);
}

TEST_CASE("HttpPost: authorities must be certificates") {
  ReceiverAddress address;
  address.tls = true;
  std::string why;
  CHECK(HttpPost::authorities_are_good(address, &why));   // the system's
  address.authorities = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CHECK_FALSE(HttpPost::authorities_are_good(address, &why));
  CHECK_FALSE(why.empty());
  address.authorities = "no PEM";
  CHECK_FALSE(HttpPost::authorities_are_good(address, &why));
}

}  // namespace
}  // namespace ringside
