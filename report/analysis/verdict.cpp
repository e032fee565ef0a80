// The verdict is the heaviest of its reasons. It is about the present, as judgement.h says.
#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/analysis.h"
#include "report/analysis/judgement.h"
#include "report/analysis/labels.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

constexpr double kLostDegraded = 0.01;  // share of the records written in the last minute
constexpr double kLostBlind = 0.5;
// One operation fails at this share of errors. A whole ring fails at the smaller of this and four
// times its threshold.
constexpr double kFailingPercent = 50;

constexpr const char* kNotOpened =
    ": no server has opened it, or its name was removed while its server runs (sudo grep deleted "
    "/proc/*/maps shows who has such a file)";

class Reasons {
 public:
  explicit Reasons(std::vector<Reason>& out) : out_(out) {}
  void add(Verdict weight, std::string text) { out_.push_back({weight, std::move(text)}); }

 private:
  std::vector<Reason>& out_;
};

// An active alert is already a reason of its own, with the same figures.
bool is_reported(const Snapshot& snapshot, AlertType alert, std::string_view ring,
                 std::string_view operation) {
  return std::any_of(snapshot.alerts.begin(), snapshot.alerts.end(), [&](const AlertView& view) {
    return view.last.alert == alert && view.last.ring == ring && view.last.operation == operation &&
           view.active();
  });
}

void judge_ring_state(const Snapshot& snapshot, const RingView& ring, bool any_live,
                      Reasons& reasons) {
  const std::string name = escape_visible(ring.name);
  const std::string problem = ring.problem.empty() ? "" : ": " + escape_visible(ring.problem);
  switch (ring.state) {
    case RingState::crashed:
      reasons.add(Verdict::failing,
                  fmt::format("Ring {}: its server{} died without closing it.", name,
                              ring.pid != 0 ? fmt::format(" (pid {})", ring.pid) : ""));
      break;
    case RingState::refused:
      reasons.add(any_live ? Verdict::degraded : Verdict::blind,
                  fmt::format("Ring {} was refused{}.", name, problem));
      break;
    case RingState::waiting:
      reasons.add(any_live ? Verdict::degraded : Verdict::blind,
                  fmt::format("Ring {} is not there{}.", name,
                              problem.empty() ? kNotOpened : problem));
      break;
    case RingState::closed: {
      const bool seen = snapshot.all.server_count > 0;
      reasons.add(any_live || seen ? Verdict::healthy : Verdict::blind,
                  fmt::format("Ring {}: its server has ended in good order; {}.", name,
                              seen ? "the figures reach up to its end" : "it left no operation"));
      break;
    }
    case RingState::live:
      if (!ring.enabled) {
        reasons.add(Verdict::blind,
                    fmt::format("Ring {}: tracing is switched off, so nothing new is seen.", name));
      }
      break;
  }
}

void judge_sight(const Snapshot& snapshot, Reasons& reasons) {
  if (snapshot.rings.empty()) {
    reasons.add(Verdict::blind,
                snapshot.is_past() ? "No ring was watched in that time."
                                   : "No ring is watched. Name one in the daemon's configuration.");
  }
  const bool any_live = std::any_of(snapshot.rings.begin(), snapshot.rings.end(),
                                    [](const RingView& ring) { return ring.live(); });
  for (const RingView& ring : snapshot.rings) {
    judge_ring_state(snapshot, ring, any_live, reasons);
    if (ring.untraced_threads > 0) {
      reasons.add(
          Verdict::degraded,
          fmt::format("Ring {}: {} found no memory for a lane; {} of their records are missing.",
                      escape_visible(ring.name),
                      count_of(ring.untraced_threads, "thread", "threads"),
                      format_count(ring.untraced_records)));
    }
    const Judgement lost = judge_losses(snapshot, ring);
    if (lost.enough && lost.value >= kLostDegraded) {
      const auto count =
          ring.losses.while_observed[static_cast<std::size_t>(loss_window(snapshot))];
      reasons.add(lost.value >= kLostBlind ? Verdict::blind : Verdict::degraded,
                  fmt::format("Ring {}: {} of the records of {} ({} of {}) were overwritten before "
                              "they were read.",
                              escape_visible(ring.name), format_percent(lost.value),
                              snapshot.is_past() ? describe_window(snapshot, loss_window(snapshot))
                                                 : "the last minute",
                              format_count(count), format_count(lost.samples)));
    }
  }
  const Books& books = snapshot.books;
  if (!books.balance()) {
    reasons.add(
        Verdict::blind,
        fmt::format(
            "The books do not balance: written {}, but read {} + lost {}. Believe no figure below.",
            format_count(books.written), format_count(books.read), format_count(books.lost)));
  }
}

void judge_alerts(const Snapshot& snapshot, Reasons& reasons) {
  for (const AlertView& alert : snapshot.alerts) {
    const AlertTransition& last = alert.last;
    if (!alert.active() || last.level == AlertLevel::info) continue;
    const bool grave = last.level == AlertLevel::critical || last.level == AlertLevel::emergency;
    const std::string on =
        last.operation.empty() ? "" : " on " + label_of(snapshot, last.operation, last.ring);
    const bool of_ring =
        last.operation.empty() && has_several_rings(snapshot) && !last.ring.empty();
    reasons.add(
        grave && last.state == AlertState::firing ? Verdict::failing : Verdict::degraded,
        fmt::format(
            "{} ({}) is {}{} since {}: {}{}.", name_of(last.alert), name_of(last.level),
            name_of(last.state), of_ring ? " on ring " + escape_visible(last.ring) : on,
            format_time_of_day(alert.since_wall_ns), format_value(last.value, last.unit),
            is_fact(last.unit) ? "" : ", threshold " + format_value(last.threshold, last.unit)));
  }
}

// Of the past it is known what was told, and not what would fire now.
void judge_past(const Snapshot& snapshot, Reasons& reasons) {
  for (const IncidentView& incident : snapshot.incidents) {
    if (incident.peak == AlertLevel::info) continue;
    const std::string on =
        incident.ring.empty() ? "the host" : "ring " + escape_visible(incident.ring);
    reasons.add(incident.peak == AlertLevel::warning ? Verdict::degraded : Verdict::failing,
                fmt::format("{} on {}, up to {}, from {} {}.", name_of(incident.cause.alert), on,
                            name_of(incident.peak), format_time_of_day(incident.began_wall_ns),
                            incident.over() ? "to " + format_time_of_day(incident.ended_wall_ns)
                                            : "on, and not over at the end of this span"));
  }
  for (const RingView& ring : snapshot.rings) {
    if (ring.crashes_seen == 0 || ring.state == RingState::crashed) continue;
    reasons.add(
        Verdict::degraded,
        fmt::format("Ring {}: its server died {} without closing it, and came back.",
                    escape_visible(ring.name), count_of(ring.crashes_seen, "time", "times")));
  }
}

std::string failed_of(const WindowStats& stats) {
  return fmt::format("{} ({} of {})", format_percent(stats.error_rate()),
                     format_count(stats.errors), format_count(stats.count()));
}

void judge_rings(const Snapshot& snapshot, Reasons& reasons) {
  for (const RingView& ring : snapshot.rings) {
    const SeriesView sum = sum_of_ring(snapshot, ring.name);
    const auto window = judged_window(snapshot, sum);
    if (!window || is_reported(snapshot, AlertType::high_error_rate, ring.name, "")) continue;
    const Judgement errors = judge_errors("", sum.window(*window), snapshot.thresholds);
    if (!errors.over()) continue;
    reasons.add(
        errors.value >= std::min(4 * errors.threshold, kFailingPercent) ? Verdict::failing
                                                                          : Verdict::degraded,
        fmt::format("{}: {} failed in {}, threshold {}.",
                    label_of(snapshot, "All operations", ring.name), failed_of(sum.window(*window)),
                    describe_window(snapshot, *window), format_percent(errors.threshold / 100)));
  }
}

// Several operations over the same limit are one reason. It names the worst and counts the rest.
class Group {
 public:
  void add(double how_bad, std::string text) { found_.emplace_back(how_bad, std::move(text)); }

  void tell(Reasons& reasons, Verdict weight, const std::string& introduction) {
    if (found_.empty()) return;
    constexpr std::size_t kNamed = 4;
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text = introduction;
    for (std::size_t i = 0; i < std::min(found_.size(), kNamed); ++i)
      text += (i == 0 ? " " : ", ") + found_[i].second;
    if (found_.size() > kNamed) text += fmt::format(", and {} more", found_.size() - kNamed);
    reasons.add(weight, text + ".");
  }

 private:
  std::vector<std::pair<double, std::string>> found_;
};

bool any_own_error_rate(const Thresholds& thresholds) {
  return std::any_of(thresholds.operations.begin(), thresholds.operations.end(),
                     [](const auto& entry) { return entry.second.error_percent >= 0; });
}

void judge_operations(const Snapshot& snapshot, Reasons& reasons) {
  const Thresholds& thresholds = snapshot.thresholds;
  Group failing, degraded, slow;
  for (const SeriesView& series : snapshot.operations) {
    const auto window = judged_window(snapshot, series);
    if (!window) continue;
    const WindowStats& stats = series.window(*window);
    const std::string name = label_of(snapshot, series.name, series.ring);
    const std::string when = " in " + describe_window(snapshot, *window);
    const Judgement errors = judge_errors(series.name, stats, thresholds);
    if (errors.over() &&
        !is_reported(snapshot, AlertType::high_error_rate, series.ring, series.name)) {
      (errors.value >= kFailingPercent ? failing : degraded)
          .add(errors.value, name + " " + failed_of(stats) + when);
    }
    const Judgement latency = judge_latency(series, thresholds, *window);
    if (latency.over() &&
        !is_reported(snapshot, AlertType::high_latency, series.ring, series.name)) {
      slow.add(latency.value / latency.threshold,
               fmt::format("{} {} (threshold {}, n = {}){}", name, format_span(latency.value),
                           format_span(latency.threshold), format_count(latency.samples), when));
    }
  }
  failing.tell(reasons, Verdict::failing, "Half or more failed:");
  degraded.tell(reasons, Verdict::degraded,
                fmt::format("Failed too often (threshold {}{}):",
                            format_percent(thresholds.error_percent / 100),
                            any_own_error_rate(thresholds) ? " where no other is set" : ""));
  slow.tell(reasons, Verdict::degraded, "Too slow by the p95:");
}

void judge_resources(const Snapshot& snapshot, Reasons& reasons) {
  for (const RingView& ring : snapshot.rings) {
    const ProcessView* process = largest_process(snapshot, ring.name);
    if (process != nullptr && judge_memory(*process, snapshot.thresholds).over()) {
      reasons.add(Verdict::degraded,
                  fmt::format("Server of ring {} (pid {}) has {} resident, threshold {}.",
                              escape_visible(ring.name), process->pid,
                              format_bytes(*process->resident_bytes),
                              format_bytes(snapshot.thresholds.memory_bytes)));
    }
    const GaugeView* gauge = connections_of(snapshot, ring.name);
    if (gauge != nullptr && judge_connections(*gauge, snapshot.thresholds).over()) {
      reasons.add(Verdict::degraded,
                  fmt::format("Ring {}: {} {} open, threshold {}.", escape_visible(ring.name),
                              format_signed(gauge->value),
                              gauge->value == 1 ? "connection is" : "connections are",
                              format_count(snapshot.thresholds.connections)));
    }
  }
}

void judge_breakers(const Snapshot& snapshot, const Analysis& analysis, Reasons& reasons) {
  for (const BreakerSummary& breaker : analysis.resilience.breakers) {
    if (breaker.state != BreakerState::open) continue;
    const std::string of =
        has_several_rings(snapshot) ? " of ring " + escape_visible(breaker.ring) : "";
    reasons.add(Verdict::degraded, fmt::format("The circuit breaker{} is open since {}.", of,
                                               format_time_of_day(breaker.since_wall_ns)));
  }
}

std::string nothing_wrong(const Snapshot& snapshot) {
  const auto window = judged_window(snapshot, snapshot.all);
  if (!window) {
    const Window longest = snapshot.is_past() ? Window::since_start : Window::hour;
    return fmt::format(
        "Nothing speaks against it, but {} in {} are too few to judge by ({} are needed).",
        count_of(snapshot.all.window(longest).count(), "operation", "operations"),
        snapshot.is_past() ? describe_window(snapshot, longest) : "the last hour",
        format_count(snapshot.thresholds.min_samples));
  }
  const WindowStats& stats = snapshot.all.window(*window);
  return fmt::format("Nothing speaks against it: {} operations in {}, {} of them failed, {}.",
                     format_count(stats.count()), describe_window(snapshot, *window),
                     stats.errors == 0 ? "none" : format_percent(stats.error_rate()),
                     snapshot.is_past() ? "no incident was told" : "no alert is firing");
}

}  // namespace

void find_verdict(const Snapshot& snapshot, Analysis& analysis) {
  Reasons reasons(analysis.reasons);
  judge_sight(snapshot, reasons);
  judge_alerts(snapshot, reasons);
  if (snapshot.is_past()) judge_past(snapshot, reasons);
  judge_rings(snapshot, reasons);
  judge_operations(snapshot, reasons);
  judge_resources(snapshot, reasons);
  judge_breakers(snapshot, analysis, reasons);
  std::stable_sort(analysis.reasons.begin(), analysis.reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.weight > b.weight; });
  if (analysis.reasons.empty() || analysis.reasons.front().weight == Verdict::healthy) {
    analysis.reasons.insert(analysis.reasons.begin(), {Verdict::healthy, nothing_wrong(snapshot)});
  }
  analysis.verdict = analysis.reasons.front().weight;
}

}  // namespace ringside::detail
