// From rings to a snapshot: attaches to the rings that are configured, follows each through restart
// and crash, drains every lane into the metrics, and says at each tick what is known.
//
// Deterministic: time comes from outside, and so does word of files that appeared. Nothing here
// sleeps, spawns or writes. One thread uses it once it has made its first pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/rings/drain.h"
#include "daemon/rings/ring_set.h"
#include "report/model/snapshot.h"
#include "shm/clock.h"

namespace ringside {

struct WatchOptions {
  std::vector<std::string> rings;   // names, paths and patterns (ring_names.h)
  std::size_t last = 100;           // operations kept of each kind, 1..10000
  std::size_t top = 20;             // actors, subjects and slowest operations shown, 1..100
  bool any_owner = false;   // accept rings whose file belongs to another user than us and root
};

class Watch {
 public:
  explicit Watch(WatchOptions options);
  ~Watch();

  // Takes over what can change while running (last, top, rings added or dropped).
  void reconfigure(WatchOptions options);

  // The files whose appearance should be told to pass(). The last component of each may be a
  // pattern.
  std::vector<std::string> wanted_files() const;

  // One pass: looks for new and vanished rings, every 200 ms of `now` or when something has
  // arrived, then drains every lane.
  PassResult pass(const Instant& now, const Arrivals& arrivals = {});

  // Closes a tick: drains, rolls the windows, and returns all that it knows: rings, operations,
  // events, categories, all, errors, top lists, slowest, lanes, books, gauges. The rest of the
  // snapshot (alerts, processes, host, daemon, configuration) is the caller's to fill in.
  Snapshot tick(const Instant& now);

  // Server processes behind live rings, for sampling /proc: all that share each ring.
  std::vector<RingProcess> processes() const;

  // Positions, totals, windows and last records in one string, to be stored whole; decode() takes
  // it back, in a new Watch, before its first pass. False, and nothing taken, when the bytes are
  // not such a state, and why says what is wrong.
  std::string encode(const Instant& now) const;
  bool decode(std::string_view bytes, const Instant& now, std::string* why);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringside
