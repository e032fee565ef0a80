// The text report's sections on what follows from the figures: regressions, bottlenecks, security, suggestions.
#include <fmt/format.h>

#include <algorithm>

#include "report/model/names.h"
#include "report/render/text_page.h"

namespace ringside::detail {
namespace {

std::string share_cell(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–" : format_percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string mean_cell(std::uint64_t sum_ns, std::uint64_t count) {
  return count == 0 ? "–   " : format_span_cell(static_cast<double>(sum_ns) / static_cast<double>(count));
}

double share_of_stage(const TimeShare& time, const std::string& name) {
  for (const StageTime& stage : time.stages) {
    if (stage.name == name) return stage.share;
  }
  return 0;
}

void write_shares(Page& page) {
  const Analysis& analysis = page.analysis;
  std::vector<Column> columns = {{"operation", Align::left}, {"n"}, {"mean"}, {"of time"}};
  for (const StageTime& stage : analysis.all.stages) columns.push_back({escape_visible(stage.name), Align::right});
  columns.push_back({"no stage", Align::right});
  // More stages than columns have room for: servers of different vocabularies. The JSON report has them all.
  const std::size_t stages = std::min<std::size_t>(analysis.all.stages.size(), kStages);
  columns.erase(columns.begin() + 4 + static_cast<std::ptrdiff_t>(stages), columns.end() - 1);
  Table table(std::move(columns));
  std::uint64_t small = 0;
  const auto add = [&](const TimeShare& time) {
    std::vector<std::string> cells = {escape_visible(time.operation), format_count(time.timed),
                                      mean_cell(time.sum_ns, time.timed),
                                      format_percent(time.share_of_all)};
    for (std::size_t s = 0; s < stages; ++s) cells.push_back(format_percent(share_of_stage(time, analysis.all.stages[s].name)));
    cells.push_back(format_percent(time.unmarked));
    table.row(std::move(cells));
  };
  for (const TimeShare& time : analysis.operations) {
    if (time.enough) {
      add(time);
    } else {
      ++small;
    }
  }
  add(analysis.all);
  page.say(fmt::format("Where the time of operations went in {}: the share that each operation took of all, and of its own time the share of each stage.", page.window()));
  page.blank();
  page.put(table);
  if (small > 0) page.say(fmt::format("Not listed: {} with fewer than {} timed calls.", small == 1 ? "1 operation" : fmt::format("{} operations", small),
                         kMinClaim));
}

void write_slow(Page& page) {
  page.subheading("Against their thresholds");
  if (page.analysis.slow.empty()) {
    page.say("No operation went over its response-time threshold.");
    return;
  }
  Table table({{"operation", Align::left}, {"threshold"}, {"over it"}, {"of"}, {"share"}, {"p95"}, {"max"}});
  for (const SlowOperation& slow : page.analysis.slow) {
    table.row({escape_visible(slow.operation), format_span_cell(slow.threshold_ns), format_count(slow.over),
               format_count(slow.timed), slow.timed >= kMinClaim ? share_cell(slow.over, slow.timed) : "–",
               slow.p95_ns ? format_span_cell(*slow.p95_ns) : "–   ", format_span_cell(static_cast<double>(slow.max_ns))});
  }
  page.put(table);
}

void write_database(Page& page) {
  page.subheading("Database");
  if (!page.analysis.database) {
    page.say("Neither a database stage nor a transaction was seen.");
    return;
  }
  const DatabaseSummary& database = *page.analysis.database;
  const SeriesView* series = find_series(page.snapshot.events, names::kDbTransaction);
  if (series == nullptr || database.transactions == 0) {
    page.say("No transaction was seen.");
  } else {
    const WindowStats& stats = series->window(page.analysis.window);
    page.field("transactions", fmt::format("{} · {} committed, {} rolled back{}", format_count(database.transactions),
                                           format_count(stats.outcomes[0]), format_count(database.rollbacks),
                                           database.transactions >= kMinClaim
                                               ? " (" + format_percent(database.rollback_share) + ")" : ""));
    const auto p50 = quantile_ns(stats, 0.5), p99 = quantile_ns(stats, 0.99);
    page.field("took", fmt::format("mean {}, p50 {}, p99 {}, max {}", format_span(stats.mean_ns()), p50 ? format_span(*p50) : "–",
                                   p99 ? format_span(*p99) : "–", format_span(static_cast<double>(stats.max_ns))));
    std::string at_once = fmt::format("{} on average", format_number(database.busy));
    if (database.at_once_now) {
      at_once += fmt::format(", {} now, {} at most at a tick", format_signed(*database.at_once_now), format_signed(*database.at_once_max));
    }
    page.field("at once", at_once);
    if (database.stage_ns > 0 && database.transaction_ns > 0 && database.transaction_ns <= database.stage_ns) {
      page.field("of stage", fmt::format("{} of the database stage is transactions; the rest is reads and waiting for a turn or a lock",
                                         share_cell(database.transaction_ns, database.stage_ns)));
    }
  }
  page.field("slow queries", database.slow_queries == 0
                                 ? "none"
                                 : fmt::format("{}, {} in all", format_count(database.slow_queries),
                                               format_span(static_cast<double>(database.slow_query_ns))));
}

void write_event_table(Page& page, const std::vector<EventFinding>& events) {
  Table table({{"event", Align::left}, {"count"}, {"mean"}, {"last", Align::left}, {"of", Align::left},
               {"that is", Align::left}});
  for (const EventFinding& event : events) {
    table.row({escape_visible(event.name), format_count(event.count),
               event.sum_ns == 0 ? "–   " : mean_cell(event.sum_ns, event.count),
               event.last_wall_ns == 0 ? "–" : format_time_of_day(event.last_wall_ns).substr(0, 8),
               format_party(event.last_party), event.meaning});
  }
  page.put(table);
}

void write_resilience(Page& page) {
  page.subheading("Retries, circuit breaker, recovery");
  const ResilienceSummary& resilience = page.analysis.resilience;
  if (resilience.events.empty()) {
    page.say("No retry, no move of a circuit breaker and no recovery was seen.");
    return;
  }
  write_event_table(page, resilience.events);
  if (resilience.breaker_state) {
    std::string text = fmt::format("Breaker: {} since {}", name_of(*resilience.breaker_state), format_wall(resilience.breaker_since_wall_ns));
    if (resilience.breaker_moves > 0) {
      text += fmt::format("; over the last {} moves before that it was", format_count(resilience.breaker_moves));
      for (const std::size_t state : {1U, 2U, 0U}) {
        if (resilience.time_in_ns[state] == 0) continue;
        text += fmt::format("{} {} for {}", text.ends_with("was") ? "" : ",", name_of(static_cast<BreakerState>(state)),
                            format_span(static_cast<double>(resilience.time_in_ns[state])));
      }
    }
    page.say(text + ".");
  }
}

}  // namespace

void write_regressions(Page& page) {
  page.heading("REGRESSIONS");
  page.say("No baseline is kept yet, so nothing here is compared with an earlier day. That takes stored history of the same "
           "operation at the same hour.");
}

void write_bottlenecks(Page& page) {
  page.heading("BOTTLENECKS");
  if (page.analysis.all.timed == 0) {
    page.say("No timed operation was seen.");
  } else {
    write_shares(page);
    write_slow(page);
  }
  write_database(page);
  write_resilience(page);
  write_top(page, "Actors that take the most time", page.snapshot.actors_by_time);
  write_top(page, "Subjects that take the most time", page.snapshot.subjects_by_time);
}

void write_security(Page& page) {
  page.heading("SECURITY");
  const SecuritySummary& security = page.analysis.security;
  if (security.events.empty()) {
    page.say("No security event was seen.");
  } else {
    write_event_table(page, security.events);
  }
  page.blank();
  if (security.rate_allowed + security.rate_limited > 0) {
    page.field("rate limit", fmt::format("{} allowed, {} limited{}", format_count(security.rate_allowed),
                                         format_count(security.rate_limited),
                                         security.rate_allowed + security.rate_limited >= kMinClaim
                                             ? " (" + share_cell(security.rate_limited, security.rate_allowed + security.rate_limited) + ")"
                                             : ""));
  }
  for (std::size_t i = 0; i < std::min(security.blocks.size(), page.options.top); ++i) {
    const BlockEffect& block = security.blocks[i];
    page.field(i == 0 ? "blocks" : "", fmt::format("{} at {}: {} attempts before, then {} turned away, {} got as far as a password or token",
                                                    format_party(block.address), format_time_of_day(block.blocked_wall_ns),
                                                    format_count(block.attempts_before), format_count(block.turned_away),
                                                    format_count(block.got_through)));
  }
  if (security.blocks.size() > page.options.top) {
    page.field("", fmt::format("and {} more", security.blocks.size() - page.options.top));
  }
  if (security.stage.count > 0) {
    page.field("its cost", fmt::format("the security stage takes {} of the time of all operations, {} a call (n = {})",
                                       format_percent(security.stage.share),
                                       format_span(static_cast<double>(security.stage.sum_ns) / static_cast<double>(security.stage.count)),
                                       format_count(security.stage.count)));
  } else {
    page.field("its cost", "no operation marks a security stage");
  }
  if (security.audit_ns > 0) page.field("audit log", fmt::format("{} spent on writing it", format_span(static_cast<double>(security.audit_ns))));
}

void write_suggestions(Page& page) {
  page.heading("OPTIMISATION SUGGESTIONS");
  const auto& suggestions = page.analysis.suggestions;
  if (suggestions.empty()) {
    page.say(fmt::format("None: no rule found enough evidence in {} timed operations.", format_count(page.analysis.all.timed)));
    return;
  }
  page.say(fmt::format("From the figures of {}. Each gain stands alone: they overlap, and do not add up.", page.window()));
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    page.blank();
    const Suggestion& suggestion = suggestions[i];
    page.out += wrap(suggestion.what, fmt::format("  {}. ", i + 1), page.options.width);
    const auto detail = [&](const char* name, const std::string& text) {
      page.out += wrap(text, "     " + pad(name, 12), page.options.width);
    };
    detail("evidence", suggestion.evidence);
    detail("gain", suggestion.gain);
    detail("confidence", fmt::format("{}: {}", confidence_name(suggestion.confidence), suggestion.why));
  }
}

}  // namespace ringside::detail
