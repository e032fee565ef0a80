// Minutes of a server's operations, drawn directly as history has them: no request is simulated, so
// a month takes seconds. For what looks at history; the alerts are scored on whole worlds
// (world.h).
//
// What varies while nothing changes: day and night, weekends; bursts of traffic that make all calls
// slower while they last; latencies that wander for an hour (the host, each operation) and from day
// to day; hiccups of up to a minute; calls with infinite variance; operations of a few calls an
// hour. Clients wait for their answers: a slower operation gets fewer calls.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/model/history.h"
#include "tools/simulate/random.h"

namespace ringside::simulate {

inline constexpr std::int64_t kMinuteS = 60;
inline constexpr std::int64_t kDayS = 86'400;
inline constexpr std::int64_t kMondayS = 1'772'409'600;  // 2026-03-02 00:00:00 UTC

struct MinuteStage {
  std::string name;
  double share = 0;  // of the operation's time
};
// An operation as it is while nothing changes.
struct MinuteOperation {
  std::string name;
  double calls_per_minute = 0;  // at a weekday's peak
  double median_ns = 0;
  double sigma = 0;       // deviation of the logarithm
  double tail_share = 0;  // calls with a Pareto tail, shape 1.5
  double slow_share = 0;  // calls of a slow kind
  double slow_factor = 1;
  std::vector<MinuteStage> stages;
};

// What changes between two times (seconds since the Unix epoch).
struct MinuteChange {
  std::int64_t from = 0;
  std::int64_t until = 0;
  std::size_t operation = 0;
  double factor = 1;          // of each call's time
  int stage = -1;             // only this stage's time, by `factor`
  double slow_share = -1;     // the share of the slow kind from now on
  double traffic_factor = 1;  // of its calls
};

// A time without a burst of traffic, in seconds since the Unix epoch.
struct MinuteCalm {
  std::int64_t from = 0;
  std::int64_t until = 0;
};
// What is not the same in each of these months.
struct MinuteHabits {
  MinuteCalm calm;
  // How far the whole server is faster or slower for some minutes: the deviation of a logarithm.
  double mood = 0;
};

class Minutes {
 public:
  Minutes(std::uint64_t seed, std::vector<MinuteOperation> operations,
          std::vector<MinuteChange> changes, MinuteHabits habits = {});

  // The next minute: one slot in each series. Valid until the next call.
  const std::vector<HistorySeries>& next();
  // When the minute that next() gave last begins.
  std::int64_t wall_s() const { return wall_s_; }

 private:
  // Calls of one sort within a minute.
  struct Sort {
    double share = 0;
    double log_factor = 0;
  };
  struct State {
    double wander = 0;
    double day = 0;
  };
  // A burst or a hiccup.
  struct Episode {
    double from = 0;  // seconds
    double until = 0;
    double factor = 1;
  };
  void begin_day();
  void draw(std::size_t index, double load, double burst, double hiccup_part);
  void add_calls(HistorySlot& slot, const MinuteOperation& operation, double calls,
                 double log_factor);
  void add_stages(HistorySlot& slot, const MinuteOperation& operation,
                  const std::vector<double>& log_factors);
  void finish(HistorySlot& slot);

  Random random_;
  std::vector<MinuteOperation> operations_;
  std::vector<MinuteChange> changes_;
  MinuteHabits habits_;
  std::vector<State> states_;
  std::vector<HistorySeries> series_;
  std::vector<std::uint64_t> counts_;  // by bucket, from kLowestIndex on
  double host_ = 0;
  double mood_ = 0;
  Episode hiccup_;                // the one that takes most of the minute
  std::vector<Episode> hiccups_;  // of the day
  std::vector<Episode> bursts_;
  std::int64_t wall_s_ = kMondayS - kMinuteS;
};

// Twelve operations, drawn from the seed: busy ones (0..3), of middling traffic (4..7), one with
// two kinds of calls (8), of few calls (9..11).
std::vector<MinuteOperation> draw_operations(std::uint64_t seed);

}  // namespace ringside::simulate
