// One client: its requests one after the other, or a stream of events.
//
//   handshake ──> idle ──> head ──> body ──> writing ──> idle ...
//                            │                  │ last        stream: streaming
//                            └── refused ──────>└──> closing      (until it ends)
//
// Each phase has a deadline from its begin. A request is read, answered and written before the next
// one is looked at, so answers to pipelined requests keep their order and only one is in memory.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "daemon/http/answer.h"
#include "daemon/http/head_scanner.h"
#include "daemon/http/registry.h"
#include "daemon/http/request_head.h"
#include "daemon/http/server_core.h"
#include "daemon/http/transport.h"

namespace ringside::http {

struct Peer {
  PeerKey key{};
  std::string name;           // Request::peer
  std::string who;            // of the Unix socket
  std::optional<uid_t> uid;   // of the Unix socket
  Scope scope = Scope::none;  // of the Unix socket
  Entrance entrance;
};

class Connection final : public Guest,
                         public StreamListener,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerCore& core, std::unique_ptr<Transport> transport, Peer peer);

  void start();
  // Answers 503 without looking at the request: there is no room.
  void refuse_full();
  // Ends after the answer that is under way; a stream is told that the server stops.
  void stop();
  void close();  // at once
  // Ends a stream whose token no longer holds.
  void recheck();

  const PeerKey& peer() const override { return peer_.key; }
  int expendable(Clock::time_point now) const override;
  Clock::time_point waits_since() const override { return phase_began_; }
  void evict() override;

  bool offer(const EventText& text) override;
  void replay(const EventText& text) override;

 private:
  enum class Phase : std::uint8_t {
    handshake,
    idle,
    head,
    body,
    answering,  // a route is at it, perhaps on another thread
    writing,
    streaming,
    closing,
    ended
  };

  static constexpr std::string_view kBusySeconds = "1";  // Retry-After of 503

  void enter(Phase phase, std::chrono::nanoseconds deadline);
  void set_deadline(std::chrono::nanoseconds span);
  void deadline_passed();
  void read_more();
  void bytes_came(Transport::Error error);

  void next_request();
  void look_at_head();
  void parse_head();
  void judge();
  void begin_body();
  void look_at_body();
  void handle();
  void give_up();

  void refuse(int status, std::string_view code, std::string_view detail);
  void answer(Response response, bool keep_alive);
  void written(bool keep_alive);
  void linger();

  bool open_stream();
  void write_stream();
  void queue(const EventText& text);
  void stream_written(Transport::Error error);
  void end_stream(std::string_view name, std::string_view data);
  void end_unauthorised();
  bool still_allowed() const;

  ServerCore& core_;
  const HttpLimits& limits_;
  const std::unique_ptr<Transport> transport_;
  const Peer peer_;
  boost::asio::steady_timer timer_;
  std::uint64_t deadlines_ = 0;
  std::uint64_t asked_ = 0;  // requests that were handed to a route, and those given up
  Phase phase_ = Phase::idle;
  Clock::time_point phase_began_;
  Clock::time_point request_began_;
  bool reading_ = false;

  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  Request request_;
  std::optional<TokenDigest> token_;  // of the request
  bool known_;  // a request of this connection was authorised, or the Unix socket says who it is
  AnswerBytes out_;
  std::size_t discarded_ = 0;  // while closing

  // Of a stream.
  std::deque<EventText> backlog_;
  std::size_t backlog_bytes_ = 0;
  std::size_t replayed_events_ = 0;  // on top of the backlog's limits
  std::size_t replayed_bytes_ = 0;
  EventText sending_;
  bool stream_counted_ = false;
  bool ending_ = false;
};

}  // namespace ringside::http
