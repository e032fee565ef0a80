#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/labels.h"
#include "report/model/format.h"
#include "report/render/html/charts.h"
#include "report/render/html/html_text.h"
#include "report/render/html/svg.h"

namespace ringside::html {
namespace {

constexpr std::size_t kColours = 7;
constexpr double kStagesWidth = 480;

// The shares of one bar, by stage name.
using Shares = std::vector<std::pair<std::string, double>>;

struct Bar {
  const char* of;  // "all", "median", "tail"
  Shares shares;
};

class Colours {
 public:
  std::size_t of(const std::string& name) {
    const auto at = std::find(names_.begin(), names_.end(), name);
    const auto index = static_cast<std::size_t>(at - names_.begin());
    if (at == names_.end()) names_.push_back(name);
    return index % kColours;
  }
  std::string legend() const {
    std::string out = "<p class=legend>";
    for (std::size_t i = 0; i < names_.size(); ++i) {
      out += fmt::format("<span><i class=s{}></i>{}</span> ", i % kColours,
                         text(escape_visible(names_[i])));
    }
    return out + "<span><i class=none></i>no stage</span></p>";
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

std::vector<Bar> bars_of(const TimeShare& time, const Bottlenecks& bottlenecks) {
  std::vector<Bar> bars = {{"all", {}}};
  for (const StageTime& stage : time.stages) bars[0].shares.emplace_back(stage.name, stage.share);
  for (const StageProfile& profile : bottlenecks.profiles) {
    if (profile.operation != time.operation || profile.ring != time.ring) continue;
    Bar median{"median", {}}, tail{"tail", {}};
    for (const StageProfile::Stage& stage : profile.stages) {
      median.shares.emplace_back(stage.name, stage.median_share);
      tail.shares.emplace_back(stage.name, stage.tail_share);
    }
    bars.push_back(std::move(median));
    bars.push_back(std::move(tail));
  }
  return bars;
}

std::string drawing_of(const std::vector<Bar>& bars, Colours& colours) {
  constexpr double kNamesWidth = 62, kHigh = 15, kStep = 19;
  std::string out =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"stages\">",
                  coordinate(kStagesWidth), coordinate(kStep * static_cast<double>(bars.size())));
  for (std::size_t b = 0; b < bars.size(); ++b) {
    const double y = static_cast<double>(b) * kStep;
    out += fmt::format(
        "<text class=end x=\"{}\" y=\"{}\">{}</text><rect class=none x=\"{}\" "
        "y=\"{}\" width=\"{}\" height=\"{}\"/>",
        coordinate(kNamesWidth - 6), coordinate(y + 13), bars[b].of, coordinate(kNamesWidth),
        coordinate(y), coordinate(kStagesWidth - kNamesWidth), coordinate(kHigh));
    double x = kNamesWidth;
    for (const auto& [name, share] : bars[b].shares) {
      const double width = std::min(share * (kStagesWidth - kNamesWidth), kStagesWidth - x);
      if (width < 0.1) continue;
      out += fmt::format(
          "<rect class=s{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} "
          "{}</title></rect>",
          colours.of(name), coordinate(x), coordinate(y), coordinate(width), coordinate(kHigh),
          text(escape_visible(name)), format_percent(share));
      x += width;
    }
  }
  return out + "</svg>";
}

}  // namespace

std::string stages(const Report& report) {
  const Analysis& analysis = report.analysis;
  if (analysis.all.stages.empty()) return "";
  Colours colours;
  for (const StageTime& stage : analysis.all.stages) colours.of(stage.name);
  std::vector<std::string> titles = {"operation", "of"};
  for (const std::string& name : colours.names()) titles.push_back(escape_visible(name));
  DataTable table("Figures of these bars", titles, 2);
  std::string drawing = colours.legend() + "<div class=cards>\n";
  for (const TimeShare& time : analysis.operations) {
    if (!time.enough) continue;
    const std::vector<Bar> bars = bars_of(time, analysis.bottlenecks);
    const std::string label = label_of(report.snapshot, time.operation, time.ring);
    drawing += fmt::format("<div><b>{}</b> {} of all time{}</div>\n", text(label),
                           format_percent(time.share_of_all), drawing_of(bars, colours));
    for (const Bar& bar : bars) {
      std::vector<std::string> cells = {label, bar.of};
      for (const std::string& name : colours.names()) {
        const auto at = std::find_if(bar.shares.begin(), bar.shares.end(),
                                     [&](const auto& share) { return share.first == name; });
        cells.push_back(at == bar.shares.end() ? "" : format_percent(at->second));
      }
      table.row(cells);
    }
  }
  return figure("Stages.",
                "Of all the time of an operation, of its middle calls, and of its slowest tenth.",
                drawing + "</div>", table.take());
}

}  // namespace ringside::html
