// What the sections of the text report share; internal to report/text*.cpp.
#pragma once

#include <string>
#include <string_view>

#include "report/analysis/analysis.h"
#include "report/model/format.h"
#include "report/render/table.h"
#include "report/render/text.h"

namespace ringside::detail {

struct Page {
  const Snapshot& snapshot;
  const Analysis& analysis;
  const TextOptions& options;
  std::string out = {};

  void heading(std::string_view title);      // of a section
  void subheading(std::string_view title);   // within one
  void say(std::string_view text) { out += wrap(text, "  ", options.width); }
  void bullet(std::string_view text) { out += wrap(text, "  · ", options.width); }
  void field(std::string_view name, std::string_view text) { out += wrap(text, "  " + pad(clip(name, 24), 12) + "  ", options.width); }
  void put(const Table& table) { out += table.render(2, options.width); }
  void blank() { out += '\n'; }

  std::string window() const { return describe_window(snapshot, analysis.window); }
};

// In the order of the report.
void write_verdict(Page& page);
void write_overview(Page& page);
void write_operations(Page& page);
void write_errors(Page& page);
void write_alerts(Page& page);
void write_regressions(Page& page);
void write_bottlenecks(Page& page);
void write_security(Page& page);
void write_suggestions(Page& page);
void write_trends(Page& page);
void write_configuration(Page& page);

// A list of actors or subjects, ranked by errors or by time; nothing where it is empty.
void write_top(Page& page, const char* title, const std::vector<TopEntry>& entries);
// "–" where the sample is too small.
std::string quantile_cell(const WindowStats& stats, double q);
std::string ring_names(const Snapshot& snapshot);

}  // namespace ringside::detail
