// From rings to a snapshot: attaches to the rings that are configured, follows each through restart and crash,
// drains every lane into the metrics, and says at each tick what is known.
//
// Deterministic: time comes from outside, and nothing here sleeps, spawns or writes. One thread uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/snapshot.h"
#include "shm/clock.h"

namespace ringside {

// One instant in every clock; read_instant() gives the present one.
using Now = Instant;

struct WatchOptions {
  std::vector<std::string> rings;   // by name (`chat`) or path (anything with a '/')
  std::size_t last = 100;           // operations kept of each kind, 1..10000
  std::size_t top = 20;             // actors, subjects and slowest operations shown, 1..100
  bool any_owner = false;           // accept rings whose file belongs to another user than us or root
};

struct PassResult {
  std::uint64_t records = 0;    // read in this pass
  std::uint64_t lost = 0;       // found overwritten in this pass
  double fullest = 0;           // 0..1: of the fullest lane, how much had been written since the last pass
};

class Watch {
 public:
  explicit Watch(WatchOptions options);
  ~Watch();

  // Takes over what can change while running (last, top, rings added or dropped).
  void reconfigure(WatchOptions options);

  // One pass: looks for new and vanished rings (at most every 200 ms of `now`), then drains every lane.
  PassResult pass(Now now);

  // Closes a tick: drains, rolls the windows, and returns all that it knows: rings, operations, events,
  // categories, all, errors, top lists, slowest, lanes, books, gauges. The rest of the snapshot (alerts,
  // processes, host, daemon, configuration) is the caller's to fill in.
  Snapshot tick(Now now);

  // Server processes behind live rings, for sampling /proc: {ring, pid}.
  struct Process {
    std::string ring;
    std::uint32_t pid = 0;
    std::uint64_t start_time = 0;  // field 22 of /proc/PID/stat, so that a pid that came back is noticed
  };
  std::vector<Process> processes() const;

  // Positions, totals, windows and last records in one string, to be stored whole; restore() takes it back, in a
  // new Watch, before its first pass. False, and nothing taken, when the bytes are not such a state; why() says it.
  std::string save(Now now) const;
  bool restore(std::string_view bytes, Now now, std::string* why);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringside
