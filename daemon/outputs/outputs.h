// Takes what the drain thread wants written. Nothing here waits.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "daemon/storage/dead_rings.h"
#include "daemon/storage/state_file.h"
#include "report/model/snapshot.h"

namespace ringside {

class Outputs {
 public:
  virtual ~Outputs() = default;

  // False, and nothing is taken, while two reports still wait to be written: a disk that hangs must
  // not fill the memory.
  virtual bool write_report(std::shared_ptr<const Snapshot> snapshot) = 0;
  // The report of the day that begins then, made of the history; one that is there stays. False,
  // and nothing is taken, while the one before it still waits.
  virtual bool write_daily_report(std::int64_t /*begin_wall_s*/) { return true; }
  // Keeps the ring of a server that died. False, and nothing is taken, while too many still wait.
  virtual bool keep_ring(DeadRing /*ring*/) { return true; }
  // The same, while the state before it still waits.
  virtual bool save_state(SavedState state) = 0;
  // Before the lines that this state has in its outbox are told: it is written before them. Always
  // taken. While the disk hangs only the newest is kept.
  virtual void save_state_before_lines(SavedState state) { save_state(std::move(state)); }
  // Whether the last state could not be written.
  virtual bool state_failed() const = 0;
  // How many AlertSink::tell() are done with: their lines are in the alert log, or dropped. The
  // lines that the last daemon left count as one before the first.
  virtual std::uint64_t settled() const { return std::numeric_limits<std::uint64_t>::max(); }
};

}  // namespace ringside
