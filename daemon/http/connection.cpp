#include "daemon/http/connection.h"

#include <algorithm>
#include <utility>

namespace ringside::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadBytes = 8 * 1024;
// Of what a refused client still sends, so that it reads the answer before it sees the end.
constexpr std::size_t kMostDiscarded = 256 * 1024;

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
      scanner_(limits_.head),
      known_(peer_.scope != Scope::none) {
  core_.figures.add(Figure::connections);
}

void Connection::enter(Phase phase, std::chrono::nanoseconds deadline) {
  phase_ = phase;
  phase_began_ = Clock::now();
  set_deadline(deadline);
}

void Connection::set_deadline(std::chrono::nanoseconds span) {
  auto at = Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
  if (phase_ == Phase::head || phase_ == Phase::body || phase_ == Phase::answering ||
      phase_ == Phase::writing) {
    const auto end =
        request_began_ + std::chrono::duration_cast<Clock::duration>(limits_.request);
    // A request that is too late can still be told so.
    at = std::min(at, std::max(end, Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                      limits_.linger)));
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
        if (!offer(heartbeat)) core_.broadcaster.leave(*this);
        return;
      }
      core_.figures.add(Figure::timeouts);
      return close();
    case Phase::answering: core_.figures.add(Figure::timeouts); return give_up();
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

int Connection::expendable(Clock::time_point now) const {
  switch (phase_) {
    case Phase::handshake:
    case Phase::idle:
    case Phase::head:
    case Phase::closing: return known_ ? 1 : 2;
    case Phase::body: return known_ ? 0 : 2;
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
                      {keep_alive, core_.wall_seconds(), core_.options.cors_origins});
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

}  // namespace ringside::http
