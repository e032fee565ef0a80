// From bytes to a request, and to the route that answers it.
#include "daemon/http/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/dispatch.hpp>
#include <exception>
#include <utility>

namespace ringside::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;

}  // namespace

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
  } else if (judgement.refusal || (judgement.answer && judgement.answer->status >= 400)) {
    core_.figures.add(Figure::bad_requests);
  }
  // While a body is still to come, the connection ends after any answer but its own.
  const bool alive = parser_->is_done() && parser_->keep_alive();
  if (judgement.refusal) return answer(std::move(*judgement.refusal), false);
  if (judgement.answer) return answer(std::move(*judgement.answer), alive);
  if (auto refusal = core_.authority.identify(request_, peer_.key, core_.wall_seconds(), &token_))
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
  // HTTP/1.0 knows no answer before the answer.
  const bool waits = expected != nullptr && parser_->get().version() >= 11;
  if (!waits || buffer_.size() > 0) return look_at_body();
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
    enter(Phase::answering, limits_.request);
    core_.handlers.answer(request_, [&io = core_.io, weak = weak_from_this(), mine = ++asked_,
                                     alive](Response response) {
      asio::dispatch(io, [weak, mine, alive, response = std::move(response)]() mutable {
        const auto self = weak.lock();
        if (self && self->phase_ == Phase::answering && self->asked_ == mine)
          self->answer(std::move(response), alive);
      });
    });
  } catch (const std::exception& error) {
    spdlog::error("http: {} of {}: {}", request_.id, request_.path, error.what());
    answer(problem(request_, 500, "internal_error", "Internal error",
                   "the daemon's log says more, under the id of this request"),
           alive);
  }
}

// What the route says later counts no more.
void Connection::give_up() {
  ++asked_;
  Response late = problem(request_, 503, "took_too_long", "Took too long",
                          "there was no answer in time; ask for less, or again later");
  late.headers.emplace_back("Retry-After", kBusySeconds);
  answer(std::move(late), false);
}

}  // namespace ringside::http
