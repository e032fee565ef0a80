#include "tools/ringside/daemon_client.h"

#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/config/config.h"
#include "report/model/format.h"
#include "tools/ringside/event_lines.h"

namespace ringside::tool {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t kMostBody = std::uint64_t{256} << 20;

Failure cannot(const std::string& path, const std::string& what, const error_code& error) {
  const char* next = "is the daemon well? its own log says more";
  const bool absent = error == boost::system::errc::no_such_file_or_directory ||
                      error == boost::system::errc::connection_refused;
  if (absent) next = "start ringsided, or name the socket of one that runs with --socket";
  if (error == boost::system::errc::permission_denied)
    next = "ask as the daemon's own user or as root, or add yourself to http.socket_readers";
  const std::string why = error == beast::error::timeout ? "no answer in time" : error.message();
  return {error.value(), fmt::format("{}: {}: {}\n  next: {}", path, what, why, next)};
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::strchr("-._~", c) != nullptr;
    out += plain && c != '\0' ? std::string(1, c)
                              : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// One connection, for one request.
class Asked {
 public:
  using Stream = beast::basic_stream<asio::local::stream_protocol>;

  Asked(const std::string& path, std::chrono::seconds patience)
      : path_(path), patience_(patience), stream_(context_) {}

  bool send(http::request<http::string_body>& request) {
    sockaddr_un longest{};
    if (path_.size() >= sizeof longest.sun_path) {
      failure_ = {ENAMETOOLONG,
                  fmt::format("{}: the path of a socket has at most {} bytes\n  next: name a "
                              "shorter one, a symbolic link perhaps",
                              path_, sizeof longest.sun_path - 1)};
      return false;
    }
    if (!done("cannot reach the daemon", [&](auto then) {
          stream_.async_connect(asio::local::stream_protocol::endpoint(path_), then);
        })) {
      return false;
    }
    request.version(11);
    request.set(http::field::host, "localhost");
    request.set(http::field::user_agent, "ringside");
    request.prepare_payload();
    return done("cannot ask the daemon",
                [&](auto then) { http::async_write(stream_, request, discard(then)); });
  }
  template <typename Parser>
  bool read(Parser& parser) {
    return done("no whole answer of the daemon",
                [&](auto then) { http::async_read(stream_, buffer_, parser, discard(then)); });
  }
  template <typename Parser>
  bool read_head(Parser& parser) {
    return done("no whole answer of the daemon", [&](auto then) {
      http::async_read_header(stream_, buffer_, parser, discard(then));
    });
  }
  // What has come of the body; nothing: it failed. The end of the body is a failure, too, but its
  // last piece comes first.
  template <typename Parser>
  std::optional<std::string_view> read_some(Parser& parser) {
    if (parser.is_done()) {
      failure_ = {0, fmt::format("{}: the daemon ended the stream", path_)};
      return std::nullopt;
    }
    parser.get().body().data = piece_.data();
    parser.get().body().size = piece_.size();
    const bool good = done("the stream of the daemon ended", [&](auto then) {
      http::async_read_some(stream_, buffer_, parser, [then](error_code error, std::size_t) {
        then(error == http::error::need_buffer ? error_code{} : error);
      });
    });
    if (!good) return std::nullopt;
    return std::string_view(piece_.data(), piece_.size() - parser.get().body().size);
  }
  const Failure& failure() const { return failure_; }

 private:
  template <typename Then>
  static auto discard(Then then) {
    return [then](error_code error, std::size_t) { then(error); };
  }
  template <typename Begin>
  bool done(const char* what, Begin&& begin) {
    error_code result;
    stream_.expires_after(patience_);
    begin([&result](error_code error) { result = error; });
    context_.restart();
    context_.run();
    if (result) failure_ = cannot(path_, what, result);
    return !result;
  }

  const std::string& path_;
  std::chrono::seconds patience_;
  asio::io_context context_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::array<char, 16 * 1024> piece_{};
  Failure failure_;
};

std::string target_of(std::string_view path, const DaemonClient::Query& query) {
  std::string target(path);
  char before = '?';
  for (const auto& [name, value] : query) {
    target += fmt::format("{}{}={}", before, percent_encoded(name), percent_encoded(value));
    before = '&';
  }
  return target;
}

template <typename Message>
DaemonAnswer answer_of(const Message& message, std::string body) {
  return {static_cast<int>(message.result_int()), std::string(message[http::field::content_type]),
          std::move(body)};
}

DaemonClient::Result ask(const std::string& path, std::chrono::seconds patience,
                         http::request<http::string_body>& request) {
  Asked asked(path, patience);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMostBody);
  if (!asked.send(request) || !asked.read(parser)) return asked.failure();
  return answer_of(parser.get(), std::move(parser.get().body()));
}

}  // namespace

std::string daemon_socket(const std::string& given) {
  if (!given.empty()) return given;
  const char* system = "/run/ringside/ringsided.sock";
  if (access(system, F_OK) == 0) return system;
  Config config;
  resolve_paths(config, read_surroundings());
  return config.state_directory + "/ringsided.sock";
}

DaemonClient::DaemonClient(std::string socket_path, std::chrono::seconds patience)
    : path_(std::move(socket_path)), patience_(patience) {}

DaemonClient::Result DaemonClient::get(std::string_view path, const Query& query,
                                       const std::string& accept) const {
  http::request<http::string_body> request(http::verb::get, target_of(path, query), 11);
  request.set(http::field::accept, accept);
  return ask(path_, patience_, request);
}

DaemonClient::Result DaemonClient::post(std::string_view path, const std::string& json) const {
  http::request<http::string_body> request(http::verb::post, std::string(path), 11);
  request.set(http::field::accept, "application/json");
  request.set(http::field::content_type, "application/json");
  request.body() = json;
  return ask(path_, patience_, request);
}

DaemonClient::Result DaemonClient::follow(
    std::string_view path, const std::string& last_id,
    const std::function<bool(const DaemonEvent&)>& take) const {
  http::request<http::string_body> request(http::verb::get, std::string(path), 11);
  request.set(http::field::accept, "text/event-stream");
  if (!last_id.empty()) request.set("Last-Event-ID", last_id);
  Asked asked(path_, patience_);
  http::response_parser<http::buffer_body> parser;
  // A stream has no end. boost::none is no such limit here: Beast 1.74 refuses every length with
  // it.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  if (!asked.send(request) || !asked.read_head(parser)) return asked.failure();
  std::string refusal;
  EventLines events;
  const bool refused = parser.get().result() != http::status::ok;
  for (;;) {
    const auto piece = asked.read_some(parser);
    if (!piece) break;
    if (refused) {
      refusal += *piece;
      continue;
    }
    events.add(*piece);
    while (const auto event = events.next()) {
      if (!take(*event)) return Failure{};
    }
    if (events.too_long()) return Failure{0, path_ + ": what comes is no stream of a daemon"};
  }
  if (refused) return answer_of(parser.get(), std::move(refusal));
  return asked.failure();
}

std::string problem_text(const DaemonAnswer& answer) {
  const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
  if (problem.is_object() && problem.contains("detail") && problem["detail"].is_string())
    return escape_visible(problem["detail"].get<std::string>());
  return fmt::format("the daemon answers {}", answer.status);
}

}  // namespace ringside::tool
