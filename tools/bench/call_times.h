// Tails of a single call. Each call stands between two fenced clock reads. The kinds of calls that
// are compared run in turn, call by call, so that an interrupt or a neighbour hits each of them
// equally often. An empty call is one more kind: it shows what the two reads cost by themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/bench/timing.h"

namespace ringside::bench {

// The spans of one kind of call in one group of rounds, in ticks.
class Spans {
 public:
  void add(std::uint64_t ticks) {
    ticks_.push_back(ticks < UINT32_MAX ? static_cast<std::uint32_t>(ticks) : UINT32_MAX);
  }
  void reserve(std::size_t count) { ticks_.reserve(count); }
  // Returns the quantiles by nearest rank in ns, and forgets the spans.
  std::vector<double> take_quantiles(const std::vector<double>& qs, double ticks_per_ns) {
    std::sort(ticks_.begin(), ticks_.end());
    std::vector<double> out;
    for (const double q : qs) {
      const auto rank = static_cast<std::size_t>(q * static_cast<double>(ticks_.size()));
      out.push_back(static_cast<double>(ticks_[std::min(rank, ticks_.size() - 1)]) / ticks_per_ns);
    }
    ticks_.clear();
    return out;
  }

 private:
  std::vector<std::uint32_t> ticks_;
};

template <typename Body>
inline void time_one(Spans& spans, const Body& body) {
  const std::uint64_t begin = fenced_ticks();
  body();
  spans.add(fenced_ticks() - begin);
}

inline const std::vector<double> kQuantiles = {0.5, 0.99, 0.999};
inline const std::vector<std::string> kQuantileNames = {"p50", "p99", "p99.9"};

// Quantiles of one kind of call, group by group.
struct CallTimes {
  std::string name;
  Spans spans;
  std::vector<std::vector<double>> groups;   // [group][quantile] in ns

  void end_group(double ticks_per_ns) {
    groups.push_back(spans.take_quantiles(kQuantiles, ticks_per_ns));
  }
  std::vector<double> column(std::size_t quantile) const {
    std::vector<double> out;
    for (const auto& group : groups) out.push_back(group[quantile]);
    return out;
  }
  // The quantile of each group, minus the same quantile of `floor` in the same group.
  std::vector<double> above(const CallTimes& floor, std::size_t quantile) const {
    std::vector<double> out;
    for (std::size_t i = 0; i < groups.size(); ++i)
      out.push_back(groups[i][quantile] - floor.groups[i][quantile]);
    return out;
  }
};

inline void add_whole(const CallTimes& tail, Results& results) {
  for (std::size_t q = 0; q < kQuantileNames.size(); ++q) {
    results.add(figure(tail.name + ", " + kQuantileNames[q], "ns", tail.column(q)));
  }
}
inline void add_above(const CallTimes& tail, const CallTimes& floor, Results& results) {
  for (std::size_t q = 0; q < kQuantileNames.size(); ++q) {
    results.add(
        figure(tail.name + ", " + kQuantileNames[q] + ", above", "ns", tail.above(floor, q)));
  }
}

}  // namespace ringside::bench
