#include "tools/chat/net/session.h"

#include <algorithm>
#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "tools/chat/net/receive.h"

namespace chatd {
namespace {

using Clock = std::chrono::steady_clock;
using asio::ip::tcp;

constexpr std::size_t kWriteAtOnce = 64;  // lines in one gathering write
// Bytes that are read away after the last answer. A client that sends more is cut off.
constexpr std::size_t kMaxDiscarded = 16U << 20;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json error_json(Error error, const std::string& message) {
  return {{"code", code_of(error)}, {"name", info(error).name}, {"message", message}};
}

SharedLine answer_line(const Call& call) {
  auto line = std::make_shared<std::string>();
  *line += "{\"id\":";
  *line += dump(call.request.id);
  *line += ",\"op\":\"";
  *line += name_of(call.request.op);
  if (call.result.error != Error::none) {
    *line += "\",\"ok\":false,\"error\":";
    *line += dump(error_json(call.result.error, call.result.message)) + "}\n";
    return line;
  }
  *line += "\",\"ok\":true";
  if (!call.reply.fields.empty()) {
    const std::string fields = dump(call.reply.fields);
    *line += ',';
    line->append(fields, 1, fields.size() - 2);
  }
  *line += "}\n";
  return line;
}

}  // namespace

PeerAddress peer_address(const Socket& socket) {
  boost::system::error_code gone;
  asio::ip::address address = socket.remote_endpoint(gone).address();
  // A dual-stack socket shows an IPv4 client as ::ffff:a.b.c.d. The client is the same as on an
  // IPv4 socket, so it gets the same id.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {address.to_string(), ringside::address_id(bytes.data(), bytes.size())};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {address.to_string(), ringside::address_id(bytes.data(), bytes.size())};
}

Session::Session(Socket socket, std::uint64_t id, Service& service, const SessionOptions& options,
                 OnClosed on_closed)
    : socket_(std::move(socket)),
      watchdog_(socket_.get_executor()),
      id_(id),
      service_(service),
      options_(options),
      on_closed_(std::move(on_closed)),
      peer_{id, "", 0, TokenBucket(options.rate_limit, options.rate_burst)} {
  const PeerAddress address = peer_address(socket_);
  peer_.address = address.text;
  peer_.address_id = address.id;
  caller_.address = address.text;
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
}

void Session::start() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    self->last_line_ = Clock::now();
    self->watch();
    self->read();
  });
}

void Session::drain() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (!self->call_under_way_) self->flush_then_close(CloseReason::shutdown);
  });
}

void Session::abort() {
  asio::post(socket_.get_executor(),
             [self = shared_from_this()] { self->close(CloseReason::shutdown); });
}

// ---- in

// Asio says when something is there, and receive() takes it: Asio's own reads give no stamps.
void Session::read() {
  if (closed_ || reading_ || client_ended_ || writes_stopped_ || draining_) return;
  if (call_under_way_ && input_.full()) return;
  reading_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](auto error) {
    self->reading_ = false;
    if (error) return self->close(CloseReason::client);
    self->take_what_came();
  });
}

void Session::take_what_came() {
  if (closed_) return;
  if (writes_stopped_) return discard();
  if (draining_) return;  // the call under way ends, and then the connection
  const Received received = receive(socket_.native_handle(), chunk_.data(), chunk_.size());
  if (received.bytes < 0 && received.error != EAGAIN) return close(CloseReason::client);
  client_ended_ = received.bytes == 0;
  if (received.bytes > 0) {
    input_.append({chunk_.data(), static_cast<std::size_t>(received.bytes)}, received.arrived);
  }
  take_lines();
}

void Session::take_lines() {
  Input::Line line;
  while (!closed_ && !call_under_way_ && !draining_) {
    const Input::Next next = input_.take(line);
    if (next == Input::Next::too_long) {
      refuse_line(Error::LINE_TOO_LONG,
                  "the line is longer than 65536 bytes; the connection is closed");
      input_.clear();
      return flush_then_close(CloseReason::line_too_long);
    }
    if (next == Input::Next::none) {
      if (client_ended_) return flush_then_close(CloseReason::client);
      break;
    }
    last_line_ = Clock::now();
    call_under_way_ = take_line(line.text, line.arrived);
  }
  read();
}

bool Session::take_line(std::string_view text, trace::Stamp arrived) {
  const trace::Stamp picked_up = trace::now();
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.empty()) return false;
  Line line = read_line(text);
  if (!line.op) {
    refuse_line(line.error, line.message);
    return false;
  }
  auto call = std::make_shared<Call>(*line.op, arrived, picked_up);
  call->client = shared_from_this();
  call->caller = caller();
  if (!service_.run(call, line.object, peer_)) return true;
  answer(*call);
  return false;
}

void Session::refuse_line(Error error, const std::string& message) {
  service_.bad_line(error, caller(), peer_);
  const Json line = {
      {"id", nullptr}, {"op", nullptr}, {"ok", false}, {"error", error_json(error, message)}};
  deliver(std::make_shared<std::string>(dump(line) + "\n"));
}

void Session::complete(std::shared_ptr<Call> call) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), call = std::move(call)] {
    self->answer(*call);
    self->call_under_way_ = false;
    if (self->draining_) return self->flush_then_close(CloseReason::shutdown);
    self->take_lines();
  });
}

void Session::answer(Call& call) {
  const bool idle = put_into_outbox(answer_line(call));
  // Before the bytes leave: a client that has its answer finds the record.
  call.operation.finish(trace::Stage::delivery, call.result.error);
  // At once, and not behind what else waits for the strand: no record has that wait.
  if (idle) write();
}

void Session::login(const Caller& caller, const std::vector<std::int64_t>& rooms) {
  const std::lock_guard lock(identity_mutex_);
  if (gone_) return;  // the connection closed while its login was under way
  if (caller_.user != 0) service_.hub().leave(shared_from_this(), caller_.user);
  caller_ = caller;
  service_.hub().enter(shared_from_this(), caller.user, rooms);
}

Caller Session::caller() const {
  const std::lock_guard lock(identity_mutex_);
  return caller_;
}

// ---- out

void Session::deliver(const SharedLine& line) {
  if (put_into_outbox(line))
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->write(); });
}

bool Session::put_into_outbox(const SharedLine& line) {
  const std::lock_guard lock(outbox_.mutex);
  if (outbox_.closed) return false;
  if (outbox_.bytes + line->size() > options_.max_queued_bytes ||
      outbox_.lines.size() >= options_.max_queued_lines) {
    outbox_.closed = true;
    asio::post(socket_.get_executor(),
               [self = shared_from_this()] { self->close(CloseReason::slow_consumer); });
    return false;
  }
  outbox_.bytes += line->size();
  outbox_.lines.push_back(line);
  if (outbox_.writing) return false;
  outbox_.writing = true;
  return true;
}

void Session::write() {
  if (closed_) return;
  std::size_t written = 0;
  for (const auto& line : in_flight_) written += line->size();
  in_flight_.clear();
  {
    const std::lock_guard lock(outbox_.mutex);
    outbox_.bytes -= written;
    if (outbox_.lines.size() <= kWriteAtOnce) {
      in_flight_.swap(outbox_.lines);
    } else {
      const auto end = outbox_.lines.begin() + static_cast<std::ptrdiff_t>(kWriteAtOnce);
      in_flight_.assign(outbox_.lines.begin(), end);
      outbox_.lines.erase(outbox_.lines.begin(), end);
    }
    outbox_.writing = !in_flight_.empty();
  }
  if (in_flight_.empty()) {
    if (writes_stopped_) flush_then_close(leaving_);
    return;
  }
  write_began_ = Clock::now();
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(in_flight_.size());
  for (const auto& line : in_flight_) buffers.push_back(asio::buffer(*line));
  asio::async_write(socket_, buffers, [self = shared_from_this()](auto error, std::size_t) {
    if (error) return self->close(CloseReason::client);
    self->write();
  });
}

// Sends the queued lines, shuts down the sending side, and reads away what the client still sends.
// Closing a socket with unread input resets the connection, and the client might never see our last
// line.
void Session::flush_then_close(CloseReason reason) {
  if (closed_) return;
  if (!writes_stopped_) {
    writes_stopped_ = true;
    leaving_ = reason;
    // One deadline for both: our last lines must be out, and the client must have closed.
    watchdog_.expires_after(options_.linger);
    watchdog_.async_wait([self = shared_from_this()](auto error) {
      if (!error) self->close(self->leaving_);
    });
  }
  {
    const std::lock_guard lock(outbox_.mutex);
    if (outbox_.writing) return;  // write() calls this again when the outbox is empty
    outbox_.closed = true;
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  discard();
}

void Session::discard() {
  if (closed_ || reading_) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](auto error, std::size_t bytes) {
                            self->reading_ = false;
                            self->discarded_ += bytes;
                            if (error || self->discarded_ > kMaxDiscarded)
                              return self->close(self->leaving_);
                            self->discard();
                          });
}

// ---- deadlines and the end

void Session::watch() {
  const auto period = std::clamp<std::chrono::milliseconds>(
      options_.idle / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(5000));
  watchdog_.expires_after(period);
  watchdog_.async_wait([self = shared_from_this()](auto error) {
    if (error || self->closed_ || self->writes_stopped_) return;
    const auto now = Clock::now();
    if (!self->call_under_way_ && now - self->last_line_ > self->options_.idle) {
      return self->close(CloseReason::idle);
    }
    if (!self->in_flight_.empty() && now - self->write_began_ > self->options_.write_stall) {
      return self->close(CloseReason::slow_consumer);
    }
    self->watch();
  });
}

void Session::close(CloseReason reason) {
  if (closed_) return;
  closed_ = true;
  {
    const std::lock_guard lock(identity_mutex_);
    gone_ = true;
    if (caller_.user != 0) service_.hub().leave(shared_from_this(), caller_.user);
  }
  {
    const std::lock_guard lock(outbox_.mutex);
    outbox_.closed = true;
    outbox_.lines.clear();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  watchdog_.cancel();
  on_closed_(id_, reason);
}

}  // namespace chatd
