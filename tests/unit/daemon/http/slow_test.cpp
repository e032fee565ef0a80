// Clients that are slow, or many.
#include <unistd.h>

#include <deque>

#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::RawAnswer;
using test::RawClient;
using test::Served;

TEST_CASE("HttpSlow: a head that does not come in time ends with 408, however it trickles") {
  Served served;
  served.options.limits.header = milliseconds(50);
  served.start();
  RawClient silent = served.client();
  CHECK(silent.ends());
  RawClient half = served.client();
  half.send("GET / HTTP/1.1\r\nHost: loc");
  const RawAnswer late = half.answer();
  CHECK(late.status == 408);
  CHECK(code_of(late) == "too_slow");
  CHECK(half.ends());
  RawClient trickle = served.client();
  trickle.send("GET / HTTP/1.1\r\n");
  const std::string more = "A: b\r\n";
  std::size_t sent = 0;
  // Every byte comes well within the deadline, the whole never.
  const std::string_view answer = trickle.read_until([&](const std::string& all) {
    trickle.send(more.substr(sent++ % more.size(), 1));
    usleep(2000);
    return all.find("408") != std::string::npos;
  });
  CHECK(answer.starts_with("HTTP/1.1 408"));
  CHECK(served.count(Figure::timeouts) == 2);
}

TEST_CASE("HttpSlow: a body, an idle connection and a whole request have their deadlines") {
  Served served;
  served.options.limits.body = milliseconds(50);
  served.options.limits.idle = milliseconds(50);
  served.start();
  const std::string fields = "Content-Type: application/json\r\nContent-Length: 3\r\n";
  RawClient body = served.client();
  CHECK(body.ask(served.request("POST", "/", fields) + "{}").status == 408);
  CHECK(body.ends());
  RawClient idle = served.client();
  CHECK(idle.ask(served.request("GET", "/")).status == 200);
  CHECK(idle.ends());

  Served other;
  other.options.limits.request = milliseconds(50);
  other.start();
  RawClient whole = other.client();
  CHECK(whole.ask(other.request("POST", "/", fields) + "{}").status == 408);
}

TEST_CASE("HttpSlow: a client that does not read its answer is cut") {
  Served served;
  served.options.limits.write = milliseconds(50);
  served.start();
  RawClient reader(served.at(), nullptr, 4096);
  reader.send(served.request("GET", "/huge"));
  test::until([&] { return served.count(Figure::timeouts) == 1; });
  test::until([&] { return served.count(Figure::connections) == 0; });
}

TEST_CASE("HttpSlow: a client that was refused can read why, although it still sends") {
  Served served;
  served.start();
  RawClient client = served.client();
  client.send(served.request("POST", "/",
                             "Content-Type: application/json\r\nContent-Length: 100000000\r\n"));
  const std::string block(10000, 'x');
  for (int i = 0; i < 10; ++i) client.send(block);
  CHECK(client.answer().status == 413);
}

TEST_CASE(
    "HttpFull: slow senders make room for a client that sends, of their address and of others") {
  Served served;
  served.options.limits.connections = 40;
  served.options.limits.connections_of_address = 10;
  served.start();
  std::deque<RawClient> slow;
  for (int i = 0; i < 300; ++i) {
    const std::string from = "127.0.0." + std::to_string(1 + i % 10);
    slow.emplace_back(served.at(), from.c_str());
    slow.back().send("GET / HTTP/1.1\r\nHost: ");
  }
  for (const char* from : {"127.0.0.1", "127.0.0.77"}) {
    CHECK(RawClient(served.at(), from).ask(served.request("GET", "/")).status == 200);
  }
  // The room was made for it. None had waited for the deadline of a slow one.
  CHECK(served.count(Figure::timeouts) == 0);
  CHECK(served.count(Figure::connections) <= 40);
  CHECK(served.count(Figure::evicted) >= 260);
  CHECK(served.count(Figure::refused_full) == 0);
}

TEST_CASE("HttpFull: bodies of strangers make room, and those of authorised clients do not") {
  Served served;
  served.options.limits.connections = 4;
  served.start();
  const std::string fields = "Content-Type: application/json\r\nContent-Length: 60000\r\n";
  RawClient known = served.client();
  known.send(served.request("POST", "/", fields));
  test::until([&] { return served.count(Figure::requests) == 1; });
  std::deque<RawClient> strangers;
  for (std::size_t i = 1; i <= 3; ++i) {
    strangers.emplace_back(served.at());
    strangers.back().send(Served::with_token("POST", "/open", "", fields) + "{");
    test::until([&] { return served.count(Figure::requests) == i + 1; });
  }
  CHECK(served.get("/").status == 200);
  CHECK(served.count(Figure::refused_full) == 0);
  CHECK(strangers.front().ends());
  CHECK(known.ask(std::string(60000, ' ')).status == 200);
}

TEST_CASE("HttpFull: who is being answered keeps the place, and the next one gets 503") {
  Served served;
  served.options.limits.connections = 3;
  served.start();
  std::deque<RawClient> streams;
  for (int i = 0; i < 3; ++i) {
    streams.emplace_back(served.at());
    streams.back().send(served.request("GET", "/stream"));
    CHECK(streams.back().has_read("event: hello"));
  }
  RawClient late = served.client();
  const RawAnswer full = late.ask(served.request("GET", "/"));
  CHECK(full.status == 503);
  CHECK(full.field("Retry-After") == "1");
  CHECK(full.field("Connection") == "close");
  CHECK(late.ends());
  CHECK(served.count(Figure::refused_full) == 1);
  streams.clear();
  test::until([&] { return served.count(Figure::streams) == 0; });
  CHECK(served.get("/").status == 200);
}

TEST_CASE("HttpFull: an authorised client between two requests makes room last") {
  Served served;
  served.options.limits.connections = 2;
  served.start();
  RawClient known = served.client();
  CHECK(known.ask(served.request("GET", "/")).status == 200);
  RawClient stranger = served.client();
  stranger.send("GET");
  test::until([&] { return served.count(Figure::accepted) == 2; });
  CHECK(served.get("/").status == 200);
  CHECK(stranger.ends());
  CHECK(known.ask(served.request("GET", "/")).status == 200);
}

TEST_CASE("HttpFull: a thousand of everything leaves no connection and no descriptor behind") {
  Served served;
  served.options.limits.connections = 30;
  served.start();
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  served.get("/");
  const auto before = descriptors();
  for (int i = 0; i < 1000; ++i) {
    RawClient client = served.client();
    if (i % 4 == 0) client.send("GET / HTTP/1.1\r\n");
    if (i % 4 == 1) client.send(served.request("GET", "/large"));
    if (i % 4 == 2) client.send("\x16\x03\x01garbage\r\n");
    if (i % 8 == 7) client.send(served.request("GET", "/stream"));
  }
  CHECK(served.get("/").status == 200);
  test::until([&] { return served.count(Figure::connections) == 0; });
  test::until([&] { return served.count(Figure::streams) == 0; });
  test::until([&] { return descriptors() <= before; });
}

}  // namespace
}  // namespace ringside::http
