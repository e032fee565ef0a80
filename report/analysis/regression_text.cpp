// A finding in words.
#include <fmt/format.h>

#include "report/analysis/operation_watch.h"
#include "report/model/format.h"

namespace ringside {
namespace {

// "2026-03-02 09:15"
std::string minute_of(std::int64_t wall_s) {
  std::string text = format_wall(wall_s * 1'000'000'000);
  text.resize(16);
  text[10] = ' ';
  return text;
}

std::string slower_text(const RegressionFinding& found) {
  std::string where = found.figure;
  if (found.of_stage) where = fmt::format("mean of stage {}", found.stage);
  std::string text =
      fmt::format("{} {:.0f} % above usual: {} instead of {}", where, found.effect_percent,
                  format_span(found.now_ns), format_span(found.before_ns));
  if (!found.of_stage && !found.stage.empty())
    text += fmt::format(", mostly in stage {}", found.stage);
  return text;
}

std::string mix_text(const RegressionFinding& found) {
  if (found.operation.empty())
    return fmt::format(
        "mix of operations: a call takes {} instead of {} on average, as more calls are of slow "
        "operations; none became slower",
        format_span(found.now_ns), format_span(found.before_ns));
  return fmt::format("mix of calls: {} take longer than {}, before {}; neither kind became slower",
                     format_percent(found.slow_now), format_span(found.boundary_ns),
                     format_percent(found.slow_before));
}

}  // namespace

std::string RegressionFinding::text() const {
  std::string text = kind == Kind::slower ? slower_text(*this) : mix_text(*this);
  text += fmt::format("; since {} UTC", minute_of(since_wall_s));
  if (ongoing()) return text;
  switch (ending) {
    case RegressionView::Ending::usual_now:
      return text + fmt::format(", taken as usual from {} UTC on", minute_of(ended_wall_s));
    case RegressionView::Ending::not_seen:
      return text + fmt::format(", not seen since {} UTC: too few calls to judge by",
                                minute_of(seen_wall_s));
    default: return text + fmt::format(", over since {} UTC", minute_of(ended_wall_s));
  }
}

}  // namespace ringside
