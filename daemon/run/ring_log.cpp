#include "daemon/run/ring_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "report/model/format.h"

namespace ringside {
namespace {

void say_deaths(const RingView& ring, std::uint64_t said) {
  const std::uint64_t live = ring.processes.alive;
  std::uint64_t named = 0;
  for (const ProcessDeath& death : ring.deaths) {
    if (death.number <= said) continue;
    ++named;
    const std::string pid =
        death.pid != 0 ? fmt::format("pid {}", death.pid) : "its pid is not known any more";
    spdlog::warn("ring {}: a process died ({}), {} live", ring.name, pid, live);
  }
  if (ring.deaths_seen > said + named) {
    spdlog::warn("ring {}: {} more processes died, {} live", ring.name,
                 ring.deaths_seen - said - named, live);
  }
}

}  // namespace

void RingLog::follow(const Snapshot& snapshot) {
  for (const RingView& ring : snapshot.rings) {
    const auto [at, first] = said_.try_emplace(ring.name);
    Said& said = at->second;
    if (first) said.restarts = ring.restarts_seen;
    // A death that turns out to be a restart is taken back.
    said.deaths = std::min(said.deaths, ring.deaths_seen);
    say_deaths(ring, said.deaths);
    said.deaths = ring.deaths_seen;

    std::string state = name_of(ring.state);
    if (ring.live()) {
      state = fmt::format("live: {}, pid {}, instance {}", escape_visible(ring.program), ring.pid,
                          ring.instance);
    } else if (!ring.problem.empty()) {
      state += ": " + ring.problem;   // its second line says what to do
    }
    if (said.state != state) {
      said.state = state;
      const bool bad = ring.state == RingState::refused || ring.state == RingState::crashed;
      const bool restarted = ring.live() && ring.restarts_seen > said.restarts;
      spdlog::log(bad ? spdlog::level::warn : spdlog::level::info, "ring {}: {}{}", ring.name,
                  restarted ? "restarted in place, " : "", state);
    }
    said.restarts = ring.restarts_seen;

    const std::string problem = ring.live() ? ring.problem : "";
    if (said.problem == problem) continue;
    said.problem = problem;
    if (!problem.empty()) spdlog::warn("ring {}: {}", ring.name, problem);
  }
}

}  // namespace ringside
