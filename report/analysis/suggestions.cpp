// Optimisation suggestions. Each has its evidence in the figures, a gain computed from them, and a confidence that falls
// with the sample. A rule that finds nothing stays silent: a report without suggestions is a good one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/analysis.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

constexpr std::uint64_t kEnough = 100;    // timed operations below which no suggestion is made
constexpr std::uint64_t kMany = 1000;
constexpr double kStageShare = 0.3;
constexpr double kOperationShare = 0.4;
constexpr double kTailRatio = 10;         // p99 over p50
constexpr double kWorthwhile = 0.02;      // of all time: below, nobody would notice

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }
double ratio(std::uint64_t part, std::uint64_t whole) { return ratio(static_cast<double>(part), static_cast<double>(whole)); }

Suggestion make(std::string what, std::string evidence, std::string gain, double gain_share) {
  Suggestion suggestion;
  suggestion.what = std::move(what);
  suggestion.evidence = std::move(evidence);
  suggestion.gain = std::move(gain);
  suggestion.gain_share = gain_share;
  return suggestion;
}

void trust(Suggestion& suggestion, Confidence confidence, std::string why) {
  suggestion.confidence = confidence;
  suggestion.why = std::move(why);
}

double stage_share(const Snapshot& snapshot, Window window, const std::string& stage) {
  std::uint64_t part = 0, whole = 0;
  for (const SeriesView& series : snapshot.operations) {
    const WindowStats& stats = series.window(window);
    whole += stats.sum_ns;
    for (std::size_t s = 0; s < kStages; ++s) {
      if (series.stage_names[s] == stage) part += stats.stages[s].sum_ns;
    }
  }
  return ratio(part, whole);
}

const char* stage_remedy(std::string_view stage) {
  if (stage == names::kDatabase) {
    return "Make the database stage cheaper: batch writes into one transaction, keep transactions short, check indices of "
           "the queries behind it.";
  }
  if (stage == names::kDelivery) {
    return "Make the delivery stage cheaper: serialise once for all receivers, write in batches, let slow receivers wait apart.";
  }
  if (stage == names::kSecurity) {
    return "Look into the security stage. Password hashing is slow on purpose: let clients log in by token, and keep "
           "hashing on threads of its own.";
  }
  if (stage == names::kValidation) return "Make the validation stage cheaper: check sizes first, parse once.";
  return nullptr;
}

void suggest_stages(const Snapshot& snapshot, const Analysis& analysis, std::vector<Suggestion>& out) {
  if (analysis.all.timed < kEnough) return;
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.share < kStageShare) continue;
    const TimeShare* most = nullptr;
    std::uint64_t most_ns = 0;
    for (const TimeShare& time : analysis.operations) {
      for (const StageTime& own : time.stages) {
        if (own.name == stage.name && own.sum_ns > most_ns) {
          most = &time;
          most_ns = own.sum_ns;
        }
      }
    }
    const char* remedy = stage_remedy(stage.name);
    Suggestion suggestion = make(
        remedy != nullptr ? remedy : fmt::format("Make the stage {} cheaper.", escape_visible(stage.name)),
        fmt::format("{} takes {} of the time of all operations (n = {}); {} of that in {}.", escape_visible(stage.name),
                    format_percent(stage.share), format_count(stage.count), format_percent(ratio(most_ns, stage.sum_ns)),
                    most != nullptr ? escape_visible(most->operation) : "none"),
        fmt::format("Half of it gone would take {} off the time of all operations.", format_percent(stage.share / 2)),
        stage.share / 2);
    const double lately = stage_share(snapshot, Window::five_minutes, stage.name);
    const std::uint64_t lately_n = snapshot.all.window(Window::five_minutes).timed;
    if (stage.count < kMany) {
      trust(suggestion, Confidence::low, fmt::format("only {} operations mark it", format_count(stage.count)));
    } else if (lately_n >= kEnough && std::abs(lately - stage.share) <= 0.1) {
      trust(suggestion, Confidence::high, fmt::format("the last 5 min say the same ({})", format_percent(lately)));
    } else {
      trust(suggestion, Confidence::medium,
            lately_n < kEnough ? "the last 5 min hold too few operations to confirm it"
                               : fmt::format("the last 5 min say {}", format_percent(lately)));
    }
    out.push_back(std::move(suggestion));
  }
}

void suggest_operation(const Analysis& analysis, std::vector<Suggestion>& out) {
  if (analysis.operations.size() < 2) return;
  const TimeShare& top = analysis.operations.front();
  if (top.timed < kEnough || top.share_of_all < kOperationShare || top.share_of_calls > top.share_of_all / 2) return;
  // Dear on purpose: what there is to say about it is said of the security stage.
  for (const StageTime& stage : top.stages) {
    if (stage.name == names::kSecurity && stage.share >= 0.5) return;
  }
  const std::uint64_t others = analysis.all.timed - top.timed;
  if (others < kEnough) return;
  const double others_mean = ratio(analysis.all.sum_ns - top.sum_ns, others);
  const double gain = ratio(static_cast<double>(top.sum_ns) - others_mean * static_cast<double>(top.timed),
                            static_cast<double>(analysis.all.sum_ns));
  Suggestion suggestion = make(
      fmt::format("Begin with {}: it costs more than its calls account for.", escape_visible(top.operation)),
      fmt::format("{} of the calls, {} of the time (n = {}); mean {} against {} for the others.",
                  format_percent(top.share_of_calls), format_percent(top.share_of_all), format_count(top.timed),
                  format_span(ratio(top.sum_ns, top.timed)), format_span(others_mean)),
      fmt::format("At most {} of the time of all operations, if it became as cheap as the others.", format_percent(gain)), gain);
  trust(suggestion, top.timed >= kMany ? Confidence::medium : Confidence::low,
        "the evidence is solid, but an operation may be dear for a good reason");
  out.push_back(std::move(suggestion));
}

// Which stage the slow ones among the last records spend their time in.
std::string slow_stage(const SeriesView& series, double over_ns) {
  std::array<std::uint64_t, kStages> sums{};
  std::uint64_t total = 0, n = 0;
  for (const RecordView& record : series.last) {
    if (record.untimed || static_cast<double>(record.duration_ns) <= over_ns) continue;
    ++n;
    total += static_cast<std::uint64_t>(record.duration_ns);
    for (std::size_t s = 0; s < kStages; ++s) sums[s] += record.stages_ns[s];
  }
  const auto most = static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
  if (n < 5 || sums[most] == 0) return {};
  const std::string name = series.stage_names[most].empty() ? fmt::format("stage {}", most + 1) : series.stage_names[most];
  return fmt::format(" In the {} slow ones among the last {}, {} takes {}.", n, series.last.size(), escape_visible(name),
                     format_percent(std::min(ratio(sums[most], total), 1.0)));
}

void suggest_tails(const Snapshot& snapshot, const Analysis& analysis, std::vector<Suggestion>& out) {
  for (const TimeShare& time : analysis.operations) {
    const SeriesView* series = find_series(snapshot.operations, time.operation);
    const WindowStats& stats = series->window(analysis.window);
    const auto p50 = quantile_ns(stats, 0.5), p90 = quantile_ns(stats, 0.9), p99 = quantile_ns(stats, 0.99);
    if (!p99 || *p50 <= 0 || *p99 / *p50 < kTailRatio) continue;
    double excess_ns = 0;
    for (const Histogram::Bucket& bucket : stats.latency.buckets) {
      const double ns = bucket_middle_seconds(bucket.index) * 1e9;
      if (ns > *p90) excess_ns += (ns - *p90) * static_cast<double>(bucket.count);
    }
    const double gain = ratio(excess_ns, static_cast<double>(analysis.all.sum_ns));
    if (gain < kWorthwhile) continue;
    Suggestion suggestion = make(
        fmt::format("Find out what the slowest tenth of {} waits for.", escape_visible(time.operation)),
        fmt::format("p50 {}, p90 {}, p99 {}, {} times the median (n = {}).{}", format_span(*p50), format_span(*p90),
                    format_span(*p99), format_number(std::round(*p99 / *p50)), format_count(stats.timed),
                    slow_stage(*series, *p90)),
        fmt::format("{} of the time of all operations, if that tenth were no slower than the p90.", format_percent(gain)), gain);
    trust(suggestion, stats.timed >= samples_needed(0.999) ? Confidence::high : Confidence::medium,
          fmt::format("p99 rests on {} operations beyond it", format_count(stats.timed / 100)));
    out.push_back(std::move(suggestion));
  }
}

void suggest_database(const Analysis& analysis, std::vector<Suggestion>& out) {
  if (!analysis.database) return;
  const DatabaseSummary& database = *analysis.database;
  if (database.transactions >= kEnough && database.rollback_share >= 0.05) {
    Suggestion suggestion = make(
        "Find out why transactions roll back.",
        fmt::format("{} of {} transactions were rolled back.", format_percent(database.rollback_share),
                    format_count(database.transactions)),
        fmt::format("{} fewer transactions for the same work.", format_percent(database.rollback_share)), 0);
    trust(suggestion, database.transactions >= kMany ? Confidence::high : Confidence::medium, "counted, not estimated");
    out.push_back(std::move(suggestion));
  }
  // Attempts that ran into a lock were slow without being badly planned: their time is another suggestion's. A
  // retry's span has its pause, too, which is no query: the gain is a little too small, never too large.
  std::uint64_t waited_ns = 0;
  for (const EventFinding& event : analysis.resilience.events) waited_ns += event.name == names::kRetry ? event.sum_ns : 0;
  waited_ns = std::min(waited_ns, database.slow_query_ns);
  const double gain = ratio(database.slow_query_ns - waited_ns, analysis.all.sum_ns);
  if (database.slow_queries >= kMinClaim && gain >= kWorthwhile) {
    Suggestion suggestion = make(
        "Look at the plans of the slow queries; a missing index is the usual cause.",
        fmt::format("{} slow queries took {} together, {} of the database stage.", format_count(database.slow_queries),
                    format_span(static_cast<double>(database.slow_query_ns)),
                    database.stage_ns > 0 ? format_percent(ratio(database.slow_query_ns, database.stage_ns)) : "an unknown share"),
        fmt::format("At most {} of the time of all operations.", format_percent(std::min(gain, 1.0))), std::min(gain, 1.0));
    if (waited_ns > database.slow_query_ns / 10) {
      trust(suggestion, Confidence::low, fmt::format("attempts that were retried took {} at the same time: much of it may be "
                                                     "waiting for a lock, and that much is left out of the gain",
                                                     format_span(static_cast<double>(waited_ns))));
    } else {
      trust(suggestion, Confidence::medium, "a query may be slow because it waited for a lock, not for want of an index");
    }
    out.push_back(std::move(suggestion));
  }
}

void suggest_retries(const Analysis& analysis, std::vector<Suggestion>& out) {
  for (const EventFinding& event : analysis.resilience.events) {
    const double gain = ratio(event.sum_ns, analysis.all.sum_ns);
    if (event.name != names::kRetry || event.count < kMinClaim || gain < kWorthwhile) continue;
    Suggestion suggestion = make(
        "Remove the cause of the retries; until then, shorter attempts would fail sooner.",
        fmt::format("{} attempts failed and were repeated; these attempts and the pauses after them took {}.",
                    format_count(event.count), format_span(static_cast<double>(event.sum_ns))),
        fmt::format("At most {} of the time of all operations.", format_percent(std::min(gain, 1.0))), std::min(gain, 1.0));
    trust(suggestion, event.count >= kEnough ? Confidence::high : Confidence::medium, "the time of attempts and pauses is measured");
    out.push_back(std::move(suggestion));
  }
}

void suggest_clients(const Snapshot& snapshot, const Analysis& analysis, std::vector<Suggestion>& out) {
  const WindowStats& all = snapshot.all.window(analysis.window);
  const double share = ratio(all.refused, all.count());
  if (all.count() < kEnough || share < 0.1) return;
  const auto top = std::find_if(analysis.error_kinds.begin(), analysis.error_kinds.end(),
                                [](const ErrorKind& kind) { return !kind.failure; });
  Suggestion suggestion = make(
      "Mend the clients whose requests are refused.",
      fmt::format("{} of {} operations were refused{}.", format_percent(share), format_count(all.count()),
                  top == analysis.error_kinds.end() ? "" : fmt::format(", most often {} on {} ({})",
                      top->name.empty() ? fmt::format("code {}", top->code) : escape_visible(top->name),
                      escape_visible(top->top_operation), format_count(top->top_count))),
      fmt::format("{} of the calls would go.", format_percent(share)), 0);
  trust(suggestion, Confidence::medium, "counted; whether the callers can be mended is not known here");
  out.push_back(std::move(suggestion));
}

// What keeps the figures from being whole.
void suggest_sight(const Snapshot& snapshot, const Analysis& analysis, std::vector<Suggestion>& out) {
  const Books& books = snapshot.books;
  if (ratio(books.lost, books.written) >= 0.001) {
    const auto worst = std::max_element(snapshot.lanes.begin(), snapshot.lanes.end(),
                                        [](const LaneView& a, const LaneView& b) { return a.books.lost < b.books.lost; });
    Suggestion suggestion = make(
        "Give the server's lanes a greater capacity, or the daemon more of the processor.",
        fmt::format("{} of {} records were overwritten unread{}.", format_count(books.lost), format_count(books.written),
                    worst == snapshot.lanes.end() ? "" : fmt::format(", most of them ({}) in lane {} of {}",
                        format_count(worst->books.lost), worst->lane, escape_visible(worst->ring))),
        fmt::format("{} of the records would be seen again.", format_percent(ratio(books.lost, books.written))), 0);
    trust(suggestion, Confidence::high, "counted");
    out.push_back(std::move(suggestion));
  }
  std::uint64_t overflowed = 0;
  for (const LaneView& lane : snapshot.lanes) overflowed += lane.overflow ? lane.books.written : 0;
  if (ratio(overflowed, books.written) >= 0.01) {
    Suggestion suggestion = make("Give the server's ring more lanes than the server has threads.",
                                 fmt::format("{} of {} records went through the shared overflow lane.", format_count(overflowed),
                                             format_count(books.written)),
                                 "These records become as cheap as the others; no operation gets faster by more than that.", 0);
    trust(suggestion, Confidence::high, "counted");
    out.push_back(std::move(suggestion));
  }
  if (analysis.all.timed >= kEnough && analysis.all.unmarked >= kStageShare) {
    Suggestion suggestion = make("Mark more stages, so that the time can be told apart.",
                                 fmt::format("{} of the time of all operations lies in no stage.", format_percent(analysis.all.unmarked)),
                                 "None by itself: it shows where that time goes.", 0);
    trust(suggestion, Confidence::high, "measured");
    out.push_back(std::move(suggestion));
  }
}

}  // namespace

void find_suggestions(const Snapshot& snapshot, Analysis& analysis) {
  std::vector<Suggestion>& out = analysis.suggestions;
  suggest_stages(snapshot, analysis, out);
  suggest_operation(analysis, out);
  suggest_tails(snapshot, analysis, out);
  suggest_database(analysis, out);
  suggest_retries(analysis, out);
  suggest_clients(snapshot, analysis, out);
  suggest_sight(snapshot, analysis, out);
  std::stable_sort(out.begin(), out.end(), [](const Suggestion& a, const Suggestion& b) {
    return a.gain_share != b.gain_share ? a.gain_share > b.gain_share : a.confidence > b.confidence;
  });
}

}  // namespace ringside::detail
