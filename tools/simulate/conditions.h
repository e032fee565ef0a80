// The state of the world's surroundings at one instant: all effects that hold then, together.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "tools/simulate/effect.h"

namespace ringside::simulate {

// Times in it (`..._until`) are of the monotonic clock.
struct Conditions {
  struct Failing {
    Op op;                                 // none: every operation
    std::optional<std::uint64_t> version;  // only clients of this version
    double share;
    Code code;
  };
  bool up = true;
  bool frozen = false;
  Ns frozen_until = 0;
  bool locked = false;
  Ns locked_until = 0;
  double database_factor = 1;
  std::array<double, kOps> op_extra_ms{};
  std::array<Stage, kOps> op_extra_stage{};  // none: the stage that does most of the work
  std::array<double, kStagesOfOp> stage_extra_ms{};
  std::vector<Failing> failing;
  std::size_t stuck_front = 0;
  bool stuck_readers = false;
  Ns stuck_until = 0;
  double leak_bytes_per_s = 0;
  double leak_files_per_s = 0;
  double burn_percent = 0;
  double traffic = 1;
  double gone = 0;
  std::uint64_t extra_connections = 0;
  std::vector<const Effect*> attacks;  // guess, bad_tokens, flood
  Ns patience = 0;                     // 0: clients wait as long as it takes
  double login_extra_ms = 0;
  double host_busy_percent = 0;
  double host_memory_percent = 0;
  bool daemon = true;
  std::uint64_t sampling = 1;
  double losing = 0;
};

// `effects` must outlive the result.
Conditions conditions_at(const Effects& effects, Ns since_begin);

}  // namespace ringside::simulate
