// Records as a busy chat server writes them, to measure readers with.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "shm/record.h"

namespace ringside::bench {

// Records of 19 operations with log-normal durations, stages, users and rooms. One in 128 fails.
// The records are the same in each run.
inline std::vector<Record> chat_traffic(std::size_t count, double ticks_per_second) {
  std::mt19937_64 random(42);
  std::lognormal_distribution<double> span(std::log(200e-6), 1.0);
  std::vector<Record> records(count);
  for (Record& record : records) {
    record = Record{};
    record.operation = static_cast<std::uint16_t>(random() % 19);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = random() % 128 == 0 ? 1 : 0;
    record.error = record.outcome != 0 ? 5001 : 0;
    record.duration = static_cast<std::int64_t>(span(random) * ticks_per_second);
    record.actor = random() % 1000;
    record.subject = random() % 100;
    record.flags =
        static_cast<std::uint16_t>(kFlagStages | static_cast<unsigned>(ActorKind::user) |
                                   (static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift));
    const auto ticks = static_cast<std::uint64_t>(record.duration);
    record.set_stage(0, pack_stage_ticks(ticks / 10));
    record.set_stage(1, pack_stage_ticks(ticks / 20));
    record.set_stage(2, pack_stage_ticks(ticks / 2));
    record.set_stage(3, pack_stage_ticks(ticks / 5));
  }
  return records;
}

}  // namespace ringside::bench
