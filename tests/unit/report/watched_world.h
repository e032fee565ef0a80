// Minutes of a few operations, drawn for the tests of what watches them.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "report/analysis/regression_watch.h"
#include "report/model/buckets.h"
#include "tests/unit/report/drawn_traffic.h"

namespace watched {

using drawn::kDay;
using drawn::kHour;
using drawn::kMonday;
using Operation = drawn::Traffic;

class World {
 public:
  explicit World(std::uint64_t seed, ringside::RegressionOptions options = {})
      : watch(options), engine_(seed) {}

  std::vector<Operation> operations = {{"SEND"}, {"LIST"}, {"LOGIN"}};
  std::string ring = "chat";
  ringside::RegressionWatch watch;
  std::int64_t now = kMonday;
  // What changes: called with each operation of each minute.
  std::function<void(Operation&, std::int64_t)> change;
  std::function<bool(std::int64_t)> incident;
  // Gets each minute, too.
  std::function<void(const std::vector<ringside::HistorySeries>&)> also;
  // Each "slower" or mix when it was first in the list.
  std::vector<ringside::RegressionFinding> seen;

  void run(std::int64_t until) {
    for (; now < until; now += 60) minute();
  }
  void run_days(double days) { run(now + static_cast<std::int64_t>(days * kDay)); }

  // The calls of the present minute.
  std::vector<ringside::HistorySeries> draw_minute() {
    std::vector<ringside::HistorySeries> batch;
    // All wander a little, together and by themselves.
    host_ = 0.95 * host_ + 0.005 * normal_(engine_);
    for (Operation operation : operations) {
      if (change) change(operation, now);
      if (operation.calls < 0) continue;
      batch.push_back(draw(operation));
    }
    return batch;
  }

  void minute() {
    const std::vector<ringside::HistorySeries> batch = draw_minute();
    if (also) also(batch);
    watch.add_minute(
        now, batch,
        incident && incident(now) ? std::set<std::string>{"chat"} : std::set<std::string>{});
    for (const ringside::RegressionFinding& found : watch.findings()) {
      if (found.found_wall_s == now + 60) seen.push_back(found);
    }
  }

 private:
  ringside::HistorySeries draw(const Operation& operation) {
    ringside::HistorySeries series = drawn::series_of(ring, operation.name);
    ringside::HistorySlot slot;
    slot.begin_wall_s = now;
    slot.observed_seconds = 60;
    std::map<int, std::uint64_t> buckets;
    const auto calls = std::poisson_distribution<int>(operation.calls)(engine_);
    for (int i = 0; i < calls; ++i) {
      double s = operation.median_ms / 1e3 * std::exp(host_ + operation.sigma * normal_(engine_));
      if (std::uniform_real_distribution<double>()(engine_) < operation.slow_share) s *= 8;
      ++buckets[ringside::bucket_of(
          static_cast<ringside::LatencyUnits>(s * ringside::kUnitsPerSecond))];
      slot.sum_ns += static_cast<std::uint64_t>(s * 1e9);
    }
    for (const auto& [index, n] : buckets)
      slot.latency.buckets.push_back({static_cast<std::int16_t>(index), n});
    slot.recorded = slot.timed = static_cast<std::uint64_t>(calls);
    drawn::draw_database(engine_, normal_, operation, operation.median_ms * std::exp(host_), slot);
    series.slots.push_back(std::move(slot));
    return series;
  }

  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  double host_ = 0;
};

}  // namespace watched
