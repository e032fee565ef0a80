#include "report/analysis/labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/model/format.h"

namespace ringside {
namespace {

// Time is kept in slices of this length. Every window includes the current slice, so a full window
// is up to one slice shorter than its name.
constexpr double kSliceSeconds = 5;

}  // namespace

std::string label_of(const Snapshot& snapshot, std::string_view name, std::string_view ring) {
  std::string label = escape_visible(name);
  if (has_several_rings(snapshot) && !ring.empty()) label += " (" + escape_visible(ring) + ")";
  return label;
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return format_count(count) + " " + std::string(count == 1 ? one : many);
}

std::string error_label(std::uint16_t code, std::string_view name) {
  return name.empty() ? fmt::format("code {}", code)
                      : fmt::format("{} {}", code, escape_visible(name));
}

std::string describe_window(const Snapshot& snapshot, Window window) {
  constexpr const char* kNames[kWindows] = {"since start", "the last minute", "the last 5 min",
                                            "the last hour"};
  constexpr double kSeconds[kWindows] = {0, 60, 300, 3600};
  const auto index = static_cast<std::size_t>(window);
  const double seconds = snapshot.all.window(window).seconds;
  if (snapshot.is_past()) {
    const double span = static_cast<double>(snapshot.past_seconds);
    if (seconds >= span - 60) return "these " + format_span(span * 1e9);
    return fmt::format("these {} ({} of them observed)", format_span(span * 1e9),
                       format_span(seconds * 1e9));
  }
  if (window == Window::since_start)
    return fmt::format("since start ({})", format_span(seconds * 1e9));
  if (seconds >= kSeconds[index] - kSliceSeconds) return kNames[index];
  return fmt::format("{} ({} so far)", kNames[index], format_span(seconds * 1e9));
}

std::string spoken(std::string_view kind) {
  std::string words(kind);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace ringside
