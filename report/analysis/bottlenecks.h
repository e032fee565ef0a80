// Where the time of operations goes, beside the sums: at the median and in the tail, before and
// after a thread picks the call up, at once, and when the load rises.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

// The stages of an operation for its middle calls and for its slowest, from its last records.
struct StageProfile {
  struct Stage {
    std::string name;
    double median_share = 0;  // of the time of the middle calls
    double tail_share = 0;    // of the time of the slowest calls
  };
  std::string operation;
  std::string ring;
  std::size_t records = 0;       // timed ones that were kept
  std::size_t tail_records = 0;  // the slowest tenth of them
  double median_ns = 0;          // mean of the middle fifth of the records
  double tail_ns = 0;            // mean of the slowest tenth
  std::vector<Stage> stages;     // those that took any time, most of the tail first
};
inline constexpr std::size_t kProfileRecords = 50;  // fewer give no profile

// What clients felt and what of it the server worked, on average over the analysis' window.
struct FeltTime {
  std::string operation;  // "all" for all
  std::string ring;
  std::uint64_t timed = 0;
  double felt_ns = 0;         // mean, from the arrival of the request
  double waited_ns = 0;       // mean of it before a thread picked it up: the stage `queue`
  bool from_arrival = false;  // whether a stage `queue` is marked; else the wait is not known
  double at_once = 0;         // how many run at the same time: rate * mean (Little's law)
};

// How an operation's mean time goes with the load of its server, over the minutes of history.
struct LoadEffect {
  enum class Kind : std::uint8_t { unknown, rises, steady, falls };
  std::string operation;
  std::string ring;
  std::size_t minutes = 0;    // that have enough calls, and lie in no incident
  Kind kind = Kind::unknown;  // unknown: too few minutes, or the load hardly changes
  double correlation = 0;     // Spearman's, of the server's calls a second and the mean time
  double low_rate = 0, high_rate = 0;  // calls a second: quarter with the least, with the most load
  double low_ns = 0, high_ns = 0;      // mean time in these quarters
  std::string stage;                   // whose mean grows most from one to the other; empty: none
  double stage_low_ns = 0, stage_high_ns = 0;
};
const char* name_of(LoadEffect::Kind kind);
inline constexpr std::size_t kLoadMinutes = 20;
inline constexpr std::uint64_t kLoadCalls = 20;  // of the operation in a minute

struct Bottlenecks {
  std::vector<StageProfile> profiles;  // in the order of the operations' time
  std::vector<FeltTime> felt;          // the same; all of them last
  std::vector<LoadEffect> load;        // the same; empty without history
  double database_share = 0;           // of the time of all operations
};

struct Analysis;
namespace detail {
void find_bottlenecks(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis);
void find_load_effects(const HistorySpan& history, Analysis& analysis);
}  // namespace detail

}  // namespace ringside
