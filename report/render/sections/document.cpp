#include "report/render/sections/document.h"

#include "report/render/sections/sections.h"

namespace ringside {

void write_document(Page& page, const Report& report, const Limits& limits) {
  std::string rings;
  for (const RingView& ring : report.snapshot.rings) {
    rings += (rings.empty() ? "" : ", ") + escape_visible(ring.name);
  }
  page.title("Ringside report · " + (rings.empty() ? "no ring" : rings),
             format_wall(report.snapshot.wall_ns));
  const detail::Section section{page, report.snapshot, report.analysis, limits, report.history};
  detail::write_verdict(section);
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
