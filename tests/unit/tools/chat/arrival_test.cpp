// From arrival on: what a line waits for before it is picked up is in its record.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/tools/chat/ring.h"
#include "tools/chat/net/receive.h"

using namespace chat_test;

namespace {

std::uint64_t ticks_of(std::chrono::nanoseconds span) {
  const std::uint64_t then = ringside::ago(span.count()).ticks;
  return ringside::now().ticks - then;
}

std::uint64_t queue_of(const ringside::Record& record) {
  return ringside::unpack_stage_ticks(record.stage(ringside::chat::kQueue));
}

// The operations of one kind, in the order in which they ended.
std::vector<ringside::Record> records_of(const Ring& ring, ringside::OperationId id) {
  std::vector<ringside::Record> found;
  for (const auto& record : ring.records())
    if (record.operation == id.value) found.push_back(record);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.end() < b.end(); });
  return found;
}

// A server whose database waits for a lock, and a client with a room.
struct Locked {
  TestServer server{[](auto& options) {
    options.service.store.busy = 5s;
    options.service.store.attempts = 5;
  }};
  Client client{server};
  Json room;
  std::unique_ptr<RawDatabase> lock;

  Locked() {
    client.enter("alice");
    room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
    lock = std::make_unique<RawDatabase>(server.file());
    lock->run("BEGIN IMMEDIATE");
    client.request("SEND_MESSAGE", {{"room", room}, {"text", "slow"}});
  }
  void release() {
    lock->run("ROLLBACK");
    lock.reset();
  }
};

}  // namespace

TEST_CASE("ChatArrival: a line that waits behind another line's call has the wait in its queue") {
  Ring ring;
  Locked world;
  // These are no waits: they are how long the lines lie behind the call. Each is in a packet of its
  // own, so each has its own arrival.
  constexpr auto kApart = 200ms;
  for (int i = 0; i < 2; ++i) {
    std::this_thread::sleep_for(kApart);
    world.client.request("LIST_ROOMS");
  }
  std::this_thread::sleep_for(kApart);
  world.release();
  for (int i = 0; i < 3; ++i) CHECK(world.client.answer()["ok"] == true);
  world.server.stop();
  const auto sent = records_of(ring, ringside::chat::SEND_MESSAGE);
  const auto listed = records_of(ring, ringside::chat::LIST_ROOMS);
  REQUIRE(sent.size() == 1);
  REQUIRE(listed.size() == 2);
  const auto duration = [](const ringside::Record& record) {
    return static_cast<std::uint64_t>(record.duration);
  };
  // A little less, because clocks are compared.
  const std::uint64_t apart = ticks_of(kApart - 2ms);
  CHECK(duration(sent[0]) >= 3 * apart);
  CHECK(duration(listed[0]) >= 2 * apart);
  CHECK(duration(listed[1]) >= apart);
  CHECK(listed[1].start >= listed[0].start + apart);
  CHECK(listed[0].start >= sent[0].start + apart);
  // The first one was picked up at once. The others waited for it.
  CHECK(queue_of(sent[0]) < apart);
  CHECK(queue_of(listed[0]) >= 2 * apart);
  CHECK(queue_of(listed[1]) >= apart);
}

TEST_CASE("ChatArrival: lines of one packet share their arrival, and wait for those before them") {
  Ring ring;
  TestServer server;
  Client client(server);
  client.send("{\"op\":\"LIST_ROOMS\"}\n{\"op\":\"LIST_ROOMS\"}\n{\"op\":\"LIST_ROOMS\"}\n");
  for (int i = 0; i < 3; ++i) CHECK(Client::error_of(client.answer()) == Error::NOT_AUTHENTICATED);
  server.stop();
  const auto listed = records_of(ring, ringside::chat::LIST_ROOMS);
  REQUIRE(listed.size() == 3);
  for (const auto& record : listed) CHECK(record.start == listed[0].start);
  for (std::size_t i = 1; i < listed.size(); ++i) {
    // Packed stages are up to 2^-16 too small.
    const auto before = static_cast<std::uint64_t>(listed[i - 1].duration);
    CHECK(queue_of(listed[i]) >= before - before / 65536);
  }
}

TEST_CASE("ChatArrival: bytes arrive when the kernel has them, not when they are read") {
  Ring ring;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  chatd::ask_for_stamps(listener);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 1) == 0);
  REQUIRE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const int server = accept(listener, nullptr, nullptr);
  char buffer[64];
  CHECK(chatd::receive(server, buffer, sizeof buffer).error == EAGAIN);
  // The kernel begins to stamp some time after it was asked for the first time on this machine.
  CHECK(eventually([&] {
    REQUIRE(::send(client, "line\n", 5, MSG_NOSIGNAL) == 5);
    std::this_thread::sleep_for(20ms);  // not a wait: how long the bytes lie there
    const auto received = chatd::receive(server, buffer, sizeof buffer);
    const auto now = ringside::now().ticks;
    REQUIRE(received.bytes == 5);
    REQUIRE(received.arrived <= now);
    return now - received.arrived >= ticks_of(19ms);
  }));
  ::close(client);
  CHECK(eventually([&] { return chatd::receive(server, buffer, sizeof buffer).error != EAGAIN; }));
  CHECK(chatd::receive(server, buffer, sizeof buffer).bytes == 0);
  ::close(server);
  CHECK(chatd::receive(server, buffer, sizeof buffer).error == EBADF);
  ::close(listener);
}

TEST_CASE("ChatArrival: a client that ends its side has the answers to all that it sent") {
  Locked world;
  world.client.request("LIST_ROOMS");
  world.client.request("MESSAGE_HISTORY", {{"room", world.room}});
  world.client.end_sending();
  world.release();
  for (const char* op : {"SEND_MESSAGE", "LIST_ROOMS", "MESSAGE_HISTORY"}) {
    const Json reply = world.client.answer();
    CHECK(reply["op"] == op);
    CHECK(reply["ok"] == true);
  }
  CHECK(world.client.line().is_null());
  CHECK(eventually([&] { return world.server->connections() == 0; }));
}

TEST_CASE("ChatArrival: a server that stops answers the call of a client that has ended its side") {
  Locked world;
  Client idle(world.server);
  CHECK(idle.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
  world.client.end_sending();
  std::thread stopper([&] { world.server.stop(); });
  CHECK(idle.line().is_null());  // from here on no line is taken up
  world.release();
  CHECK(world.client.answer()["op"] == "SEND_MESSAGE");
  CHECK(world.client.line().is_null());
  stopper.join();
}
