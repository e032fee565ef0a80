#include "daemon/outputs/otlp_sender.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/outputs/receivers/http_answer.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kCollectorColumns = 200;

// A collector's words, made harmless.
std::string collector_words(const std::string& text) {
  return clip(escape_visible(text), kCollectorColumns);
}

std::string collector_reason(const HttpReply& reply) {
  if (reply.status == 0) return collector_words(reply.text);
  // An OTLP refusal is a protobuf message. A proxy's is text.
  const std::string message = read_otlp_status(reply.text);
  const std::string text = collector_words(message.empty() ? reply.text : message);
  return fmt::format("it answered {}{}{}", reply.status, text.empty() ? "" : ": ", text);
}

}  // namespace

OtlpAnswer otlp_meaning_of(int status) {
  if (status >= 200 && status < 300) return OtlpAnswer::accepted;
  if (status == 0 || status == 429 || status == 502 || status == 503 || status == 504)
    return OtlpAnswer::again;
  return OtlpAnswer::dropped;
}

OtlpSender::OtlpSender(boost::asio::io_context& io, const OtlpOptions& options, std::uint64_t seed,
                       std::function<void()> settled)
    : options_(options),
      backoff_(seed, options.pauses),
      post_(io, options_.address),
      timer_(io),
      settled_(std::move(settled)) {}

void OtlpSender::show(std::shared_ptr<const Snapshot> snapshot) {
  latest_ = std::move(snapshot);
  pump();
}

void OtlpSender::finish() {
  finishing_ = true;
  pump();
}

bool OtlpSender::settled() const {
  return finishing_ && !post_.under_way() && (gave_up_ || !unsent());
}

void OtlpSender::pump() {
  if (!post_.under_way() && !gave_up_ && unsent()) {
    const std::int64_t now_ns = read_instant().monotonic_ns;
    const std::int64_t at_ns = finishing_ ? now_ns : std::max(due_ns_, not_before_ns_);
    if (at_ns > now_ns) {
      wake_at(at_ns);
    } else {
      sending_ = latest_;
      post_.start(render_otlp(*sending_, options_.resource),
                  [this](const HttpReply& reply) { answered(reply); });
    }
  }
  if (settled()) settled_();
}

void OtlpSender::wake_at(std::int64_t monotonic_ns) {
  timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns)));
  // A timer that is due already calls this although it is cancelled.
  timer_.async_wait([this, present = std::weak_ptr(present_)](const auto& error) {
    if (!error && !present.expired()) pump();
  });
}

void OtlpSender::answered(const HttpReply& reply) {
  const Instant now = read_instant();
  const OtlpAnswer answer = otlp_meaning_of(reply.status);
  if (answer == OtlpAnswer::again) {
    failed(reply, now);
  } else {
    sent_ = sending_;
    // Intervals begin with the first request, and anew after one that took longer.
    const std::int64_t next_ns = due_ns_ + options_.interval_ns;
    due_ns_ = due_ns_ != 0 && next_ns > now.monotonic_ns ? next_ns
                                                         : now.monotonic_ns + options_.interval_ns;
    not_before_ns_ = 0;
    backoff_.after_success();
    if (failures_ > 0) spdlog::info("otlp: reached again, failed tries: {}", failures_);
    failures_ = 0;
    answer == OtlpAnswer::accepted ? accepted(reply) : refused(reply);
  }
  sending_.reset();
  pump();
}

void OtlpSender::accepted(const HttpReply& reply) {
  if (dropped_ > 0) spdlog::info("otlp: accepted again, requests dropped: {}", dropped_);
  dropped_ = 0;
  const OtlpPartialSuccess partial = read_otlp_response(reply.text);
  std::string said;
  if (partial.rejected_data_points > 0) {
    said = fmt::format("the collector accepted all but {} data points: {}",
                       partial.rejected_data_points, collector_words(partial.message));
  } else if (!partial.message.empty()) {
    said = fmt::format("the collector accepted it, and says: {}", collector_words(partial.message));
  }
  // It may say the same each time.
  if (!said.empty() && said != partial_said_) spdlog::warn("otlp: {}", said);
  partial_said_ = std::move(said);
}

void OtlpSender::failed(const HttpReply& reply, const Instant& now) {
  if (failures_++ == 0)
    spdlog::warn("otlp: not sent: {}; it is tried again", collector_reason(reply));
  const std::int64_t asked_ns = retry_after_ns(reply.retry_after, now.realtime_ns);
  not_before_ns_ = now.monotonic_ns + backoff_.after_failure(asked_ns);
  gave_up_ = finishing_;
}

void OtlpSender::refused(const HttpReply& reply) {
  if (dropped_++ > 0) return;
  spdlog::error(
      "otlp: figures are dropped: {}\n  next: check otlp.url and otlp.headers_file; they are sent "
      "anew at each interval",
      collector_reason(reply));
}

}  // namespace ringside
