// One client of the mix: a user with an account, a connection and a memory.
//
//   connecting ─ registering ─ logging in ─ making den ─ making home ─┐
//                                                                     barrier: all home rooms exist
//   ready <─ inviting <─ visiting <─ greeting (twice) <─ joining <────┘
//     │  ^
//     v  └── logging in again <─┐
//   connection lost ─ backing off ┘ 50 ms, doubling to 2 s; given up after a minute
//
// Clients that made a home skip joining. Only one client in four visits, if there are two homes or
// more. Only a client that is not alone invites.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "tools/load/connection.h"
#include "tools/load/request.h"

namespace ringside::load {

class Worker;

class Chatter final : public Connection::Owner {
 public:
  Chatter(Worker& worker, std::uint32_t index);

  void set_up();
  // After the barrier.
  void move_in();

  bool ready() const { return step_ == Step::ready; }
  bool gave_up() const { return step_ == Step::given_up; }
  ClientState& state() { return state_; }
  // Only when ready(). `turn` means the same as in Pending.
  void perform(const Plan& plan, std::int64_t intended_ns, std::int32_t turn);
  void keep_alive() {
    if (ready()) connection_.keep_alive();
  }
  // After this the client makes no further attempt to connect.
  void stop() { stopped_ = true; }
  void close();

  void on_connected() override;
  void on_connect_failed(const boost::system::error_code& why) override;
  void on_answer(const Pending& pending, const Answer& answer) override;
  void on_unanswered(const Pending& pending, bool was_sent) override;
  void on_push(const Answer& push) override;
  void on_lost(const std::string& why) override;

 private:
  enum class Step : std::uint8_t {
    connecting,
    registering,
    logging_in,
    making_den,
    making_home,
    at_barrier,
    joining,
    greeting,
    visiting,
    inviting,
    ready,
    backing_off,
    logging_in_again,
    given_up,
  };

  void take(Step step);
  void on_step_answer(const Pending& pending, const Answer& answer);
  void advance(const Answer& answer);
  void retry_soon();
  void connect_again();
  void give_up(const std::string& why);
  bool in_set_up() const { return step_ < Step::ready; }
  bool owns_home() const;

  Worker& worker_;
  Connection connection_;
  boost::asio::steady_timer timer_;
  ClientState state_;
  Step step_ = Step::connecting;
  int greetings_ = 0;
  bool stopped_ = false;
  bool token_rejected_ = false;
  std::uint32_t attempts_ = 0;
  std::int64_t lost_ns_ = 0;
  Rng jitter_;
  std::string line_;
};

}  // namespace ringside::load
