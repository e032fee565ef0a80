// One connection and its counting, against a socket that the test holds.
#include <doctest/doctest.h>

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <string>

#include "tools/load/clock.h"
#include "tools/load/connection.h"

using namespace ringside::load;
namespace asio = boost::asio;

namespace {

struct Witness final : Connection::Owner {
  void on_connected() override { connected = true; }
  void on_connect_failed(const boost::system::error_code&) override { failed = true; }
  void on_answer(const Pending& pending, const Answer&) override { answered.push_back(pending.id); }
  void on_unanswered(const Pending&, bool was_sent) override { ++(was_sent ? unanswered : unsent); }
  void on_push(const Answer&) override { ++pushes; }
  void on_lost(const std::string& why) override { lost = why; }
  bool connected = false;
  bool failed = false;
  std::vector<std::int64_t> answered;
  int unanswered = 0;
  int unsent = 0;
  int pushes = 0;
  std::string lost;
};

// Both ends on one thread. The client's end is asynchronous, the server's end blocks.
struct Pair {
  Pair() {
    connection.connect(acceptor.local_endpoint(), std::nullopt);
    acceptor.accept(server);
    run_until([this] { return witness.connected; });
  }
  template <typename Condition>
  void run_until(Condition condition) {
    const std::int64_t deadline_ns = now_ns() + 20'000'000'000;
    while (!condition() && now_ns() < deadline_ns) io.run_one_for(std::chrono::milliseconds(50));
    REQUIRE(condition());
  }
  void send(std::int64_t id, std::int64_t intended_ns = 0, std::size_t padding = 0) {
    Pending pending;
    pending.op = Op::LIST_ROOMS;
    pending.source = kMix;
    pending.id = id;
    pending.intended_ns = intended_ns;
    connection.send(pending, "{\"id\":" + std::to_string(id) + std::string(padding, ' ') + "}");
  }
  void answer(const std::string& text) { asio::write(server, asio::buffer(text)); }
  static std::string ok(std::int64_t id) {
    return "{\"id\":" + std::to_string(id) + ",\"op\":\"LIST_ROOMS\",\"ok\":true}\n";
  }

  asio::io_context io{1};
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  tcp::socket server{io};
  Books books{kFirstIncident};
  Witness witness;
  Connection connection{io, books, kMix, witness};
};

}  // namespace

TEST_CASE(
    "Connection: one latency counts from when the request was due, the other from when it was "
    "sent") {
  Pair pair;
  constexpr std::int64_t kLateNs = 3'000'000'000;
  const std::int64_t before_ns = now_ns();
  pair.send(1, before_ns - kLateNs);
  pair.answer(Pair::ok(1));
  pair.run_until([&] { return pair.witness.answered.size() == 1; });
  const std::int64_t took_ns = now_ns() - before_ns;
  const Tally& tally = pair.books.tally(kMix, Op::LIST_ROOMS);
  CHECK(tally.from_intended.max_ns() >= static_cast<std::uint64_t>(kLateNs));
  CHECK(tally.from_intended.max_ns() <= static_cast<std::uint64_t>(kLateNs + took_ns));
  CHECK(tally.from_send.max_ns() <= static_cast<std::uint64_t>(took_ns));
}

TEST_CASE("Connection: answers may come in any pieces, with pushes between them") {
  Pair pair;
  std::string all;
  for (std::int64_t id = 1; id <= 20; ++id) {
    pair.send(id);
    if (id % 3 == 0)
      all += "{\"event\":\"message\",\"text\":\"" +
             std::string(static_cast<std::size_t>(id) * 997, 'x') + "\"}\n";
    all += Pair::ok(id);
  }
  for (std::size_t at = 0; at < all.size(); at += 1009) {
    pair.answer(all.substr(at, 1009));
    pair.io.poll();
  }
  pair.run_until([&] { return pair.witness.answered.size() == 20; });
  for (std::size_t i = 0; i < 20; ++i)
    CHECK(pair.witness.answered[i] == static_cast<std::int64_t>(i) + 1);
  CHECK(pair.witness.pushes == 6);
  CHECK(pair.books.protocol_errors() == 0);
}

TEST_CASE("Connection: what a full socket did not take is unsent, what it took is unanswered") {
  Pair pair;
  constexpr int kLines = 2000;  // 64 MB, more than a socket's buffers hold
  for (int i = 1; i <= kLines; ++i) pair.send(i, 0, 32'000);
  pair.io.poll();
  const std::uint64_t sent = pair.books.tally(kMix, Op::LIST_ROOMS).sent;
  CHECK(sent > 0);
  CHECK(sent < kLines);
  pair.connection.close();
  const Tally& tally = pair.books.tally(kMix, Op::LIST_ROOMS);
  CHECK(tally.late == sent);
  CHECK(tally.unsent == kLines - sent);
  CHECK(pair.witness.unanswered == static_cast<int>(sent));
  CHECK(pair.witness.unsent == static_cast<int>(kLines - sent));
}

TEST_CASE("Connection: what waited for room in the socket goes out later, in order") {
  Pair pair;
  constexpr int kLines = 1000;
  for (int i = 1; i <= kLines; ++i) pair.send(i, 0, 32'000);
  REQUIRE(pair.books.tally(kMix, Op::LIST_ROOMS).sent < kLines);
  boost::system::error_code nothing_there;
  pair.server.non_blocking(true);
  std::int64_t seen = 0;
  std::string rest;
  std::vector<char> piece(1 << 20);
  pair.run_until([&] {
    const std::size_t bytes = pair.server.read_some(asio::buffer(piece), nothing_there);
    rest.append(piece.data(), bytes);
    for (std::size_t newline = rest.find('\n'); newline != std::string::npos;
         newline = rest.find('\n')) {
      const std::string begin = "{\"id\":" + std::to_string(++seen) + " ";
      CHECK(rest.compare(0, begin.size(), begin) == 0);
      rest.erase(0, newline + 1);
    }
    return seen == kLines;
  });
  CHECK(pair.books.tally(kMix, Op::LIST_ROOMS).sent == kLines);
}

TEST_CASE("Connection: the other side closes, and everything on its way is lost, once") {
  Pair pair;
  for (int i = 1; i <= 5; ++i) pair.send(i);
  pair.answer(Pair::ok(1) + Pair::ok(2) + "{\"id\":3,\"op\":\"LIST");
  pair.server.close();
  pair.run_until([&] { return !pair.witness.lost.empty(); });
  const Tally& tally = pair.books.tally(kMix, Op::LIST_ROOMS);
  CHECK(tally.sent == 5);
  CHECK(tally.answered() + tally.lost == 5);
  CHECK(pair.witness.unanswered == static_cast<int>(tally.lost));
  CHECK(pair.books.connections(kMix).lost == 1);
  CHECK_FALSE(pair.connection.connected());
}

TEST_CASE("Connection: an answer to nothing, and a line that is none, cost the connection") {
  for (const char* line : {"{\"id\":1,\"op\":\"LIST_ROOMS\",\"ok\":true}\n", "hello\n", "\n"}) {
    Pair pair;
    pair.answer(line);
    pair.run_until([&] { return !pair.witness.lost.empty(); });
    CHECK(pair.books.protocol_errors() == 1);
  }
}

TEST_CASE("Connection: TOO_MANY_CONNECTIONS answers no request") {
  Pair pair;
  pair.send(1);
  pair.answer(
      "{\"id\":null,\"op\":null,\"ok\":false,\"error\":{\"code\":3003,\"name\":\"TOO_MANY_"
      "CONNECTIONS\"}}\n");
  asio::streambuf in;
  // Reads what was sent, so that closing sends a FIN.
  asio::read_until(pair.server, in, '\n');
  pair.server.close();
  pair.run_until([&] { return !pair.witness.lost.empty(); });
  CHECK(pair.books.connections(kMix).refused == 1);
  CHECK(pair.books.notices().at(3003) == 1);
  CHECK(pair.books.tally(kMix, Op::LIST_ROOMS).lost == 1);
  CHECK(pair.books.protocol_errors() == 0);
}
