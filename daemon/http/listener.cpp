#include "daemon/http/listener.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "shm/file_descriptor.h"

namespace ringside::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr mode_t kSocketMode = 0660;
// Without a descriptor left, accepting again at once would turn the thread in circles.
constexpr std::chrono::milliseconds kAfterFailure{100};

std::string text_of(const tcp::endpoint& endpoint) {
  return endpoint.address().is_v6()
             ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
             : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

template <typename Again>
void wait(asio::steady_timer& timer, std::chrono::nanoseconds span, Again again) {
  timer.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(span));
  timer.async_wait([again](error_code error) {
    if (!error) again();
  });
}

std::chrono::seconds in_seconds(std::chrono::nanoseconds span) {
  return std::chrono::ceil<std::chrono::seconds>(span);
}

// Without memory for one connection the next ones are accepted all the same.
template <typename Accept>
void admit(ServerCore& core, Accept accept) {
  try {
    accept();
  } catch (const std::exception& error) {
    core.figures.add(Figure::accept_failures);
    spdlog::error("http: a connection was dropped: {}", error.what());
  }
}

}  // namespace

TcpListener::TcpListener(ServerCore& core, const Endpoint& endpoint, Accepted accepted)
    : core_(core),
      address_(endpoint.address()),
      port_(endpoint.port()),
      accepted_(std::move(accepted)),
      acceptor_(core.io),
      retry_(core.io) {}

error_code TcpListener::bind() {
  error_code error;
  const Endpoint wanted = endpoint();
  acceptor_.open(wanted.protocol(), error);
  if (error) return error;
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  // [::] and 0.0.0.0 are named one by one.
  if (address_.is_v6()) acceptor_.set_option(asio::ip::v6_only(true), error);
  acceptor_.bind(wanted, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) {
    port_.store(acceptor_.local_endpoint(error).port(), std::memory_order_relaxed);
    set_open(true);
    return error;
  }
  error_code ignored;
  acceptor_.close(ignored);
  return error;
}

void TcpListener::open() {
  if (const error_code error = bind()) {
    if (!told_) {
      spdlog::error(
          "http: {}: {}\n  next: stop what listens there, or change http.listen; tried again "
          "every {} s, all else goes on",
          text_of(endpoint()), error.message(), in_seconds(core_.options.retry).count());
    }
    told_ = true;
    return wait(retry_, core_.options.retry, [this] { open(); });
  }
  spdlog::info("http: listening on {}", text_of(endpoint()));
  accept();
}

void TcpListener::close() {
  error_code ignored;
  retry_.cancel();
  set_open(false);
  acceptor_.close(ignored);
}

void TcpListener::accept() {
  acceptor_.async_accept(client_, [this](error_code error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) {
      core_.figures.add(Figure::accept_failures);
      return wait(retry_, kAfterFailure, [this] { accept(); });
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    admit(core_, [&] { accepted_(std::move(socket), client_); });
    accept();
  });
}

UnixListener::UnixListener(ServerCore& core, std::string path, Accepted accepted)
    : core_(core),
      path_(std::move(path)),
      accepted_(std::move(accepted)),
      acceptor_(core.io),
      retry_(core.io) {}

std::string UnixListener::clear_path() const {
  struct stat facts {};
  if (lstat(path_.c_str(), &facts) != 0) return "";
  if (!S_ISSOCK(facts.st_mode))
    return "found a file that is no socket\n  next: remove it, or change http.socket";
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const stream_protocol::endpoint endpoint(path_);
  const int result = connect(probe.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
  if (result == 0 || errno != ECONNREFUSED)
    return "another process listens there\n  next: stop it, or change http.socket";
  return unlink(path_.c_str()) == 0 || errno == ENOENT ? "" : std::strerror(errno);
}

std::string UnixListener::bind() {
  if (path_.size() >= sizeof(sockaddr_un::sun_path)) {
    return fmt::format("found a path of {} bytes, expected at most {}\n  next: change http.socket",
                       path_.size(), sizeof(sockaddr_un::sun_path) - 1);
  }
  if (std::string wrong = clear_path(); !wrong.empty()) return wrong;
  error_code error;
  acceptor_.open(stream_protocol(), error);
  if (error) return error.message();
  // The file begins with this mode, so it is never open to more people.
  fchmod(acceptor_.native_handle(), kSocketMode);
  acceptor_.bind(stream_protocol::endpoint(path_), error);
  struct stat facts {};
  if (!error && (chmod(path_.c_str(), kSocketMode) != 0 || lstat(path_.c_str(), &facts) != 0))
    error.assign(errno, boost::system::system_category());
  if (!error) acceptor_.listen(stream_protocol::acceptor::max_listen_connections, error);
  if (!error) {
    ours_ = {facts.st_dev, facts.st_ino};
    set_open(true);
    return "";
  }
  error_code ignored;
  acceptor_.close(ignored);
  return error.message();
}

void UnixListener::open() {
  if (const std::string wrong = bind(); !wrong.empty()) {
    if (!told_) {
      spdlog::error("http: {}: {}; tried again every {} s, all else goes on", path_, wrong,
                    in_seconds(core_.options.retry).count());
    }
    told_ = true;
    return wait(retry_, core_.options.retry, [this] { open(); });
  }
  spdlog::info("http: listening on {}", path_);
  accept();
}

void UnixListener::close() {
  error_code ignored;
  retry_.cancel();
  set_open(false);
  acceptor_.close(ignored);
  struct stat facts {};
  if (ours_ && lstat(path_.c_str(), &facts) == 0 && ours_ == std::pair(facts.st_dev, facts.st_ino))
    unlink(path_.c_str());
  ours_.reset();
}

void UnixListener::accept() {
  acceptor_.async_accept([this](error_code error, Socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) {
      core_.figures.add(Figure::accept_failures);
      return wait(retry_, kAfterFailure, [this] { accept(); });
    }
    admit(core_, [&] { accepted_(std::move(socket)); });
    accept();
  });
}

}  // namespace ringside::http
