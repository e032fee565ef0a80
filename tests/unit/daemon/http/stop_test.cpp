// How a server stops: what is under way, what is left at the deadline, and who is waiting.
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "shm/file_descriptor.h"
#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using test::RawAnswer;
using test::RawClient;
using test::Served;

TEST_CASE("HttpServer: a stop finishes what is under way, and cuts what is left at its deadline") {
  Served served;
  served.start();
  RawClient idle = served.client();
  CHECK(idle.ask(served.request("GET", "/")).status == 200);
  RawClient half = served.client();
  half.send("GET / HTTP/1.1\r\n");
  RawClient reading = RawClient(served.at(), nullptr, 4096);
  reading.send(served.request("GET", "/huge"));
  test::until([&] { return served.count(Figure::requests) == 2; });
  // It reads while the server stops, and has the whole answer.
  std::thread stopper([&] { served.server->stop(std::chrono::seconds(30)); });
  const RawAnswer whole = reading.answer();
  CHECK(whole.body.size() == std::size_t{16} << 20);
  CHECK(reading.ends());
  stopper.join();
  CHECK(idle.ends());
  CHECK(half.ends());

  Served other;
  other.start();
  RawClient stuck = RawClient(other.at(), nullptr, 4096);
  stuck.send(other.request("GET", "/huge"));
  test::until([&] { return other.count(Figure::requests) == 1; });
  other.server->stop(std::chrono::milliseconds(20));
  CHECK(other.count(Figure::connections) == 0);
}

// Whether each client that connected was answered or saw its connection end.
TEST_CASE("HttpServer: a stop among many clients leaves none waiting") {
  for (int round = 0; round < 100; ++round) {
    Served served;
    // No other test listens there, so that the port stays closed once the server is gone.
    served.options.listen = {
        fmt::format("127.{}.{}.1:0", 1 + getpid() / 256 % 255, getpid() % 256)};
    served.start();
    const auto at = served.at();
    const std::string requests[] = {served.request("GET", "/"), served.request("GET", "/large")};
    std::atomic<int> answered{0};
    std::atomic<int> left_waiting{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        while (true) {
          const FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
          const timeval patience{20, 0};
          setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
          if (connect(fd.get(), at.data(), static_cast<socklen_t>(at.size())) != 0) return;
          char buffer[4096];
          const std::string& request = requests[i % 2];
          if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) <= 0) continue;
          const ssize_t got = recv(fd.get(), buffer, sizeof buffer, 0);
          if (got > 0) ++answered;
          if (got < 0 && errno == EAGAIN) ++left_waiting;
        }
      });
    }
    test::until([&] { return answered >= 4; });
    served.server->stop(std::chrono::seconds(10));
    for (std::thread& client : clients) client.join();
    CAPTURE(round);
    REQUIRE(left_waiting == 0);
    CHECK(served.count(Figure::connections) == 0);
  }
}

}  // namespace
}  // namespace ringside::http
