#include "tests/unit/report/written.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "report/model/format.h"

namespace sample {

using namespace ringside;

Written::Written(const Snapshot& of, const Limits& limits) : snapshot(of), report(snapshot) {
  write_document(page, report, limits);
}

std::vector<std::string> Written::prose(std::string_view heading) const {
  std::vector<std::string> lines;
  for (const RecordingPage::Element& element : page.section(heading)) {
    if (element.kind == "sentence" || element.kind == "bullet" || element.kind == "subheading") {
      lines.push_back(element.texts[0]);
    } else if (element.kind == "field") {
      lines.push_back(element.texts[0] + ": " + element.texts[1]);
    }
  }
  return lines;
}

bool Written::says(std::string_view heading, std::string_view part) const {
  const auto lines = prose(heading);
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

void check_rows(const Rows& found, const Rows& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    REQUIRE(found[i].size() == expected[i].size());
    for (std::size_t c = 0; c < found[i].size(); ++c) CHECK(found[i][c] == expected[i][c]);
  }
}

std::string span(double ns) { return format_span(ns); }
std::string span(std::uint64_t ns) { return format_span(static_cast<double>(ns)); }

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return format_percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string bucket_value(const WindowStats& stats, std::size_t bucket) {
  return span(bucket_middle_seconds(stats.latency.buckets[bucket].index) * 1e9);
}

}  // namespace sample
