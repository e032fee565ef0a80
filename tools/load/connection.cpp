#include "tools/load/connection.h"

#include <fmt/core.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "tools/load/clock.h"

namespace ringside::load {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr std::chrono::seconds kConnectDeadline{5};
constexpr std::size_t kFirstBufferBytes = 8192;
}  // namespace

Connection::Connection(asio::io_context& io, Books& books, Source source, Owner& owner)
    : io_(io), books_(books), owner_(owner), source_(source), socket_(io) {}

void Connection::connect(const tcp::endpoint& to, const std::optional<asio::ip::address>& from) {
  const std::uint32_t generation = ++generation_;
  state_ = State::connecting;
  error_code failed;
  socket_.close(failed);
  socket_.open(to.protocol(), failed);
  if (!failed) socket_.set_option(tcp::no_delay(true), failed);
  if (!failed && from) socket_.bind(tcp::endpoint(*from, 0), failed);
  if (failed) {
    // Posted, not called here: an owner that tries again at once would recurse.
    asio::post(io_, [this, generation, failed] {
      if (generation != generation_) return;
      state_ = State::closed;
      ++books_.connections(source_).failed;
      owner_.on_connect_failed(failed);
    });
    return;
  }
  connect_deadline_.emplace(io_, kConnectDeadline);
  connect_deadline_->async_wait([this, generation](const error_code& aborted) {
    if (aborted || generation != generation_ || state_ != State::connecting) return;
    error_code ignored;
    socket_.close(ignored);  // completes the attempt with operation_aborted
  });
  socket_.async_connect(to, [this, generation](const error_code& why) {
    if (generation != generation_) return;
    connect_deadline_.reset();
    if (why) {
      state_ = State::closed;
      ++books_.connections(source_).failed;
      owner_.on_connect_failed(
          why == asio::error::operation_aborted ? error_code(asio::error::timed_out) : why);
      return;
    }
    error_code ignored;
    socket_.non_blocking(true, ignored);
    state_ = State::open;
    awaiting_write_ = false;
    sent_count_ = 0;
    out_.clear();
    out_done_ = 0;
    queued_bytes_ = sent_bytes_ = 0;
    in_used_ = 0;
    if (in_.empty()) in_.resize(kFirstBufferBytes);
    ++books_.connections(source_).opened;
    read();
    owner_.on_connected();
  });
}

void Connection::send(Pending pending, std::string_view line) {
  out_.append(line);
  out_ += '\n';
  queued_bytes_ += line.size() + 1;
  pending.end_byte = queued_bytes_;
  pending.sent_ns = 0;
  pending_.push_back(pending);
  flush();
}

void Connection::keep_alive() {
  out_ += '\n';
  ++queued_bytes_;
  flush();
}

void Connection::flush() {
  if (awaiting_write_) return;
  const std::int64_t now = now_ns();
  while (out_done_ < out_.size()) {
    error_code failed;
    const std::size_t written =
        socket_.write_some(asio::buffer(out_.data() + out_done_, out_.size() - out_done_), failed);
    out_done_ += written;
    sent_bytes_ += written;
    if (failed == asio::error::would_block) {
      awaiting_write_ = true;
      socket_.async_wait(tcp::socket::wait_write,
                         [this, generation = generation_](const error_code& aborted) {
                           if (aborted || generation != generation_) return;
                           awaiting_write_ = false;
                           flush();
                         });
      break;
    }
    // The reading side sees a broken connection too, and cleans up. This code may run deep inside
    // the owner, so it only stops writing.
    if (failed) {
      awaiting_write_ = true;
      break;
    }
  }
  while (sent_count_ < pending_.size() && pending_[sent_count_].end_byte <= sent_bytes_) {
    Pending& line = pending_[sent_count_++];
    line.sent_ns = now;
    if (line.intended_ns == 0) line.intended_ns = now;
    books_.count_sent(line.source, line.op);
  }
  if (out_done_ == out_.size()) {
    out_.clear();
    out_done_ = 0;
  } else if (out_done_ > 65536) {
    out_.erase(0, out_done_);
    out_done_ = 0;
  }
}

void Connection::read() {
  socket_.async_read_some(
      asio::buffer(in_.data() + in_used_, in_.size() - in_used_),
      [this, generation = generation_](const error_code& failed, std::size_t bytes) {
        if (generation != generation_) return;
        if (failed) {
          lose(failed == asio::error::eof ? "closed by the server" : failed.message());
          return;
        }
        on_read(bytes);
      });
}

void Connection::on_read(std::size_t bytes) {
  const std::int64_t now = now_ns();
  const std::uint32_t generation = generation_;
  const std::size_t searched = in_used_;
  in_used_ += bytes;
  std::size_t line_begin = 0;
  std::size_t from = searched;
  while (const void* newline = std::memchr(in_.data() + from, '\n', in_used_ - from)) {
    const auto line_end = static_cast<std::size_t>(static_cast<const char*>(newline) - in_.data());
    take_line({in_.data() + line_begin, line_end - line_begin}, now);
    // In take_line() the owner may have closed this connection, or even opened the next one.
    if (generation != generation_ || state_ != State::open) return;
    line_begin = from = line_end + 1;
  }
  in_used_ -= line_begin;
  if (line_begin != 0 && in_used_ != 0) std::memmove(in_.data(), in_.data() + line_begin, in_used_);
  if (in_used_ == in_.size()) {
    if (in_.size() >= kMaxAnswerBytes) {
      fail_protocol(fmt::format("a line of more than {} bytes", kMaxAnswerBytes));
      return;
    }
    in_.resize(in_.size() * 2);
  }
  read();
}

void Connection::take_line(std::string_view line, std::int64_t now) {
  const Answer answer = scan_answer(line);
  if (answer.kind == Answer::Kind::push) {
    books_.count_push();
    owner_.on_push(answer);
    return;
  }
  if (answer.kind == Answer::Kind::malformed) {
    fail_protocol(fmt::format("no answer and no push: {}", line.substr(0, 200)));
    return;
  }
  if (answer.code == code::TOO_MANY_CONNECTIONS && answer.op.empty()) {
    books_.count_notice(source_, answer);
    return;
  }
  if (sent_count_ == 0) {
    fail_protocol(fmt::format("an answer to nothing: {}", line.substr(0, 200)));
    return;
  }
  const Pending pending = pending_.front();
  if (pending.checks_id && (!answer.has_id || answer.id != pending.id)) {
    fail_protocol(
        fmt::format("expected the answer to id {}, found {}", pending.id, line.substr(0, 200)));
    return;
  }
  if (!answer.op.empty() && answer.op != name_of(pending.op) && op_named(answer.op) == Op::none) {
    fail_protocol(
        fmt::format("an operation that the protocol does not list: {}", line.substr(0, 200)));
    return;
  }
  pending_.pop_front();
  --sent_count_;
  books_.count_answer(pending.source, pending.op, answer, now - pending.intended_ns,
                      now - pending.sent_ns);
  owner_.on_answer(pending, answer);
}

void Connection::fail_protocol(std::string reason) {
  books_.count_protocol_error(reason);
  lose("the server broke the protocol: " + reason);
}

void Connection::lose(const std::string& why) {
  ++generation_;
  state_ = State::closed;
  error_code ignored;
  socket_.close(ignored);
  ++books_.connections(source_).lost;
  drop_pending(false);
  owner_.on_lost(why);
}

void Connection::close() {
  ++generation_;
  state_ = State::closed;
  connect_deadline_.reset();
  error_code ignored;
  socket_.close(ignored);
  drop_pending(true);
}

void Connection::drop_pending(bool is_late) {
  std::deque<Pending> dropped;
  dropped.swap(pending_);
  const std::size_t sent = sent_count_;
  sent_count_ = 0;
  for (std::size_t i = 0; i < dropped.size(); ++i) {
    const Pending& line = dropped[i];
    if (i >= sent) books_.count_unsent(line.source, line.op);
    else if (is_late) books_.count_late(line.source, line.op);
    else books_.count_lost(line.source, line.op);
    owner_.on_unanswered(line, i < sent);
  }
}

}  // namespace ringside::load
