// One TCP connection that speaks the chat protocol. It counts what goes over it.
//
// Answers come in the order of the lines. So a line waits in a queue for its answer, and the `id`
// is checked when the answer comes. A connection lives on the one thread of its io_context. Nothing
// here locks.
//
// send() writes to the socket at once. A request costs one send() and, when its answer comes, one
// epoll_wait() and one or two recv().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load/answer.h"
#include "tools/load/books.h"
#include "tools/load/request.h"

namespace ringside::load {

using boost::asio::ip::tcp;

// A line on its way, and what is needed to deal with its answer.
struct Pending {
  Op op = Op::none;
  Source source = kSetup;
  bool checks_id = true;         // false for lines whose id the server cannot return
  std::int64_t id = 0;
  std::int64_t intended_ns = 0;  // monotonic; 0 stands for the time at which the line is sent
  std::int64_t sent_ns = 0;      // monotonic; set by the connection
  std::uint64_t end_byte = 0;    // set by the connection: its bytes up to the end of this line
  Intent intent;
  std::int32_t turn = -1;        // closed loop: the client whose turn ends with the answer; else -1
};

class Connection {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_connected() = 0;
    virtual void on_connect_failed(const boost::system::error_code& why) = 0;
    virtual void on_answer(const Pending& pending, const Answer& answer) = 0;
    // The connection ended before the answer (was_sent) or before the line was out (not was_sent).
    virtual void on_unanswered(const Pending& pending, bool was_sent) = 0;
    virtual void on_push(const Answer&) {}
    // The connection broke, the server closed it, or the server broke the protocol. Comes after
    // on_unanswered() for every open line.
    virtual void on_lost(const std::string& why) = 0;
  };

  // The connection itself is counted for `source`. Each of its lines names its own source.
  Connection(boost::asio::io_context& io, Books& books, Source source, Owner& owner);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Makes one attempt and gives up after 5 s. `from` binds the local address, for clients that need
  // an address of their own.
  void connect(const tcp::endpoint& to, const std::optional<boost::asio::ip::address>& from);
  bool connected() const { return state_ == State::open; }
  // `line` has no newline. Only while connected().
  void send(Pending pending, std::string_view line);
  // Sends an empty line, which the server does not answer.
  void keep_alive();
  std::int64_t next_id() { return ++last_id_; }
  std::size_t in_flight() const { return pending_.size(); }
  // Closes from this side. Sent lines without an answer count as late. The owner hears of them
  // through on_unanswered() and of nothing else.
  void close();

 private:
  enum class State : std::uint8_t { closed, connecting, open };

  void read();
  void on_read(std::size_t bytes);
  void take_line(std::string_view line, std::int64_t now);
  void flush();
  void lose(const std::string& why);
  void fail_protocol(std::string reason);
  void drop_pending(bool is_late);

  boost::asio::io_context& io_;
  Books& books_;
  Owner& owner_;
  const Source source_;
  tcp::socket socket_;
  std::optional<boost::asio::steady_timer> connect_deadline_;
  State state_ = State::closed;
  std::uint32_t generation_ = 0;  // a handler with another number is one of an earlier connection
  bool awaiting_write_ = false;
  std::int64_t last_id_ = 0;
  std::deque<Pending> pending_;
  std::size_t sent_count_ = 0;    // how many of pending_, from the front, are out
  std::string out_;
  std::size_t out_done_ = 0;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::vector<char> in_;
  std::size_t in_used_ = 0;
};

}  // namespace ringside::load
