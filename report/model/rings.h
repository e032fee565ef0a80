// The rings that are watched, their lanes and gauges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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
  // What the lane's header says of it (shm/layout.h).
  enum class State : std::uint8_t { never, claiming, owned, released, dead, unknown };

  std::string ring;
  std::uint32_t lane = 0;
  bool overflow = false;
  State state = State::unknown;   // unknown while the ring is not mapped
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string thread;
  std::uint32_t generation = 0;
  // What its thread has begun and not ended, or died in; empty: nothing.
  std::string in_flight;
  std::int64_t in_flight_wall_ns = 0;   // since when
  Books books;
  std::uint64_t pending = 0;  // overflow lane: reserved and not published, so not read or lost yet
};

constexpr const char* name_of(LaneView::State state) {
  constexpr const char* kNames[] = {"never", "claiming", "owned", "released",
                                    "dead",  "unknown"};
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

// What a server's code got wrong in a call: Misuse in shm/layout.h, in its order.
inline constexpr std::size_t kMisuses = 4;
inline constexpr std::array<const char*, kMisuses> kMisuseNames = {"id", "outcome", "stage",
                                                                   "stamp"};

// The processes that have written a ring, of its present instance. Each that entered is alive, or
// is one of left, restarted and died.
struct ProcessCounts {
  std::uint64_t alive = 0;
  std::uint64_t entered = 0;
  std::uint64_t left = 0;        // in order
  std::uint64_t restarted = 0;   // became another program by exec, or live and trace no more
  std::uint64_t died = 0;
  std::uint64_t refused = 0;     // found no place among the processes
};

// A process that died while its ring was followed.
struct ProcessDeath {
  std::uint64_t number = 0;   // counts up from 1, over all instances that this daemon has read
  std::uint32_t pid = 0;      // in its own pid namespace; 0 not known
};
inline constexpr std::size_t kMostDeaths = 16;

// An operation or event whose calls are not all recorded: the server counts the others.
struct SampledView {
  std::string name;
  std::uint32_t one_in = 0;  // drawn at random; 0: none is recorded
  friend bool operator==(const SampledView&, const SampledView&) = default;
};

struct RingView {
  std::string name;
  std::string path;
  std::string program;
  // As the server gives them; empty: not given.
  std::string build_id;
  std::string configuration_digest;
  RingState state = RingState::waiting;
  // Why it is refused or waited for, or what is the matter with a live one; may have a second line,
  // "  next: …". Empty when all is well.
  std::string problem;
  std::string instance;       // 32 hex digits
  std::uint32_t pid = 0;
  std::int64_t created_wall_ns = 0;
  std::string clock;          // tsc, monotonic, cntvct
  double ticks_per_second = 0;
  bool enabled = false;
  std::vector<SampledView> sampled;   // what `ringside control` says of them while enabled; by id
  std::uint64_t instances_seen = 0;   // restarts followed, since the daemon's state began
  std::uint64_t crashes_seen = 0;
  std::uint64_t restarts_seen = 0;    // of these instances: by exec, in the same process
  ProcessCounts processes;
  std::vector<ProcessDeath> deaths;   // the latest, kMostDeaths at most
  std::uint64_t deaths_seen = 0;      // by this daemon
  std::uint64_t untraced_threads = 0;
  std::uint64_t untraced_records = 0;
  std::uint64_t names_refused = 0;
  std::uint64_t names_merged = 0;     // cut to the name of another, so two are counted as one
  std::array<std::uint64_t, kMisuses> misused{};
  std::uint64_t segment_bytes = 0;
  std::uint64_t calls = 0;            // operations that completed and were read; never saved
  Books books;                        // of all its instances
  Losses losses;                      // when books.lost were lost

  bool live() const { return state == RingState::live; }
};

}  // namespace ringside
