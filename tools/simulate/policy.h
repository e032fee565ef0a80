// What decides whom to wake: it sees the snapshots of all ticks, in order, and writes lines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "report/model/pulse.h"
#include "report/model/snapshot.h"
#include "tools/simulate/times.h"

namespace ringside::simulate {

// One line that a person gets to read.
struct Line {
  // raised: at its first level, or at a higher one.
  enum class What : std::uint8_t { pending, raised, recovering, resolved };
  Ns at = 0;  // monotonic
  Ns wall = 0;
  What what = What::pending;
  AlertType alert{};
  AlertLevel level{};
  std::string operation;  // empty: none
  std::string group;      // lines of one group are one story: an incident's id, or an episode's
  std::string text;
};

struct Tick {
  const Snapshot& snapshot;
  Ns monotonic = 0;
  Ns wall = 0;
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual const char* name() const = 0;
  virtual std::vector<Line> tick(const Tick& tick) = 0;
  // Called every second: true when the next tick should come at once. Only for a policy that looks
  // at a pulse; the others see ticks of their own interval.
  virtual bool urgent(const Pulse&, Ns) { return false; }
  // The daemon was restarted: the policy goes on from what it had saved.
  virtual void restart() {}
  // Of what the daemon would save of it.
  virtual std::size_t state_bytes() const { return 0; }
};

// Ours: the daemon's own engine.
std::unique_ptr<Policy> make_ours(const Config& config);
// As Prometheus documents alerting rules: an expression over a window of one minute, evaluated
// every 15 s; an alert fires when the expression has been true for one minute, and is resolved when
// it is false.
std::unique_ptr<Policy> make_prometheus(const Config& config);
// As Netdata documents health alarms: calculated every 10 s; two levels, each with a threshold to
// raise and a lower one to clear; notifications wait for a delay that grows while the status flaps.
std::unique_ptr<Policy> make_netdata(const Config& config);

using Policies = std::vector<std::unique_ptr<Policy>>;
Policies make_policies(const Config& config);

}  // namespace ringside::simulate
