#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/labels.h"
#include "report/model/format.h"
#include "report/render/html/charts.h"
#include "report/render/html/html_text.h"
#include "report/render/html/svg.h"

namespace ringside::html {
namespace {

constexpr double kDistributionWidth = 480, kBars = 64, kDots = 36, kScale = 20;
constexpr int kBucketsPerBar = 8;  // four bars to the octave

// The height of a bar goes with the root of its count, so that a tail of few calls can be seen.
std::string bars_of(const Histogram& histogram, const SpanAxis& axis) {
  std::vector<std::pair<int, std::uint64_t>> bars;
  for (const Histogram::Bucket& bucket : histogram.buckets) {
    const int bar =
        static_cast<int>(std::floor(static_cast<double>(bucket.index - 1) / kBucketsPerBar));
    if (bars.empty() || bars.back().first != bar) bars.emplace_back(bar, 0);
    bars.back().second += bucket.count;
  }
  std::uint64_t most = 1;
  for (const auto& bar : bars) most = std::max(most, bar.second);
  std::string path;
  for (const auto& [bar, count] : bars) {
    const double from = axis.at_seconds(std::exp2(bar * kBucketsPerBar / 32.0));
    const double to = axis.at_seconds(std::exp2((bar + 1) * kBucketsPerBar / 32.0));
    const double height =
        std::max(std::sqrt(static_cast<double>(count) / static_cast<double>(most)) * kBars, 1.0);
    path +=
        fmt::format("M{} {}h{}v-{}h-{}z", coordinate(from), coordinate(kBars),
                    coordinate(to - from - 0.5), coordinate(height), coordinate(to - from - 0.5));
  }
  return path;
}

// A dot is a line of no length with round ends. The latest record is on top.
std::string dots_of(const std::vector<RecordView>& records, const SpanAxis& axis, bool failed) {
  std::string path;
  const double step = kDots / static_cast<double>(std::max<std::size_t>(records.size(), 1));
  for (std::size_t i = 0; i < records.size(); ++i) {
    const RecordView& record = records[i];
    if (record.untimed || is_failure(record.outcome) != failed) continue;
    path += fmt::format("M{} {}h0", coordinate(axis.at_ns(static_cast<double>(record.duration_ns))),
                        coordinate(kBars + 5 + static_cast<double>(i) * step));
  }
  return path;
}

std::string drawing_of(const SeriesView& series, const WindowStats& stats, const SpanAxis& axis) {
  const double height = kBars + kDots + kScale;
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"distribution\">",
                                coordinate(kDistributionWidth), coordinate(height));
  for (const Mark& mark : marks_of(axis)) {
    const double x = axis.at_seconds(mark.seconds);
    out += fmt::format(
        "<path class=grid d=\"M{} 0V{}\"/><text class=middle x=\"{}\" y=\"{}\">{}</text>",
        coordinate(x), coordinate(kBars + kDots + 4),
        coordinate(std::clamp(x, 24.0, kDistributionWidth - 24)), coordinate(height - 2),
        mark.label);
  }
  out += fmt::format("<path class=bar d=\"{}\"/>", bars_of(stats.latency, axis));
  for (const auto& [q, name] : {std::pair{0.5, "p50"}, std::pair{0.95, "p95"}}) {
    const auto ns = quantile_ns(stats, q);
    if (!ns) continue;
    out += fmt::format("<path class=quantile d=\"M{} 0V{}\"><title>{}</title></path>",
                       coordinate(axis.at_ns(*ns)), coordinate(kBars),
                       text(fmt::format("{} {}", name, format_span(*ns))));
  }
  out += fmt::format("<path class=dot d=\"{}\"/>", dots_of(series.last, axis, false));
  const std::string failed = dots_of(series.last, axis, true);
  if (!failed.empty()) out += fmt::format("<path class=\"dot bad\" d=\"{}\"/>", failed);
  return out + "</svg>";
}

std::string span_text(const RecordView& record) {
  return record.untimed ? "–" : format_span(static_cast<double>(record.duration_ns));
}

std::string table_of(const SeriesView& series) {
  DataTable table(fmt::format("The last {}", series.last.size()),
                  {"began", "outcome", "who", "took"}, 3);
  for (const RecordView& record : series.last) {
    table.row(
        {format_time_of_day(record.start_wall_ns),
         record.error != 0 ? error_label(record.error, record.error_name) : name_of(record.outcome),
         format_party(record.actor), span_text(record)});
  }
  return table.take();
}

std::string quantile_text(const WindowStats& stats, double q) {
  const auto ns = quantile_ns(stats, q);
  if (!ns) return "–";
  return (stats.quantile_past_end(q) ? "≥ " : "") + format_span(*ns);
}

}  // namespace

std::string distributions(const Report& report) {
  const Window window = report.analysis.window;
  SpanAxis axis;
  axis.left = 4;
  axis.width = kDistributionWidth - 8;
  for (const SeriesView& series : report.snapshot.operations)
    axis.cover(series.window(window).latency);
  if (axis.empty()) return "";
  std::string out = "<div class=cards>\n";
  for (const SeriesView& series : report.snapshot.operations) {
    const WindowStats& stats = series.window(window);
    if (stats.latency.buckets.empty()) continue;
    out += figure(label_of(report.snapshot, series.name, series.ring),
                  fmt::format("n {} · p50 {} · p95 {} · p99 {}", format_count(stats.timed),
                              quantile_text(stats, 0.5), quantile_text(stats, 0.95),
                              quantile_text(stats, 0.99)),
                  drawing_of(series, stats, axis), table_of(series));
  }
  return "<h3>Distributions</h3><p>Bars: " + text(describe_window(report.snapshot, window)) +
         ", by the root of their count. Lines: p50 and p95. Dots: the last records, the latest on "
         "top, those that failed in red. All have the same scale.</p>\n" +
         out + "</div>\n";
}

}  // namespace ringside::html
