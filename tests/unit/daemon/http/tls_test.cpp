#include <openssl/ssl.h>
#include <poll.h>

#include <csignal>

#include "tests/unit/daemon/http/served.h"

namespace ringside::http {
namespace {

using test::RawClient;
using test::Served;

// A certificate of its own authority, made by openssl(1).
void make_certificate(const std::string& name, const std::string& certificate,
                      const std::string& key) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
      " -days 2 -subj /CN=" +
      name + " -addext subjectAltName=IP:127.0.0.1" + " -keyout " + key + " -out " + certificate +
      " 2>/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
}

struct TlsClient {
  explicit TlsClient(const boost::asio::ip::tcp::endpoint& at, int most_version = TLS1_3_VERSION)
      : client(at), context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_max_proto_version(context, most_version);
    ssl = SSL_new(context);
    SSL_set_fd(ssl, client.fd());
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the server has closed
    const timeval limit{30, 0};
    setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    good = SSL_connect(ssl) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  std::string name() const {
    X509* certificate = SSL_get_peer_certificate(ssl);
    char text[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    X509_free(certificate);
    return text;
  }
  bool send(const std::string& bytes) {
    return SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  // Whether the server has said that it sends no more, or has closed.
  bool half_closed(int wait_ms) const {
    pollfd wanted{client.fd(), POLLRDHUP, 0};
    return poll(&wanted, 1, wait_ms) == 1;
  }
  // The status, after the whole answer was read.
  int ask(const std::string& bytes) { return send(bytes) ? status() : 0; }
  int status() {
    std::string all;
    char buffer[16384];
    while (true) {
      const int n = SSL_read(ssl, buffer, sizeof buffer);
      if (n <= 0) return 0;
      all.append(buffer, static_cast<std::size_t>(n));
      const std::size_t end = all.find("\r\n\r\n");
      const std::size_t length = all.find("Content-Length: ");
      if (end == std::string::npos || length == std::string::npos) continue;
      if (all.size() >= end + 4 + std::strtoul(all.c_str() + length + 16, nullptr, 10))
        return std::atoi(all.c_str() + 9);
    }
  }

  RawClient client;
  SSL_CTX* context;
  SSL* ssl = nullptr;
  bool good = false;
};

struct TlsServed : Served {
  TlsServed() {
    options.certificate_file = directory.file("cert.pem");
    options.key_file = directory.file("key.pem");
    make_certificate("first", options.certificate_file, options.key_file);
    start();
  }
};

TEST_CASE("HttpTls: requests follow each other, by TLS 1.2 and later, and by no older one") {
  TlsServed served;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(served.at(), version);
    REQUIRE(client.good);
    CHECK(client.name() == "first");
    CHECK(client.ask(served.request("GET", "/")) == 200);
    CHECK(client.ask(served.request("GET", "/huge")) == 200);
    // The certificate proves the name.
    CHECK(client.ask("GET /open HTTP/1.1\r\nHost: any.example\r\n\r\n") == 200);
    CHECK(client.ask(served.request("GET", "/", "Connection: close\r\n")) == 200);
    char byte = 0;
    CHECK(SSL_read(client.ssl, &byte, 1) == 0);
    CHECK(SSL_get_error(client.ssl, 0) == SSL_ERROR_ZERO_RETURN);  // a proper end
  }
  CHECK_FALSE(TlsClient(served.at(), TLS1_1_VERSION).good);
}

TEST_CASE("HttpTls: a new certificate is for new connections, and a bad one changes nothing") {
  TlsServed served;
  TlsClient before(served.at());
  REQUIRE(before.good);
  CHECK(before.ask(served.request("GET", "/")) == 200);
  make_certificate("second", served.options.certificate_file, served.options.key_file);
  CHECK(served.server->reload().empty());
  CHECK(before.ask(served.request("GET", "/")) == 200);
  CHECK(TlsClient(served.at()).name() == "second");
  // A key of another certificate.
  make_certificate("third", served.directory.file("other.pem"), served.options.key_file);
  const auto wrong = served.server->reload();
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].starts_with(served.options.key_file + ": no key of "));
  write_text(served.options.certificate_file, "nonsense");
  CHECK(served.server->reload().at(0).starts_with(served.options.certificate_file +
                                                  ": no certificate: "));
  CHECK(TlsClient(served.at()).name() == "second");
  CHECK(served.count(Figure::reload_failures) == 2);
  CHECK(served.said.count("the old one stays in force") == 2);
}

TEST_CASE("HttpTls: garbage, plain HTTP and silence end, and cost nobody else anything") {
  Served served;
  served.options.certificate_file = served.directory.file("cert.pem");
  served.options.key_file = served.directory.file("key.pem");
  served.options.limits.handshake = std::chrono::milliseconds(50);
  make_certificate("first", served.options.certificate_file, served.options.key_file);
  served.start();
  RawClient plain = served.client();
  plain.send(served.request("GET", "/"));
  plain.read_until([](const std::string&) { return false; });
  RawClient garbage = served.client();
  garbage.send(test::incompressible(1000));
  garbage.read_until([](const std::string&) { return false; });
  RawClient silent = served.client();
  CHECK(silent.ends());
  test::until([&] { return served.count(Figure::tls_failures) == 3; });
  TlsClient client(served.at());
  REQUIRE(client.good);
  CHECK(client.ask(served.request("GET", "/")) == 200);
  CHECK(served.count(Figure::requests) == 1);
}

TEST_CASE("HttpTls: a client that was refused can read why, although it still sends") {
  Served served;
  served.options.certificate_file = served.directory.file("cert.pem");
  served.options.key_file = served.directory.file("key.pem");
  served.options.limits.linger = std::chrono::seconds(30);
  make_certificate("first", served.options.certificate_file, served.options.key_file);
  served.start();
  const std::string piece(1000, 'x');
  std::uint64_t refused = 0;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (int round = 0; round < 5; ++round) {
      CAPTURE(version);
      CAPTURE(round);
      TlsClient client(served.at(), version);
      REQUIRE(client.good);
      CHECK(client.send(Served::with_token(
          "POST", "/", "", "Content-Type: application/json\r\nContent-Length: 60000\r\n")));
      test::until([&] { return served.count(Figure::answers_4xx) == refused + 1; });
      ++refused;
      // What comes after the refusal finds a server that reads on.
      CHECK(client.send(piece));
      CHECK(client.half_closed(30'000));
      int sent = 1;
      for (; sent < 60 && client.send(piece); ++sent) continue;
      CHECK(sent == 60);
      CHECK(client.status() == 401);
      char byte = 0;
      CHECK(SSL_read(client.ssl, &byte, 1) == 0);
      CHECK(SSL_get_error(client.ssl, 0) == SSL_ERROR_ZERO_RETURN);
    }
  }
  test::until([&] { return served.count(Figure::connections) == 0; });
}

TEST_CASE("HttpTls: of what a refused client sends, so much is read and no more") {
  Served served;
  served.options.certificate_file = served.directory.file("cert.pem");
  served.options.key_file = served.directory.file("key.pem");
  served.options.limits.linger = std::chrono::seconds(30);
  make_certificate("first", served.options.certificate_file, served.options.key_file);
  served.start();
  TlsClient client(served.at());
  REQUIRE(client.good);
  CHECK(client.send(Served::with_token(
      "POST", "/", "", "Content-Type: application/json\r\nContent-Length: 60000\r\n")));
  const std::string block(10000, 'x');
  std::size_t sent = 0;
  while (sent < (std::size_t{64} << 20) && client.send(block)) sent += block.size();
  CHECK(sent >= 200'000);
  CHECK(sent < std::size_t{64} << 20);
  test::until([&] { return served.count(Figure::connections) == 0; });
}

}  // namespace
}  // namespace ringside::http
