// Any report of any span of the past, of a history file: one that a daemon is writing, or a copy.
#include <cstdio>
#include <string>
#include <variant>

#include "daemon/config/units.h"
#include "daemon/http/past_report.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "shm/clock.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/report_output.h"

namespace ringside::tool {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "ringside report: %s\n", what.c_str());
  return 1;
}

std::string rendered(const Report& report, const std::string& format) {
  if (format == "markdown") return render_markdown(report);
  if (format == "html") return render_html(report);
  if (format == "json") return render_json(report) + "\n";
  return render_text(report);
}

}  // namespace

int report(const ReportOptions& options) {
  PastReportQuery query{options.history, options.history,   options.since,     options.until,
                        options.ring,    options.operation, options.compare_to};
  query.now_wall_s = clock_ns(CLOCK_REALTIME) / kSecond;
  const auto read = read_past_report(query);
  if (const auto* problem = std::get_if<PastReportProblem>(&read)) return refuse(problem->text);
  const PastReport& past = *std::get<0>(read);
  const Report whole(past.snapshot, &past.span, past.comparison ? &*past.comparison : nullptr);
  const std::string bytes = rendered(whole, options.format);
  return deliver(options, bytes);
}

}  // namespace ringside::tool
