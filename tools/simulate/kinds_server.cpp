// The server's process: dead, stuck, stopped, leaking.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

Scenario dead_server(std::uint64_t seed, double) {
  Plot plot("dead_server", seed);
  const Ns until = plot.at + plot.minutes(1, 6);
  plot.effect(Do::kill, plot.at, until);
  plot.hard_incident(plot.at, until, {"server_down"}).aftermath = 75 * kSecondNs;
  return plot.end(until);
}

// A crash, a quick restart, and then everybody logs in at once.
Scenario herd_after_restart(std::uint64_t seed, double) {
  Plot plot("herd_after_restart", seed);
  plot.scenario.clients = 900;
  const Ns until = plot.at + plot.seconds(3, 12);
  plot.effect(Do::kill, plot.at, until);
  plot.hard_incident(plot.at, until, {"server_down"}).aftermath = 75 * kSecondNs;
  return plot.end(until);
}

Scenario crash_loop(std::uint64_t seed, double) {
  Plot plot("crash_loop", seed);
  Ns at = plot.at;
  Ns until = at;
  const auto crashes = 3 + plot.random.below(4);
  for (std::uint64_t i = 0; i < crashes; ++i) {
    until = at + plot.seconds(2, 8);
    plot.effect(Do::kill, at, until);
    at = until + plot.seconds(15, 60);
  }
  plot.hard_incident(plot.at, until, {"server_down"}).aftermath = 75 * kSecondNs;
  return plot.end(until);
}

Scenario stopped_server(std::uint64_t seed, double) {
  Plot plot("stopped_server", seed);
  const Ns until = plot.at + plot.seconds(20, 150);
  plot.effect(Do::freeze, plot.at, until);
  plot.hard_incident(plot.at, until, {"server_down"}).aftermath = 10 * kSecondNs;
  return plot.end(until);
}

Scenario stuck_server(std::uint64_t seed, double) {
  Plot plot("stuck_server", seed);
  const Ns until = plot.at + plot.minutes(0.7, 5);
  plot.effect(Do::stick, plot.at, until, 0, 4);
  plot.hard_incident(plot.at, until, {"server_down"}).aftermath = 10 * kSecondNs;
  return plot.end(until);
}

// All that read the database hang; all that write go on.
Scenario half_stuck_server(std::uint64_t seed, double) {
  Plot plot("half_stuck_server", seed);
  const Ns until = plot.at + plot.minutes(1, 5);
  plot.effect(Do::stick_readers, plot.at, until);
  plot.incident(plot.at, until, {"server_down"}).aftermath = 10 * kSecondNs;
  return plot.end(until);
}

// Ends when the server is started again.
Scenario memory_leak(std::uint64_t seed, double) {
  Plot plot("memory_leak", seed);
  const Ns until = plot.at + plot.minutes(9, 14);
  plot.effect(Do::leak_memory, plot.at, until + kSecondNs, plot.random.between(2.5e6, 5e6));
  plot.effect(Do::close, until, until + 3 * kSecondNs);
  plot.incident(plot.at, until + 3 * kSecondNs, {"high_memory"});
  return plot.end(until);
}

Scenario descriptor_leak(std::uint64_t seed, double) {
  Plot plot("descriptor_leak", seed);
  const Ns until = plot.at + plot.minutes(9, 14);
  plot.effect(Do::leak_files, plot.at, until + kSecondNs, plot.random.between(5, 20));
  plot.effect(Do::close, until, until + 3 * kSecondNs);
  plot.incident(plot.at, until + 3 * kSecondNs, {"system_overload"});
  return plot.end(until);
}

Scenario lost_telemetry(std::uint64_t seed, double) {
  Plot plot("lost_telemetry", seed);
  const Ns until = plot.at + plot.minutes(0.5, 4);
  plot.effect(Do::lose, plot.at, until, plot.random.between(0.2, 0.8));
  plot.incident(plot.at, until, {"telemetry_loss"});
  return plot.end(until);
}

}  // namespace

std::vector<ScenarioKind> server_kinds() {
  return {
      {"dead_server", "killed, and started again after minutes", Part::trouble, dead_server},
      {"herd_after_restart", "killed and started again; everybody logs in at once", Part::trouble,
       herd_after_restart},
      {"crash_loop", "killed three to six times within minutes", Part::trouble, crash_loop},
      {"stopped_server", "stopped by a signal while clients wait", Part::trouble, stopped_server},
      {"stuck_server", "every thread hangs; the process lives", Part::trouble, stuck_server},
      {"half_stuck_server", "all reads hang, writes go on", Part::trouble, half_stuck_server},
      {"memory_leak", "megabytes a second, until a restart", Part::trouble, memory_leak},
      {"descriptor_leak", "descriptors that nobody closes, until a restart", Part::trouble,
       descriptor_leak},
      {"lost_telemetry", "records are overwritten before they are read", Part::trouble,
       lost_telemetry},
  };
}

}  // namespace ringside::simulate
