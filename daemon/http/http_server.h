// The HTTP server: a thread of its own, on which all connections and routes run. Nothing else of
// the daemon waits for it.
//
//   listeners ──> connections ──> head, host, token ──> routes (Handlers) ──> answer
//                                      publish() ──> broadcaster ──> streams
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/broadcaster.h"
#include "daemon/http/figures.h"
#include "daemon/http/handlers.h"
#include "daemon/http/http_options.h"
#include "shm/failure.h"

namespace ringside::http {

class HttpServer {
 public:
  HttpServer(HttpOptions options, Handlers handlers);
  ~HttpServer();  // stops without a deadline of its own: at once
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Once. Refuses options that can't be meant: an address that is none, one beyond loopback without
  // TLS, a certificate that does not load, an origin that is none. An address in use is no failure:
  // it is told in the log and tried again. So is a bad file of tokens: until reload() finds a good
  // one, no token is valid.
  std::optional<Failure> start();

  // Streams are told and ended, answers that are under way are finished; what is left at the
  // deadline is cut. Returns when the thread has ended. Does nothing the second time.
  void stop(std::chrono::nanoseconds deadline);

  // Reads tokens and certificate again, on the caller's thread. What is bad is told in the log and
  // returned, one text each, and the old one stays. Open connections keep their certificate;
  // streams whose token is gone end.
  std::vector<std::string> reload();

  // Any thread. Never waits; while the server's thread is a thousand events behind, an event is
  // lost and counted, and the streams get an event `gap`. Threads that publish need an order of
  // their own.
  void publish(StreamEvent event);

  // The addresses of those TCP listeners that are open. Any thread.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;
  // Whether each address and the socket are open. Any thread.
  bool listens() const;

  const Figures& figures() const;

 private:
  class Running;
  std::unique_ptr<Running> running_;
};

}  // namespace ringside::http
