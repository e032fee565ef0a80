// All of it together: clients, server, ring, machine and the daemon's eyes, in virtual time.
//
//   clients <--> server --> ring --> observer (daemon/metrics) --> Snapshot
//        \         |                     |
//         effects: trouble and everyday  machine (/proc)
#pragma once

#include "tools/simulate/clients.h"
#include "tools/simulate/machine.h"
#include "tools/simulate/observer.h"
#include "tools/simulate/scenario.h"
#include "tools/simulate/server.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class World {
 public:
  World(const Scenario& scenario, const Thresholds& thresholds);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lets everything happen until that long after the beginning.
  void advance(Ns since_begin);
  // The daemon's tick, now. Only while the daemon is there.
  Snapshot tick();
  // What the daemon can tell between two ticks.
  Pulse pulse();
  bool daemon_there() const { return site_.conditions.daemon; }
  std::size_t state_bytes() { return observer_.state_bytes(); }
  // How often the daemon came back from a restart.
  std::uint64_t daemon_restarts() const { return daemon_restarts_; }

  Ns now() const { return site_.now; }
  Ns wall() const { return site_.wall(); }
  const Server& server() const { return server_; }
  std::uint64_t connections() const {
    return clients_.online() + site_.conditions.extra_connections;
  }
  std::uint64_t requests() const { return requests_; }

 private:
  void handle(const Due& due);
  void effects_change();
  void happen_at_once();
  void server_changes(bool was_up);

  const Effects effects_;
  const Thresholds thresholds_;
  Site site_;
  Server server_;
  Clients clients_;
  Machine machine_;
  Observer observer_;
  std::uint32_t next_pid_ = 4243;
  std::uint64_t daemon_restarts_ = 0;
  std::uint64_t requests_ = 0;
};

}  // namespace ringside::simulate
