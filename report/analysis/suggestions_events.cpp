// Suggestions from events and refusals: the database, retries, clients.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

void suggest_rollbacks(const Snapshot& snapshot, const DatabaseSummary& database,
                       std::vector<Suggestion>& out) {
  if (database.transactions < kEnough || database.rollback_share < 0.05) return;
  Suggestion suggestion = suggest(
      {AdviceKind::rollbacks, database.ring, {}}, "Find out why transactions roll back.",
      fmt::format(
          "{} of {} were rolled back.", format_percent(database.rollback_share),
          label_of(snapshot, format_count(database.transactions) + " transactions", database.ring)),
      fmt::format("{} fewer transactions for the same work.",
                  format_percent(database.rollback_share)),
      0);
  set_confidence(suggestion, database.transactions >= kMany ? Confidence::high : Confidence::medium,
                 "counted, not estimated");
  out.push_back(std::move(suggestion));
}

// Attempts that ran into a lock were slow without a bad plan. Their time belongs to the suggestion
// about retries. A retry's span also has its pause, which is no query. So the gain is a little too
// small and never too large.
std::uint64_t waited_ns(const Snapshot& snapshot, Window window, const DatabaseSummary& database) {
  const SeriesView* retries = find_series(snapshot.events, database.ring, names::kRetry);
  if (retries == nullptr) return 0;
  return std::min(retries->window(window).sum_ns, database.slow_query_ns);
}

// The operation during which most of the last slow queries ran, in words; empty: not known.
std::string slow_during(const Snapshot& snapshot, const DatabaseSummary& database) {
  const SeriesView* slow = find_series(snapshot.events, database.ring, names::kSlowQuery);
  if (slow == nullptr || slow->last.empty()) return {};
  std::map<std::string, std::size_t> during;
  for (const RecordView& query : slow->last) {
    if (!query.context.empty()) ++during[query.context];
  }
  if (during.empty()) return {};
  const auto most =
      std::max_element(during.begin(), during.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format(" Of the last {}, {} ran during {}.", slow->last.size(), most->second,
                     escape_visible(most->first));
}

void suggest_plans(const Snapshot& snapshot, const Analysis& analysis,
                   const DatabaseSummary& database, std::vector<Suggestion>& out) {
  const std::uint64_t waited = waited_ns(snapshot, analysis.window, database);
  const double gain = share_of(database.slow_query_ns - waited, analysis.all.sum_ns);
  if (database.slow_queries < kMinClaim || gain < kWorthwhile) return;
  Suggestion suggestion = suggest(
      {AdviceKind::queries, database.ring, {}},
      "Look at the plans of the slow queries; a missing index is the usual cause.",
      fmt::format(
          "{} took {} together, {} of the database stage.{}",
          label_of(snapshot, format_count(database.slow_queries) + " slow queries", database.ring),
          format_span(static_cast<double>(database.slow_query_ns)),
          database.stage_ns > 0
              ? format_percent(share_of(database.slow_query_ns, database.stage_ns))
              : "an unknown share",
          slow_during(snapshot, database)),
      fmt::format("At most {} of the time of all operations.", format_percent(std::min(gain, 1.0))),
      std::min(gain, 1.0));
  if (waited > database.slow_query_ns / 10) {
    set_confidence(
        suggestion, Confidence::low,
        fmt::format(
            "attempts that were retried took {} at the same time: much of it may be waiting for a "
            "lock, and that much is left out of the gain",
            format_span(static_cast<double>(waited))));
  } else {
    set_confidence(suggestion, Confidence::medium,
                   "a query may be slow because it waited for a lock, not for want of an index");
  }
  out.push_back(std::move(suggestion));
}

void suggest_retries(const Snapshot& snapshot, const Analysis& analysis,
                     std::vector<Suggestion>& out) {
  for (const EventFinding& event : analysis.resilience.events) {
    const double gain = share_of(event.sum_ns, analysis.all.sum_ns);
    if (event.name != names::kRetry || event.count < kMinClaim || gain < kWorthwhile) continue;
    Suggestion suggestion =
        suggest({AdviceKind::retries, event.ring, {}},
                "Remove the cause of the retries; until then, shorter attempts would fail sooner.",
                fmt::format("{} failed and were repeated; these attempts and the pauses after them "
                            "took {}.",
                            label_of(snapshot, format_count(event.count) + " attempts", event.ring),
                            format_span(static_cast<double>(event.sum_ns))),
                fmt::format("At most {} of the time of all operations.",
                            format_percent(std::min(gain, 1.0))),
                std::min(gain, 1.0));
    set_confidence(suggestion, event.count >= kEnough ? Confidence::high : Confidence::medium,
                   "the time of attempts and pauses is measured");
    out.push_back(std::move(suggestion));
  }
}

void suggest_clients(const Snapshot& snapshot, const Analysis& analysis,
                     std::vector<Suggestion>& out) {
  const WindowStats& all = snapshot.all.window(analysis.window);
  const double share = share_of(all.refused, all.count());
  if (all.count() < kEnough || share < 0.1) return;
  const auto top = std::find_if(analysis.error_kinds.begin(), analysis.error_kinds.end(),
                                [](const ErrorKind& kind) { return !kind.failure; });
  Suggestion suggestion =
      suggest({AdviceKind::clients, {}, {}}, "Mend the clients whose requests are refused.",
              fmt::format("{} of {} operations were refused{}.", format_percent(share),
                          format_count(all.count()),
                          top == analysis.error_kinds.end()
                              ? ""
                              : fmt::format(", most often {} on {} ({})",
                                            top->name.empty() ? fmt::format("code {}", top->code)
                                                              : escape_visible(top->name),
                                            label_of(snapshot, top->top_operation, top->top_ring),
                                            format_count(top->top_count))),
              fmt::format("{} of the calls would go.", format_percent(share)), 0);
  set_confidence(suggestion, Confidence::medium,
                 "counted; whether the callers can be mended is not known here");
  out.push_back(std::move(suggestion));
}

}  // namespace

void suggest_about_events(const Snapshot& snapshot, const Analysis& analysis,
                          std::vector<Suggestion>& out) {
  for (const DatabaseSummary& database : analysis.databases) {
    suggest_rollbacks(snapshot, database, out);
    suggest_plans(snapshot, analysis, database, out);
  }
  suggest_retries(snapshot, analysis, out);
  suggest_clients(snapshot, analysis, out);
}

}  // namespace ringside::detail
