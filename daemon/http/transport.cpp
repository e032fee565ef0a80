#include "daemon/http/transport.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace ringside::http {
namespace {

namespace asio = boost::asio;

template <typename Socket>
class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  void handshake(std::function<void(Error)> done) override { later(std::move(done), {}); }
  void read_some(asio::mutable_buffer buffer, Done done) override {
    socket_.async_read_some(buffer, std::move(done));
  }
  void write(std::vector<asio::const_buffer> buffers, Done done) override {
    asio::async_write(socket_, std::move(buffers), std::move(done));
  }
  void finish(std::function<void(Error)> done) override {
    Error error;
    socket_.shutdown(Socket::shutdown_send, error);
    later(std::move(done), error);
  }
  void close() override {
    Error ignored;
    socket_.close(ignored);
  }

 private:
  void later(std::function<void(Error)> done, Error error) {
    asio::post(socket_.get_executor(), [done = std::move(done), error] { done(error); });
  }

  Socket socket_;
};

class TlsTransport final : public Transport {
 public:
  using Socket = asio::ip::tcp::socket;

  TlsTransport(Socket socket, std::shared_ptr<asio::ssl::context> tls)
      : tls_(std::move(tls)), stream_(std::move(socket), *tls_) {}

  void handshake(std::function<void(Error)> done) override {
    stream_.async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  void read_some(asio::mutable_buffer buffer, Done done) override {
    if (finished_) return stream_.next_layer().async_read_some(buffer, std::move(done));
    stream_.async_read_some(buffer, [this, done = std::move(done)](Error error, std::size_t bytes) {
      // A read that was under way when finish() came. The next one is of the socket.
      if (finished_ && of_tls(error)) error = {};
      done(error, bytes);
    });
  }
  void write(std::vector<asio::const_buffer> buffers, Done done) override {
    asio::async_write(stream_, std::move(buffers), std::move(done));
  }
  // Sends close_notify. OpenSSL then waits for the client's, and fails where data comes instead.
  // That is a client that still sends what nobody wants: the connection must stay open until it has
  // read the answer, so from here on its bytes are read as they come, encrypted.
  void finish(std::function<void(Error)> done) override {
    stream_.async_shutdown([this, done = std::move(done)](Error error) {
      if (error && !of_tls(error)) return done(error);
      finished_ = true;
      stream_.next_layer().shutdown(Socket::shutdown_send, error);
      done(error);
    });
  }
  void close() override {
    Error ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  static bool of_tls(const Error& error) {
    return error.category() == asio::error::get_ssl_category();
  }

  std::shared_ptr<asio::ssl::context> tls_;  // the one of the connection's begin
  asio::ssl::stream<Socket> stream_;
  bool finished_ = false;  // close_notify is sent
};

}  // namespace

std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainTransport<asio::ip::tcp::socket>>(std::move(socket));
}
std::unique_ptr<Transport> make_transport(asio::local::stream_protocol::socket socket) {
  return std::make_unique<PlainTransport<asio::local::stream_protocol::socket>>(std::move(socket));
}
std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket,
                                          std::shared_ptr<asio::ssl::context> tls) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(tls));
}

}  // namespace ringside::http
