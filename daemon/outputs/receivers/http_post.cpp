#include "daemon/outputs/receivers/http_post.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "shm/assert.h"

namespace ringside {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::size_t kMostHeaderBytes = 16 * 1024;
constexpr std::size_t kBodyBytes = 512;   // as much of an error's body as is read

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

void trust_authorities(ssl::context& context, const std::string& pem, error_code& error) {
  context.set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (pem.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.add_certificate_authority(asio::buffer(pem), error);
  }
}

std::string in_seconds(std::chrono::nanoseconds span) {
  return fmt::format("{} s", std::chrono::duration<double>(span).count());
}

}  // namespace

struct HttpPost::Trust {
  ssl::context context{ssl::context::tls_client};
};

// A post that is under way. It has two streams at most: TLS lies over the plain one. Each handler
// keeps it alive, and does nothing once it has ended.
class HttpPost::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context& io, const ReceiverAddress& address, std::shared_ptr<Trust> trust,
           std::string body, Done done)
      : address_(address),
        trust_(std::move(trust)),
        socket_(io),
        deadline_(io),
        buffer_(kMostHeaderBytes),
        done_(std::move(done)),
        began_(steady_clock::now()) {
    if (trust_) tls_.emplace(socket_, trust_->context);
    make_request(std::move(body));
  }

  void start(asio::io_context& io, NameLookup& lookup) {
    limit(std::min(address_.connect_timeout, address_.timeout), "not connected");
    lookup.start(io, address_.host, address_.port,
                 [self = shared_from_this()](const NameLookup::Endpoints& endpoints,
                                             const std::string& why) {
                   self->connect(endpoints, why);
                 });
  }

  void cancel() {
    done_ = nullptr;
    close();
  }

 private:
  // Wraps a step: it is left out when the exchange has ended, and an error ends it.
  template <typename Next>
  auto then(const char* step, Next next) {
    return [self = shared_from_this(), step, next](error_code error, auto&&...) {
      if (!self->done_) return;
      if (error) return self->fail(step, error);
      next(*self);
    };
  }

  void make_request(std::string body) {
    request_ = {http::verb::post, address_.target, 11};
    request_.set(http::field::host, address_.host_field);
    request_.set(http::field::user_agent, address_.program);
    request_.set(http::field::content_type, address_.content_type);
    request_.set(http::field::accept, address_.content_type);
    request_.set(http::field::connection, "close");
    if (!address_.token.empty())
      request_.set(http::field::authorization, "Bearer " + address_.token);
    for (const auto& [name, value] : address_.fields) request_.set(name, value);
    request_.body() = std::move(body);
    request_.prepare_payload();
  }

  // From the begin on. It takes the place of the deadline before.
  void limit(std::chrono::nanoseconds span, const char* what) {
    deadline_.expires_at(began_ + std::chrono::duration_cast<steady_clock::duration>(span));
    // A deadline that is due already calls this although another has taken its place.
    deadline_.async_wait([self = shared_from_this(), span, what, mine = ++deadlines_](auto error) {
      if (error || !self->done_ || mine != self->deadlines_) return;
      // An answer whose body does not end is an answer.
      if (self->reply_.status != 0) return self->end_with_body();
      self->end({0, "", fmt::format("{} within {}", what, in_seconds(span))});
    });
  }

  void connect(const NameLookup::Endpoints& endpoints, const std::string& why) {
    if (!done_) return;
    if (endpoints.empty()) return end({0, "", fmt::format("{}: {}", address_.host, why)});
    endpoints_ = endpoints;
    asio::async_connect(socket_, endpoints_, then("connect", [](Exchange& e) { e.connected(); }));
  }

  void connected() {
    limit(address_.timeout, "no answer");
    if (!tls_) return write();
    SSL* const handle = tls_->native_handle();
    X509_VERIFY_PARAM* const expected = SSL_get0_param(handle);
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const char* const host = address_.host.c_str();
    const bool set = is_address(address_.host)
                         ? X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1
                         : X509_VERIFY_PARAM_set1_host(expected, host, 0) == 1 &&
                               SSL_set_tlsext_host_name(handle, host) == 1;
    // Without the expected name any certificate would do.
    if (!set) return end({0, "", "TLS: the host's name can't be verified"});
    tls_->async_handshake(ssl::stream_base::client,
                          then("TLS", [](Exchange& e) { e.write(); }));
  }

  template <typename Use>
  void with_stream(Use use) {
    if (tls_) {
      use(*tls_);
    } else {
      use(socket_);
    }
  }

  void write() {
    with_stream([&](auto& stream) {
      http::async_write(stream, request_, then("write", [](Exchange& e) { e.read_header(); }));
    });
  }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(kMostHeaderBytes / 2);
    // Of a body kBodyBytes are read, however long it is. In Boost 1.74 no limit means 0.
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
    with_stream([&](auto& stream) {
      http::async_read_header(stream, buffer_, *parser_,
                              then("read", [](Exchange& e) { e.judge_header(); }));
    });
  }

  void judge_header() {
    const int status = static_cast<int>(parser_->get().result_int());
    if (status >= 100 && status < 200) return read_header();   // an interim answer
    reply_.status = status;
    reply_.retry_after = std::string(parser_->get()[http::field::retry_after]);
    if (status >= 200 && status < 300 && !address_.wants_body) return end(std::move(reply_));
    auto& body = parser_->get().body();
    body.data = body_.data();
    body.size = body_.size();
    body.more = true;
    with_stream([&](auto& stream) {
      // The status is known, so no error of the body matters.
      http::async_read(stream, buffer_, *parser_,
                       [self = shared_from_this()](error_code, std::size_t) {
                         if (self->done_) self->end_with_body();
                       });
    });
  }

  void end_with_body() {
    const std::size_t left = parser_->get().body().size;
    reply_.text.assign(body_.data(), body_.size() - std::min(left, body_.size()));
    end(std::move(reply_));
  }

  void fail(const char* step, const error_code& error) {
    std::string text = fmt::format("{}: {}", step, error.message());
    if (tls_) {
      const long verified = SSL_get_verify_result(tls_->native_handle());
      if (verified != X509_V_OK)
        text += fmt::format(" ({})", X509_verify_cert_error_string(verified));
    }
    end({0, "", std::move(text)});
  }

  void end(HttpReply reply) {
    const Done done = std::exchange(done_, nullptr);
    close();
    done(reply);
  }

  void close() {
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  const ReceiverAddress& address_;   // of the HttpPost, which cancels before it ends
  const std::shared_ptr<Trust> trust_;
  tcp::socket socket_;
  std::optional<ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer deadline_;
  std::uint64_t deadlines_ = 0;
  NameLookup::Endpoints endpoints_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::array<char, kBodyBytes> body_{};
  HttpReply reply_;
  Done done_;   // null: ended
  const steady_clock::time_point began_;
};

bool HttpPost::authorities_are_good(const ReceiverAddress& address, std::string* why) {
  Trust trust;
  error_code error;
  trust_authorities(trust.context, address.authorities, error);
  if (error) *why = error.message();
  return !error;
}

HttpPost::HttpPost(asio::io_context& io, const ReceiverAddress& address)
    : io_(io), address_(address) {
  if (!address_.tls) return;
  trust_ = std::make_shared<Trust>();
  // Where that fails no authority is trusted, and every handshake says so.
  error_code ignored;
  trust_authorities(trust_->context, address_.authorities, ignored);
}

HttpPost::~HttpPost() { cancel(); }

bool HttpPost::under_way() const { return exchange_ != nullptr; }

void HttpPost::start(std::string body, Done done) {
  RINGSIDE_ASSERT(!exchange_);
  exchange_ = std::make_shared<Exchange>(
      io_, address_, trust_, std::move(body), [this, done = std::move(done)](const HttpReply& r) {
        const auto ended = std::move(exchange_);   // keeps it to the end of this call
        exchange_.reset();
        done(r);
      });
  exchange_->start(io_, lookup_);
}

void HttpPost::cancel() {
  lookup_.cancel();
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->cancel();
}

}  // namespace ringside
