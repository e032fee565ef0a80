#include "daemon/run/ring_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "report/model/format.h"

namespace ringside {

void RingLog::follow(const Snapshot& snapshot) {
  for (const RingView& ring : snapshot.rings) {
    std::string state = name_of(ring.state);
    if (ring.live()) {
      state = fmt::format("live: {}, pid {}, instance {}", escape_visible(ring.program), ring.pid,
                        ring.instance);
    } else if (!ring.problem.empty()) {
      state += ": " + ring.problem;   // its second line says what to do
    }
    std::string& said = said_[ring.name];
    if (said == state) continue;
    said = state;
    const bool bad = ring.state == RingState::refused || ring.state == RingState::crashed;
    spdlog::log(bad ? spdlog::level::warn : spdlog::level::info, "ring {}: {}", ring.name, state);
  }
}

}  // namespace ringside
