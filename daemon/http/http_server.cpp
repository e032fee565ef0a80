#include "daemon/http/http_server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/http/admission.h"
#include "daemon/http/connection.h"
#include "daemon/http/listener.h"
#include "daemon/http/tls_context.h"

namespace ringside::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kMostPending = 1000;

}  // namespace

class HttpServer::Running {
 public:
  Running(HttpOptions options, Handlers handlers)
      : core_(std::move(options), std::move(handlers)), admission_(core_), deadline_(core_.io) {}
  ~Running() { stop({}); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::optional<Failure> start();
  void stop(std::chrono::nanoseconds deadline);
  std::vector<std::string> reload();
  void publish(StreamEvent event);
  std::vector<tcp::endpoint> endpoints() const;
  bool listens() const;
  const Figures& figures() const { return core_.figures; }

 private:
  using Tls = std::shared_ptr<asio::ssl::context>;

  std::optional<Failure> parse_addresses();
  std::optional<Failure> check_origins() const;
  bool has_tls() const { return !core_.options.certificate_file.empty(); }
  Tls read_tls(std::vector<std::string>* errors) const;
  std::shared_ptr<const TokenTable> read_tokens(std::vector<std::string>* errors);

  void run();
  void begin_stop(std::chrono::nanoseconds deadline);
  void check_stopped();
  void take_published();

  ServerCore core_;
  Admission admission_;
  std::vector<tcp::endpoint> addresses_;
  Tls tls_;
  std::size_t tokens_ = 0;  // in force; for start() and reload()
  // Both are filled by start(), before there are other threads.
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::unique_ptr<UnixListener> unix_;
  asio::steady_timer deadline_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;

  std::mutex published_mutex_;  // held for one push or one swap
  std::vector<StreamEvent> published_;
  bool lost_ = false;
};

std::optional<Failure> HttpServer::Running::parse_addresses() {
  for (const std::string& text : core_.options.listen) {
    const auto parsed = parse_listen_address(text);
    if (!parsed) {
      return Failure{0, fmt::format("http.listen: found \"{}\", expected an address and a port, "
                                    "such as \"127.0.0.1:9717\" or \"[::1]:9717\"",
                                    text)};
    }
    const tcp::endpoint endpoint(asio::ip::make_address(parsed->address), parsed->port);
    if (!endpoint.address().is_loopback() && !has_tls() && !core_.options.plaintext_elsewhere) {
      return Failure{
          0, fmt::format(
                 "http.listen: {} is reached from other hosts, and there is no TLS: tokens would "
                 "go over the network in plain text\n  next: set http.certificate and http.key, or "
                 "listen on 127.0.0.1 behind a proxy, or set http.plaintext_elsewhere = true",
                 text)};
    }
    addresses_.push_back(endpoint);
  }
  return std::nullopt;
}

std::optional<Failure> HttpServer::Running::check_origins() const {
  for (const std::string& origin : core_.options.cors_origins) {
    if (origin_is_good(origin)) continue;
    return Failure{0, fmt::format("http.cors_origins: found \"{}\", expected a scheme and a host "
                                  "without a path, such as \"https://monitor.example\"",
                                  origin)};
  }
  return std::nullopt;
}

HttpServer::Running::Tls HttpServer::Running::read_tls(std::vector<std::string>* errors) const {
  if (!has_tls()) return nullptr;
  std::string why;
  Tls tls = load_tls(core_.options.certificate_file, core_.options.key_file, &why);
  if (!tls) errors->push_back(std::move(why));
  return tls;
}

// Null after an error: then the tokens stay that were read before. That there is no file is none
// while there is no token either.
std::shared_ptr<const TokenTable> HttpServer::Running::read_tokens(
    std::vector<std::string>* errors) {
  const std::string& file = core_.options.tokens_file;
  if (file.empty()) return std::make_shared<const TokenTable>();
  const bool absent = access(file.c_str(), F_OK) != 0 && errno == ENOENT;
  if (absent && tokens_ == 0) {
    spdlog::info("http: {}: no token yet; ringsided --new-token makes one", file);
    return std::make_shared<const TokenTable>();
  }
  std::vector<std::string> found;
  if (absent) {
    found.push_back(fmt::format(
        "{}: found no such file\n  next: to withdraw all of them, leave an empty file", file));
  }
  TokenTable table = absent ? TokenTable() : TokenTable::load(file, &found);
  if (found.empty()) {
    tokens_ = table.size();
    return std::make_shared<const TokenTable>(std::move(table));
  }
  const std::string kept =
      tokens_ == 0   ? "no token is valid"
      : tokens_ == 1 ? "the token that was read before stays in force"
                     : fmt::format("the {} tokens that were read before stay in force", tokens_);
  for (const std::string& error : found) errors->push_back(kept + ": " + error);
  return nullptr;
}

std::optional<Failure> HttpServer::Running::start() {
  if (auto failure = parse_addresses()) return failure;
  if (auto failure = check_origins()) return failure;
  if (core_.options.certificate_file.empty() != core_.options.key_file.empty()) {
    return Failure{0, "http.certificate, http.key: found one of them, expected both or none"};
  }
  std::vector<std::string> errors;
  tls_ = read_tls(&errors);
  if (!errors.empty()) return Failure{0, "http.certificate: " + errors.front()};
  if (auto tokens = read_tokens(&errors)) core_.authority.use(std::move(tokens));
  for (const std::string& error : errors) {
    core_.figures.add(Figure::reload_failures);
    spdlog::error("http: {}", error);
  }
  for (const tcp::endpoint& address : addresses_) {
    tcp_.push_back(std::make_unique<TcpListener>(
        core_, address, [this](tcp::socket socket, const tcp::endpoint& client) {
          admission_.admit(std::move(socket), client, tls_);
        }));
  }
  if (!core_.options.socket_path.empty()) {
    unix_ = std::make_unique<UnixListener>(
        core_, core_.options.socket_path,
        [this](UnixListener::Socket socket) { admission_.admit(std::move(socket)); });
  }
  for (const auto& listener : tcp_) listener->open();
  if (unix_) unix_->open();
  work_.emplace(core_.io.get_executor());
  thread_ = std::thread([this] { run(); });
  return std::nullopt;
}

void HttpServer::Running::run() {
  pthread_setname_np(pthread_self(), "http");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (true) {
    try {
      core_.io.run();
      return;
    } catch (const std::exception& error) {
      // Such as no memory for one connection. The others go on.
      spdlog::error("http: {}", error.what());
    }
  }
}

void HttpServer::Running::stop(std::chrono::nanoseconds deadline) {
  if (!thread_.joinable()) return;
  asio::post(core_.io, [this, deadline] { begin_stop(deadline); });
  thread_.join();
  // Those that the deadline cut. They must be gone before the io_context is.
  core_.registry.each([](Guest& guest) { static_cast<Connection&>(guest).close(); });
}

void HttpServer::Running::begin_stop(std::chrono::nanoseconds deadline) {
  core_.stopping = true;
  for (const auto& listener : tcp_) listener->close();
  if (unix_) unix_->close();
  core_.registry.each([](Guest& guest) { static_cast<Connection&>(guest).stop(); });
  work_.reset();
  deadline_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(deadline));
  deadline_.async_wait([this](boost::system::error_code) { core_.io.stop(); });
  // A connection may have been accepted already, and its handler waits behind this one. Stopped
  // here, it would keep the connection, and its client would wait for as long as the server is.
  asio::post(core_.io, [this] { check_stopped(); });
}

void HttpServer::Running::check_stopped() {
  if (core_.figures.value(Figure::connections) == 0) return core_.io.stop();
  const auto timer = std::make_shared<asio::steady_timer>(core_.io, std::chrono::milliseconds(5));
  timer->async_wait([this, timer](boost::system::error_code) { check_stopped(); });
}

std::vector<std::string> HttpServer::Running::reload() {
  std::vector<std::string> errors;
  Tls tls = read_tls(&errors);
  for (const std::string& error : errors)
    spdlog::error("http: the old one stays in force: {}", error);
  std::vector<std::string> of_tokens;
  auto tokens = read_tokens(&of_tokens);
  for (std::string& error : of_tokens) {
    spdlog::error("http: {}", error);
    errors.push_back(std::move(error));
  }
  core_.figures.add(Figure::reload_failures, errors.size());
  asio::post(core_.io, [this, tls = std::move(tls), tokens = std::move(tokens)]() mutable {
    if (tls) tls_ = std::move(tls);
    if (!tokens) return;
    core_.authority.use(std::move(tokens));
    core_.registry.each([](Guest& guest) { static_cast<Connection&>(guest).recheck(); });
  });
  return errors;
}

void HttpServer::Running::publish(StreamEvent event) {
  {
    const std::lock_guard lock(published_mutex_);
    if (published_.size() >= kMostPending) {
      lost_ = true;
      core_.figures.add(Figure::events_lost);
      return;
    }
    published_.push_back(std::move(event));
    if (published_.size() > 1) return;  // the server's thread knows already
  }
  asio::post(core_.io, [this] { take_published(); });
}

void HttpServer::Running::take_published() {
  std::vector<StreamEvent> events;
  bool lost = false;
  {
    const std::lock_guard lock(published_mutex_);
    events.swap(published_);
    lost = std::exchange(lost_, false);
  }
  if (lost) events.push_back({"", "gap", R"({"reason":"events_lost"})"});
  for (const StreamEvent& event : events) {
    core_.figures.add(Figure::events);
    core_.broadcaster.publish(event);
  }
}

std::vector<tcp::endpoint> HttpServer::Running::endpoints() const {
  std::vector<tcp::endpoint> open;
  for (const auto& listener : tcp_) {
    if (listener->is_open()) open.push_back(listener->endpoint());
  }
  return open;
}

bool HttpServer::Running::listens() const {
  return std::all_of(tcp_.begin(), tcp_.end(), [](const auto& one) { return one->is_open(); }) &&
         (!unix_ || unix_->is_open());
}

HttpServer::HttpServer(HttpOptions options, Handlers handlers)
    : running_(std::make_unique<Running>(std::move(options), std::move(handlers))) {}
HttpServer::~HttpServer() = default;

std::optional<Failure> HttpServer::start() { return running_->start(); }
void HttpServer::stop(std::chrono::nanoseconds deadline) { running_->stop(deadline); }
std::vector<std::string> HttpServer::reload() { return running_->reload(); }
void HttpServer::publish(StreamEvent event) { running_->publish(std::move(event)); }
std::vector<tcp::endpoint> HttpServer::endpoints() const { return running_->endpoints(); }
bool HttpServer::listens() const { return running_->listens(); }
const Figures& HttpServer::figures() const { return running_->figures(); }

}  // namespace ringside::http
