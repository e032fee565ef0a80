// Incidents that speak to the server: guessed passwords, a crowd of connections, bad requests.
#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cmath>

#include "tools/load/bad_request.h"
#include "tools/load/clock.h"
#include "tools/load/connection.h"
#include "tools/load/incidents.h"

namespace ringside::load {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kReconnectDelay{100};

// Parses the address to bind: the one asked for, or the default. Returns an error text, empty when
// good.
std::string local_address(const std::string& asked, const std::string& otherwise,
                          std::optional<asio::ip::address>& result) {
  const std::string& text = asked.empty() ? otherwise : asked;
  if (text.empty()) return {};
  error_code failed;
  const asio::ip::address address = asio::ip::make_address(text, failed);
  if (failed)
    return fmt::format("from={}: no IP address; expected one of this machine, as in from=127.0.0.2",
                       text);
  result = address;
  return {};
}

// Binds the address once, so that an address of another machine is noticed before the load.
std::string try_address(asio::io_context& io, const std::optional<asio::ip::address>& address) {
  if (!address) return {};
  asio::ip::tcp::socket socket(io);
  const tcp::endpoint local(*address, 0);
  error_code failed;
  socket.open(local.protocol(), failed);
  if (!failed) socket.bind(local, failed);
  if (!failed) return {};
  return fmt::format("from={}: {}\n  next: give an address of this machine", address->to_string(),
                     failed.message());
}

class Traffic;

// A connection of an incident, with or without an account. It reconnects until it is told to stop.
class Actor final : public Connection::Owner {
 public:
  Actor(IncidentContext& context, Traffic& traffic, Source source, std::string user);

  void connect();
  void stop() { stopped_ = true; }
  void close();
  bool ready() const { return ready_; }
  void set_closing() { ready_ = false; }
  Connection& connection() { return connection_; }

  void on_connected() override;
  void on_connect_failed(const error_code& why) override;
  void on_answer(const Pending& pending, const Answer& answer) override;
  void on_unanswered(const Pending&, bool) override { --context_.open_lines; }
  void on_lost(const std::string& why) override;

 private:
  void log_in();
  void reconnect();

  IncidentContext& context_;
  Traffic& traffic_;
  const Source source_;
  Connection connection_;
  asio::steady_timer timer_;
  const std::string user_;  // empty: no account
  std::string token_;
  bool registered_ = false;
  bool logging_in_ = false;
  bool ready_ = false;
  bool stopped_ = false;
};

// Sends lines at a steady rate. Its actors take turns.
class Traffic : public Incident {
 public:
  Traffic(IncidentContext& context, IncidentReport& report)
      : Incident(context, report), due_(context.io) {}

  std::string check() override {
    const std::string error = local_address(report_.spec.from, default_address(), from_);
    return error.empty() ? try_address(context_.io, from_) : error;
  }

  void prepare() override {
    for (std::uint32_t i = 0; i < report_.spec.clients; ++i) {
      actors_.push_back(std::make_unique<Actor>(context_, *this, report_.source, user_of(i)));
      actors_.back()->connect();
    }
  }

  bool prepared() const override {
    return std::all_of(actors_.begin(), actors_.end(),
                       [](const auto& actor) { return actor->ready(); });
  }

  void start() override {
    begun_ns_ = now_ns();
    send_due();
  }

  void stop() override {
    stopped_ = true;
    due_.cancel();
    for (auto& actor : actors_) actor->stop();
  }

  void finish() override {
    for (auto& actor : actors_) actor->close();
  }

  const std::optional<asio::ip::address>& from() const { return from_; }
  virtual void on_answer(const Answer&) {}

 protected:
  virtual std::string default_address() const { return {}; }
  // The account that actor `i` registers. Empty for none.
  virtual std::string user_of(std::uint32_t) const { return {}; }
  // Appends line `number` to `out` and returns what it is.
  virtual BadRequest write(std::uint64_t number, std::int64_t id, std::string& out) = 0;

  // Each line has its own seed.
  Rng rng_of(std::uint64_t number) const {
    return Rng(context_.crowd.settings.seed ^ (std::uint64_t{report_.source} << 56) ^
               (number * 0xd1342543de82ef95U));
  }

 private:
  void send_due() {
    const double gap_ns = 1e9 / report_.spec.rate_per_s;
    for (;;) {
      const std::int64_t due_ns = begun_ns_ + std::llround(static_cast<double>(number_) * gap_ns);
      if (due_ns > now_ns()) {
        due_.expires_at(time_point_of(due_ns));
        due_.async_wait([this](const error_code& cancelled) {
          if (!cancelled && !stopped_) send_due();
        });
        return;
      }
      send(number_++, due_ns);
    }
  }

  void send(std::uint64_t number, std::int64_t due_ns) {
    Actor& actor = *actors_[number % actors_.size()];
    Pending pending;
    pending.id = actor.connection().next_id();
    pending.source = report_.source;
    pending.intended_ns = due_ns;
    line_.clear();
    const BadRequest request = write(number, pending.id, line_);
    pending.op = request.op;
    pending.checks_id = request.checks_id;
    if (!actor.ready()) {
      context_.books.count_unsent(report_.source, request.op);
      return;
    }
    ++context_.open_lines;
    actor.connection().send(pending, line_);
    // The server closes after this line. A line sent behind it would get no answer.
    if (request.closes) actor.set_closing();
  }

  asio::steady_timer due_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::optional<asio::ip::address> from_;
  std::int64_t begun_ns_ = 0;
  std::uint64_t number_ = 0;
  bool stopped_ = false;
  std::string line_;
};

Actor::Actor(IncidentContext& context, Traffic& traffic, Source source, std::string user)
    : context_(context),
      traffic_(traffic),
      source_(source),
      connection_(context.io, context.books, source, *this),
      timer_(context.io),
      user_(std::move(user)) {}

void Actor::connect() { connection_.connect(context_.crowd.target, traffic_.from()); }

void Actor::close() {
  stopped_ = true;
  ready_ = false;
  timer_.cancel();
  connection_.close();
}

void Actor::on_connected() {
  if (stopped_) {
    connection_.close();
  } else if (user_.empty()) {
    ready_ = true;
  } else {
    log_in();
  }
}

// Registers once, then logs in. The actor goes to work whatever the answers are.
void Actor::log_in() {
  logging_in_ = true;
  Pending pending;
  pending.op = registered_ ? Op::AUTHENTICATION : Op::REGISTRATION;
  pending.source = source_;
  pending.id = connection_.next_id();
  std::string line;
  open_request(line, pending.id, pending.op);
  if (token_.empty()) {
    add_member(line, "user", user_);
    add_member(line, "password", "up to no good");
  } else {
    add_member(line, "token", token_);
  }
  line += '}';
  ++context_.open_lines;
  connection_.send(pending, line);
}

void Actor::on_answer(const Pending& pending, const Answer& answer) {
  --context_.open_lines;
  if (!logging_in_) {
    traffic_.on_answer(answer);
    return;
  }
  if (pending.op == Op::REGISTRATION) {
    registered_ = true;
    if (!stopped_) log_in();
    return;
  }
  logging_in_ = false;
  token_ = answer.ok && !answer.token.empty() ? std::string(answer.token) : token_;
  ready_ = true;
}

void Actor::on_connect_failed(const error_code&) { reconnect(); }
void Actor::on_lost(const std::string&) { reconnect(); }

void Actor::reconnect() {
  ready_ = logging_in_ = false;
  if (stopped_) return;
  timer_.expires_after(kReconnectDelay);
  timer_.async_wait([this](const error_code& cancelled) {
    if (!cancelled && !stopped_) connect();
  });
}

// Wrong passwords for accounts that exist: those of the load's users. The incident has its own
// address, because the server blocks that address and the load's clients must go on.
class PasswordGuessing final : public Traffic {
 public:
  using Traffic::Traffic;
  void stop() override {
    Traffic::stop();
    if (first_blocked_wall_ns_ != 0) tell("first_blocked_wall_ns", first_blocked_wall_ns_);
  }

 private:
  std::string default_address() const override {
    const asio::ip::address target = context_.crowd.target.address();
    return target.is_v4() && target.is_loopback() ? "127.0.0.2" : "";
  }
  BadRequest write(std::uint64_t number, std::int64_t id, std::string& out) override {
    Rng rng = rng_of(number);
    open_request(out, id, Op::AUTHENTICATION);
    add_member(out, "user", user_name(context_.run, rng.below(context_.crowd.settings.clients)));
    add_member(out, "password", fmt::format("guess {:08x}", rng.next() >> 32));
    out += '}';
    return {Op::AUTHENTICATION, true, false};
  }
  void on_answer(const Answer& answer) override {
    if (answer.code == code::IP_BLOCKED && first_blocked_wall_ns_ == 0) {
      first_blocked_wall_ns_ = wall_ns();
    }
  }

  std::int64_t first_blocked_wall_ns_ = 0;
};

class InvalidBurst final : public Traffic {
 public:
  using Traffic::Traffic;

 private:
  std::string user_of(std::uint32_t i) const override {
    return fmt::format("{}.x{}-{}", context_.run, report_.source, i);
  }
  BadRequest write(std::uint64_t number, std::int64_t id, std::string& out) override {
    Rng rng = rng_of(number);
    // The kind moves on by one with each round over the actors. By the number alone, an actor would
    // send few kinds if the counts of kinds and actors had a common divisor.
    return write_bad_request(number + number / report_.spec.clients, id, rng, out);
  }
};

// Connections that are opened fast (open_some() says how fast), then held, then closed.
class ConnectionSurge final : public Incident {
 public:
  ConnectionSurge(IncidentContext& context, IncidentReport& report)
      : Incident(context, report), pace_(context.io) {}

  std::string check() override {
    const std::string error = local_address(report_.spec.from, {}, from_);
    return error.empty() ? try_address(context_.io, from_) : error;
  }
  void start() override { open_some(); }
  void stop() override {
    stopped_ = true;
    pace_.cancel();
    std::int64_t held = 0;
    for (auto& visitor : visitors_) held += visitor->connection.connected() ? 1 : 0;
    const Connections& counts = context_.books.connections(report_.source);
    tell("opened", static_cast<std::int64_t>(counts.opened));
    tell("held_to_the_end", held);
    tell("attempts_failed", static_cast<std::int64_t>(counts.failed));
    tell("refused", static_cast<std::int64_t>(counts.refused));
    tell("closed_by_the_server", static_cast<std::int64_t>(counts.lost));
    for (auto& visitor : visitors_) visitor->connection.close();
  }

 private:
  struct Visitor final : Connection::Owner {
    Visitor(IncidentContext& context, Source source)
        : connection(context.io, context.books, source, *this) {}
    void on_connected() override {}
    void on_connect_failed(const error_code&) override {}
    void on_answer(const Pending&, const Answer&) override {}
    void on_unanswered(const Pending&, bool) override {}
    void on_lost(const std::string&) override {}
    Connection connection;
  };

  // Opens 50 connections every 5 ms, so that the server's backlog does not overflow. A dropped SYN
  // is only repeated after a second.
  void open_some() {
    constexpr int kAtOnce = 50;
    for (int i = 0; i < kAtOnce && visitors_.size() < report_.spec.connections; ++i) {
      visitors_.push_back(std::make_unique<Visitor>(context_, report_.source));
      visitors_.back()->connection.connect(context_.crowd.target, from_);
    }
    if (visitors_.size() == report_.spec.connections) return;
    pace_.expires_after(std::chrono::milliseconds(5));
    pace_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !stopped_) open_some();
    });
  }

  asio::steady_timer pace_;
  bool stopped_ = false;
  std::optional<asio::ip::address> from_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
};

}  // namespace

std::unique_ptr<Incident> make_password_guessing(IncidentContext& context, IncidentReport& report) {
  return std::make_unique<PasswordGuessing>(context, report);
}
std::unique_ptr<Incident> make_connection_surge(IncidentContext& context, IncidentReport& report) {
  return std::make_unique<ConnectionSurge>(context, report);
}
std::unique_ptr<Incident> make_invalid_burst(IncidentContext& context, IncidentReport& report) {
  return std::make_unique<InvalidBurst>(context, report);
}

}  // namespace ringside::load
