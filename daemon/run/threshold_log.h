// Says which thresholds are for operations that no server has registered. It says so once, after a
// server has run for a while.
#pragma once

#include <cstdint>
#include <optional>

#include "report/model/snapshot.h"

namespace ringside {

class ThresholdLog {
 public:
  // Servers register their operations when they start, and some of them a little later.
  static constexpr std::int64_t kAfterNs = 60'000'000'000;

  void follow(const Snapshot& snapshot, std::int64_t monotonic_ns);
  // The thresholds have changed.
  void begin_anew();

 private:
  std::optional<std::int64_t> live_since_ns_;   // when a live server was first seen
  bool said_ = false;
};

}  // namespace ringside
