// How long calls took: a histogram with its ends.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "report/model/histogram.h"

namespace ringside::tool {

class Latencies {
 public:
  void add(std::int64_t ns);
  // Those that somebody else has counted, with their ends.
  void add(const Histogram& counted, std::int64_t min_ns, std::int64_t max_ns);

  // With the buckets of the whole project (report/model/buckets.h).
  Histogram histogram() const;
  std::uint64_t count() const { return count_; }
  std::int64_t min_ns() const { return min_ns_; }
  std::int64_t max_ns() const { return max_ns_; }
  // Within 1.1 %, and not beyond the ends. 0 when there is none.
  double quantile_ns(double q) const;

 private:
  std::map<int, std::uint64_t> counts_;  // by bucket
  std::uint64_t count_ = 0;
  std::int64_t min_ns_ = 0, max_ns_ = 0;
};

// The quantiles that are shown, and their names.
struct NamedQuantile {
  const char* name;
  double q;
};
inline constexpr NamedQuantile kQuantiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};

// A bucket of a span in ns, and its bounds in ns: the lower one does not belong to it.
int bucket_of_ns(std::int64_t ns);
double upper_ns(int bucket);

struct LatencyGroup {
  std::string name;  // safe for a terminal
  Latencies latencies;
  std::uint64_t untimed = 0;  // records whose span is not known, or negative
};

}  // namespace ringside::tool
