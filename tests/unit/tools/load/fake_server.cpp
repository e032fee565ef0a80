#include "tests/unit/tools/load/fake_server.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <nlohmann/json.hpp>

#include "tools/load/operations.h"

namespace ringside::load::test {
namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;

struct FakeServer::Impl {
  asio::io_context io{1};
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

// One connection: reads a line, answers it, reads the next.
struct FakeServer::Session : std::enable_shared_from_this<FakeServer::Session> {
  Session(FakeServer& the_server, tcp::socket the_socket)
      : server(the_server),
        socket(std::move(the_socket)),
        timer(socket.get_executor()),
        in(1 << 20) {}

  void read() {
    asio::async_read_until(
        socket, in, '\n',
        [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
          if (failed) return;
          std::string line;
          std::istream stream(&self->in);
          std::getline(stream, line);
          self->take(line);
        });
  }

  void take(const std::string& line) {
    if (line.empty()) {
      read();
      return;
    }
    const json request = json::parse(line, nullptr, false);
    std::string op;
    if (request.is_object() && request.contains("op") && request["op"].is_string() &&
        op_named(request["op"].get<std::string>()) != Op::none) {
      op = request["op"];
    }
    const std::size_t longest = kMaxRequestBytes;
    if (line.size() > longest) op.clear();
    {
      const std::lock_guard lock(server.mutex_);
      ++server.taken_[op];
    }
    ++count;
    const int every = server.close_every;
    // The last reference goes, and the socket with it.
    if (every != 0 && count % every == 0) return;
    if (server.mute) {
      read();
      return;
    }
    closes = line.size() > longest;
    answer(request, op);
  }

  void answer(const json& request, const std::string& op) {
    json reply = {{"id", nullptr}, {"op", nullptr}, {"ok", true}};
    const auto refuse = [&reply](int code) {
      reply["ok"] = false;
      reply["error"] = {
          {"code", code}, {"name", "CODE_" + std::to_string(code)}, {"message", "no {\"really\"}"}};
    };
    if (op.empty()) {
      refuse(closes ? 1003 : 1001);
    } else {
      reply["op"] = op;
      if (request.contains("id") && request["id"].is_number_integer()) reply["id"] = request["id"];
      if (server.wrong_id_after != 0 && count >= server.wrong_id_after) reply["id"] = -1;
      const std::int64_t id = ++server.last_id_;
      for (const char* key : {"room_id", "message_id", "invitation_id", "user_id"}) reply[key] = id;
      if (op == "AUTHENTICATION") reply["token"] = std::string(64, 'f');
      if (op == "AUTHENTICATION" && server.fail_login_code != 0) refuse(server.fail_login_code);
      if (op == "LEAVE_ROOM") refuse(2003);
      if (op == "MESSAGE_SEARCH") refuse(5005);
    }
    out = reply.dump() + "\n";
    // Pushes come before some answers.
    if (count % 3 == 0)
      out = "{\"event\":\"invitation\",\"invitation_id\":" + std::to_string(count) + "}\n" + out;
    if (count % 4 == 0) out = "{\"event\":\"message\",\"text\":\"\\\"ok\\\":true\"}\n" + out;
    if (server.delay_ms == 0) {
      write();
      return;
    }
    timer.expires_after(std::chrono::milliseconds(server.delay_ms));
    timer.async_wait([self = shared_from_this()](boost::system::error_code) { self->write(); });
  }

  void write() {
    asio::async_write(socket, asio::buffer(out),
                      [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
                        if (failed || self->closes) return;
                        self->read();
                      });
  }

  FakeServer& server;
  tcp::socket socket;
  asio::steady_timer timer;
  asio::streambuf in;
  std::string out;
  int count = 0;
  bool closes = false;
};

FakeServer::FakeServer() : impl_(std::make_unique<Impl>()) {
  port_ = std::to_string(impl_->acceptor.local_endpoint().port());
  struct Accept {
    FakeServer* server;
    void operator()() const {
      server->impl_->acceptor.async_accept(
          [self = *this](boost::system::error_code failed, tcp::socket socket) {
            if (failed) return;
            ++self.server->connections_;
            boost::system::error_code gone;
            const tcp::endpoint from = socket.remote_endpoint(gone);
            if (!gone) {
              const std::lock_guard lock(self.server->mutex_);
              self.server->addresses_.insert(from.address().to_string());
            }
            std::make_shared<Session>(*self.server, std::move(socket))->read();
            self();
          });
    }
  };
  Accept{this}();
  thread_ = std::thread([this] { impl_->io.run(); });
}

FakeServer::~FakeServer() {
  impl_->io.stop();
  thread_.join();
  impl_.reset();
}

std::map<std::string, std::uint64_t> FakeServer::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

std::set<std::string> FakeServer::addresses() const {
  const std::lock_guard lock(mutex_);
  return addresses_;
}

}  // namespace ringside::load::test
