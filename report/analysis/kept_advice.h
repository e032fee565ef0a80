// What became of earlier advice: whether it still holds, what it was followed by, what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/advice.h"

namespace ringside {

struct Analysis;
struct HistorySpan;
struct Snapshot;

struct KeptAdvice {
  enum class State : std::uint8_t {
    holds,     // the latest look gave it, or was too short to tell
    followed,  // over, and something was done near its end
    over,      // over, and nothing is known that was done
    unseen     // for more than a day no look could tell
  };
  HistoryAdvice advice;
  State state = State::holds;
  // Its figure by this report, else by the latest look. Compare it with advice.first_figure.
  double figure = 0;
  std::int64_t figure_wall_ns = 0;
  // The level of its operation that changed near its end, in words; empty: none is known.
  std::string change_point;

  // How much less its figure is than when it was first given: 0.6 for 60 %; below zero: more.
  double gain() const;
};
const char* name_of(KeptAdvice::State state);

// "1.2 ms", "34 %", "3.1 MiB a day"
std::string format_figure(AdviceUnit unit, double figure);
// What became of it, in one or two sentences.
std::string outcome_of(const KeptAdvice& kept);

namespace detail {
// After the suggestions and the changes of levels. Those that hold come last.
void find_kept_advice(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis);
}  // namespace detail

}  // namespace ringside
