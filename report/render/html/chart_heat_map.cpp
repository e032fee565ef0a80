#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/over_time.h"
#include "report/model/format.h"
#include "report/render/html/charts.h"
#include "report/render/html/svg.h"

namespace ringside::html {
namespace {

constexpr std::size_t kMostColumns = 96;
constexpr int kBandsPerOctave = 2;
constexpr std::size_t kShades = 8;

constexpr double kMapWidth = 960, kLeft = 64, kTop = 8, kBottom = 24;
constexpr double kBand = 11;  // height

// How many calls of a point took so long, by half octaves; the quickest first.
std::vector<std::uint64_t> bands_of(const TimePoint& point, const SpanAxis& axis) {
  std::vector<std::uint64_t> bands(
      static_cast<std::size_t>((axis.high - axis.low) * kBandsPerOctave));
  constexpr int kBuckets = kBucketsPerOctave / kBandsPerOctave;
  for (const Histogram::Bucket& bucket : point.latency.buckets) {
    const int band = (bucket.index - 1 - axis.low * kBucketsPerOctave) / kBuckets;
    bands[std::min(static_cast<std::size_t>(std::max(band, 0)), bands.size() - 1)] += bucket.count;
  }
  return bands;
}

double band_low_seconds(const SpanAxis& axis, std::size_t band) {
  return std::exp2(axis.low + static_cast<double>(band) / kBandsPerOctave);
}

// Few calls must be seen beside many: the shade goes with the logarithm.
std::size_t shade_of(std::uint64_t count, std::uint64_t most) {
  if (most <= 1) return kShades - 1;
  const double part = std::log(static_cast<double>(count)) / std::log(static_cast<double>(most));
  return std::min(static_cast<std::size_t>(part * kShades), kShades - 1);
}

}  // namespace

std::string heat_map(const Report& report) {
  if (report.history == nullptr) return "";  // the charts over time have said so
  const auto points = points_over_time(*report.history, "", "", kMostColumns);
  SpanAxis axis;
  for (const TimePoint& point : points) axis.cover(point.latency);
  if (axis.empty()) return "";
  std::vector<std::vector<std::uint64_t>> columns;
  std::uint64_t most = 0;
  for (const TimePoint& point : points) {
    columns.push_back(bands_of(point, axis));
    most = std::max(most, *std::max_element(columns.back().begin(), columns.back().end()));
  }
  const std::size_t bands = columns.front().size();
  const double height = static_cast<double>(bands) * kBand;
  const double column = (kMapWidth - kLeft) / static_cast<double>(points.size());
  std::vector<std::string> paths(kShades);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (std::size_t b = 0; b < bands; ++b) {
      if (columns[c][b] == 0) continue;
      paths[shade_of(columns[c][b], most)] +=
          fmt::format("M{} {}h{}v{}h-{}z", coordinate(kLeft + static_cast<double>(c) * column),
                      coordinate(kTop + height - static_cast<double>(b + 1) * kBand),
                      coordinate(column), coordinate(kBand), coordinate(column));
    }
  }
  std::string drawing = fmt::format(
      "<div class=wide><svg class=map viewBox=\"0 0 {} {}\" role=img aria-label=\"how long calls "
      "took, over time\">",
      coordinate(kMapWidth), coordinate(kTop + height + kBottom));
  for (std::size_t s = 0; s < kShades; ++s) {
    if (!paths[s].empty()) {
      drawing += fmt::format("<path class=cell fill-opacity=\"{:.2f}\" d=\"{}\"/>",
                             static_cast<double>(s + 1) / kShades, paths[s]);
    }
  }
  for (const Mark& mark : marks_of(axis)) {
    const double part = (std::log2(mark.seconds) - axis.low) / (axis.high - axis.low);
    const double y = kTop + height * (1 - part);
    drawing +=
        fmt::format("<path class=grid d=\"M{} {}H{}\"/><text class=end x=\"{}\" y=\"{}\">{}</text>",
                    coordinate(kLeft), coordinate(y), coordinate(kMapWidth), coordinate(kLeft - 6),
                    coordinate(y + 4), mark.label);
  }
  // Over days a time of day alone says little.
  constexpr std::int64_t kLongS = 36 * 3600;
  const bool dated = points.back().begin_wall_s - points.front().begin_wall_s > kLongS;
  for (std::size_t c = 0; c < points.size(); c += std::max<std::size_t>(points.size() / 8, 1)) {
    const std::string at = format_wall(points[c].begin_wall_s * 1'000'000'000);
    drawing += fmt::format(
        "<text x=\"{}\" y=\"{}\">{}</text>", coordinate(kLeft + static_cast<double>(c) * column),
        coordinate(kTop + height + 17), (dated ? at.substr(5, 5) + " " : "") + at.substr(11, 5));
  }
  drawing += "</svg></div>";
  std::vector<std::string> titles = {"from"};
  for (std::size_t b = 0; b < bands; ++b)
    titles.push_back(format_span(band_low_seconds(axis, b) * 1e9));
  DataTable table("Calls by time and span (each column from its span on)", titles);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::vector<std::string> cells = {
        format_wall(points[c].begin_wall_s * 1'000'000'000).substr(0, 16) + "Z"};
    for (const std::uint64_t count : columns[c])
      cells.push_back(count == 0 ? "" : format_count(count));
    table.row(cells);
  }
  return figure("How long calls took, over time.",
                "All operations that do not wait for their clients. The darker, the more calls; "
                "slow ones are at the top.",
                drawing, table.take());
}

}  // namespace ringside::html
