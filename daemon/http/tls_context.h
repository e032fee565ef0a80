// The server's certificate and key.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace ringside::http {

// TLS 1.2 and later, HTTP/1.1 by ALPN, no renegotiation, no compression. Null, and `why` (a path,
// what was found, what to do), for files that are no certificate and its key.
std::shared_ptr<boost::asio::ssl::context> load_tls(const std::string& certificate_file,
                                                    const std::string& key_file, std::string* why);

}  // namespace ringside::http
