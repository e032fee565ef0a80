#include <fmt/format.h>

#include "report/analysis/comparison.h"
#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_last_minute(const Section& section) {
  const WindowStats& now = section.snapshot.all.window(Window::minute);
  if (now.count() == 0) return;
  std::string text =
      fmt::format("In {}: {}, {}", describe_window(section.snapshot, Window::minute),
                  count_of(now.count(), "operation", "operations"), format_rate(now.rate()));
  if (now.count() >= kMinClaim)
    text += fmt::format(", {} failed", format_percent(now.error_rate()));
  for (const auto& [label, q] :
       {std::pair{"p50", 0.5}, std::pair{"p90", 0.9}, std::pair{"p99", 0.99}}) {
    if (quantile_ns(now, q)) text += fmt::format(", {} {}", label, quantile_cell(now, q));
  }
  section.page.bullet(text + ".");
}

}  // namespace

void write_verdict(const Section& section) {
  std::string name = verdict_name(section.analysis.verdict);
  for (char& letter : name) letter = static_cast<char>(letter - 'a' + 'A');
  section.page.heading("VERDICT: " + name);
  const Headline& headline = section.analysis.headline;
  for (const std::string* sentence : {&headline.what, &headline.whom, &headline.next}) {
    if (!sentence->empty()) section.page.sentence(*sentence);
  }
  for (const Reason& reason : section.analysis.reasons) {
    if (reason.text != headline.what) section.page.bullet(reason.text);
  }
  if (section.comparison != nullptr) section.page.bullet(section.comparison->verdict);
  write_last_minute(section);
  section.page.chart(Chart::over_time);
}

}  // namespace ringside::detail
