#include "daemon/http/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace ringside::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;

constexpr std::size_t kReadBytes = 8 * 1024;
// Of what a refused client still sends, so that it reads the answer before it sees the end.
constexpr std::size_t kMostDiscarded = 256 * 1024;

constexpr std::string_view kBusySeconds = "1";

}  // namespace

Connection::Connection(ServerCore& core, std::unique_ptr<Transport> transport, Peer peer)
    : core_(core),
      limits_(core.options.limits),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      timer_(core.io),
      phase_began_(Clock::now()),
      request_began_(phase_began_),
      buffer_(limits_.head.bytes + kReadBytes),
      scanner_(limits_.head) {
  core_.figures.add(Figure::connections);
}

void Connection::enter(Phase phase, std::chrono::nanoseconds deadline) {
  phase_ = phase;
  phase_began_ = Clock::now();
  set_deadline(deadline);
}

void Connection::set_deadline(std::chrono::nanoseconds span) {
  auto at = Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
  if (phase_ == Phase::body || phase_ == Phase::writing) {
    at =
        std::min(at, request_began_ + std::chrono::duration_cast<Clock::duration>(limits_.request));
  }
  timer_.expires_at(at);
  // A wait that has ended may already be queued when another takes its place.
  timer_.async_wait([self = shared_from_this(), mine = ++deadlines_](auto error) {
    if (!error && mine == self->deadlines_ && self->phase_ != Phase::ended) self->deadline_passed();
  });
}

void Connection::deadline_passed() {
  switch (phase_) {
    case Phase::head:
    case Phase::body:
      core_.figures.add(Figure::timeouts);
      return refuse(408, "too_slow",
                    phase_ == Phase::head ? "the head did not come in time"
                                          : "the body did not come in time");
    case Phase::streaming:
      if (!sending_ && !ending_) {
        static const auto heartbeat = std::make_shared<const std::string>(": alive\n\n");
        if (token_ && !core_.authority.holds(*token_, wall_seconds())) return recheck();
        offer(heartbeat);
        return;
      }
      core_.figures.add(Figure::timeouts);
      return close();
    case Phase::handshake: core_.figures.add(Figure::tls_failures); return close();
    case Phase::writing: core_.figures.add(Figure::timeouts); return close();
    case Phase::idle:
    case Phase::closing:
    case Phase::ended: return close();
  }
}

void Connection::close() {
  if (phase_ == Phase::ended) return;
  const auto self = shared_from_this();
  phase_ = Phase::ended;
  ++deadlines_;
  timer_.cancel();
  transport_->close();
  core_.broadcaster.leave(*this);
  if (stream_counted_) {
    core_.registry.remove_stream(peer_.key);
    core_.figures.subtract(Figure::streams);
  }
  core_.registry.remove(*this);
  core_.figures.subtract(Figure::connections);
}

void Connection::start() {
  enter(Phase::handshake, limits_.handshake);
  transport_->handshake([self = shared_from_this()](Transport::Error error) {
    if (self->phase_ == Phase::ended) return;
    if (error) {
      self->core_.figures.add(Figure::tls_failures);
      return self->close();
    }
    if (self->core_.stopping) return self->close();
    self->enter(Phase::idle, self->limits_.header);
    self->look_at_head();
  });
}

void Connection::refuse_full() {
  request_.id = request_id("");
  Response full = problem(request_, 503, "too_many_connections", "No room",
                          "too many connections are open; try again later");
  full.headers.emplace_back("Retry-After", kBusySeconds);
  answer(std::move(full), false);
}

void Connection::stop() {
  switch (phase_) {
    case Phase::streaming: return end_stream("stopping", "{}");
    case Phase::handshake:
    case Phase::idle:
    case Phase::head: return close();
    default: return;  // written() looks at core_.stopping
  }
}

void Connection::recheck() {
  if (phase_ != Phase::streaming || !token_ || core_.authority.holds(*token_, wall_seconds()))
    return;
  core_.broadcaster.leave(*this);
  end_stream("unauthorised", R"({"reason":"the token is no longer valid"})");
}

int Connection::expendable(Clock::time_point now) const {
  switch (phase_) {
    case Phase::handshake:
    case Phase::idle:
    case Phase::head:
    case Phase::closing: return known_ ? 1 : 2;
    case Phase::writing: return !known_ && now - phase_began_ > limits_.evict_after ? 2 : 0;
    default: return 0;
  }
}

void Connection::evict() {
  core_.figures.add(Figure::evicted);
  close();
}

void Connection::read_more() {
  if (reading_) return;
  reading_ = true;
  const std::size_t room = buffer_.max_size() - buffer_.size();
  transport_->read_some(buffer_.prepare(std::min(kReadBytes, room)),
                        [self = shared_from_this()](Transport::Error error, std::size_t bytes) {
                          self->reading_ = false;
                          self->buffer_.commit(bytes);
                          if (self->phase_ != Phase::ended) self->bytes_came(error);
                        });
}

void Connection::bytes_came(Transport::Error error) {
  if (error) return close();
  switch (phase_) {
    case Phase::idle:
    case Phase::head: return look_at_head();
    case Phase::body: return look_at_body();
    case Phase::closing:
      discarded_ += buffer_.size();
      buffer_.clear();
      return discarded_ > kMostDiscarded ? close() : read_more();
    case Phase::streaming: return close();  // a client that still talks expects another protocol
    default: return;
  }
}

void Connection::next_request() {
  request_ = {};
  parser_.reset();
  out_ = {};
  scanner_ = HeadScanner(limits_.head);
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  enter(Phase::idle, limits_.idle);
  look_at_head();
}

void Connection::look_at_head() {
  using Verdict = HeadScanner::Verdict;
  std::string_view bytes(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  if (phase_ == Phase::idle && bytes.starts_with("\r\n")) {
    // Some clients end a body with it (RFC 9112, 2.2).
    buffer_.consume(2);
    bytes = {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }
  if (bytes.empty() || (phase_ == Phase::idle && bytes == "\r")) return read_more();
  if (phase_ == Phase::idle) {
    request_began_ = Clock::now();
    request_.id = request_id("");
    enter(Phase::head, limits_.header);
  }
  switch (scanner_.scan(bytes)) {
    case Verdict::more: return read_more();
    case Verdict::complete: return parse_head();
    case Verdict::bad: return refuse(400, "bad_head", fmt::format("found {}", scanner_.why()));
    case Verdict::target_too_long:
      return refuse(414, "target_too_long",
                    fmt::format("the target has more than {} bytes", limits_.head.target_bytes));
    case Verdict::too_large:
      return refuse(431, "head_too_large",
                    fmt::format("the head has more than {} bytes or {} fields", limits_.head.bytes,
                                limits_.head.fields));
  }
}

void Connection::parse_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.head.bytes + 1));
  parser_->body_limit(limits_.body_bytes);
  boost::system::error_code error;
  const std::size_t used =
      parser_->put(asio::buffer(buffer_.data().data(), scanner_.size()), error);
  if (error == beast::error::body_limit) {
    return refuse(413, "body_too_large",
                  fmt::format("the body has more than {} bytes", limits_.body_bytes));
  }
  if (error == beast::error::bad_version)
    return refuse(505, "unknown_version", "expected HTTP/1.1 or HTTP/1.0");
  if (error) return refuse(400, "bad_head", error.message());
  if (!parser_->is_header_done() || used != scanner_.size())
    return refuse(400, "bad_head", "found a head that does not end where it seems to");
  buffer_.consume(used);
  judge();
}

void Connection::judge() {
  core_.figures.add(Figure::requests);
  request_.peer = peer_.name;
  request_.uid = peer_.uid;
  request_.who = peer_.who;
  request_.scope = peer_.scope;
  token_.reset();
  HeadJudgement judgement =
      judge_head(parser_->get(), peer_.entrance, core_.options, core_.handlers, request_);
  if (judgement.misdirected) {
    core_.figures.add(Figure::misdirected);
    if (core_.handlers.refused)
      core_.handlers.refused({Refusal::Kind::misdirected, peer_.name, ""});
  } else if (judgement.refusal) {
    core_.figures.add(Figure::bad_requests);
  }
  // While a body is still to come, the connection ends after any answer but its own.
  const bool alive = parser_->is_done() && parser_->keep_alive();
  if (judgement.refusal) return answer(std::move(*judgement.refusal), false);
  if (judgement.answer) return answer(std::move(*judgement.answer), alive);
  if (auto refusal = core_.authority.identify(request_, peer_.key, wall_seconds(), &token_))
    return answer(std::move(*refusal), alive);
  if (auto refusal = core_.authority.permit(request_)) return answer(std::move(*refusal), alive);
  known_ = known_ || request_.scope != Scope::none;
  if (auto refusal = judge_body(parser_->get(), request_, !parser_->is_done()))
    return answer(std::move(*refusal), alive);
  if (parser_->is_done()) return handle();
  begin_body();
}

void Connection::begin_body() {
  parser_->eager(true);
  const std::string* expected = request_.header("expect");
  enter(Phase::body, limits_.body);
  if (expected == nullptr || buffer_.size() > 0) return look_at_body();
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  transport_->write({asio::buffer(kContinue)},
                    [self = shared_from_this()](Transport::Error error, std::size_t) {
                      if (self->phase_ != Phase::body) return;
                      return error ? self->close() : self->look_at_body();
                    });
}

void Connection::look_at_body() {
  boost::system::error_code error;
  if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), error));
  if (error == beast::error::body_limit) {
    return refuse(413, "body_too_large",
                  fmt::format("the body has more than {} bytes", limits_.body_bytes));
  }
  const bool full = buffer_.size() == buffer_.max_size();
  if ((error && error != beast::error::need_more) || (full && !parser_->is_done()))
    return refuse(400, "bad_body", "found a body whose chunks are malformed");
  if (!parser_->is_done()) return read_more();
  request_.body = std::move(parser_->get().body());
  handle();
}

void Connection::handle() {
  const bool alive = parser_->keep_alive();
  try {
    if (request_.method != Method::post && core_.handlers.open_stream && open_stream()) return;
    answer(core_.handlers.answer(request_), alive);
  } catch (const std::exception& error) {
    spdlog::error("http: {} of {}: {}", request_.id, request_.path, error.what());
    answer(problem(request_, 500, "internal_error", "Internal error",
                   "the daemon's log says more, under the id of this request"),
           alive);
  }
}

// For what is refused before there is a request.
void Connection::refuse(int status, std::string_view code, std::string_view detail) {
  if (status != 408) core_.figures.add(Figure::bad_requests);
  answer(problem(request_, status, code, status == 408 ? "Too slow" : "Bad request", detail),
         false);
}

void Connection::answer(Response response, bool keep_alive) {
  keep_alive = keep_alive && !core_.stopping;
  core_.figures.add(response.status >= 500   ? Figure::answers_5xx
                    : response.status >= 400 ? Figure::answers_4xx
                    : response.status >= 300 ? Figure::answers_3xx
                                             : Figure::answers_2xx);
  out_ = answer_bytes(request_, std::move(response),
                      {keep_alive, wall_seconds(), core_.options.cors_origins});
  enter(Phase::writing, limits_.write);
  transport_->write(
      {asio::buffer(out_.head), asio::buffer(out_.body)},
      [self = shared_from_this(), keep_alive](Transport::Error error, std::size_t bytes) {
        self->core_.figures.add(Figure::sent_bytes, bytes);
        if (self->phase_ == Phase::ended) return;
        return error ? self->close() : self->written(keep_alive);
      });
}

void Connection::written(bool keep_alive) {
  if (keep_alive && !core_.stopping) return next_request();
  linger();
}

// Says that nothing more comes, and waits for the client to close. Closing while its bytes come in
// would make its kernel throw the answer away.
void Connection::linger() {
  enter(Phase::closing, limits_.linger);
  buffer_.clear();
  transport_->finish([self = shared_from_this()](Transport::Error error) {
    if (self->phase_ == Phase::ended) return;
    return error ? self->close() : self->read_more();
  });
}

bool Connection::open_stream() {
  auto first = core_.handlers.open_stream(request_);
  if (!first) return false;
  if (core_.stopping || !core_.registry.add_stream(peer_.key)) {
    Response full = problem(request_, 503, "too_many_streams", "No room",
                            "too many streams are open, of this address or of all");
    full.headers.emplace_back("Retry-After", kBusySeconds);
    answer(std::move(full), false);
    return true;
  }
  core_.figures.add(Figure::answers_2xx);
  core_.figures.add(Figure::streams_opened);
  core_.figures.add(Figure::streams);
  stream_counted_ = true;
  std::string head = stream_head(request_, {false, wall_seconds(), core_.options.cors_origins});
  const bool only_head = request_.method == Method::head;
  if (!only_head) head += *first;
  enter(Phase::streaming, limits_.write);
  buffer_.clear();
  sending_ = std::make_shared<const std::string>(std::move(head));
  if (only_head) {
    ending_ = true;
  } else {
    core_.broadcaster.join(*this, request_.header("last-event-id"));
    read_more();
  }
  write_stream();
  return true;
}

void Connection::write_stream() {
  set_deadline(limits_.write);
  transport_->write({asio::buffer(*sending_)},
                    [self = shared_from_this()](Transport::Error error, std::size_t bytes) {
                      self->core_.figures.add(Figure::sent_bytes, bytes);
                      self->stream_written(error);
                    });
}

void Connection::stream_written(Transport::Error error) {
  sending_.reset();
  if (phase_ != Phase::streaming) return;
  if (error) return close();
  if (backlog_.empty()) return ending_ ? linger() : set_deadline(limits_.heartbeat);
  sending_ = std::move(backlog_.front());
  backlog_.pop_front();
  backlog_bytes_ -= sending_->size();
  write_stream();
}

void Connection::queue(const EventText& text) {
  if (sending_) {
    backlog_.push_back(text);
    backlog_bytes_ += text->size();
  } else {
    sending_ = text;
    write_stream();
  }
}

void Connection::replay(const EventText& text) {
  ++replayed_events_;
  replayed_bytes_ += text->size();
  queue(text);
}

bool Connection::offer(const EventText& text) {
  if (phase_ != Phase::streaming || ending_) return false;
  if (sending_ && (backlog_.size() >= limits_.backlog_events + replayed_events_ ||
                   backlog_bytes_ + text->size() > limits_.backlog_bytes + replayed_bytes_)) {
    core_.figures.add(Figure::streams_dropped);
    end_stream("dropped", R"({"reason":"too_slow"})");
    return false;
  }
  queue(text);
  return true;
}

// The last event goes out in place of the backlog. The deadline of the write that is under way
// stays: a client that reads nothing does not get another one.
void Connection::end_stream(std::string_view name, std::string_view data) {
  if (ending_) return;
  ending_ = true;
  backlog_.clear();
  backlog_bytes_ = 0;
  const auto last =
      std::make_shared<const std::string>(event_text({"", std::string(name), std::string(data)}));
  if (sending_) {
    backlog_.push_back(last);
    backlog_bytes_ = last->size();
  } else {
    sending_ = last;
    write_stream();
  }
}

}  // namespace ringside::http
