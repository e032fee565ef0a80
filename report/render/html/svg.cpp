#include "report/render/html/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/model/format.h"
#include "report/render/html/html_text.h"

namespace ringside::html {

std::string coordinate(double value) {
  std::string out = fmt::format("{:.1f}", value);
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out;
}

void SpanAxis::cover(const Histogram& histogram) {
  if (histogram.buckets.empty()) return;
  const auto octave = [](int bucket) {
    return static_cast<int>(std::floor(static_cast<double>(bucket) / kBucketsPerOctave));
  };
  const int first = octave(histogram.buckets.front().index - 1);
  const int last = octave(histogram.buckets.back().index - 1) + 1;
  low = covers_ ? std::min(low, first) : first;
  high = covers_ ? std::max(high, last) : last;
  covers_ = true;
}

double SpanAxis::at_seconds(double seconds) const {
  if (seconds <= 0) return left;
  const double part = (std::log2(seconds) - low) / (high - low);
  return left + width * std::clamp(part, 0.0, 1.0);
}

std::vector<Mark> marks_of(const SpanAxis& axis) {
  std::vector<Mark> marks;
  for (int power = -9; power <= 5; ++power) {
    const double seconds = std::pow(10.0, power);
    if (std::log2(seconds) < axis.low || std::log2(seconds) > axis.high) continue;
    std::string label = format_span(seconds * 1e9);
    // "1.00 ms" is exact here.
    const std::size_t zeros = label.find(".00");
    const std::size_t zero = label.find(".0");
    if (zeros != std::string::npos)
      label.erase(zeros, 3);
    else if (zero != std::string::npos)
      label.erase(zero, 2);
    marks.push_back({seconds, label});
  }
  return marks;
}

DataTable::DataTable(std::string_view summary, const std::vector<std::string>& titles,
                     std::size_t texts)
    : texts_(texts) {
  out_ = fmt::format("<details><summary>{}</summary><div class=wide><table><thead><tr>",
                     text(summary));
  for (std::size_t i = 0; i < titles.size(); ++i)
    out_ += fmt::format("<th{}>{}", i < texts_ ? "" : " class=n", text(titles[i]));
  out_ += "</thead><tbody>";
}

void DataTable::row(const std::vector<std::string>& cells) {
  out_ += "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    out_ += (i < texts_ ? "<td>" : "<td class=n>") + text(cells[i]);
}

std::string DataTable::take() { return std::move(out_) + "</table></div></details>\n"; }

std::string figure(std::string_view title, std::string_view explanation, std::string_view drawing,
                   std::string_view table) {
  return fmt::format("<figure><figcaption><b>{}</b> {}</figcaption>\n{}\n{}</figure>\n",
                     text(title), text(explanation), drawing, table);
}

std::string step_text(std::int64_t seconds) {
  return seconds % 3600 == 0 ? fmt::format("{} h", seconds / 3600)
                             : fmt::format("{} min", seconds / 60);
}

std::string note(std::string_view sentence) {
  return fmt::format("<p class=note>{}</p>\n", text(sentence));
}

}  // namespace ringside::html
