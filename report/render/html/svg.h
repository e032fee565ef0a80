// Parts of inline SVG drawings, and of the data tables behind them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/histogram.h"

namespace ringside::html {

// A coordinate with at most one decimal: drawings have thousands.
std::string coordinate(double value);

// A logarithmic axis of spans, in whole octaves of a second.
struct SpanAxis {
  int low = 0;  // exponents of 2, of seconds
  int high = 1;
  double left = 0;
  double width = 1;

  // Covers all buckets; at least one octave.
  void cover(const Histogram& histogram);
  double at_seconds(double seconds) const;  // held within the axis
  double at_ns(double ns) const { return at_seconds(ns / 1e9); }
  bool empty() const { return !covers_; }

 private:
  bool covers_ = false;
};

// Marks for an axis of spans: powers of ten of a second within it.
struct Mark {
  double seconds;
  std::string label;
};
std::vector<Mark> marks_of(const SpanAxis& axis);

// A table behind a drawing. Figures stand at the right, all but the first `texts` columns.
class DataTable {
 public:
  DataTable(std::string_view summary, const std::vector<std::string>& titles,
            std::size_t texts = 1);
  void row(const std::vector<std::string>& cells);
  std::string take();

 private:
  std::size_t texts_;
  std::string out_;
};

// A figure element: its heading, what it shows, the drawing and the table.
std::string figure(std::string_view title, std::string_view explanation, std::string_view drawing,
                   std::string_view table);
// "5 min"
std::string step_text(std::int64_t seconds);
// Where there is nothing to draw.
std::string note(std::string_view sentence);

}  // namespace ringside::html
