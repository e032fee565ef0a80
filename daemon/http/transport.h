// The bytes of one connection: plain TCP, TLS over TCP, or a Unix socket.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <vector>

namespace ringside::http {

// Every call that takes a handler calls it once, from the io_context, never from inside the call.
class Transport {
 public:
  using Error = boost::system::error_code;
  using Done = std::function<void(Error, std::size_t)>;

  virtual ~Transport() = default;
  virtual void handshake(std::function<void(Error)> done) = 0;
  virtual void read_some(boost::asio::mutable_buffer buffer, Done done) = 0;
  // All of it. The caller keeps the bytes until `done`.
  virtual void write(std::vector<boost::asio::const_buffer> buffers, Done done) = 0;
  // Says that no more is sent. What still comes can be read, but with TLS it is no text any more.
  virtual void finish(std::function<void(Error)> done) = 0;
  virtual void close() = 0;
};

std::unique_ptr<Transport> make_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> make_transport(boost::asio::local::stream_protocol::socket socket);
std::unique_ptr<Transport> make_transport(boost::asio::ip::tcp::socket socket,
                                          std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace ringside::http
