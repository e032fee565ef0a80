// Events that have a meaning, and circuit breakers.
#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_breaker(const Section& section, const BreakerSummary& breaker) {
  std::string text =
      fmt::format("{}: {} since {}", label_of(section.snapshot, "Breaker", breaker.ring),
                  name_of(breaker.state), format_wall(breaker.since_wall_ns));
  if (breaker.moves > 0) {
    text += fmt::format(
        "; over the {} before that it was",
        breaker.moves == 1 ? "move" : fmt::format("{} moves", format_count(breaker.moves)));
    const char* separator = "";
    for (const BreakerState state :
         {BreakerState::open, BreakerState::half_open, BreakerState::closed}) {
      const std::uint64_t ns = breaker.time_in_ns[static_cast<std::size_t>(state)];
      if (ns == 0) continue;
      text += fmt::format("{} {} for {}", separator, name_of(state), span_cell(ns));
      separator = ",";
    }
  }
  section.page.sentence(text + ".");
}

}  // namespace

void write_events(const Section& section, const std::vector<EventFinding>& events) {
  RingTable table(section.snapshot, {{"event", Align::left},
                                     {"count"},
                                     {"mean", Align::span},
                                     {"last"},
                                     {"of", Align::left},
                                     {"that is", Align::prose}});
  for (const EventFinding& event : events) {
    table.row(event.ring,
              {escape_visible(event.name), format_count(event.count),
               event.sum_ns == 0 ? "–" : mean_cell(event.sum_ns, event.count),
               event.last_wall_ns == 0 ? "–" : format_time_of_day(event.last_wall_ns).substr(0, 8),
               format_party(event.last_party), event.meaning});
  }
  section.page.table(table.table());
}

void write_resilience(const Section& section) {
  section.page.subheading("Retries, circuit breaker, recovery, " + section.window());
  const ResilienceSummary& resilience = section.analysis.resilience;
  if (resilience.events.empty()) {
    section.page.sentence("No retry, no move of a circuit breaker and no recovery was seen.");
    return;
  }
  write_events(section, resilience.events);
  for (const BreakerSummary& breaker : resilience.breakers) write_breaker(section, breaker);
}

}  // namespace ringside::detail
