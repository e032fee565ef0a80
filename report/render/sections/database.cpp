#include <fmt/format.h>

#include "report/model/names.h"
#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_transactions(const Section& section, const DatabaseSummary& database) {
  const SeriesView* series =
      find_series(section.snapshot.events, database.ring, names::kDbTransaction);
  if (series == nullptr || database.transactions == 0) {
    section.page.sentence("No transaction was seen.");
    return;
  }
  const WindowStats& stats = series->window(section.analysis.window);
  const std::string share = database.transactions >= kMinClaim
                                ? " (" + format_percent(database.rollback_share) + ")"
                                : "";
  section.page.field(
      "transactions",
      fmt::format("{} · {} committed, {} rolled back{}", format_count(database.transactions),
                  format_count(stats.outcomes[static_cast<std::size_t>(RecordOutcome::ok)]),
                  format_count(database.rollbacks), share));
  section.page.field("took", fmt::format("mean {}, p50 {}, p99 {}, max {}",
                                         format_span(stats.mean_ns()), quantile_cell(stats, 0.5),
                                         quantile_cell(stats, 0.99), span_cell(stats.max_ns)));
  std::string at_once = fmt::format("{} on average", format_number(database.busy));
  if (database.at_once_now)
    at_once += fmt::format(", {} now", format_signed(*database.at_once_now));
  if (database.at_once_max)
    at_once += fmt::format(", {} at most at a tick", format_signed(*database.at_once_max));
  section.page.field("at once", at_once);
  if (database.transaction_ns > 0 && database.transaction_ns <= database.stage_ns) {
    section.page.field(
        "of stage",
        fmt::format("{} of the database stage is transactions; the rest is reads and waiting for "
                    "a turn or a lock",
                    percent_cell(database.transaction_ns, database.stage_ns)));
  }
}

}  // namespace

void write_database(const Section& section) {
  if (section.analysis.databases.empty()) {
    section.page.subheading("Database");
    section.page.sentence("Neither a database stage nor a transaction was seen.");
  }
  for (const DatabaseSummary& database : section.analysis.databases) {
    section.page.subheading(label_of(section.snapshot, "Database", database.ring));
    write_transactions(section, database);
    section.page.field("slow queries",
                       database.slow_queries == 0
                           ? "none"
                           : fmt::format("{}, {} in all", format_count(database.slow_queries),
                                         span_cell(database.slow_query_ns)));
  }
}

}  // namespace ringside::detail
