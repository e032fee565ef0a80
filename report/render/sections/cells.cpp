#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {

RingTable::RingTable(const Snapshot& snapshot, std::vector<Column> columns)
    : with_ring_(has_several_rings(snapshot)), table_([&] {
        if (with_ring_) columns.insert(columns.begin() + 1, Column{"ring", Align::left});
        return Table(std::move(columns));
      }()) {}

void RingTable::row(std::string_view ring, std::vector<std::string> cells) {
  if (with_ring_) cells.insert(cells.begin() + 1, escape_visible(ring));
  table_.row(std::move(cells));
}

std::string span_cell(std::uint64_t ns) { return format_span(static_cast<double>(ns)); }

std::string mean_cell(std::uint64_t sum_ns, std::uint64_t count) {
  return count == 0 ? "–" : format_span(static_cast<double>(sum_ns) / static_cast<double>(count));
}

std::string percent_cell(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "–" : format_percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string quantile_cell(const WindowStats& stats, double q) {
  const auto ns = quantile_ns(stats, q);
  if (!ns) return "–";
  return (stats.quantile_past_end(q) ? "≥ " : "") + format_span(*ns);
}

std::string problem_text(std::string_view problem) {
  constexpr std::string_view kNext = "\n  next: ";
  const std::size_t next = problem.rfind(kNext);
  if (next == std::string_view::npos) return escape_visible(problem);
  return escape_visible(problem.substr(0, next)) +
         "; next: " + escape_visible(problem.substr(next + kNext.size()));
}

std::string ago(const Snapshot& snapshot, std::int64_t wall_ns) {
  // As doubles, so that garbage does not overflow.
  const double ns = static_cast<double>(snapshot.wall_ns) - static_cast<double>(wall_ns);
  return ns < 0 ? "in the future: the clock was set" : format_span(ns) + " ago";
}

}  // namespace ringside::detail
