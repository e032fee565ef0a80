#include "report/render/sections/document.h"

#include "report/render/sections/sections.h"

namespace ringside {
namespace {

// "2026-11-27T07:00:00.000Z", or a span of the past: "2026-11-26T23:00Z to 2026-11-27T07:00Z".
std::string when_of(const Snapshot& snapshot) {
  if (!snapshot.is_past()) return format_wall(snapshot.wall_ns);
  const auto minute = [](std::int64_t wall_ns) { return format_wall(wall_ns).substr(0, 16) + "Z"; };
  return minute(snapshot.wall_ns - snapshot.past_seconds * 1'000'000'000) + " to " +
         minute(snapshot.wall_ns);
}

}  // namespace

void write_document(Page& page, const Report& report, const Limits& limits) {
  std::string rings;
  for (const RingView& ring : report.snapshot.rings) {
    rings += (rings.empty() ? "" : ", ") + escape_visible(ring.name);
  }
  page.title("Ringside report · " + (rings.empty() ? "no ring" : rings), when_of(report.snapshot));
  const detail::Section section{page,   report.snapshot, report.analysis,
                                limits, report.history,  report.comparison};
  detail::write_verdict(section);
  detail::write_comparison(section);
  if (!limits.whole && detail::is_quiet(section)) return detail::write_quiet(section);
  detail::write_incidents(section);
  detail::write_operations(section);
  detail::write_errors(section);
  detail::write_security(section);
  detail::write_bottlenecks(section);
  detail::write_suggestions(section);
  detail::write_regressions(section);
  detail::write_trends(section);
  detail::write_overview(section);
  detail::write_configuration(section);
}

}  // namespace ringside
