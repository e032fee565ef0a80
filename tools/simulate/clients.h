// The users: each thinks, asks, and waits for the answer before it thinks again. So a slow server
// slows its own traffic. Beside them, attackers, who wait for nothing.
//
//   offline ---> logging in ---> thinking <---> waiting
//      ^                            |
//      +----------------------------+   it is night, or the connection broke
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tools/simulate/request.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class Clients {
 public:
  // `send` gives a request to the server; false: nobody takes it.
  Clients(Site& site, std::uint32_t count, std::function<bool(Request)> send);

  void act(std::uint32_t client, std::uint32_t stamp);
  void give_up(std::uint32_t client, std::uint32_t asked);
  void answered(const Request& request);
  // One attack's next step; `attack` is its place among the conditions' attacks.
  void attack(std::uint32_t attack, std::uint32_t stamp);
  // The conditions have changed: attacks begin and end, clients are cut off and come back.
  void conditions_changed();
  // Every connection breaks. Each client comes back, or tries to, after a time between these two.
  void cut_off(Ns least, Ns most);

  std::uint64_t online() const { return online_; }

 private:
  enum class State : std::uint8_t { offline, logging_in, thinking, waiting };
  struct Client {
    State state = State::offline;
    bool cut = false;  // its network is gone
    std::uint8_t version = 1;
    bool asks = false;        // when its present thought ends; else it goes on thinking
    std::uint8_t tries = 0;   // to connect
    std::uint32_t stamp = 0;  // of what it does next
    std::uint32_t asked = 0;  // requests so far
  };

  double wanted_per_second() const;
  double share_online() const;
  void later(std::uint32_t client, Ns after);
  void think(std::uint32_t client);
  void ask(std::uint32_t client, Op op);
  void go_offline(Client& client);
  Op choose_op();
  Request request_of(std::uint32_t client, Op op);

  Site& site_;
  const std::function<bool(Request)> send_;
  std::vector<Client> clients_;
  std::uint64_t online_ = 0;
  std::uint32_t attack_stamp_ = 0;
  double weights_ = 0;
};

}  // namespace ringside::simulate
