// What a server must not take, each with its answer.
#include "daemon/http/host_check.h"
#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using test::code_of;
using test::RawAnswer;
using test::RawClient;
using test::Served;

TEST_CASE("HttpRefusals: each mistake has its status and code") {
  Served served;
  served.start();
  const std::string json = "Content-Type: application/json\r\n";
  struct Mistake {
    std::string bytes;
    int status;
    std::string code;
  };
  const Mistake mistakes[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400, "host_needed"},
      {"GET / HTTP/1.0\r\n\r\n", 400, "host_needed"},
      {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, "unknown_version"},
      {"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", 505, "unknown_version"},
      {"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, "unknown_method"},
      {"PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed"},
      {"DELETE /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "unknown_path"},
      {"GET /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "unknown_path"},
      {served.request("POST", "/unknown", "", "{}"), 404, "unknown_path"},
      {served.request("POST", "/stream", "", "{}"), 405, "method_not_allowed"},
      {"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /a/../b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /%2e%2e/b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /a%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /a\\b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /names%2fa HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_target"},
      {"GET /" + std::string(4096, 'a') + " HTTP/1.1\r\n", 414, "target_too_long"},
      {"GET / HTTP/1.1\r\nA: " + std::string(17000, 'a'), 431, "head_too_large"},
      {served.request("GET", "/",
                      [] {
                        std::string fields;
                        for (int i = 0; i < 63; ++i) fields += "a: b\r\n";
                        return fields;
                      }()),
       431, "head_too_large"},
      {served.request("GET", "/", "Expect: more\r\n"), 417, "unknown_expectation"},
      {served.request("POST", "/", json), 411, "length_needed"},
      {served.request("POST", "/", json + "Content-Length: 65537\r\n"), 413, "body_too_large"},
      {served.request("POST", "/", "Content-Type: text/plain\r\nContent-Length: 2\r\n"), 415,
       "unknown_content_type"},
      {served.request("POST", "/", "Content-Length: 2\r\n"), 415, "unknown_content_type"},
      {served.request("POST", "/", json + "Content-Encoding: gzip\r\nContent-Length: 2\r\n"), 415,
       "unknown_content_type"},
      {served.request("GET", "/", "Content-Length: 2\r\n"), 400, "unexpected_body"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_host"},
      {"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400, "bad_host"},
      {"GET / HTTP/1.1\r\nHost: u@localhost\r\n\r\n", 400, "bad_host"},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "unknown_host"},
      {"GET / HTTP/1.1\r\nHost: 10.0.0.1:9717\r\n\r\n", 421, "unknown_host"},
      {"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421, "unknown_host"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.bytes.substr(0, 200));
    RawClient client = served.client();
    const RawAnswer answer = client.ask(mistake.bytes);
    CHECK(answer.status == mistake.status);
    CHECK(code_of(answer) == mistake.code);
    CHECK(answer.field("Content-Type") == "application/problem+json");
    CHECK_FALSE(answer.field("X-Request-Id").empty());
  }
  CHECK(served.client().ask("PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n").field("Allow") ==
        "GET, HEAD, POST, OPTIONS");
  CHECK(served.count(Figure::misdirected) == 3);
  CHECK(served.refusal_count(Refusal::Kind::misdirected) == 3);
}

TEST_CASE("HttpRefusals: what could hide a second request is refused, and the connection ends") {
  Served served;
  served.start();
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                           served.reader + "\r\nContent-Type: application/json\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n";
  const std::string smuggled =
      "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + served.reader +
      "\r\n\r\n";
  const std::string table[] = {
      head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      head + "Content-Length: 2, 2\r\n\r\n{}",
      head + "Content-Length: +2\r\n\r\n{}",
      head + "Content-Length: 0x2\r\n\r\n{}",
      head + "Content-Length: -2\r\n\r\n{}",
      head + "Content-Length: 2 2\r\n\r\n{}",
      head + "Content-Length:\r\n\r\n{}",
      head + "Content-Length: 99999999999999999999\r\n\r\n{}",
      head + "Content-Length : 2\r\n\r\n{}",
      head + "Content-Length: 2\r\n 2\r\n\r\n{}",
      head + "Content-Length: 2\n\r\n{}",
      head + "Content-Length: 2\rX: y\r\n\r\n{}",
      chunked + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: identity\r\n\r\n",
      head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding:\x0b chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      chunked + "\r\nx\r\n\r\n",
      chunked + "\r\n-1\r\n\r\n",
      chunked + "\r\n0x2\r\n{}\r\n0\r\n\r\n",
      chunked + "\r\n2 \r\n{}\r\n0\r\n\r\n",
      chunked + "\r\n2\n{}\n0\n\n",
      chunked + "\r\n2\r\n{}0\r\n\r\n",
      chunked + "\r\n2\r\n{}x\r\n0\r\n\r\n",
      chunked + "\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
      chunked + "\r\n;\r\n\r\n",
      chunked + "\r\n2;a=\x01\r\n{}\r\n0\r\n\r\n",
      chunked + "\r\n0\r\nA : b\r\n\r\n",
      chunked + "\r\n0\r\n folded\r\n\r\n",
      head + "Host: localhost\r\nContent-Length: 2\r\n\r\n{}",
  };
  for (const std::string& bytes : table) {
    CAPTURE(bytes.substr(head.size()));
    RawClient client = served.client();
    const RawAnswer answer = client.ask(bytes + smuggled);
    CHECK((answer.status == 400 || answer.status == 501 || answer.status == 413));
    CHECK(answer.field("Connection") == "close");
    CHECK(client.ends());
  }
  CHECK(served.count(Figure::answers_2xx) == 0);
}

TEST_CASE("HttpRefusals: a path or a method that is not there is told before a body comes") {
  Served served;
  served.start();
  const std::string body = "Content-Type: application/json\r\nContent-Length: 60000\r\n";
  for (const bool asks_first : {false, true}) {
    const std::string fields = asks_first ? body + "Expect: 100-continue\r\n" : body;
    CAPTURE(fields);
    for (const std::string& token : {std::string(), served.admin}) {
      RawClient nowhere = served.client();
      CHECK(nowhere.ask(Served::with_token("POST", "/unknown", token, fields)).status == 404);
      CHECK(nowhere.ends());
      RawClient reads = served.client();
      const RawAnswer refused = reads.ask(Served::with_token("POST", "/stream", token, fields));
      CHECK(refused.status == 405);
      CHECK(refused.field("Allow") == "GET, HEAD, OPTIONS");
      CHECK(reads.ends());
    }
  }
  CHECK(served.count(Figure::bad_requests) == 8);
}

TEST_CASE("HttpRefusals: without a body the connection goes on after 404 and 405") {
  Served served;
  served.start();
  RawClient client = served.client();
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
    CAPTURE(method);
    client.send(Served::with_token(method, "/unknown", "", "Content-Length: 0\r\n"));
    const RawAnswer nowhere = client.answer(std::string_view(method) == "HEAD");
    CHECK(nowhere.status == 404);
    CHECK(nowhere.field("Connection") == "keep-alive");
  }
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    CAPTURE(method);
    const RawAnswer refused =
        client.ask(Served::with_token(method, "/stream", "", "Content-Length: 0\r\n"));
    CHECK(refused.status == 405);
    CHECK(refused.field("Allow") == "GET, HEAD, OPTIONS");
    CHECK(refused.field("Connection") == "keep-alive");
  }
  CHECK(client.ask(served.request("GET", "/")).status == 200);
  CHECK(served.count(Figure::accepted) == 1);
}

TEST_CASE("HttpRefusals: HTTP/1.0 is not told to continue") {
  Served served;
  served.start();
  RawClient client = served.client();
  client.send("POST / HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer " + served.reader +
              "\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
              "Content-Length: 2\r\n\r\n");
  // The head was judged, and nothing waits for the body but the client.
  test::until([&] { return served.count(Figure::requests) == 1; });
  CHECK(client.ask("{}").status == 200);
}

TEST_CASE("HttpRefusals: names that are ours") {
  Served served;
  served.options.allowed_hosts = {"Monitor.Example"};
  served.start();
  for (const char* host : {"localhost", "LOCALHOST:9717", "a.localhost", "127.0.0.1", "127.9.9.9:1",
                           "[::1]:80", "localhost.", "monitor.example:80", "MONITOR.example."}) {
    CAPTURE(host);
    CHECK(served.client()
              .ask("GET /open HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n")
              .status == 200);
  }
  for (const char* host : {"monitor.example.evil", "localhost.evil", "127.0.0.1.evil", "0.0.0.0"}) {
    CAPTURE(host);
    CHECK(served.client()
              .ask("GET /open HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n")
              .status == 421);
  }
}

TEST_CASE("HttpRefusals: a Host is a name or an address, and perhaps a port") {
  for (const char* good : {"a", "a.b-c_d:1", "[::1]", "[::ffff:1.2.3.4]:65535", "1.2.3.4:"})
    CHECK_MESSAGE(host_is_good(good), good);
  for (const char* bad : {"", ":1", "a:b", "a:1:2", "[::1", "[::1]x", "[::1]:x", "[fe80::1%lo]",
                          "[a]", "::1", "a/b", "u@a", "a:123456"})
    CHECK_MESSAGE(!host_is_good(bad), bad);
  // Found by tests/ring/fuzz/http_texts.
  CHECK_FALSE(host_is_good(std::string("[::7:1\0\0]", 9)));
}

TEST_CASE("HttpRefusals: a body too large for its limit ends with 413, in chunks too") {
  Served served;
  served.options.limits.body_bytes = 10;
  served.start();
  const std::string chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
  CHECK(served.client().ask(served.request("POST", "/", "", "0123456789")).status == 200);
  CHECK(served.client().ask(served.request("POST", "/", "", "0123456789a")).status == 413);
  CHECK(served.client()
            .ask(served.request("POST", "/", chunked) + "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n")
            .status == 413);
  CHECK(served.client()
            .ask(served.request("POST", "/", chunked) + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n")
            .status == 200);
}

TEST_CASE("HttpRefusals: a body is asked for only when its request is allowed") {
  Served served;
  served.start();
  const std::string wants =
      "Expect: 100-continue\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n";
  RawClient client = served.client();
  CHECK(client.ask(served.request("POST", "/", wants)).status == 100);
  CHECK(client.ask("{}").status == 200);
  RawClient stranger = served.client();
  CHECK(stranger.ask(Served::with_token("POST", "/", "", wants)).status == 401);
  CHECK(stranger.ends());
}

TEST_CASE("HttpRefusals: without a right token 401, with too small a scope 403") {
  Served served;
  served.start();
  const auto ask = [&](const std::string& target, const std::string& field) {
    return served.client().ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + field +
                               "\r\n");
  };
  CHECK(ask("/open", "").status == 200);
  const RawAnswer none = ask("/", "");
  CHECK(none.status == 401);
  CHECK(none.field("WWW-Authenticate") == "Bearer realm=\"ringside\"");
  CHECK(none.field("Cache-Control") == "no-store");
  CHECK(ask("/", "Authorization: Basic eDp5\r\n").field("WWW-Authenticate") ==
        "Bearer realm=\"ringside\"");
  const RawAnswer wrong = ask("/open", "Authorization: Bearer rs_wrong\r\n");
  CHECK(wrong.status == 401);
  CHECK(wrong.field("WWW-Authenticate").find("error=\"invalid_token\"") != std::string::npos);
  CHECK(wrong.body.find("rs_wrong") == std::string::npos);
  for (const std::string& odd :
       {std::string("Bearer"), std::string("Bearer a b"), "Bearer " + std::string(300, 'a')}) {
    const RawAnswer malformed = ask("/", "Authorization: " + odd + "\r\n");
    CHECK(malformed.status == 400);
    CHECK(malformed.field("WWW-Authenticate").find("error=\"invalid_request\"") !=
          std::string::npos);
  }
  CHECK(ask("/", "authorization: bEARER " + served.reader + "\r\n").status == 200);
  const RawAnswer small = ask("/admin", "Authorization: Bearer " + served.reader + "\r\n");
  CHECK(small.status == 403);
  CHECK(small.field("WWW-Authenticate").find("error=\"insufficient_scope\", scope=\"admin\"") !=
        std::string::npos);
  CHECK(ask("/admin", "Authorization: Bearer " + served.admin + "\r\n").status == 200);
  CHECK(served.count(Figure::rejected_tokens) == 4);
  CHECK(served.refusal_count(Refusal::Kind::rejected_token) == 4);
  CHECK(served.refusal_count(Refusal::Kind::forbidden) == 1);
  CHECK(served.said.count("rs_") == 0);
}

TEST_CASE("HttpRefusals: too many wrong tokens get 429, and a right one still its answer") {
  Served served;
  served.start();
  RawClient client = served.client();
  int wrong = 0, limited = 0;
  for (int i = 0; i < 30; ++i) {
    const RawAnswer answer = client.ask(Served::with_token("GET", "/", "rs_" + std::to_string(i)));
    wrong += answer.status == 401;
    limited += answer.status == 429;
    if (answer.status == 429) CHECK(std::stoi(answer.field("Retry-After")) >= 1);
  }
  CHECK(wrong >= 10);
  CHECK(wrong <= 12);  // some seconds may have passed
  CHECK(wrong + limited == 30);
  CHECK(client.ask(served.request("GET", "/")).status == 200);
  CHECK(RawClient(served.at(), "127.0.0.2").ask(Served::with_token("GET", "/", "x")).status == 401);
  CHECK(served.count(Figure::rate_limited) == static_cast<std::uint64_t>(limited));
}

TEST_CASE("HttpRefusals: without a file of tokens nobody has one, until there is a file") {
  Served served;
  const std::string file = served.options.tokens_file;
  const std::string text = read_text(file);
  std::filesystem::remove(file);
  served.start();
  CHECK(served.get("/").status == 401);
  CHECK(served.get("/open").status == 401);  // a token that is none is no token
  CHECK(served.said.count("no token yet; ringsided --new-token makes one") == 1);
  // Reading again finds what the start found, and tells it the same.
  CHECK(served.server->reload().empty());
  CHECK(served.said.count("no token yet; ringsided --new-token makes one") == 2);
  CHECK(served.said.count("error:") == 0);
  CHECK(served.count(Figure::reload_failures) == 0);
  served.write_tokens(text);
  CHECK(served.server->reload().empty());
  CHECK(served.get("/").status == 200);
}

TEST_CASE("HttpRefusals: a file of tokens that is removed withdraws none, and the log says so") {
  Served served;
  served.start();
  std::filesystem::remove(served.options.tokens_file);
  const auto errors = served.server->reload();
  REQUIRE(errors.size() == 1);
  CHECK(errors.at(0).find("the 2 tokens that were read before stay in force") != std::string::npos);
  CHECK(errors.at(0).find("to withdraw all of them, leave an empty file") != std::string::npos);
  CHECK(served.said.count(errors.at(0)) == 1);
  CHECK(served.count(Figure::reload_failures) == 1);
  CHECK(served.get("/").status == 200);
  served.write_tokens("");
  CHECK(served.server->reload().empty());
  CHECK(served.get("/").status == 401);
  // Then none is left that could stay.
  std::filesystem::remove(served.options.tokens_file);
  CHECK(served.server->reload().empty());
  CHECK(served.count(Figure::reload_failures) == 1);
}

TEST_CASE("HttpRefusals: tokens are read again, and a bad file changes nothing") {
  Served served;
  served.start();
  const auto other = make_token("other", Scope::read).value();
  served.write_tokens("not a line\n");
  CHECK(served.server->reload().size() == 1);
  CHECK(served.said.count("the 2 tokens that were read before stay in force") == 1);
  CHECK(served.get("/").status == 200);
  CHECK(served.count(Figure::reload_failures) == 1);
  served.write_tokens(other.line + "\n");
  CHECK(served.server->reload().empty());
  CHECK(served.get("/").status == 401);
  CHECK(served.client().ask(Served::with_token("GET", "/", other.secret)).status == 200);
}

}  // namespace
}  // namespace ringside::http
