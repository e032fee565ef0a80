// The host, and clocks.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

// Others take all processors, and the server's work takes twice as long.
Scenario overloaded_host(std::uint64_t seed, double) {
  Plot plot("overloaded_host", seed);
  const Ns until = plot.at + plot.minutes(4, 8);
  plot.effect(Do::busy_host, plot.at, until, plot.random.between(250, 450));
  plot.incident(plot.at, until, {"system_overload"});
  return plot.end(until);
}

Scenario host_memory(std::uint64_t seed, double) {
  Plot plot("host_memory", seed);
  const Ns until = plot.at + plot.minutes(3, 8);
  plot.effect(Do::full_memory, plot.at, until, plot.random.between(94, 99));
  plot.incident(plot.at, until, {"system_overload", "high_memory"});
  return plot.end(until);
}

// The wall clock is set in the middle of an incident. It stays one incident.
Scenario clock_step(std::uint64_t seed, double) {
  Plot plot("clock_step", seed);
  const Ns until = plot.at + plot.minutes(4, 8);
  plot.effect(Do::slow_operation, plot.at, until, plot.random.between(1500, 3000)).op =
      Op::MESSAGE_HISTORY;
  const Ns step = plot.at + (until - plot.at) / 2;
  plot.effect(Do::step_clock, step, step, plot.random.chance(0.5) ? 3600 : -3600);
  plot.incident(plot.at, until, {"high_latency"}).op = Op::MESSAGE_HISTORY;
  return plot.end(until);
}

// The machine sleeps in the middle of an incident, and clients have to log in again.
Scenario suspended_host(std::uint64_t seed, double) {
  Plot plot("suspended_host", seed);
  const Ns until = plot.at + plot.minutes(4, 8);
  plot.effect(Do::slow_operation, plot.at, until, plot.random.between(1500, 3000)).op =
      Op::MESSAGE_HISTORY;
  const Ns sleep = plot.at + (until - plot.at) / 2;
  plot.effect(Do::suspend, sleep, sleep, plot.random.between(120, 7200));
  plot.incident(plot.at, until, {"high_latency"}).op = Op::MESSAGE_HISTORY;
  return plot.end(until);
}

// The daemon is restarted in the middle of an incident. It is not told twice.
Scenario daemon_restart(std::uint64_t seed, double) {
  Plot plot("daemon_restart", seed);
  const Ns until = plot.at + plot.minutes(4, 8);
  Effect& effect = plot.effect(Do::fail, plot.at, until, plot.random.between(0.3, 0.7));
  effect.op = Op::SEND_MESSAGE;
  const Ns restart = plot.at + (until - plot.at) / 2;
  plot.effect(plot.random.chance(0.5) ? Do::restart_daemon : Do::kill_daemon, restart,
              restart + plot.seconds(1, 10));
  plot.incident(plot.at, until, {"high_error_rate"}).op = Op::SEND_MESSAGE;
  return plot.end(until);
}

}  // namespace

std::vector<ScenarioKind> host_kinds() {
  return {
      {"overloaded_host", "others want several times what the host has", Part::trouble,
       overloaded_host},
      {"host_memory", "hardly any memory is left on the host", Part::trouble, host_memory},
      {"clock_step", "a slow operation, while the wall clock is set by an hour", Part::trouble,
       clock_step},
      {"suspended_host", "a slow operation, while the machine sleeps", Part::trouble,
       suspended_host},
      {"daemon_restart", "a failing operation, while the daemon is restarted", Part::trouble,
       daemon_restart},
  };
}

}  // namespace ringside::simulate
