// From rings to a snapshot: attaches to the configured rings, follows each through restart and
// crash, drains every lane into the metrics, and makes a snapshot at each tick.
//
// Deterministic: the time and the word of new files come from outside. Nothing here sleeps, spawns
// or writes. After the first pass only one thread may use it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/rings/drain.h"
#include "daemon/rings/ring_set.h"
#include "report/model/pulse.h"
#include "report/model/snapshot.h"
#include "shm/clock.h"

namespace ringside {

struct WatchOptions {
  std::vector<std::string> rings;   // names, paths and patterns (ring_names.h)
  std::size_t last = 100;           // operations kept of each kind, 1..10000
  std::size_t top = 20;             // actors, subjects and slowest operations shown, 1..100
  bool any_owner = false;   // accept rings whose file belongs to another user than us and root
  bool labels = true;       // show what servers call their users, rooms and addresses
  std::map<std::string, FileOwner> owners = {};  // who must own a ring's file; by entry of `rings`
};

class Watch {
 public:
  explicit Watch(WatchOptions options);
  ~Watch();

  // Takes over the options that can change while it runs (last, top, rings added or dropped).
  void reconfigure(WatchOptions options);

  // The files whose appearance must be reported to pass(). The last component of each may be a
  // pattern.
  std::vector<std::string> wanted_files() const;

  // One pass: looks for new and vanished rings, every 200 ms of `now` or when something has
  // arrived, then drains every lane.
  PassResult pass(const Instant& now, const Arrivals& arrivals = {});

  // Closes a tick: drains, rolls the windows, and returns a snapshot with rings, operations,
  // events, categories, all, errors, top lists, slowest, lanes, books and gauges. The caller fills
  // in the rest (alerts, processes, host, daemon, configuration).
  Snapshot tick(const Instant& now);

  // Adds the minutes of all rings that the history has not got yet, after tick() of the same
  // instant (RingMetrics::take_minutes()).
  void take_minutes(const Instant& now, RingMetrics::TakeMinutes which, HistorySpan& out);
  // The rings whose servers were found dead since the last call.
  std::vector<DeadRing> take_dead();

  // What can be told between two ticks, of what the latest pass has read. It costs a few
  // microseconds a ring.
  Pulse pulse(const Instant& now) const;

  // The server processes of live rings, for sampling /proc: every process that shares a ring.
  std::vector<RingProcess> processes() const;

  // Positions, totals, windows and last records in one string, to be stored whole. decode() takes
  // it back, in a new Watch before its first pass. False when the bytes are not such a state: then
  // nothing is taken, and `why` says the reason.
  std::string encode(const Instant& now) const;
  bool decode(std::string_view bytes, const Instant& now, std::string* why);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringside
