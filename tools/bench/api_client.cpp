#include "tools/bench/api_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <utility>

#include "tools/bench/harness.h"

namespace ringside::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr std::uint64_t kMostBody = std::uint64_t{64} << 20;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::chrono::seconds kPatience{30};
}  // namespace

class ApiClient::Connection {
 public:
  explicit Connection(std::uint16_t port) : stream_(io_) {
    buffer_.reserve(kReadBytes);  // otherwise Beast reads half a kilobyte at a time
    done([&](auto then) {
      stream_.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), then);
    });
    if (!error_) stream_.socket().set_option(tcp::no_delay(true), error_);
  }
  bool failed() const { return static_cast<bool>(error_); }

  std::optional<Answer> ask(const http::request<http::empty_body>& request) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMostBody);
    const double begin = monotonic_seconds();
    done([&](auto then) { http::async_write(stream_, request, then); });
    if (!error_) done([&](auto then) { http::async_read(stream_, buffer_, parser, then); });
    if (error_) return std::nullopt;
    Answer answer;
    answer.seconds = monotonic_seconds() - begin;
    answer.status = parser.get().result_int();
    answer.body = std::move(parser.get().body());
    if (!parser.get().keep_alive()) error_ = http::error::end_of_stream;
    return answer;
  }

 private:
  template <typename Start>
  void done(const Start& begin) {
    stream_.expires_after(kPatience);
    begin([this](error_code error, auto&&...) { error_ = error; });
    io_.restart();
    io_.run();
  }

  asio::io_context io_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  error_code error_;
};

ApiClient::ApiClient(std::uint16_t port, std::string token)
    : port_(port), token_(std::move(token)) {}
ApiClient::~ApiClient() = default;

std::optional<ApiClient::Answer> ApiClient::get(const std::string& target,
                                                const std::string& accept) {
  if (!connection_ || connection_->failed()) connection_ = std::make_unique<Connection>(port_);
  if (connection_->failed()) return std::nullopt;
  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::accept, accept);
  request.set(http::field::authorization, "Bearer " + token_);
  return connection_->ask(request);
}

}  // namespace ringside::bench
