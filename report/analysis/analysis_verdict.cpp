// The verdict: the heaviest of its reasons. It is about now, so it judges the last five minutes, and the last hour only
// where those hold too few operations to be judged.
#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

constexpr double kLostDegraded = 0.01;    // of what was written
constexpr double kLostBlind = 0.5;
constexpr double kRejectedDegraded = 0.001;
constexpr double kFailingErrorRate = 0.5; // of one operation; of all of them four times the threshold is enough

class Reasons {
 public:
  explicit Reasons(std::vector<Reason>& out) : out_(out) {}
  void add(Verdict weight, std::string text) {
    Reason& reason = out_.emplace_back();
    reason.weight = weight;
    reason.text = std::move(text);
  }

 private:
  std::vector<Reason>& out_;
};

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::optional<Window> judged_window(const SeriesView& series) {
  for (const Window window : {Window::five_minutes, Window::hour}) {
    if (series.window(window).count() >= kMinClaim) return window;
  }
  return std::nullopt;
}

bool is_reported(const Snapshot& snapshot, AlertType alert, std::string_view operation) {
  return std::any_of(snapshot.alerts.begin(), snapshot.alerts.end(), [&](const AlertView& view) {
    return view.last.alert == alert && view.last.operation == operation && view.active();
  });
}

void judge_sight(const Snapshot& snapshot, Reasons& reasons) {
  if (snapshot.rings.empty()) reasons.add(Verdict::blind, "No ring is watched. Name one in the daemon's configuration.");
  const bool any_live = std::any_of(snapshot.rings.begin(), snapshot.rings.end(),
                                    [](const RingView& ring) { return ring.live(); });
  for (const RingView& ring : snapshot.rings) {
    const std::string name = escape_visible(ring.name);
    const std::string problem = ring.problem.empty() ? "" : ": " + escape_visible(ring.problem);
    if (ring.state == RingState::crashed) {
      reasons.add(Verdict::failing, fmt::format("Ring {}: its server{} died without closing it.", name,
                                                ring.pid != 0 ? fmt::format(" (pid {})", ring.pid) : ""));
    } else if (ring.state == RingState::refused) {
      reasons.add(any_live ? Verdict::degraded : Verdict::blind, fmt::format("Ring {} was refused{}.", name, problem));
    } else if (ring.state == RingState::waiting) {
      reasons.add(any_live ? Verdict::degraded : Verdict::blind,
                  fmt::format("Ring {} is not there{}.", name, problem.empty() ? ": no server has opened it" : problem));
    } else if (ring.state == RingState::closed) {
      const bool seen = snapshot.all.server_count > 0;
      reasons.add(any_live || seen ? Verdict::healthy : Verdict::blind,
                  fmt::format("Ring {}: its server has ended in good order; {}.", name,
                              seen ? "the figures reach up to its end" : "it left no operation"));
    } else if (ring.live() && !ring.enabled) {
      reasons.add(Verdict::blind, fmt::format("Ring {}: tracing is switched off, so nothing new is seen.", name));
    }
    if (ring.untraced_threads > 0) {
      reasons.add(Verdict::degraded,
                  fmt::format("Ring {}: {} threads found no memory for a lane; {} of their records are missing.", name,
                              format_count(ring.untraced_threads), format_count(ring.untraced_records)));
    }
  }
  const Books& books = snapshot.books;
  if (!books.balance()) {
    reasons.add(Verdict::blind, fmt::format("The books do not balance: written {}, but read {} + lost {}. Believe no figure below.",
                                            format_count(books.written), format_count(books.read), format_count(books.lost)));
  }
  const double lost = share_of(books.lost, books.written);
  if (lost >= kLostDegraded && books.written >= kMinClaim) {
    reasons.add(lost >= kLostBlind ? Verdict::blind : Verdict::degraded,
                fmt::format("{} of the records ({} of {}) were overwritten before they were read.", format_percent(lost),
                            format_count(books.lost), format_count(books.written)));
  }
  const double rejected = share_of(books.rejected, books.read);
  if (rejected >= kRejectedDegraded && books.read >= kMinClaim) {
    reasons.add(Verdict::degraded, fmt::format("{} of the records read ({}) were not believable and are in no figure.",
                                               format_percent(rejected), format_count(books.rejected)));
  }
}

void judge_alerts(const Snapshot& snapshot, Reasons& reasons) {
  for (const AlertView& alert : snapshot.alerts) {
    const AlertTransition& last = alert.last;
    if (!alert.active() || last.level == AlertLevel::info) continue;
    const bool grave = last.level == AlertLevel::critical || last.level == AlertLevel::emergency;
    reasons.add(grave && last.state == AlertState::firing ? Verdict::failing : Verdict::degraded,
                fmt::format("{} ({}) is {}{} since {}: {}, threshold {}.", name_of(last.alert), name_of(last.level),
                            name_of(last.state),
                            last.operation.empty() ? "" : " on " + escape_visible(last.operation),
                            format_time_of_day(alert.since_wall_ns), format_value(last.value, last.unit),
                            format_value(last.threshold, last.unit)));
  }
}

std::string failed_of(const WindowStats& stats) {
  return fmt::format("{} ({} of {})", format_percent(stats.error_rate()), format_count(stats.errors), format_count(stats.count()));
}

void judge_all(const Snapshot& snapshot, Reasons& reasons) {
  const auto window = judged_window(snapshot.all);
  if (!window || is_reported(snapshot, AlertType::high_error_rate, "")) return;
  const WindowStats& stats = snapshot.all.window(*window);
  const double limit = snapshot.thresholds.error_percent / 100;
  if (stats.errors == 0 || stats.error_rate() < limit) return;
  reasons.add(stats.error_rate() >= std::min(4 * limit, kFailingErrorRate) ? Verdict::failing : Verdict::degraded,
              fmt::format("All operations: {} failed in {}, threshold {}.", failed_of(stats),
                          describe_window(snapshot, *window), format_percent(limit)));
}

// Several operations over the same limit are one reason: the worst are named, the rest are counted.
void add_group(Reasons& reasons, Verdict weight, std::vector<std::pair<double, std::string>> found, const std::string& what) {
  if (found.empty()) return;
  constexpr std::size_t kNamed = 4;
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text = what;
  for (std::size_t i = 0; i < std::min(found.size(), kNamed); ++i) text += (i == 0 ? " " : ", ") + found[i].second;
  if (found.size() > kNamed) text += fmt::format(", and {} more", found.size() - kNamed);
  reasons.add(weight, text + ".");
}

bool any_own_error_rate(const Thresholds& thresholds) {
  return std::any_of(thresholds.operations.begin(), thresholds.operations.end(),
                     [](const auto& entry) { return entry.second.error_percent >= 0; });
}

void judge_operations(const Snapshot& snapshot, Reasons& reasons) {
  std::vector<std::pair<double, std::string>> degraded, failing, slow;
  for (const SeriesView& series : snapshot.operations) {
    const double limit = snapshot.thresholds.error_percent_of(series.name) / 100;
    const auto window = judged_window(series);
    if (!window) continue;
    const WindowStats& stats = series.window(*window);
    const std::string name = escape_visible(series.name);
    const std::string when = *window == Window::five_minutes ? "" : " in " + describe_window(snapshot, *window);
    const double rate = stats.error_rate();
    if (stats.errors > 0 && rate >= limit && !is_reported(snapshot, AlertType::high_error_rate, series.name)) {
      (rate >= kFailingErrorRate ? failing : degraded).emplace_back(rate, name + " " + failed_of(stats) + when);
    }
    const auto threshold_ns = static_cast<double>(snapshot.thresholds.response_of(series.name));
    const auto p95 = quantile_ns(stats, 0.95);
    if (p95 && *p95 > threshold_ns && !is_reported(snapshot, AlertType::high_latency, series.name)) {
      slow.emplace_back(*p95 / threshold_ns, fmt::format("{} {} (threshold {}, n = {}){}", name, format_span(*p95),
                                                         format_span(threshold_ns), format_count(stats.timed), when));
    }
  }
  add_group(reasons, Verdict::failing, std::move(failing), "Half or more of these failed in the last 5 min:");
  add_group(reasons, Verdict::degraded, std::move(degraded),
            fmt::format("Failed too often in the last 5 min (threshold {}{}):", format_percent(snapshot.thresholds.error_percent / 100),
                        any_own_error_rate(snapshot.thresholds) ? " where no other is set" : ""));
  add_group(reasons, Verdict::degraded, std::move(slow), "Too slow in the last 5 min, by the p95:");
}

void judge_resources(const Snapshot& snapshot, Reasons& reasons) {
  for (const ProcessView& process : snapshot.processes) {
    if (process.resident_bytes.value_or(0) <= snapshot.thresholds.memory_bytes) continue;
    reasons.add(Verdict::degraded, fmt::format("Server of ring {} (pid {}) has {} resident, threshold {}.",
                                               escape_visible(process.ring), process.pid,
                                               format_bytes(*process.resident_bytes),
                                               format_bytes(snapshot.thresholds.memory_bytes)));
  }
  for (const GaugeView& gauge : snapshot.gauges) {
    if (gauge.name != names::kConnections || gauge.value < 0) continue;
    if (static_cast<std::uint64_t>(gauge.value) <= snapshot.thresholds.connections) continue;
    reasons.add(Verdict::degraded, fmt::format("Ring {}: {} connections are open, threshold {}.", escape_visible(gauge.ring),
                                               format_signed(gauge.value), format_count(snapshot.thresholds.connections)));
  }
}

std::string nothing_wrong(const Snapshot& snapshot) {
  const auto window = judged_window(snapshot.all);
  if (!window) {
    const auto count = snapshot.all.window(Window::hour).count();
    return fmt::format("Nothing speaks against it, but {} in the last hour are too few to judge by ({} are needed).",
                       count == 1 ? "1 operation" : format_count(count) + " operations", kMinClaim);
  }
  const WindowStats& stats = snapshot.all.window(*window);
  return fmt::format("Nothing speaks against it: {} operations in {}, {} of them failed, no alert is firing.",
                     format_count(stats.count()), describe_window(snapshot, *window),
                     stats.errors == 0 ? "none" : format_percent(stats.error_rate()));
}

}  // namespace

void find_verdict(const Snapshot& snapshot, Analysis& analysis) {
  Reasons reasons(analysis.reasons);
  judge_sight(snapshot, reasons);
  judge_alerts(snapshot, reasons);
  judge_all(snapshot, reasons);
  judge_operations(snapshot, reasons);
  judge_resources(snapshot, reasons);
  if (analysis.resilience.breaker_state == BreakerState::open) {
    reasons.add(Verdict::degraded, fmt::format("The circuit breaker is open since {}.",
                                               format_time_of_day(analysis.resilience.breaker_since_wall_ns)));
  }
  std::stable_sort(analysis.reasons.begin(), analysis.reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.weight > b.weight; });
  if (analysis.reasons.empty() || analysis.reasons.front().weight == Verdict::healthy) {
    analysis.reasons.insert(analysis.reasons.begin(), {Verdict::healthy, nothing_wrong(snapshot)});
  }
  analysis.verdict = analysis.reasons.front().weight;
}

}  // namespace ringside::detail
