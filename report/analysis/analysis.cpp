#include "report/analysis/analysis.h"

#include <algorithm>
#include <cmath>

namespace ringside {

std::uint64_t samples_needed(double q) {
  return static_cast<std::uint64_t>(std::llround(5 / std::max(1 - q, 1e-9)));
}

std::optional<double> quantile_ns(const WindowStats& stats, double q) {
  if (stats.timed < samples_needed(q)) return std::nullopt;
  return stats.quantile_ns(q);
}

Window shown_window(const SeriesView& all) {
  return all.window(Window::hour).count() > 0 ? Window::hour : Window::since_start;
}

const SeriesView* find_series(const std::vector<SeriesView>& list, std::string_view ring,
                              std::string_view name) {
  for (const SeriesView& series : list) {
    if (series.name == name && series.ring == ring) return &series;
  }
  return nullptr;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::healthy: return "healthy";
    case Verdict::degraded: return "degraded";
    case Verdict::blind: return "blind";
    case Verdict::failing: return "failing";
  }
  return "blind";
}

const char* confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::low: return "low";
    case Confidence::medium: return "medium";
    case Confidence::high: return "high";
  }
  return "low";
}

Analysis analyse(const Snapshot& snapshot, const HistorySpan* history, const HistorySpan* days) {
  Analysis analysis;
  analysis.window = shown_window(snapshot.all);
  detail::find_errors(snapshot, analysis);
  detail::find_time(snapshot, analysis);
  detail::find_bottlenecks(snapshot, history, analysis);
  detail::find_database(snapshot, analysis);
  detail::find_security(snapshot, analysis);
  detail::find_resilience(snapshot, analysis);
  detail::find_verdict(snapshot, analysis);
  detail::find_suggestions(snapshot, history, analysis);
  if (days == nullptr) days = history;
  if (days != nullptr) analysis.changes = level_changes(*days);
  detail::find_kept_advice(snapshot, history, analysis);
  detail::find_stories(snapshot, history, analysis);
  return analysis;
}

}  // namespace ringside
