// The buckets of a histogram for those who take no native ones: few, at bounds that ours share, so
// that their counts are exact.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/render/prometheus/metric_family.h"

namespace ringside::metrics {

// Upper bounds as powers of two of a second: 15 µs to 16 s, each octave between 1 ms and 4 s.
inline constexpr std::array<int, 17> kClassicOctaves = {-16, -14, -12, -10, -9, -8, -7, -6, -5,
                                                        -4,  -3,  -2,  -1,  0,  1,  2,  4};
inline constexpr std::size_t kClassicBuckets = kClassicOctaves.size() + 1;  // and +Inf

struct ClassicBucket {
  double upper_seconds = 0;  // infinite for the last
  std::uint64_t cumulative_count = 0;
  const MetricExemplar* exemplar = nullptr;  // the latest in it
};

std::array<ClassicBucket, kClassicBuckets> classic_buckets(const Metric& metric);

// The exemplar for a reader that keeps one series of a histogram's exemplars, and takes no older
// one after it: the longest of the latest 5 s. It never goes back in time. Null: there is none.
const MetricExemplar* steady_exemplar(const Metric& metric);

// At most 128 characters of names and values, as OpenMetrics allows: the ring's name is left out if
// it is too long. The series has it, too.
std::vector<MetricLabel> exemplar_labels(const MetricExemplar& exemplar);

// A label's value, or other foreign text: valid UTF-8 without control characters. Different bytes
// stay different.
std::string label_text(std::string_view text);

}  // namespace ringside::metrics
