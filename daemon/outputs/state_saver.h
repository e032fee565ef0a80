// When the state is due to be saved: at a tick, if anything changed since the last save was handed
// over, and at most once in an interval. storage/state_file.h has the state's encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "report/model/snapshot.h"

namespace ringside {

class StateSaver {
 public:
  void set_interval(std::int64_t interval_ns) { interval_ns_ = interval_ns; }

  // `failed`: the last state could not be written, so it is due again.
  bool due(const Snapshot& snapshot, std::int64_t monotonic_ns, bool failed) const;
  // The state of this snapshot is handed over.
  void handed_over(const Snapshot& snapshot, std::int64_t monotonic_ns);

 private:
  std::int64_t interval_ns_ = 0;
  std::optional<std::int64_t> saved_ns_;
  std::vector<std::uint64_t> saved_figures_;   // figures_of() the last saved snapshot
};

}  // namespace ringside
