// One connection. It turns bytes into lines, lines into calls, and answers and pushes into bytes.
//
// The reading half lives on the strand and has one call under way at a time. During a call it reads
// on until Input is full, so that each line has the moment of its arrival. Then TCP's back pressure
// slows a client that sends faster than we answer. The writing half (Outbox) takes lines from any
// thread and is bounded. A client that does not read is disconnected and makes nobody wait.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "tools/chat/commands/service.h"
#include "tools/chat/net/input.h"

namespace chatd {

namespace asio = boost::asio;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Strand>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Strand>;

// Where a connection comes from: the address as text, and the id that stands for it in telemetry.
struct PeerAddress {
  std::string text;
  std::uint64_t id = 0;
};
PeerAddress peer_address(const Socket& socket);

struct SessionOptions {
  std::chrono::milliseconds idle{std::chrono::seconds(300)};
  std::chrono::milliseconds write_stall{std::chrono::seconds(30)};
  // For the client to read why the server closes the connection.
  std::chrono::milliseconds linger{std::chrono::seconds(2)};
  std::size_t max_queued_bytes = 4U << 20;
  std::size_t max_queued_lines = 8192;
  double rate_limit = 0;
  double rate_burst = 100;
};

enum class CloseReason : std::uint8_t {
  client,
  idle,
  slow_consumer,
  line_too_long,
  shutdown,
  error
};

class Session final : public Client, public std::enable_shared_from_this<Session> {
 public:
  using OnClosed = std::function<void(std::uint64_t session, CloseReason reason)>;

  Session(Socket socket, std::uint64_t id, Service& service, const SessionOptions& options,
          OnClosed on_closed);

  void start();
  void drain();  // answers the call under way, then closes. From any thread
  void abort();  // closes now. From any thread

  void deliver(const SharedLine& line) override;
  void login(const Caller& caller, const std::vector<std::int64_t>& rooms) override;
  void complete(std::shared_ptr<Call> call) override;

 private:
  void read();
  void take_what_came();
  void take_lines();
  bool take_line(std::string_view line, trace::Stamp arrived);  // true: a call is under way
  void answer(Call& call);
  void refuse_line(Error error, const std::string& message);
  bool put_into_outbox(const SharedLine& line);  // true: the caller must see that write() runs
  void write();
  void flush_then_close(CloseReason reason);
  void discard();
  void watch();
  void close(CloseReason reason);
  Caller caller() const;

  Socket socket_;
  Timer watchdog_;
  const std::uint64_t id_;
  Service& service_;
  const SessionOptions options_;
  OnClosed on_closed_;
  Peer peer_;

  // Strand only.
  std::array<char, 16384> chunk_;
  Input input_;
  std::chrono::steady_clock::time_point last_line_;
  std::chrono::steady_clock::time_point write_began_;
  std::vector<SharedLine> in_flight_;
  std::size_t discarded_ = 0;
  bool call_under_way_ = false;
  bool reading_ = false;
  bool client_ended_ = false;  // it sends nothing more, and may still wait for answers
  bool draining_ = false;
  bool writes_stopped_ = false;
  bool closed_ = false;
  CloseReason leaving_ = CloseReason::client;  // why; valid when writes_stopped_

  struct Outbox {
    std::mutex mutex;
    std::vector<SharedLine> lines;
    std::size_t bytes = 0;  // of `lines` and of in_flight_
    bool writing = false;
    bool closed = false;
  } outbox_;

  // Lock order: identity_mutex_, the hub's mutex, outbox_.mutex.
  mutable std::mutex identity_mutex_;
  Caller caller_;
  bool gone_ = false;
};

}  // namespace chatd
