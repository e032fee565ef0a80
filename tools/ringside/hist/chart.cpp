#include "tools/ringside/hist/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "report/model/format.h"
#include "report/render/table.h"

namespace ringside::tool {

namespace {

constexpr std::string_view kChartPlain = "\x1b[0m";
constexpr std::string_view kBarColour = "\x1b[36m";
constexpr std::string_view kMarkColour = "\x1b[33m";
constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
constexpr std::string_view kLevels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

// At most eight columns: from two minutes on in one unit.
std::string short_span(double ns) {
  constexpr double kMinute = 60e9;
  if (ns < 2 * kMinute) return format_span(ns);
  if (ns < 120 * kMinute) return fmt::format("{:.0f} min", ns / kMinute);
  if (ns < 48 * 60 * kMinute) return fmt::format("{:.1f} h", ns / (60 * kMinute));
  return fmt::format("{:.0f} d", ns / (24 * 60 * kMinute));
}

int floor_div(int a, int b) { return a / b - (a % b < 0 ? 1 : 0); }

// Rows of equal width on a logarithmic scale. A row joins `step` buckets, and rows begin where
// step divides an octave, so that they stay where they are while a live chart goes on.
struct Scale {
  int step = 1;
  int first = 0;  // row numbers: bucket b is in row ceil(b / step)
  int last = -1;

  static Scale of(int lowest, int highest, std::size_t most) {
    Scale scale;
    while (true) {
      scale.first = scale.row_of(lowest);
      scale.last = scale.row_of(highest);
      if (scale.count() <= std::max<std::size_t>(most, 1)) return scale;
      scale.step *= 2;
    }
  }
  int row_of(int bucket) const { return floor_div(bucket + step - 1, step); }
  std::size_t count() const { return static_cast<std::size_t>(last - first + 1); }
  double upper(int row) const { return upper_ns(row * step); }
  double lower(int row) const { return upper_ns((row - 1) * step); }
  std::string range(int row) const {
    return pad(short_span(lower(row)), 8, Align::right) + " – " +
           pad(short_span(upper(row)), 8, Align::right);
  }
};

Scale scale_of(const std::vector<const Latencies*>& all, std::size_t most) {
  int lowest = kMaxBucket;
  int highest = kMinBucket;
  for (const Latencies* one : all) {
    if (one->count() == 0) continue;
    lowest = std::min(lowest, bucket_of_ns(one->min_ns()));
    highest = std::max(highest, bucket_of_ns(one->max_ns()));
  }
  return lowest <= highest ? Scale::of(lowest, highest, most) : Scale{};
}

std::vector<std::uint64_t> rows_of(const Latencies& latencies, const Scale& scale) {
  std::vector<std::uint64_t> rows(scale.count());
  for (const Histogram::Bucket& bucket : latencies.histogram().buckets)
    rows[static_cast<std::size_t>(scale.row_of(bucket.index) - scale.first)] += bucket.count;
  return rows;
}

// A bar of at most `columns`; whatever is there is seen.
std::string bar_of(std::uint64_t count, std::uint64_t most, std::size_t columns) {
  if (count == 0 || most == 0) return {};
  const double share = static_cast<double>(count) / static_cast<double>(most);
  const auto eighths = std::max<std::size_t>(
      static_cast<std::size_t>(std::lround(share * static_cast<double>(columns * 8))), 1);
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar.append(kEighths[eighths % 8]);
}

std::string coloured(std::string text, std::string_view colour, bool wanted) {
  if (!wanted || text.empty()) return text;
  return std::string(colour) + text + std::string(kChartPlain);
}

std::string marks_of(const Latencies& latencies, const Scale& scale, int row) {
  std::string marks;
  const auto mark = [&](const char* name, double ns) {
    if (latencies.count() == 0 || scale.row_of(bucket_of_ns(std::llround(ns))) != row) return;
    marks += (marks.empty() ? "" : " ") + std::string(name);
  };
  for (const NamedQuantile& one : kQuantiles) mark(one.name, latencies.quantile_ns(one.q));
  mark("max", static_cast<double>(latencies.max_ns()));
  return marks;
}

std::string line_of(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text + '\n';
}

std::string title(const LatencyGroup& group) {
  std::string text = group.name + ": " + format_count(group.latencies.count()) + " timed";
  if (group.untimed > 0) text += ", " + format_count(group.untimed) + " without a span";
  return text;
}

}  // namespace

std::string quantile_line(const Latencies& latencies) {
  std::string text;
  for (const NamedQuantile& one : kQuantiles)
    text += std::string(one.name) + " " + short_span(latencies.quantile_ns(one.q)) + "  ";
  return text + "max " + short_span(static_cast<double>(latencies.max_ns()));
}

std::string histogram_chart(const LatencyGroup& group, const ChartStyle& style) {
  const Latencies& latencies = group.latencies;
  std::string out = line_of(clip(title(group), style.columns));
  if (latencies.count() == 0) return out;
  out += line_of(clip(quantile_line(latencies), style.columns));
  const Scale scale = scale_of({&latencies}, style.rows > 5 ? style.rows - 4 : 1);
  const std::vector<std::uint64_t> rows = rows_of(latencies, scale);
  const std::uint64_t most = *std::max_element(rows.begin(), rows.end());
  constexpr std::size_t kAround = 19 + 1 + 1 + 9 + 1 + 7 + 2 + 21;  // all but the bar
  const std::size_t columns = style.columns > kAround + 8 ? style.columns - kAround : 8;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int row = scale.first + static_cast<int>(i);
    const std::string bar = bar_of(rows[i], most, columns);
    const double share = static_cast<double>(rows[i]) / static_cast<double>(latencies.count());
    out += line_of(scale.range(row) + " " + coloured(bar, kBarColour, style.colour) +
                   std::string(columns - display_width(bar), ' ') + " " +
                   pad(format_count(rows[i]), 9, Align::right) + " " +
                   pad(format_percent(share), 7, Align::right) + "  " +
                   coloured(clip(marks_of(latencies, scale, row), 21), kMarkColour, style.colour));
  }
  return out;
}

std::string compared_charts(const LatencyGroup& group, const LatencyGroup& other,
                            const ChartStyle& style) {
  std::string out = line_of(clip("A  " + title(group), style.columns));
  out += line_of(clip("B  " + title(other), style.columns));
  const Latencies& a = group.latencies;
  const Latencies& b = other.latencies;
  for (const NamedQuantile& one : kQuantiles) {
    if (one.q == 0.9 || one.q == 0.999) continue;
    const double of_a = a.quantile_ns(one.q);
    const double of_b = b.quantile_ns(one.q);
    std::string difference = "–";
    if (a.count() > 0 && b.count() > 0 && of_b > 0) {
      difference = fmt::format("{:+.1f} %", (of_a / of_b - 1) * 100) + ", " +
                   (of_a < of_b ? "-" : "+") + short_span(std::abs(of_a - of_b));
    }
    out += line_of(pad(one.name, 4) + " A " + pad(short_span(of_a), 9, Align::right) + "   B " +
                   pad(short_span(of_b), 9, Align::right) + "   A against B: " + difference);
  }
  const Scale scale = scale_of({&a, &b}, style.rows > 8 ? style.rows - 6 : 1);
  if (scale.count() == 0) return out;
  const std::vector<std::uint64_t> rows[] = {rows_of(a, scale), rows_of(b, scale)};
  // Shares, not counts: the two may have lasted for different times.
  double most = 0;
  const auto share_of = [&](std::size_t side, std::size_t i) {
    const std::uint64_t count = side == 0 ? a.count() : b.count();
    return count == 0 ? 0.0 : static_cast<double>(rows[side][i]) / static_cast<double>(count);
  };
  for (std::size_t i = 0; i < scale.count(); ++i)
    most = std::max({most, share_of(0, i), share_of(1, i)});
  constexpr std::size_t kAround = 19 + 2 * 11;
  const std::size_t columns = style.columns > kAround + 16 ? (style.columns - kAround) / 2 : 8;
  for (std::size_t i = 0; i < scale.count(); ++i) {
    std::string line = scale.range(scale.first + static_cast<int>(i));
    for (std::size_t side = 0; side < 2; ++side) {
      const double share = share_of(side, i);
      // In millionths of the longest bar.
      const auto length = static_cast<std::uint64_t>(share / most * 1e6);
      const std::string bar =
          bar_of(share > 0 ? std::max<std::uint64_t>(length, 1) : 0, 1'000'000, columns);
      line += std::string(side == 0 ? " A " : " B ") + pad(format_percent(share), 7, Align::right) +
              " " + coloured(bar, side == 0 ? kBarColour : kMarkColour, style.colour) +
              std::string(columns - display_width(bar), ' ');
    }
    out += line_of(line);
  }
  return out;
}

std::string group_table(const std::vector<LatencyGroup>& groups, const ChartStyle& style) {
  std::vector<const LatencyGroup*> sorted;
  std::vector<const Latencies*> all;
  for (const LatencyGroup& group : groups) {
    sorted.push_back(&group);
    all.push_back(&group.latencies);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const LatencyGroup* a, const LatencyGroup* b) {
    return a->latencies.count() > b->latencies.count();
  });
  constexpr std::size_t kName = 18;
  constexpr std::size_t kAround = kName + 9 + 4 * 10 + 2;
  const std::size_t columns = style.columns > kAround ? style.columns - kAround : 8;
  const Scale scale = scale_of(all, columns);
  std::string range;
  if (scale.count() > 0)
    range = short_span(scale.lower(scale.first)) + " – " + short_span(scale.upper(scale.last));
  std::string out =
      line_of(pad("", kName) + pad("count", 9, Align::right) + pad("p50", 10, Align::right) +
              pad("p95", 10, Align::right) + pad("p99", 10, Align::right) +
              pad("max", 10, Align::right) + "  " + clip(range, columns));
  const std::size_t most_lines = style.rows > 4 ? style.rows - 3 : 1;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + 1 == most_lines && sorted.size() > most_lines) {
      out += "and " + std::to_string(sorted.size() - i) + " more\n";
      break;
    }
    const Latencies& one = sorted[i]->latencies;
    std::string levels;
    if (one.count() > 0) {
      const std::vector<std::uint64_t> rows = rows_of(one, scale);
      const std::uint64_t most = *std::max_element(rows.begin(), rows.end());
      for (const std::uint64_t count : rows)
        levels += kLevels[count == 0 ? 0 : std::max<std::uint64_t>(count * 8 / most, 1)];
    }
    const auto cell = [](double ns) { return pad(short_span(ns), 10, Align::right); };
    out += line_of(pad(clip(sorted[i]->name, kName), kName) +
                   pad(format_count(one.count()), 9, Align::right) + cell(one.quantile_ns(0.5)) +
                   cell(one.quantile_ns(0.95)) + cell(one.quantile_ns(0.99)) +
                   cell(static_cast<double>(one.max_ns())) + "  " +
                   coloured(levels, kBarColour, style.colour));
  }
  return out;
}

std::string heatmap(const std::vector<LatencyPoint>& points, const ChartStyle& style) {
  if (points.empty()) return {};
  constexpr std::size_t kLabel = kHeatLabel;
  const std::size_t columns = style.columns > kLabel + 8 ? style.columns - kLabel : 8;
  std::int64_t begin = points.front().wall_ns;
  std::int64_t end = begin;
  int lowest = kMaxBucket;
  int highest = kMinBucket;
  for (const LatencyPoint& point : points) {
    begin = std::min(begin, point.wall_ns);
    end = std::max(end, point.wall_ns);
    lowest = std::min<int>(lowest, point.bucket);
    highest = std::max<int>(highest, point.bucket);
  }
  const Scale scale = Scale::of(lowest, highest, style.rows > 5 ? style.rows - 4 : 1);
  std::vector<std::vector<std::uint64_t>> fields(scale.count(),
                                                 std::vector<std::uint64_t>(columns));
  std::uint64_t most = 1;
  const double span = std::max(static_cast<double>(end) - static_cast<double>(begin), 1.0);
  for (const LatencyPoint& point : points) {
    const double at = (static_cast<double>(point.wall_ns) - static_cast<double>(begin)) / span;
    const auto column =
        std::min(static_cast<std::size_t>(at * static_cast<double>(columns)), columns - 1);
    auto& row = fields[static_cast<std::size_t>(scale.row_of(point.bucket) - scale.first)];
    most = std::max(most, row[column] += point.count);
  }
  // Dark blue over red to light yellow, of the 256.
  constexpr std::array<int, 10> kHeat = {0, 17, 19, 55, 91, 127, 161, 202, 214, 229};
  constexpr std::string_view kRamp = " .:-=+*#%@";
  std::string out;
  for (std::size_t i = scale.count(); i-- > 0;) {
    std::string line =
        pad(short_span(scale.upper(scale.first + static_cast<int>(i))), kLabel - 1, Align::right) +
        " ";
    for (const std::uint64_t count : fields[i]) {
      // By the logarithm: one call is seen beside a thousand.
      const auto shade = static_cast<std::size_t>(
          count == 0 ? 0.0
                     : 1 + 8 * std::log(static_cast<double>(count)) /
                               std::max(std::log(static_cast<double>(most)), 1.0));
      const std::size_t level = std::min<std::size_t>(shade, 9);
      line += style.colour && level > 0 ? fmt::format("\x1b[48;5;{}m \x1b[0m", kHeat[level])
                                        : std::string(1, kRamp[level]);
    }
    out += line_of(line);
  }
  const std::string from = format_time_of_day(begin);
  const std::string to = format_time_of_day(end) + " UTC";
  const std::size_t between =
      columns > from.size() + to.size() ? columns - from.size() - to.size() : 1;
  return out + std::string(kLabel, ' ') + from + std::string(between, ' ') + to + "\n";
}

}  // namespace ringside::tool
