// Shares of calls: too slow, failed.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {

namespace {

constexpr double kSlowShare = 0.05;  // p95

// The stage that takes at least half of the time. Empty: none does, or it has no name.
std::string longest_stage(const SeriesView& series, const WindowStats& window) {
  for (std::size_t i = 0; i < kStages; ++i) {
    if (window.sum_ns > 0 && 2 * window.stages[i].sum_ns >= window.sum_ns)
      return series.stage_names[i];
  }
  return "";
}

}  // namespace

std::size_t Readings::judge_share(
    Reading& r, const SeriesView& series,
    const std::function<Share(const WindowStats&, double bound)>& count,
    const std::function<double(double bound)>& limit) {
  r.judged = true;
  const EvidenceWindows windows = windows_of(series);
  std::size_t told = kEvidenceWindows - 1;
  const bool at_rest = count(*windows[2], 0).of == 0;
  r.idle = !at_rest && count(*windows[0], 0).of == 0;
  bool lowest = true;
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto& bounds = r.levels.bounds[i];
    r.below[i] = at_rest;
    if (!bounds || r.idle || at_rest) continue;
    Shares shares;
    for (std::size_t w = 0; w < kEvidenceWindows; ++w)
      shares[w] = count(*windows[w], bounds->raise);
    const double raise = limit(bounds->raise);
    const auto deciding = deciding_window(shares, raise, z_);
    const bool over = deciding && shares[*deciding].value() >= raise && shares[0].value() >= raise;
    if (over) r.reached = static_cast<AlertLevel>(i);
    if (deciding && (over || lowest)) told = *deciding;
    lowest = false;
    r.below[i] = count(*windows[0], bounds->clear).value() < limit(bounds->clear);
  }
  return told;
}

void Readings::latency(const SeriesView& series) {
  const auto threshold_ns =
      static_cast<double>(config_.thresholds.response_of(series.name, series.declared));
  if (threshold_ns <= 0) return;  // it waits for its client
  Reading& r = add(AlertType::high_latency, "p95", {}, AlertUnit::ms);
  set_latency_levels(r, series, threshold_ns);
  r.operation = series.name;
  r.ring = series.ring;
  const std::size_t told = judge_slow(r, series);
  r.grace = just_started(series.ring);
  r.suspect = longest_stage(series, *windows_of(series)[told]);
  tell_p95(r, series, told, "calls");
}

bool Readings::just_started(const std::string& ring) const {
  return std::any_of(s_.rings.begin(), s_.rings.end(), [&](const RingView& view) {
    const std::int64_t age_ns = subtract_ns(s_.wall_ns, view.created_wall_ns);
    return view.name == ring && view.live() && view.created_wall_ns != 0 && age_ns >= 0 &&
           age_ns < alerts_.start_grace_ns;
  });
}

std::size_t Readings::judge_slow(Reading& r, const SeriesView& series) {
  const auto slower = [](const WindowStats& window, double ms) {
    const bool any = static_cast<double>(window.max_ns) > ms * 1e6;
    return Share{any ? window.latency.count_above(ms / 1e3) : 0, window.timed};
  };
  return judge_share(r, series, slower, [](double) { return kSlowShare; });
}

void Readings::tell_p95(Reading& r, const SeriesView& series, std::size_t told, const char* many) {
  const WindowStats& window = *windows_of(series)[told];
  r.value = window.quantile_ns(1 - kSlowShare) / 1e6;
  r.text = window.timed == 0
               ? fmt::format("no timed {} in {}", many, kEvidenceWindowNames[told])
               : fmt::format("p95 {} over {} {} in {}, slowest {}", format_span(*r.value * 1e6),
                             format_count(window.timed), many, kEvidenceWindowNames[told],
                             format_span(static_cast<double>(window.max_ns)));
}

void Readings::error_rate(const std::string& operation, const SeriesView& series) {
  Reading& r = add(AlertType::high_error_rate, "errors",
                   alerts_.error_rate.times(config_.thresholds.error_percent_of(operation)),
                   AlertUnit::percent);
  r.operation = operation;
  r.suspect = commonest_error(operation, series);
  const WindowStats& window = failures(r, series);
  r.text = window.count() == 0
               ? std::string("no call in the last 5 minutes")
               : fmt::format("{} of {}{} calls failed in {} ({})", format_count(window.errors),
                             operation.empty() ? "" : "its ", format_count(window.count()), told_,
                             format_percent(*r.value / 100));
}

std::string Readings::commonest_error(const std::string& operation,
                                      const SeriesView& series) const {
  constexpr auto kLastMinute = static_cast<std::size_t>(Window::minute);
  std::map<std::string, std::uint64_t> counts;
  for (const ErrorStats& error : s_.errors) {
    if (error.ring != series.ring || (!operation.empty() && error.operation != operation)) continue;
    counts[error.name.empty() ? fmt::format("code {}", error.code) : error.name] +=
        error.count[kLastMinute];
  }
  for (const auto& [name, count] : counts) {
    if (count > 0 && 2 * count >= series.window(Window::minute).errors) return name;
  }
  return "";
}

const WindowStats& Readings::failures(Reading& r, const SeriesView& series) {
  r.ring = series.ring;
  const std::size_t told = judge_share(
      r, series,
      [](const WindowStats& window, double) {
        return Share{window.errors, window.count()};
      },
      [](double percent) { return percent / 100; });
  const WindowStats& window = *windows_of(series)[told];
  told_ = kEvidenceWindowNames[told];
  r.value = window.error_rate() * 100;
  return window;
}

}  // namespace ringside
