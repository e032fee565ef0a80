#include "tests/unit/daemon/http/served.h"

#include <zlib.h>

#include <thread>

#include "daemon/http/gzip.h"

namespace ringside::http {
namespace {

using test::code_of;
using test::RawAnswer;
using test::RawClient;
using test::Served;

std::string unzipped(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
  std::string out(std::size_t{1} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  CHECK(result == Z_STREAM_END);
  return out;
}

// Whether a list of fields has this one.
bool names(const std::string& list, const std::string& name) {
  return (", " + list + ",").find(", " + name + ",") != std::string::npos;
}

TEST_CASE("HttpServer: requests follow each other on one connection, HEAD and POST among them") {
  Served served;
  served.start();
  RawClient client = served.client();
  const RawAnswer first = client.ask(served.request("GET", "/a?x=1"));
  CHECK(first.status == 200);
  CHECK(first.field("Connection") == "keep-alive");
  auto seen = nlohmann::json::parse(first.body);
  CHECK(seen.at("path") == "/a");
  CHECK(seen.at("query").at("x") == "1");
  CHECK(seen.at("who") == "reader");
  CHECK(seen.at("peer") == "127.0.0.1");
  client.send(served.request("HEAD", "/a?x=1"));
  const RawAnswer head = client.answer(true);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == first.field("Content-Length"));
  CHECK(head.field("ETag") == first.field("ETag"));
  const RawAnswer post = client.ask(served.request("POST", "/a", "", "{\"b\":2}"));
  CHECK(nlohmann::json::parse(post.body).at("body") == "{\"b\":2}");
  const std::string chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
  const RawAnswer chunks = client.ask(served.request("POST", "/a", chunked) +
                                      "3\r\n{\"b\r\n4;x=y\r\n\":3}\r\n0\r\nTrailer: t\r\n\r\n");
  CHECK(nlohmann::json::parse(chunks.body).at("body") == "{\"b\":3}");
  const RawAnswer last = client.ask("\r\n" + served.request("GET", "/b", "Connection: close\r\n"));
  CHECK(last.status == 200);
  CHECK(last.field("Connection") == "close");
  CHECK(client.ends());
  CHECK(served.count(Figure::accepted) == 1);
  CHECK(served.count(Figure::requests) == 5);
  CHECK(served.count(Figure::answers_2xx) == 5);
}

TEST_CASE("HttpServer: pipelined requests are answered in their order") {
  Served served;
  served.start();
  RawClient client = served.client();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += i % 3 == 0 ? served.request("POST", "/" + std::to_string(i), "", std::to_string(i))
                      : served.request("GET", "/" + std::to_string(i));
  }
  client.send(all);
  for (int i = 0; i < 50; ++i)
    CHECK(nlohmann::json::parse(client.answer().body).at("path") == "/" + std::to_string(i));
}

TEST_CASE("HttpServer: every answer has an id, and the client's own if it is short and plain") {
  Served served;
  served.start();
  RawClient client = served.client();
  CHECK(
      client.ask(served.request("GET", "/", "X-Request-Id: my-1.2_3\r\n")).field("X-Request-Id") ==
      "my-1.2_3");
  const std::string own = client.ask(served.request("GET", "/")).field("X-Request-Id");
  CHECK_FALSE(own.empty());
  CHECK(client.ask(served.request("GET", "/")).field("X-Request-Id") != own);
  for (const std::string& odd : {std::string("<b>"), std::string("a b"), std::string(65, 'a')}) {
    const auto answer = client.ask(served.request("GET", "/", "X-Request-Id: " + odd + "\r\n"));
    CHECK(answer.status == 200);
    CHECK(answer.field("X-Request-Id").find(odd) == std::string::npos);
  }
  const RawAnswer refused = served.client().ask("GET /\x01 HTTP/1.1\r\n\r\n");
  CHECK(refused.status == 400);
  CHECK(nlohmann::json::parse(refused.body).at("request_id") == refused.field("X-Request-Id"));
}

TEST_CASE("HttpServer: security headers stand in every answer, and pages load from us alone") {
  Served served;
  served.start();
  for (const RawAnswer& answer :
       {served.get("/"), served.get("/unknown?%"), served.client().ask("nonsense\r\n\r\n")}) {
    CAPTURE(answer.head);
    CHECK(answer.field("Content-Security-Policy").starts_with("default-src 'none'; base-uri"));
    CHECK(answer.field("X-Content-Type-Options") == "nosniff");
    CHECK(answer.field("Referrer-Policy") == "no-referrer");
    CHECK(answer.field("Cross-Origin-Resource-Policy") == "same-origin");
    CHECK_FALSE(answer.field("Cache-Control").empty());
    CHECK(answer.field("Access-Control-Allow-Origin").empty());
    CHECK(answer.head.find("Set-Cookie") == std::string::npos);
    CHECK(answer.field("Date").ends_with(" GMT"));
  }
  const std::string policy = served.get("/page").field("Content-Security-Policy");
  CHECK(policy.find("script-src 'self';") != std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
}

TEST_CASE("HttpServer: large text is compressed for who takes it, and nothing else is") {
  Served served;
  served.start();
  const RawAnswer plain = served.get("/large");
  CHECK(plain.field("Content-Encoding").empty());
  CHECK(plain.field("Vary") == "Accept-Encoding");
  const RawAnswer small = served.get("/large", "Accept-Encoding: br, gzip;q=0.9\r\n");
  CHECK(small.field("Content-Encoding") == "gzip");
  CHECK(small.body.size() < plain.body.size() / 4);
  CHECK(unzipped(small.body) == plain.body);
  CHECK(served.get("/large", "Accept-Encoding: gzip;q=0\r\n").field("Content-Encoding").empty());
  CHECK(served.get("/", "Accept-Encoding: gzip\r\n").field("Content-Encoding").empty());
  CHECK(served.get("/huge", "Accept-Encoding: gzip\r\n").field("Content-Encoding").empty());
  RawClient client = served.client();
  client.send(served.request("HEAD", "/large", "Accept-Encoding: gzip\r\n"));
  CHECK(client.answer(true).field("Content-Length") == std::to_string(small.body.size()));
  CHECK(is_compressible("application/problem+json"));
  CHECK(is_compressible("image/svg+xml; charset=utf-8"));
  CHECK_FALSE(is_compressible("image/png"));
}

TEST_CASE("HttpServer: bytes that never change are compressed once, and sent as they were kept") {
  static const std::string text = [] {
    std::string lines;
    for (int i = 0; i < 20000; ++i) lines += "line " + std::to_string(i % 100) + "\n";
    return lines;
  }();
  const std::string* kept = gzipped_once(text);
  REQUIRE(kept != nullptr);
  CHECK(unzipped(*kept) == text);
  CHECK(gzipped_once(text) == kept);
  CHECK(kept->size() < gzip(text)->size());
  CHECK(gzipped_once("small") == nullptr);
  static const std::string noise = test::incompressible(5000);
  CHECK(gzipped_once(noise) == nullptr);

  Served served;
  served.handlers.answer = [&](const Request&, const Answered& answered) {
    Response response;
    response.type = "text/plain";
    response.body = text;
    response.gzipped = kept;
    answered(response);
  };
  served.start();
  CHECK(served.get("/", "Accept-Encoding: gzip\r\n").body == *kept);
  CHECK(served.get("/").body == text);
  const std::string known = served.get("/").field("ETag");
  const RawAnswer same =
      served.get("/", "Accept-Encoding: gzip\r\nIf-None-Match: " + known + "\r\n");
  CHECK(same.status == 304);
  CHECK(same.field("Content-Encoding").empty());
}

TEST_CASE("HttpServer: a name in a path may have an encoded slash") {
  Served served;
  served.start();
  const auto path = [&](const std::string& target) {
    return nlohmann::json::parse(served.get(target).body).value("path", "");
  };
  CHECK(path("/names/GET%20%2Fusers") == "/names/GET /users");
  CHECK(path("/names/a%5cb") == "/names/a\\b");
  CHECK(served.get("/other/a%2fb").status == 400);
}

TEST_CASE("HttpServer: who has an answer already gets 304, compressed or not") {
  Served served;
  served.start();
  RawClient client = served.client();
  const std::string etag = client.ask(served.request("GET", "/large")).field("ETag");
  REQUIRE(etag.starts_with("W/\""));
  const std::string known = "If-None-Match: \"x\", " + etag + "\r\n";
  const RawAnswer same = client.ask(served.request("GET", "/large", known));
  CHECK(same.status == 304);
  CHECK(same.field("ETag") == etag);
  CHECK(same.field("Content-Length").empty());
  CHECK(client.ask(served.request("GET", "/large", "Accept-Encoding: gzip\r\n" + known)).status ==
        304);
  CHECK(client.ask(served.request("GET", "/", known)).status == 200);
  CHECK(client.ask(served.request("POST", "/", known, "{}")).status == 200);
  CHECK(client.ask(served.request("POST", "/", "", "{}")).field("ETag").empty());
}

TEST_CASE("HttpServer: an exception of a route is 500 with an id that stands in the log") {
  Served served;
  served.start();
  RawClient client = served.client();
  const RawAnswer answer = client.ask(served.request("GET", "/throws"));
  CHECK(answer.status == 500);
  CHECK(code_of(answer) == "internal_error");
  CHECK(answer.body.find("thrown by a test") == std::string::npos);
  CHECK(served.said.count(answer.field("X-Request-Id") + " of /throws: thrown by a test") == 1);
  CHECK(client.ask(served.request("GET", "/")).status == 200);
}

TEST_CASE("HttpServer: a route may answer later, on another thread, and others do not wait") {
  Served served;
  std::mutex mutex;
  std::vector<http::Answered> waiting;
  served.later = [&](http::Answered answered) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(answered));
  };
  served.start();
  RawClient client = served.client();
  client.send(served.request("GET", "/later") + served.request("GET", "/page"));
  test::until([&] {
    const std::lock_guard lock(mutex);
    return waiting.size() == 1;
  });
  CHECK(served.get("/").status == 200);
  std::thread other([&] {
    http::Response response;
    response.body = "late";
    waiting[0](response);
    waiting[0](response);  // counts for nothing
  });
  CHECK(client.answer().body == "late");
  CHECK(client.answer().body == "<!doctype html>");
  other.join();
}

TEST_CASE("HttpServer: a route that does not answer in time is given up, and its answer dropped") {
  Served served;
  http::Answered waiting;
  served.options.limits.request = std::chrono::milliseconds(50);
  served.later = [&](http::Answered answered) { waiting = std::move(answered); };
  served.start();
  RawClient client = served.client();
  const RawAnswer late = client.ask(served.request("GET", "/later"));
  CHECK(late.status == 503);
  CHECK(code_of(late) == "took_too_long");
  CHECK(late.field("Retry-After") == "1");
  CHECK(served.count(http::Figure::timeouts) == 1);
  waiting({});
  CHECK(served.get("/").status == 200);
}

TEST_CASE("HttpServer: OPTIONS says what is allowed, and other pages only what is configured") {
  Served served;
  served.options.cors_origins = {"https://monitor.example"};
  served.start();
  RawClient client = served.client();
  const std::string mine = "Origin: https://monitor.example\r\n";
  const RawAnswer plain = client.ask(Served::with_token("OPTIONS", "/stream", ""));
  CHECK(plain.status == 204);
  CHECK(plain.field("Allow") == "GET, HEAD, OPTIONS");
  CHECK(plain.field("Access-Control-Allow-Origin").empty());
  const RawAnswer preflight = client.ask(Served::with_token("OPTIONS", "/", "", mine));
  CHECK(preflight.field("Access-Control-Allow-Origin") == "https://monitor.example");
  CHECK(preflight.field("Access-Control-Allow-Methods") == "GET, HEAD, POST, OPTIONS");
  for (const char* name : {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match",
                           "Last-Event-ID", "X-Request-Id"})
    CHECK(names(preflight.field("Access-Control-Allow-Headers"), name));
  const RawAnswer got = client.ask(served.request("GET", "/", mine));
  CHECK(got.field("Access-Control-Allow-Origin") == "https://monitor.example");
  for (const char* name :
       {"Allow", "ETag", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-Id"})
    CHECK(names(got.field("Access-Control-Expose-Headers"), name));
  CHECK(got.field("Cross-Origin-Resource-Policy") == "cross-origin");
  CHECK(got.field("Vary").find("Origin") != std::string::npos);
  const RawAnswer other =
      client.ask(served.request("GET", "/", "Origin: https://monitor.example.evil\r\n"));
  CHECK(other.field("Access-Control-Allow-Origin").empty());
  CHECK(client.ask(Served::with_token("OPTIONS", "*", "")).status == 204);
  CHECK(client.ask(Served::with_token("OPTIONS", "/unknown", "")).status == 404);
}

TEST_CASE("HttpServer: addresses that can't be meant are refused at the start") {
  const auto refused = [](const std::function<void(HttpOptions&)>& change) {
    Served served;
    change(served.options);
    HttpServer server(served.options, served.handlers);
    const auto failure = server.start();
    return failure ? failure->message : std::string();
  };
  CHECK(refused([](auto& o) { o.listen = {"example.com:80"}; }).find("expected an address") !=
        std::string::npos);
  CHECK(refused([](auto& o) { o.listen = {"127.0.0.1"}; }) != "");
  CHECK(refused([](auto& o) { o.listen = {"::1:80"}; }) != "");
  CHECK(refused([](auto& o) {
          o.listen = {"0.0.0.0:0"};
        }).find("http.plaintext_elsewhere = true") != std::string::npos);
  CHECK(refused([](auto& o) {
          o.listen = {"0.0.0.0:0"};
          o.plaintext_elsewhere = true;
        }) == "");
  CHECK(refused([](auto& o) { o.listen = {"[::1]:0", "localhost:0"}; }) == "");
  CHECK(refused([](auto& o) { o.cors_origins = {"*"}; }).find("http.cors_origins") !=
        std::string::npos);
  CHECK(refused([](auto& o) { o.certificate_file = "/none"; }).ends_with("both or none"));
  CHECK(refused([](auto& o) {
          o.certificate_file = o.key_file = "/none";
        }).starts_with("http.certificate: /none: no certificate: "));
}

TEST_CASE("HttpServer: an address in use is told once and tried again, and the server goes on") {
  Served first;
  first.start();
  Served second;
  second.options.listen = {"127.0.0.1:" + std::to_string(first.at().port()), "127.0.0.1:0"};
  second.options.retry = std::chrono::milliseconds(5);
  second.server = std::make_unique<HttpServer>(second.options, second.handlers);
  REQUIRE_FALSE(second.server->start());
  test::until([&] { return second.server->endpoints().size() == 1; });
  CHECK(RawClient(second.at()).ask(second.request("GET", "/")).status == 200);
  CHECK_FALSE(second.server->listens());
  first.server->stop(std::chrono::seconds(1));
  test::until([&] { return second.server->listens(); });
  CHECK(second.said.count("in use") == 1);
}

}  // namespace
}  // namespace ringside::http
