#include "report/render/prometheus/classic_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/model/format.h"

namespace ringside::metrics {

std::array<ClassicBucket, kClassicBuckets> classic_buckets(const Metric& metric) {
  std::array<ClassicBucket, kClassicBuckets> out;
  auto next = metric.histogram->buckets.begin();
  const auto end = metric.histogram->buckets.end();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kClassicBuckets; ++i) {
    const bool last = i + 1 == kClassicBuckets;
    const int bound = last ? kMaxBucket : kClassicOctaves[i] * kBucketsPerOctave;
    for (; next != end && next->index <= bound; ++next) below += next->count;
    out[i].upper_seconds =
        last ? std::numeric_limits<double>::infinity() : std::ldexp(1.0, kClassicOctaves[i]);
    out[i].cumulative_count = below;
  }
  for (const MetricExemplar& exemplar : metric.exemplars) {
    const auto at = std::find_if(out.begin(), out.end(), [&](const ClassicBucket& bucket) {
      return exemplar.seconds <= bucket.upper_seconds;
    });
    at->exemplar = &exemplar;  // the oldest come first
  }
  return out;
}

const MetricExemplar* steady_exemplar(const Metric& metric) {
  constexpr std::int64_t kRecentNs = 5'000'000'000;
  const MetricExemplar* longest = nullptr;
  for (const MetricExemplar& exemplar : metric.exemplars) {
    if (exemplar.wall_ns <= metric.exemplars.back().wall_ns - kRecentNs) continue;
    if (longest == nullptr || exemplar.seconds >= longest->seconds) longest = &exemplar;
  }
  return longest;
}

std::vector<MetricLabel> exemplar_labels(const MetricExemplar& exemplar) {
  constexpr std::size_t kMostCharacters = 128;
  std::vector<MetricLabel> labels = {{"ring", label_text(exemplar.ring)},
                                     {"lane", std::to_string(exemplar.lane)},
                                     {"position", std::to_string(exemplar.position)}};
  std::size_t characters = 0;
  for (const MetricLabel& label : labels) {
    // Bytes of UTF-8 that begin a character.
    for (const char c : label.name + label.value)
      characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }
  if (characters > kMostCharacters) labels.erase(labels.begin());
  return labels;
}

std::string label_text(std::string_view text) { return escape_visible(text); }

}  // namespace ringside::metrics
