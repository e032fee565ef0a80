#include "daemon/http/broadcaster.h"

#include <atomic>
#include <deque>
#include <thread>

#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using std::chrono::milliseconds;
using test::RawAnswer;
using test::RawClient;
using test::Served;

StreamEvent event(int number, std::size_t bytes = 0) {
  return {"e-" + std::to_string(number), "tick", std::to_string(number) + std::string(bytes, 'x')};
}

TEST_CASE("HttpStream: an event has its fields on lines of their own, whatever they contain") {
  CHECK(event_text({"1", "a", "{}"}) == "id: 1\nevent: a\ndata: {}\n\n");
  CHECK(event_text({"", "", "a\nb\r\n\nc"}) == "data: a\ndata: b\ndata: \ndata: c\n\n");
  CHECK(event_text({"1\ndata: x", "e\r\nid: 2", "a\rb"}) ==
        "id: 1data: x\nevent: eid: 2\ndata: ab\n\n");
}

TEST_CASE("HttpStream: all who listen get every event from their begin on, and heartbeats") {
  Served served;
  served.options.limits.heartbeat = milliseconds(20);
  served.start();
  std::deque<RawClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(served.at());
    clients.back().send(served.request("GET", i % 2 == 0 ? "/stream" : "/quiet"));
  }
  for (RawClient& client : clients) {
    const RawAnswer head = client.answer();
    CHECK(head.status == 200);
    CHECK(head.field("Content-Type") == "text/event-stream");
    CHECK(head.field("Cache-Control") == "no-store");
    CHECK(head.field("X-Accel-Buffering") == "no");
  }
  for (int i = 0; i < 20; ++i) served.server->publish(event(i));
  for (RawClient& client : clients) {
    CHECK(client.has_read("data: 19\n\n"));
    CHECK(client.has_read(": alive\n\n"));
    const std::string_view all = client.read_until([](const std::string&) { return true; });
    std::size_t at = 0;
    for (int i = 0; i < 20; ++i) {
      at = all.find(event_text(event(i)), at);
      CHECK(at != std::string_view::npos);
    }
  }
  CHECK(served.count(Figure::streams) == 5);
  CHECK(served.count(Figure::events) == 20);
  clients.clear();
  test::until([&] { return served.count(Figure::streams) == 0; });
}

TEST_CASE("HttpStream: with Last-Event-ID a client gets what came since, or is told of a gap") {
  Served served;
  served.options.limits.past_events = 10;
  served.start();
  for (int i = 0; i < 30; ++i) served.server->publish(event(i));
  test::until([&] { return served.count(Figure::events) == 30; });
  RawClient resumed = served.client();
  resumed.send(served.request("GET", "/stream", "Last-Event-ID: e-26\r\n"));
  CHECK(resumed.has_read("data: 29\n\n"));
  const std::string all(resumed.read_until([](const std::string&) { return true; }));
  CHECK(all.find("event: hello") < all.find("data: 27\n"));
  CHECK(all.find("data: 26\n") == std::string::npos);
  CHECK(all.find("event: gap") == std::string::npos);
  RawClient newest = served.client();
  newest.send(served.request("GET", "/quiet", "Last-Event-ID: e-29\r\n"));
  for (const char* id : {"e-5", "e-", "other"}) {
    CAPTURE(id);
    RawClient late = served.client();
    late.send(served.request("GET", "/stream", std::string("Last-Event-ID: ") + id + "\r\n"));
    CHECK(late.has_read("event: gap\n"));
  }
  served.server->publish(event(30));
  CHECK(newest.has_read("data: 30\n\n"));
  const std::string rest(newest.read_until([](const std::string&) { return true; }));
  CHECK(rest.find("data: 29\n") == std::string::npos);
}

// Keeps what the broadcaster gives it.
struct Listener final : StreamListener {
  bool offer(const EventText& text) override {
    all += *text;
    return true;
  }
  void replay(const EventText& text) override { all += *text; }

  std::string all;
};

TEST_CASE("HttpStream: an event without an id is resent in its place, so a gap is never hidden") {
  Broadcaster broadcaster(10, 10'000);
  const auto resumed = [&](const std::string& last_id) {
    Listener listener;
    broadcaster.join(listener, &last_id);
    broadcaster.leave(listener);
    return listener.all;
  };
  const StreamEvent gap{"", "gap", "{}"};
  broadcaster.publish(event(1));
  broadcaster.publish(event(2));
  broadcaster.publish(gap);  // 3 to 5 were lost
  broadcaster.publish(event(6));
  const std::string after = event_text(gap) + event_text(event(6));
  CHECK(resumed("e-1") == event_text(event(2)) + after);
  CHECK(resumed("e-2") == after);
  CHECK(resumed("e-6").empty());
  const std::string unknown = event_text({"", "gap", R"({"reason":"unknown_last_event_id"})"});
  CHECK(resumed("") == unknown);
  CHECK(resumed("e-4") == unknown);
  for (int i = 7; i <= 14; ++i) broadcaster.publish(event(i));
  CHECK(resumed("e-2") == unknown);  // the gap is the oldest that is kept
  CHECK(resumed("e-6").starts_with(event_text(event(7))));
}

TEST_CASE("HttpStream: a client that was away while events were lost is told so") {
  Served served;
  std::atomic<bool> held{false}, go_on{false};
  served.later = [&](http::Answered answered) {
    held = true;
    while (!go_on) std::this_thread::yield();
    answered({});
  };
  served.start();
  served.server->publish(event(0));
  test::until([&] { return served.count(Figure::events) == 1; });
  // The server's thread is held up while more comes than it keeps.
  RawClient holder = served.client();
  holder.send(served.request("GET", "/later"));
  test::until([&] { return held.load(); });
  for (int i = 1; i <= 1200; ++i) served.server->publish(event(i));
  CHECK(served.count(Figure::events_lost) == 200);
  go_on = true;
  test::until([&] { return served.count(Figure::events) == 1002; });
  served.server->publish(event(1201));
  RawClient back = served.client();
  back.send(served.request("GET", "/stream", "Last-Event-ID: e-1000\r\n"));
  CHECK(back.has_read("data: 1201\n"));
  const std::string all(back.read_until([](const std::string&) { return true; }));
  CHECK(all.find("event: gap\ndata: {\"reason\":\"events_lost\"}") < all.find("data: 1201\n"));
}

TEST_CASE("HttpStream: a client that does not read is dropped and told, and nobody waits for it") {
  Served served;
  served.options.limits.backlog_events = 20;
  served.start();
  RawClient slow(served.at(), nullptr, 4096);
  slow.send(served.request("GET", "/stream"));
  RawClient quick = served.client();
  quick.send(served.request("GET", "/stream"));
  CHECK(quick.has_read("event: hello"));
  test::until([&] { return served.count(Figure::streams) == 2; });
  int published = 0;
  while (served.count(Figure::streams_dropped) == 0) {
    REQUIRE(published < 10000);
    const std::string last = "data: " + std::to_string(published) + "x";
    served.server->publish(event(published++, 100'000));
    CHECK(quick.has_read(last));
  }
  CHECK(served.count(Figure::streams_dropped) == 1);
  // When it reads after all, the last that it reads is why.
  CHECK(slow.has_read("event: dropped\ndata: {\"reason\":\"too_slow\"}\n\n"));
  const std::string all(slow.read_until([](const std::string&) { return false; }));
  CHECK(all.ends_with("event: dropped\ndata: {\"reason\":\"too_slow\"}\n\n"));
  test::until([&] { return served.count(Figure::streams) == 1; });
  served.server->publish({"z", "tick", "after"});
  CHECK(quick.has_read("data: after\n"));
}

TEST_CASE("HttpStream: a stream may be so many events behind, however small they are") {
  Served served;
  served.options.limits.backlog_events = 20;
  served.options.limits.backlog_bytes = std::size_t{1} << 30;
  served.start();
  RawClient slow(served.at(), nullptr, 4096);
  slow.send(served.request("GET", "/stream"));
  test::until([&] { return served.count(Figure::streams) == 1; });
  // More than the kernel's buffers take: its write does not end.
  served.server->publish(event(0, std::size_t{32} << 20));
  for (int i = 1; i <= 10; ++i) served.server->publish(event(i));
  test::until([&] { return served.count(Figure::events) == 11; });
  CHECK(served.count(Figure::streams_dropped) == 0);
  for (int i = 11; i <= 30; ++i) served.server->publish(event(i));
  test::until([&] { return served.count(Figure::events) == 31; });
  CHECK(served.count(Figure::streams_dropped) == 1);
}

TEST_CASE("HttpStream: one that reads nothing at all is cut at the deadline of its write") {
  Served served;
  served.options.limits.write = milliseconds(50);
  served.start();
  RawClient dead(served.at(), nullptr, 4096);
  dead.send(served.request("GET", "/stream"));
  test::until([&] { return served.count(Figure::streams) == 1; });
  for (int i = 0; served.count(Figure::streams) == 1 && i < 10000; ++i) {
    served.server->publish(event(i, 100'000));
    test::until([&] { return served.count(Figure::events) == static_cast<std::uint64_t>(i + 1); });
  }
  test::until([&] { return served.count(Figure::streams) == 0; });
  test::until([&] { return served.count(Figure::connections) == 0; });
}

TEST_CASE("HttpStream: so many streams, and so many of an address") {
  Served served;
  served.options.limits.streams = 3;
  served.options.limits.streams_of_address = 2;
  served.start();
  std::deque<RawClient> open;
  const auto opened = [&](const char* from) {
    open.emplace_back(served.at(), from);
    const RawAnswer answer = open.back().ask(served.request("GET", "/stream"));
    if (answer.status == 503) CHECK(answer.field("Retry-After") == "1");
    return answer.status;
  };
  CHECK(opened("127.0.0.1") == 200);
  CHECK(opened("127.0.0.1") == 200);
  CHECK(opened("127.0.0.1") == 503);
  CHECK(opened("127.0.0.2") == 200);
  CHECK(opened("127.0.0.2") == 503);
  open.pop_front();
  test::until([&] { return served.count(Figure::streams) == 2; });
  CHECK(opened("127.0.0.2") == 200);
  RawClient head = served.client();
  CHECK(RawClient(served.at(), "127.0.0.3").ask(Served::with_token("GET", "/stream", "")).status ==
        401);
}

TEST_CASE("HttpStream: HEAD of a stream has its head and no events") {
  Served served;
  served.start();
  RawClient client = served.client();
  client.send(served.request("HEAD", "/stream"));
  CHECK(client.answer(true).field("Content-Type") == "text/event-stream");
  CHECK(client.ends());
  test::until([&] { return served.count(Figure::streams) == 0; });
}

TEST_CASE("HttpStream: a stream ends when its token is gone, and when the server stops") {
  Served served;
  served.start();
  RawClient revoked = served.client();
  revoked.send(served.request("GET", "/stream"));
  CHECK(revoked.has_read("event: hello"));
  RawClient stays = served.client();
  stays.send(Served::with_token("GET", "/stream", served.admin));
  CHECK(stays.has_read("event: hello"));
  const std::string tokens = read_text(served.options.tokens_file);
  served.write_tokens(tokens.substr(tokens.find('\n') + 1));
  CHECK(served.server->reload().empty());
  CHECK(revoked.has_read("event: unauthorised"));
  revoked.read_until([](const std::string&) { return false; });
  served.server->stop(std::chrono::seconds(30));
  CHECK(stays.has_read("event: stopping"));
  stays.read_until([](const std::string&) { return false; });
}

TEST_CASE("HttpStream: a stream ends when its token expires, however many events there are") {
  Served served;
  std::atomic<std::int64_t> now{1'800'000'000};  // 2027-01-15
  served.options.wall_seconds = [&] { return now.load(); };
  served.options.limits.heartbeat = std::chrono::hours(1);
  std::string tokens = read_text(served.options.tokens_file);
  served.write_tokens(tokens.insert(tokens.find('\n'), " 2027-01-31"));
  served.start();
  std::deque<RawClient> expire;
  for (int i = 0; i < 3; ++i) {
    expire.emplace_back(served.at());
    expire.back().send(served.request("GET", "/stream"));
    CHECK(expire.back().has_read("event: hello"));
  }
  RawClient stays = served.client();
  stays.send(Served::with_token("GET", "/stream", served.admin));
  CHECK(stays.has_read("event: hello"));
  now = 1'801'353'599;  // a second before the day
  served.server->publish(event(1));
  for (RawClient& client : expire) CHECK(client.has_read("data: 1\n"));
  now = 1'801'353'600;
  served.server->publish(event(2));
  for (RawClient& client : expire) {
    CHECK(client.has_read("event: unauthorised"));
    const std::string_view all = client.read_until([](const std::string&) { return false; });
    CHECK(all.find("data: 2\n") == std::string_view::npos);
  }
  CHECK(stays.has_read("data: 2\n"));
  test::until([&] { return served.count(Figure::streams) == 1; });
  CHECK(served.count(Figure::streams_dropped) == 0);
}

TEST_CASE("HttpStream: many publish while clients come and go") {
  Served served;
  served.start();
  std::thread publisher([&] {
    for (int i = 0; i < 5000; ++i) served.server->publish(event(i, 100));
  });
  for (int i = 0; i < 50; ++i) {
    RawClient client = served.client();
    client.send(served.request("GET", "/stream", "Last-Event-ID: e-1\r\n"));
    if (i % 2 == 0) client.has_read("event: hello");
  }
  publisher.join();
  test::until(
      [&] { return served.count(Figure::events) + served.count(Figure::events_lost) >= 5000; });
  served.server->stop(std::chrono::seconds(5));
  CHECK(served.count(Figure::connections) == 0);
}

}  // namespace
}  // namespace ringside::http
