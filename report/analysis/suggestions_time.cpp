// Suggestions from where the time goes: stages, operations that cost much for their calls, long
// tails.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

constexpr double kStageShare = 0.3;  // of the time of all operations
constexpr double kOperationShare = 0.4;
constexpr double kTailRatio = 10;  // p99 over p50

double stage_share(const Snapshot& snapshot, Window window, const std::string& stage) {
  std::uint64_t part = 0, whole = 0;
  for (const SeriesView& series : snapshot.operations) {
    if (series.declared.waits_for_client) continue;
    const WindowStats& stats = series.window(window);
    whole += stats.sum_ns;
    for (std::size_t s = 0; s < kStages; ++s) {
      if (series.stage_names[s] == stage) part += stats.stages[s].sum_ns;
    }
  }
  return share_of(part, whole);
}

const char* stage_remedy(std::string_view stage) {
  if (stage == names::kQueue) {
    return "Let requests be picked up sooner: add threads that handle them, and take slow work off "
           "the threads that read the sockets.";
  }
  if (stage == names::kDatabase) {
    return "Make the database stage cheaper: batch writes into one transaction, keep transactions "
           "short, check indices of "
           "the queries behind it.";
  }
  if (stage == names::kDelivery) {
    return "Make the delivery stage cheaper: serialise once for all receivers, write in batches, "
           "and off the path: answer the sender first, and let slow receivers wait apart.";
  }
  if (stage == names::kSecurity) {
    return "Look into the security stage. Password hashing is slow on purpose: let clients log in "
           "by token, and keep "
           "hashing on threads of its own.";
  }
  if (stage == names::kValidation)
    return "Make the validation stage cheaper: check sizes first, parse once.";
  return nullptr;
}

std::uint64_t time_in(const TimeShare& time, const std::string& stage) {
  for (const StageTime& own : time.stages) {
    if (own.name == stage) return own.sum_ns;
  }
  return 0;
}

void suggest_stages(const Snapshot& snapshot, const Analysis& analysis,
                    std::vector<Suggestion>& out) {
  if (analysis.all.timed < kEnough) return;
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.share < kStageShare) continue;
    // The operation that spends most in this stage.
    const TimeShare& most =
        *std::max_element(analysis.operations.begin(), analysis.operations.end(),
                          [&](const TimeShare& a, const TimeShare& b) {
                            return time_in(a, stage.name) < time_in(b, stage.name);
                          });
    const double share_of_most = share_of(time_in(most, stage.name), stage.sum_ns);
    const char* remedy = stage_remedy(stage.name);
    Suggestion suggestion =
        suggest({AdviceKind::stage, {}, stage.name},
                remedy != nullptr
                    ? remedy
                    : fmt::format("Make the stage {} cheaper, or move it off the path: do it after "
                                  "the answer, where the answer does not need it.",
                                  escape_visible(stage.name)),
                fmt::format("{} takes {} of the time of all operations (n = {}); {} of that in {}.",
                            escape_visible(stage.name), format_percent(stage.share),
                            format_count(stage.count), format_percent(share_of_most),
                            label_of(snapshot, most.operation, most.ring)),
                fmt::format("Half of it gone would take {} off the time of all operations.",
                            format_percent(stage.share / 2)),
                stage.share / 2);
    const double lately = stage_share(snapshot, Window::five_minutes, stage.name);
    const std::uint64_t lately_n = snapshot.all.window(Window::five_minutes).timed;
    if (stage.count < kMany) {
      set_confidence(suggestion, Confidence::low,
                     fmt::format("only {} operations mark it", format_count(stage.count)));
    } else if (lately_n >= kEnough && std::abs(lately - stage.share) <= 0.1) {
      set_confidence(suggestion, Confidence::high,
                     fmt::format("the last 5 min say the same ({})", format_percent(lately)));
    } else if (snapshot.is_past()) {
      set_confidence(suggestion, Confidence::medium,
                     fmt::format("{} operations mark it in this time", format_count(stage.count)));
    } else {
      set_confidence(suggestion, Confidence::medium,
                     lately_n < kEnough
                         ? "the last 5 min hold too few operations to confirm it"
                         : fmt::format("the last 5 min say {}", format_percent(lately)));
    }
    out.push_back(std::move(suggestion));
  }
}

void suggest_operation(const Snapshot& snapshot, const Analysis& analysis,
                       std::vector<Suggestion>& out) {
  if (analysis.operations.empty()) return;
  const TimeShare& top = analysis.operations.front();
  if (top.timed < kEnough || top.share_of_all < kOperationShare ||
      top.share_of_calls > top.share_of_all / 2)
    return;
  // Expensive on purpose. The suggestion on the security stage covers it.
  for (const StageTime& stage : top.stages) {
    if (stage.name == names::kSecurity && stage.share >= 0.5) return;
  }
  const std::uint64_t others = analysis.all.timed - top.timed;  // at least as many as its calls
  const double others_mean = share_of(analysis.all.sum_ns - top.sum_ns, others);
  const double gain =
      share_of(static_cast<double>(top.sum_ns) - others_mean * static_cast<double>(top.timed),
               static_cast<double>(analysis.all.sum_ns));
  Suggestion suggestion = suggest(
      {AdviceKind::operation, top.ring, top.operation},
      fmt::format("Begin with {}: it costs more than its calls account for.",
                  label_of(snapshot, top.operation, top.ring)),
      fmt::format("{} of the calls, {} of the time (n = {}); mean {} against {} for the others.",
                  format_percent(top.share_of_calls), format_percent(top.share_of_all),
                  format_count(top.timed), format_span(share_of(top.sum_ns, top.timed)),
                  format_span(others_mean)),
      fmt::format("At most {} of the time of all operations, if it became as cheap as the others.",
                  format_percent(gain)),
      gain);
  set_confidence(suggestion, top.timed >= kMany ? Confidence::medium : Confidence::low,
                 "the evidence is solid, but an operation may be dear for a good reason");
  out.push_back(std::move(suggestion));
}

// The stage in which the slow ones among the last records spend their time.
std::string slow_stage(const SeriesView& series, double over_ns) {
  std::array<std::uint64_t, kStages> sums{};
  std::uint64_t total = 0, n = 0;
  for (const RecordView& record : series.last) {
    if (record.untimed || static_cast<double>(record.duration_ns) <= over_ns) continue;
    ++n;
    total += static_cast<std::uint64_t>(record.duration_ns);
    for (std::size_t s = 0; s < kStages; ++s) sums[s] += record.stages_ns[s];
  }
  const auto most =
      static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
  if (n < 5 || sums[most] == 0) return {};
  const std::string name = series.stage_names[most].empty() ? fmt::format("stage {}", most + 1)
                                                            : series.stage_names[most];
  return fmt::format(" In the {} slow ones among the last {}, {} takes {}.", n, series.last.size(),
                     escape_visible(name),
                     format_percent(std::min(share_of(sums[most], total), 1.0)));
}

void suggest_tails(const Snapshot& snapshot, const Analysis& analysis,
                   std::vector<Suggestion>& out) {
  for (const TimeShare& time : analysis.operations) {
    const SeriesView* series = find_series(snapshot.operations, time.ring, time.operation);
    const WindowStats& stats = series->window(analysis.window);
    const auto p50 = quantile_ns(stats, 0.5), p90 = quantile_ns(stats, 0.9),
               p99 = quantile_ns(stats, 0.99);
    if (!p99 || *p99 < kTailRatio * *p50) continue;
    double excess_ns = 0;
    for (const Histogram::Bucket& bucket : stats.latency.buckets) {
      // No call took longer than the slowest, though the middle of its bucket may.
      const double ns = std::clamp(bucket_middle_seconds(bucket.index) * 1e9, *p90,
                                   static_cast<double>(stats.max_ns));
      excess_ns += (ns - *p90) * static_cast<double>(bucket.count);
    }
    const double gain = share_of(excess_ns, static_cast<double>(analysis.all.sum_ns));
    if (gain < kWorthwhile) continue;
    Suggestion suggestion = suggest(
        {AdviceKind::tail, time.ring, time.operation},
        fmt::format("Find out what the slowest tenth of {} waits for.",
                    label_of(snapshot, time.operation, time.ring)),
        fmt::format("p50 {}, p90 {}, p99 {}, {} times the median (n = {}).{}", format_span(*p50),
                    format_span(*p90), format_span(*p99), format_number(std::round(*p99 / *p50)),
                    format_count(stats.timed), slow_stage(*series, *p90)),
        fmt::format("{} of the time of all operations, if that tenth were no slower than the p90.",
                    format_percent(gain)),
        gain);
    set_confidence(
        suggestion, stats.timed >= samples_needed(0.999) ? Confidence::high : Confidence::medium,
        fmt::format("p99 rests on {} operations beyond it", format_count(stats.timed / 100)));
    out.push_back(std::move(suggestion));
  }
}

}  // namespace

void suggest_about_time(const Snapshot& snapshot, const Analysis& analysis,
                        std::vector<Suggestion>& out) {
  suggest_stages(snapshot, analysis, out);
  suggest_operation(snapshot, analysis, out);
  suggest_tails(snapshot, analysis, out);
}

}  // namespace ringside::detail
