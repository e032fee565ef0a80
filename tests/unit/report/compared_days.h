// Minutes of a few operations over hours and days, for the tests of comparisons. Counts are drawn
// for each bucket, so that days are quick.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "report/model/buckets.h"
#include "report/model/history.h"
#include "tests/unit/report/drawn_traffic.h"

namespace compared {

using drawn::kMonday;
using drawn::Traffic;
inline constexpr std::int64_t kHourLong = drawn::kHour;
inline constexpr std::int64_t kDayLong = drawn::kDay;

// The share of calls up to `ms`.
inline double share_up_to(const Traffic& traffic, double ms) {
  const auto kind = [&](double median) {
    double z = std::log(ms / median) / traffic.sigma;
    if (z > 1.2816) z = std::max(1.2816, z - std::log(traffic.tail) / traffic.sigma);
    return std::erfc(-z / std::numbers::sqrt2) / 2;
  };
  return (1 - traffic.slow_share) * kind(traffic.median_ms) +
         traffic.slow_share * kind(8 * traffic.median_ms);
}

class Days {
 public:
  explicit Days(std::uint64_t seed) : engine_(seed) {}

  std::vector<Traffic> operations = {{"SEND"}, {"LIST"}, {"LOGIN"}};
  std::function<void(Traffic&, std::int64_t)> change;  // of an operation in a minute
  double season = 0;  // how much slower it is at noon than at midnight: 1 is twice as slow

  ringside::HistorySpan span(std::int64_t begin_wall_s, std::int64_t seconds) {
    ringside::HistorySpan span;
    span.begin_wall_s = begin_wall_s;
    span.end_wall_s = begin_wall_s + seconds;
    span.rings.push_back({"chat", {}});
    for (const Traffic& operation : operations)
      span.series.push_back(drawn::series_of("chat", operation.name));
    for (std::int64_t at = begin_wall_s; at < begin_wall_s + seconds; at += 60) {
      span.rings[0].slots.push_back({at, 60, 0, 60, 0});
      // All wander a little together.
      host_ = 0.95 * host_ + 0.005 * normal_(engine_);
      for (std::size_t i = 0; i < operations.size(); ++i) {
        Traffic traffic = operations[i];
        if (change) change(traffic, at);
        const double noon = 0.5 - 0.5 * std::cos(2 * std::numbers::pi *
                                                 static_cast<double>(at % kDayLong) / kDayLong);
        traffic.median_ms *= std::exp(host_) * (1 + season * noon);
        span.series[i].slots.push_back(minute(traffic, at));
      }
    }
    return span;
  }

 private:
  std::uint64_t drawn(double mean) {
    return mean > 0 ? std::poisson_distribution<std::uint64_t>(mean)(engine_) : 0;
  }

  ringside::HistorySlot minute(const Traffic& traffic, std::int64_t at) {
    ringside::HistorySlot slot;
    slot.begin_wall_s = at;
    slot.observed_seconds = 60;
    const int first = ringside::bucket_of(static_cast<ringside::LatencyUnits>(
        traffic.median_ms / 1e3 / 8 * ringside::kUnitsPerSecond));
    double below = 0;
    for (int index = first; index < first + 14 * ringside::kBucketsPerOctave; ++index) {
      const double upper_s = ringside::bucket_upper_seconds(index);
      const double share = share_up_to(traffic, upper_s * 1e3);
      const std::uint64_t count = drawn(traffic.calls * (share - below));
      below = share;
      if (count == 0) continue;
      slot.latency.buckets.push_back({static_cast<std::int16_t>(index), count});
      slot.timed += count;
      slot.sum_ns += static_cast<std::uint64_t>(static_cast<double>(count) * upper_s * 0.99e9);
      slot.max_ns = static_cast<std::uint64_t>(upper_s * 1e9);
      if (slot.min_ns == 0) slot.min_ns = slot.max_ns;
    }
    slot.recorded = slot.timed;
    const std::uint64_t failed = std::min(slot.timed, drawn(traffic.calls * traffic.failed));
    slot.outcomes[0] = slot.timed - failed;
    slot.outcomes[1] = failed;
    drawn::draw_database(engine_, normal_, traffic, traffic.median_ms, slot);
    return slot;
  }

  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  double host_ = 0;
};

}  // namespace compared
