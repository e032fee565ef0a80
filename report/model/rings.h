// The rings that are watched, their lanes and gauges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "report/model/books.h"
#include "report/model/windows.h"

namespace ringside {

// What has become of a ring. daemon/rings/ring_follower.h draws the transitions.
enum class RingState : std::uint8_t { waiting, live, crashed, closed, refused };
inline constexpr std::array<const char*, 5> kRingStateNames = {"waiting", "live", "crashed",
                                                               "closed", "refused"};

constexpr const char* name_of(RingState state) {
  return kRingStateNames[static_cast<std::size_t>(state)];
}

struct LaneView {
  // The owner's word in the lane's header (shm/layout.h); `unknown` for any other number.
  enum class State : std::uint8_t { never, claiming, owned, released, unknown };

  std::string ring;
  std::uint32_t lane = 0;
  bool overflow = false;
  State state = State::unknown;   // also unknown while the ring is not mapped
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string thread;
  std::uint32_t generation = 0;
  Books books;
  std::uint64_t pending = 0;  // overflow lane: reserved and not published, so not read or lost yet
};

constexpr const char* name_of(LaneView::State state) {
  constexpr const char* kNames[] = {"never", "claiming", "owned", "released", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

// Records that were overwritten before they were read.
struct Losses {
  std::array<std::uint64_t, kWindows> while_observed{};   // the daemon was there, and too slow
  // The daemon was not there: before it first came, or while it was away.
  std::uint64_t before_attach = 0;
};

struct GaugeView {
  std::string ring;
  std::string name;
  std::int64_t value = 0;
  std::int64_t max = 0;     // highest seen at a tick
};

struct RingView {
  std::string name;
  std::string path;
  std::string program;
  RingState state = RingState::waiting;
  std::string problem;        // why it is refused or waited for; empty when all is well
  std::string instance;       // 32 hex digits
  std::uint32_t pid = 0;
  std::int64_t created_wall_ns = 0;
  std::string clock;          // tsc, monotonic, cntvct
  double ticks_per_second = 0;
  bool enabled = false;
  std::uint64_t instances_seen = 0;   // restarts followed, since the daemon's state began
  std::uint64_t crashes_seen = 0;
  std::uint64_t untraced_threads = 0;
  std::uint64_t untraced_records = 0;
  std::uint64_t names_refused = 0;
  std::uint64_t segment_bytes = 0;
  Books books;                        // of all its instances
  Losses losses;                      // when books.lost were lost

  bool live() const { return state == RingState::live; }
};

}  // namespace ringside
