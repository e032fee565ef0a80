#include "daemon/run/api.h"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <mutex>
#include <utility>
#include <variant>

#include "daemon/http/alert_lines.h"
#include "daemon/http/dashboard_assets.h"
#include "daemon/http/gzip.h"
#include "daemon/http/http_options.h"
#include "daemon/http/http_server.h"
#include "daemon/http/job_runner.h"
#include "daemon/http/routes.h"
#include "daemon/http/stream_events.h"
#include "daemon/run/api_metrics.h"
#include "report/render/prometheus/exposition.h"
#include "shm/clock.h"

namespace ringside {
namespace {

using http::Handlers;
using http::Present;
using http::Request;
using http::Response;

constexpr std::chrono::seconds kPatience{2};  // of the end, for answers that are under way
constexpr std::int64_t kQuietNs = 60'000'000'000;  // between two lines about wrong tokens
constexpr std::string_view kMetricsOpen = "open";
constexpr std::string_view kMetricsOff = "off";

// A file of the dashboard. It is asked for each time, and not sent again while it is the same.
Response page(const http::DashboardAsset& asset) {
  Response response;
  response.type = asset.type;
  response.body = asset.bytes;
  response.gzipped = http::gzipped_once(asset.bytes);
  response.headers = {{"ETag", std::string(asset.etag)}, {"Cache-Control", "no-cache"}};
  return response;
}

}  // namespace

class Api::Running {
 public:
  Running(const HttpConfig& config, Surroundings surroundings)
      : config_(config),
        surroundings_(std::move(surroundings)),
        desk_(surroundings_.ask),
        epoch_(clock_ns(CLOCK_REALTIME)),
        server_(http::options_of(config), handlers()) {
    boost::asio::post(stream_, [] { pthread_setname_np(pthread_self(), "streams"); });
  }

  std::optional<Failure> start() { return server_.start(); }

  void publish(std::shared_ptr<const Snapshot> snapshot) {
    auto present = std::make_shared<const Present>(std::move(snapshot));
    {
      const std::lock_guard lock(mutex_);
      published_ns_ = clock_ns(CLOCK_MONOTONIC);
      present_.swap(present);
    }
    // The one before is freed by the stream's thread, or by who answers with it.
    boost::asio::post(stream_, [this, before = std::move(present)] { tell(before); });
  }

  // On the drain thread.
  void tell_lines(const std::vector<AlertTransition>& lines) { lines_.tell(lines); }

  void reconfigure(const HttpConfig& config) {
    server_.reload();
    if (config == config_) return;
    spdlog::warn(
        "the keys of [http] cannot change while the daemon runs, but for what tokens and "
        "certificate files hold\n  next: restart the daemon");
  }

  void stop() {
    server_.stop(kPatience);
    jobs_.stop();
    stream_.stop();
    stream_.join();
  }

 private:
  // Without /metrics where the configuration has it off: then there is no such path.
  http::Match find(http::Method method, std::string_view path) const {
    const http::Route* shown = http::match(http::Method::get, path).route;
    if (config_.metrics == kMetricsOff && shown && shown->work == http::Work::exposition) return {};
    return http::match(method, path);
  }

  Handlers handlers() {
    Handlers handlers;
    handlers.answer = [this](const Request& request, http::Answered answered) {
      answer(request, std::move(answered));
    };
    handlers.needs = [this](http::Method method, std::string_view path) {
      const http::Match match = find(method, path);
      if (match.route == nullptr) return http::Scope::none;
      if (match.route->work == http::Work::exposition && config_.metrics != kMetricsOpen)
        return http::Scope::read;
      return match.route->scope;
    };
    handlers.allowed = [this](std::string_view path) {
      if (http::dashboard_asset(path) != nullptr) return std::string("GET, HEAD");
      return find(http::Method::get, path).allow;
    };
    handlers.before_name = http::kBeforeOperation;
    handlers.open_stream = [this](const Request& request) { return open_stream(request); };
    handlers.refused = [this](const http::Refusal& one) { note_refusal(one); };
    return handlers;
  }

  // Somebody who guesses is told of in the log; the counts of all are in /metrics. On the server's
  // thread.
  void note_refusal(const http::Refusal& one) {
    const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (one.kind != http::Refusal::Kind::rate_limited || now_ns < quiet_until_ns_) return;
    quiet_until_ns_ = now_ns + kQuietNs;
    spdlog::warn(
        "http: {} sends wrong tokens, more than {} a minute, and gets 429\n  next: see who it is; "
        "ringside_api_refusals_total counts all, http.wrong_tokens_per_minute is the limit",
        one.peer, config_.wrong_tokens_per_minute);
  }

  std::shared_ptr<const Present> present() const {
    const std::lock_guard lock(mutex_);
    return present_;
  }

  http::Sources sources() {
    http::Sources sources;
    {
      const std::lock_guard lock(mutex_);
      sources.present = present_;
      sources.age_seconds = static_cast<double>(clock_ns(CLOCK_MONOTONIC) - published_ns_) / 1e9;
    }
    sources.now_wall_ns = clock_ns(CLOCK_REALTIME);
    sources.history = surroundings_.history;
    if (surroundings_.history_problem) sources.history_problem = surroundings_.history_problem();
    if (surroundings_.log_problem) sources.log_problem = surroundings_.log_problem();
    sources.lines = lines_.latest();
    sources.desk = &desk_;
    sources.idempotency = &idempotency_;
    return sources;
  }

  void answer(const Request& request, http::Answered answered) {
    const http::Match match = find(request.method, request.path);
    if (const auto* asset = http::dashboard_asset(request.path)) return answered(page(*asset));
    if (match.route == nullptr) return answered(http::unknown_path(request));
    if (match.route->work == http::Work::exposition) return answered(exposition(request));
    http::Answer answer = http::answer(match, request, sources());
    if (auto* response = std::get_if<Response>(&answer)) return answered(std::move(*response));
    if (!jobs_.submit(request, std::get<http::Job>(std::move(answer)), answered))
      answered(http::busy(request));
  }

  std::optional<std::string> open_stream(const Request& request) {
    const http::Match match = http::match(request.method, request.path);
    if (match.route == nullptr || match.route->work != http::Work::stream) return std::nullopt;
    const auto now = present();
    const http::StreamData hello = http::hello_event(now.get(), clock_ns(CLOCK_REALTIME));
    return http::event_text({"", std::string(hello.event), hello.data});
  }

  Response exposition(const Request& request) {
    const auto now = present();
    if (!now) {
      Response early = http::problem(request, 503, "not_known_yet", "Not known yet",
                                     "the daemon has not looked yet; ask again in a second");
      early.headers.emplace_back("Retry-After", "1");
      return early;
    }
    const std::string* accept = request.header("accept");
    const MetricsFormat format = metrics_format_for(accept == nullptr ? "" : *accept);
    Response response;
    response.type = content_type_of(format);
    const auto kept = now->kept(fmt::format("exposition {}", static_cast<int>(format)),
                                [&] { return render_metrics(now->snapshot(), format); });
    response.body = kept->text;
    append_metrics(response.body, format, api_metrics(server_.figures(), epoch_));
    response.headers.emplace_back("Vary", "Accept");
    return response;
  }

  // On the stream's thread: what has happened since the snapshot before.
  void tell(const std::shared_ptr<const Present>& before) {
    const auto now = present();
    if (!now || now == told_) return;
    // Ticks that were published while this thread was busy have become one.
    const Snapshot* last = told_ ? &told_->snapshot() : before ? &before->snapshot() : nullptr;
    for (http::StreamData& one : http::events_between(last, *now)) send(std::move(one));
    told_ = now;
  }

  void send(http::StreamData event) {
    server_.publish(
        {fmt::format("{}-{}", epoch_, ++events_), std::string(event.event), std::move(event.data)});
  }

  const HttpConfig config_;
  const Surroundings surroundings_;
  DrainDesk desk_;
  http::Idempotency idempotency_;
  // Those of single alerts come with the tick (events_between()).
  http::AlertLines lines_{[this](const AlertTransition& line) {
    boost::asio::post(stream_, [this, line] { send(http::line_event(line)); });
  }};
  const std::int64_t epoch_;  // so that an id of another daemon's event is none of ours
  mutable std::mutex mutex_;
  std::shared_ptr<const Present> present_;
  std::int64_t published_ns_ = 0;
  std::shared_ptr<const Present> told_;  // only for the stream's thread
  std::uint64_t events_ = 0;
  std::int64_t quiet_until_ns_ = 0;  // only for the server's thread
  http::HttpServer server_;
  http::JobRunner jobs_;
  boost::asio::thread_pool stream_{1};
};

Api::Api() = default;
Api::~Api() { stop(); }

std::optional<Failure> Api::start(const HttpConfig& config, Surroundings surroundings) {
  if (!config.enabled) return std::nullopt;
  auto running = std::make_unique<Running>(config, std::move(surroundings));
  if (auto failure = running->start()) return failure;
  running_ = std::move(running);
  return std::nullopt;
}

void Api::publish(std::shared_ptr<const Snapshot> snapshot) {
  if (running_) running_->publish(std::move(snapshot));
}

void Api::tell(const std::vector<AlertTransition>& transitions) {
  if (running_) running_->tell_lines(transitions);
}

void Api::reconfigure(const HttpConfig& config) {
  if (running_) running_->reconfigure(config);
}

void Api::stop() {
  if (!running_) return;
  running_->stop();
  running_.reset();
}

}  // namespace ringside
