// A snapshot built figure by figure: one live ring, its operations and its events. And the
// suggestions that follow from it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "report/analysis/analysis.h"

namespace sample {

using namespace ringside;

inline const Suggestion* suggestion(const Analysis& analysis, std::string_view part) {
  for (const Suggestion& one : analysis.suggestions) {
    if (one.what.find(part) != std::string::npos) return &one;
  }
  return nullptr;
}

inline bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// One ring whose operations take a millisecond each. There is nothing to suggest.
class Server {
 public:
  Server() {
    RingView ring;
    ring.name = "chat";
    ring.state = RingState::live;
    ring.enabled = true;
    snapshot.rings.push_back(ring);
    snapshot.all.name = "all";
  }

  // The same figures in every window. Stages take shares of the time.
  SeriesView& operation(const char* name, std::uint64_t count, double mean_ms,
                        std::initializer_list<std::pair<const char*, double>> stages = {}) {
    SeriesView& series = snapshot.operations.emplace_back();
    series.name = name;
    series.ring = "chat";
    for (WindowStats& stats : series.windows) {
      stats.seconds = 1000;
      stats.recorded = stats.timed = count;
      stats.sum_ns = static_cast<std::uint64_t>(mean_ms * 1e6 * static_cast<double>(count));
      stats.min_ns = stats.max_ns = static_cast<std::uint64_t>(mean_ms * 1e6);
      stats.latency.buckets.push_back({bucket(mean_ms), count});
      std::size_t s = 0;
      for (const auto& [stage, share] : stages) {
        series.stage_names[s] = stage;
        stats.stages[s].count = count;
        stats.stages[s].sum_ns =
            static_cast<std::uint64_t>(share * static_cast<double>(stats.sum_ns));
        ++s;
      }
    }
    for (std::size_t w = 0; w < kWindows; ++w) {
      WindowStats& all = snapshot.all.windows[w];
      all.seconds = 1000;
      all.recorded += count;
      all.timed += count;
      all.sum_ns += series.windows[w].sum_ns;
    }
    return series;
  }

  SeriesView& event(std::string_view name, std::uint64_t count, std::uint64_t errors,
                    double sum_ms) {
    SeriesView& series = snapshot.events.emplace_back();
    series.name = name;
    series.ring = "chat";
    for (WindowStats& stats : series.windows) {
      stats.seconds = 1000;
      stats.recorded = stats.timed = count;
      stats.errors = errors;
      stats.sum_ns = static_cast<std::uint64_t>(sum_ms * 1e6);
    }
    return series;
  }

  static std::int16_t bucket(double ms) {
    return static_cast<std::int16_t>(bucket_of(static_cast<LatencyUnits>(ms * 1e6 * kUnitsPerNs)));
  }

  Analysis analysed() const { return analyse(snapshot); }

  Snapshot snapshot;
};

}  // namespace sample
