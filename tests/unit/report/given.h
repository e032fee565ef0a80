// One section at a time, from a snapshot and an analysis that a test makes by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/render/sections/sections.h"
#include "tests/unit/report/recording_page.h"
#include "tests/unit/report/sample.h"

namespace sample {

// What a section is made from. Where nothing is set there is nothing.
struct Given {
  ringside::Snapshot snapshot;
  ringside::Analysis analysis;
  ringside::Limits limits;

  Given() { snapshot.wall_ns = kNow; }
  ringside::WindowStats& all(ringside::Window window) {
    return snapshot.all.windows[static_cast<std::size_t>(window)];
  }
};

// A line for each element: its kind, and its texts between bars.
template <class Write>
std::string written_by(const Given& given, Write write) {
  RecordingPage page;
  write(ringside::detail::Section{page, given.snapshot, given.analysis, given.limits});
  std::string lines;
  for (const RecordingPage::Element& element : page.elements()) {
    lines += element.kind;
    for (const std::string& text : element.texts) lines += " | " + text;
    lines += "\n";
  }
  return lines;
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// So many calls in each window.
inline ringside::SeriesView counted(const char* name, std::uint64_t n) {
  ringside::SeriesView series;
  series.name = name;
  series.ring = "chat";
  for (ringside::WindowStats& stats : series.windows) stats.recorded = n;
  return series;
}

// So many calls, all of this span. Every quantile is that span.
inline ringside::WindowStats spans_of(std::uint64_t n, std::uint64_t ns) {
  ringside::WindowStats stats;
  stats.recorded = stats.timed = n;
  stats.sum_ns = n * ns;
  stats.min_ns = stats.max_ns = ns;
  const int bucket = ringside::clamp_bucket(ringside::bucket_of(
      static_cast<ringside::LatencyUnits>(static_cast<double>(ns) * ringside::kUnitsPerNs)));
  stats.latency.buckets = {{static_cast<std::int16_t>(bucket), n}};
  return stats;
}

}  // namespace sample
