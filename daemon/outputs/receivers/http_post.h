// One POST over HTTP/1.1 or HTTPS, on a connection of its own, with deadlines.
//
//   look up, connect  (connect_timeout)   TLS, write, read  (timeout, from the begin)
//
// Certificates and host names are verified. Redirects are not followed. Of an answer only the
// status, Retry-After and, for an error or where it is wanted, the first bytes of its body are
// read.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "daemon/outputs/receivers/name_lookup.h"
#include "daemon/outputs/receivers/receiver_options.h"

namespace ringside {

struct HttpReply {
  int status = 0;            // 0: no answer came
  std::string retry_after;   // the field, as it is
  std::string text;          // why no answer came, or how the body begins
};

class HttpPost {
 public:
  using Done = std::function<void(const HttpReply&)>;

  // `why` says what is wrong with the address's authorities. Nothing else is checked.
  static bool authorities_are_good(const ReceiverAddress& address, std::string* why);

  HttpPost(boost::asio::io_context& io, const ReceiverAddress& address);
  ~HttpPost();   // cancels

  // Calls `done` once on `io`, never from inside this call. One post at a time.
  void start(std::string body, Done done);
  void cancel();
  bool under_way() const;

 private:
  class Exchange;
  struct Trust;   // OpenSSL's context

  boost::asio::io_context& io_;
  const ReceiverAddress address_;
  NameLookup lookup_;
  std::shared_ptr<Trust> trust_;         // with TLS
  std::shared_ptr<Exchange> exchange_;   // under way
};

}  // namespace ringside
