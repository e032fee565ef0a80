#include "tools/ringside/commands/following.h"

#include <algorithm>
#include <ctime>

#include "daemon/rings/pacing.h"

namespace ringside::tool {

namespace {
constexpr std::int64_t kRefreshNs = 50'000'000;
}

FollowEnd follow(const Source& source, Interrupts& interrupts, Following& following) {
  Pacing pacing;
  std::int64_t refreshed_ns = clock_ns(CLOCK_MONOTONIC);
  std::int64_t passed_ns = refreshed_ns;
  following.state = source.file->state();
  while (true) {
    const bool gone = following.state == RingState::closed ||
                      following.state == RingState::crashed || source.file->is_copy() ||
                      source.file->segment().broken();
    if (!following.read(gone)) return FollowEnd::enough;
    if (gone) return FollowEnd::gone;
    const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (now_ns >= following.until_ns) return FollowEnd::interrupted;
    const std::int64_t pause_ns =
        std::min(pacing.next_pause_ns(source.records->fullest(), now_ns - passed_ns),
                 following.until_ns - now_ns);
    passed_ns = now_ns;
    if (interrupts.pause(pause_ns)) return FollowEnd::interrupted;
    if (clock_ns(CLOCK_MONOTONIC) - refreshed_ns < kRefreshNs) continue;
    refreshed_ns = clock_ns(CLOCK_MONOTONIC);
    following.refresh();
    following.state = source.file->state();
  }
}

}  // namespace ringside::tool
