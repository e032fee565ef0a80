#include "daemon/http/tls_context.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <cstring>

namespace ringside::http {
namespace {

namespace ssl = boost::asio::ssl;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, kHttp, sizeof kHttp - 1, in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::shared_ptr<ssl::context> load_tls(const std::string& certificate_file,
                                       const std::string& key_file, std::string* why) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_file, error);
  if (error) {
    *why = fmt::format(
        "{}: no certificate: {}\n  next: write the certificate and its chain as PEM into it",
        certificate_file, error.message());
    return nullptr;
  }
  // A key with a passphrase must not make OpenSSL ask on a terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                 error);
  context->use_private_key_file(key_file, ssl::context::pem, error);
  if (error) {
    *why = fmt::format(
        "{}: no key of {}: {}\n  next: write the certificate's own key as PEM without a passphrase "
        "into it",
        key_file, certificate_file, error.message());
    return nullptr;
  }
  return context;
}

}  // namespace ringside::http
