// A connection as a stream of events.
#include "daemon/http/connection.h"

#include <utility>

namespace ringside::http {
namespace {

namespace asio = boost::asio;

}  // namespace

bool Connection::still_allowed() const {
  return !token_ || core_.authority.holds(*token_, core_.wall_seconds());
}

void Connection::end_unauthorised() {
  end_stream("unauthorised", R"({"reason":"the token is no longer valid"})");
}

void Connection::recheck() {
  if (phase_ != Phase::streaming || still_allowed()) return;
  core_.broadcaster.leave(*this);
  end_unauthorised();
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
  std::string head =
      stream_head(request_, {false, core_.wall_seconds(), core_.options.cors_origins});
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
  // The heartbeat looks, too, but it comes only while there are no events.
  if (!still_allowed()) {
    end_unauthorised();
    return false;
  }
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
