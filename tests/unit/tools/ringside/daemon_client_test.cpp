// What the tool makes of a daemon's answer, byte by byte.
#include "tools/ringside/daemon_client.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "shm/file_descriptor.h"
#include "tests/support/temp.h"

using ringside::Failure;
using ringside::FileDescriptor;
using ringside::tool::DaemonAnswer;
using ringside::tool::DaemonClient;
using ringside::tool::DaemonEvent;

namespace {

// Answers one request with these bytes, and closes.
class FakeDaemon {
 public:
  explicit FakeDaemon(std::string answer) : path_(directory_.file("socket")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    const auto* const any = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(bind(listener_.get(), any, sizeof address) == 0);
    REQUIRE(listen(listener_.get(), 1) == 0);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~FakeDaemon() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // The events that come, and how it ends.
  DaemonClient::Result follow(std::vector<DaemonEvent>& events) const {
    return DaemonClient(path_, std::chrono::seconds(20))
        .follow("/stream", "", [&](const DaemonEvent& event) {
          events.push_back(event);
          return true;
        });
  }

 private:
  void serve(std::string_view answer) const {
    const FileDescriptor client(accept(listener_.get(), nullptr, nullptr));
    if (!client) return;
    std::string request;
    char piece[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = read(client.get(), piece, sizeof piece);
      if (n <= 0) return;
      request.append(piece, static_cast<std::size_t>(n));
    }
    while (!answer.empty()) {
      const ssize_t n = send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      answer.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  const ringside::test::TempDir directory_;
  const std::string path_;
  const FileDescriptor listener_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

DaemonAnswer refusal(const std::string& bytes) {
  std::vector<DaemonEvent> events;
  const auto result = FakeDaemon(bytes).follow(events);
  CHECK(events.empty());
  if (const auto* failure = std::get_if<Failure>(&result)) FAIL(failure->message);
  return std::get<DaemonAnswer>(result);
}

std::string of_length(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/problem+json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("DaemonClient: a refused stream is handed over whole, however it is sent") {
  const std::string text = R"({"detail":"no room for one more stream"})";
  DaemonAnswer answer = refusal(of_length("503 Service Unavailable", text));
  CHECK(answer.status == 503);
  CHECK(answer.type == "application/problem+json");
  CHECK(answer.body == text);
  CHECK(problem_text(answer) == "no room for one more stream");
  // Longer than what is read at once.
  const std::string longer(100'000, 'x');
  CHECK(refusal(of_length("403 Forbidden", longer)).body == longer);
  answer = refusal(
      "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  CHECK(answer.status == 403);
  CHECK(answer.body == "hello world");
}

TEST_CASE("DaemonClient: a refused stream may have no body") {
  for (const char* bytes : {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                            "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"}) {
    CAPTURE(bytes);
    const DaemonAnswer answer = refusal(bytes);
    CHECK(answer.status == 404);
    CHECK(answer.body.empty());
    CHECK(problem_text(answer) == "the daemon answers 404");
  }
}

TEST_CASE("DaemonClient: the last event counts, though the stream ends with it") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
  const std::string event = "id: 7\nevent: stopping\ndata: {}\n\n";
  for (const std::string& body :
       {"Transfer-Encoding: chunked\r\n\r\n" + ("20\r\n" + event) + "\r\n0\r\n\r\n",
        "Content-Length: 32\r\n\r\n" + event, "Connection: close\r\n\r\n" + event}) {
    CAPTURE(body);
    REQUIRE(event.size() == 32);
    std::vector<DaemonEvent> events;
    const auto result = FakeDaemon(head + body).follow(events);
    CHECK(std::holds_alternative<Failure>(result));
    REQUIRE(events.size() == 1);
    CHECK(events.at(0).id == "7");
    CHECK(events.at(0).name == "stopping");
  }
}
