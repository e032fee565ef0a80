// A document as a RecordingPage keeps it, and checks of its tables, cell by cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/render/sections/document.h"
#include "tests/unit/report/recording_page.h"
#include "tests/unit/report/sample.h"

namespace sample {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

// Holds the report from which the document was written.
struct Written {
  explicit Written(const ringside::Snapshot& of, const ringside::Limits& limits = {});

  // All sentences, bullets, subheadings and fields of a section, each as one line.
  std::vector<std::string> prose(std::string_view heading) const;
  bool says(std::string_view heading, std::string_view part) const;

  const ringside::Snapshot snapshot;
  const ringside::Report report;
  RecordingPage page;
};

void check_rows(const Rows& found, const Rows& expected);

std::string span(double ns);
std::string span(std::uint64_t ns);
std::string percent(std::uint64_t part, std::uint64_t whole);
// numbered() has one bucket for each of p50, p90, p95, p99 and p99.9, in this order.
std::string bucket_value(const ringside::WindowStats& stats, std::size_t bucket);

}  // namespace sample
