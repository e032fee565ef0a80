// A server with routes for tests, and requests to it.
//
//   /            any method, the request as JSON        /open    the same, without a token
//   /large       200 KB of text                         /huge    16 MB that do not compress
//   /throws      an exception                           /stream  a stream, /quiet one without a
//   begin /admin       needs the scope admin                  /page    HTML
//   /later       what the test answers, whenever it does
//   /names/NAME  any method but POST, as / does
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/http/http_server.h"
#include "daemon/http/tokens.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/http/raw_client.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside::test {

inline std::string incompressible(std::size_t bytes) {
  std::string out(bytes, '\0');
  std::uint64_t x = 88172645463325252ULL;
  for (char& c : out) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    c = static_cast<char>(x);
  }
  return out;
}

inline http::Response test_answer(const http::Request& request) {
  http::Response response;
  if (request.path == "/throws") throw std::runtime_error("thrown by a test");
  if (request.path == "/large") {
    response.type = "text/plain; charset=utf-8";
    for (int i = 0; i < 20000; ++i) response.body += "line " + std::to_string(i % 100) + "\n";
  } else if (request.path == "/huge") {
    response.type = "application/octet-stream";
    response.body = incompressible(std::size_t{16} << 20);
  } else if (request.path == "/page") {
    response.type = "text/html; charset=utf-8";
    response.body = "<!doctype html>";
  } else {
    nlohmann::json seen{{"path", request.path},
                        {"body", request.body},
                        {"who", request.who},
                        {"peer", request.peer},
                        {"scope", static_cast<int>(request.scope)}};
    for (const auto& [name, value] : request.query) seen["query"][name] = value;
    response.body = seen.dump();
  }
  return response;
}

class Served {
 public:
  // Adds tokens named reader, admin; the options may be changed before start().
  Served() {
    options.listen = {"127.0.0.1:0"};
    options.limits.linger = std::chrono::milliseconds(100);
    const auto read = http::make_token("reader", http::Scope::read).value();
    const auto admins = http::make_token("boss", http::Scope::admin).value();
    reader = read.secret;
    admin = admins.secret;
    options.tokens_file = directory.path() + "/tokens";
    write_tokens(read.line + "\n" + admins.line + "\n");
    handlers.answer = [this](const http::Request& request, http::Answered answered) {
      if (request.path == "/later") {
        later(std::move(answered));
      } else {
        answered(test_answer(request));
      }
    };
    handlers.needs = [](http::Method, std::string_view path) {
      if (path == "/open" || path == "/page") return http::Scope::none;
      return path == "/admin" ? http::Scope::admin : http::Scope::read;
    };
    handlers.allowed = [](std::string_view path) -> std::string {
      if (path == "/unknown") return "";
      const bool reads = path == "/stream" || path.starts_with("/names/");
      return reads ? "GET, HEAD" : "GET, HEAD, POST";
    };
    handlers.before_name = "/names/";
    handlers.open_stream = [](const http::Request& request) -> std::optional<std::string> {
      if (request.path == "/quiet") return "";
      if (request.path != "/stream") return std::nullopt;
      return http::event_text({"", "hello", "{}"});
    };
    handlers.refused = [this](const http::Refusal& one) {
      const std::lock_guard lock(mutex);
      refusals.push_back(one);
    };
  }
  ~Served() { server.reset(); }

  void write_tokens(const std::string& text) const {
    write_text(options.tokens_file, text);
    std::filesystem::permissions(options.tokens_file, std::filesystem::perms(0600));
  }
  void start() {
    server = std::make_unique<http::HttpServer>(options, handlers);
    const auto failure = server->start();
    CAPTURE((failure ? failure->message : std::string()));
    REQUIRE_FALSE(failure);
    until([&] { return server->listens(); });
  }
  boost::asio::ip::tcp::endpoint at() const { return server->endpoints().at(0); }
  RawClient client() const { return RawClient(at()); }
  std::uint64_t count(http::Figure figure) const { return server->figures().value(figure); }
  std::size_t refusal_count(http::Refusal::Kind kind) {
    const std::lock_guard lock(mutex);
    std::size_t found = 0;
    for (const auto& one : refusals) found += one.kind == kind;
    return found;
  }

  // A request of its own connection.
  RawAnswer get(const std::string& target, const std::string& fields = "") const {
    return client().ask(request("GET", target, fields));
  }
  std::string request(const std::string& method, const std::string& target,
                      const std::string& fields = "", const std::string& body = "") const {
    return with_token(method, target, reader, fields, body);
  }
  static std::string with_token(const std::string& method, const std::string& target,
                                const std::string& token, const std::string& fields = "",
                                const std::string& body = "") {
    std::string out = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!token.empty()) out += "Authorization: Bearer " + token + "\r\n";
    if (!body.empty()) {
      out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n";
    }
    return out + fields + "\r\n" + body;
  }

  Said said;
  TempDir directory;
  http::HttpOptions options;
  http::Handlers handlers;
  std::function<void(http::Answered)> later;
  std::string reader, admin;
  std::mutex mutex;
  std::vector<http::Refusal> refusals;
  std::unique_ptr<http::HttpServer> server;
};

inline std::string code_of(const RawAnswer& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  return body.is_object() ? body.value("code", "") : "";
}

}  // namespace ringside::test
