// A distribution of spans as it is stored and shown: the nonempty buckets in ascending order. The
// drain counts in dense arrays (daemon/metrics) and converts them to this.
#pragma once

#include <cstdint>
#include <vector>

#include "report/model/buckets.h"

namespace ringside {

struct Histogram {
  struct Bucket {
    std::int16_t index = 0;  // see buckets.h
    std::uint64_t count = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };
  std::vector<Bucket> buckets;  // ascending by index, no zero counts

  std::uint64_t count() const;
  // How many values are longer than `seconds`. Those of the bucket that holds `seconds` are among
  // them if its middle is.
  std::uint64_t count_above(double seconds) const;
  // Adds the other's counts. Exact: buckets of the same index mean the same span everywhere.
  void merge(const Histogram& other);
  // The nearest-rank quantile in seconds, 0 <= q <= 1: the middle of the bucket that holds the
  // value of rank ceil(q * n). It is within 1.09 % of that value, and 0 when the histogram is
  // empty. Where past_end(q) is true, the value is at least longest_told_apart_seconds() and not
  // known more exactly.
  double quantile_seconds(double q) const;
  // Whether the quantile lies in the highest bucket, which has no upper bound.
  bool past_end(double q) const;
};

}  // namespace ringside
