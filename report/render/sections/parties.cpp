// Who and what stands out.
#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

// An estimate is marked as one, and its interval follows in the last column.
class Estimates {
 public:
  explicit Estimates(const TopEntry& entry) : entry_(entry) {}

  std::string cell(const char* name, std::uint64_t value, const Interval& in,
                   std::string (*format)(std::uint64_t)) {
    if (!entry_.estimated || in.low == in.high) return format(value);
    between_ += fmt::format("{}{} {} to {}", between_.empty() ? "" : " · ", name, format(in.low),
                            format(in.high));
    return "≈ " + format(value);
  }
  std::string between() const { return between_.empty() ? "exact" : between_; }

 private:
  const TopEntry& entry_;
  std::string between_;
};

}  // namespace

void write_parties(const Section& section, const char* title,
                   const std::vector<TopEntry>& entries) {
  if (entries.empty()) return;
  RingTable table(section.snapshot, {{"who or what", Align::left},
                                     {"operations"},
                                     {"errors"},
                                     {"refused"},
                                     {"time", Align::span},
                                     {"true figures", Align::prose}});
  for (std::size_t i = 0; i < std::min(entries.size(), section.limits.top); ++i) {
    const TopEntry& entry = entries[i];
    Estimates figures(entry);
    std::vector<std::string> cells = {
        format_party(entry.party),
        figures.cell("operations", entry.count, entry.count_in, format_count),
        figures.cell("errors", entry.errors, entry.errors_in, format_count),
        figures.cell("refused", entry.refused, entry.refused_in, format_count),
        figures.cell("time", entry.time_ns, entry.time_in_ns, span_cell)};
    cells.push_back(figures.between());
    table.row(entry.ring, std::move(cells));
  }
  const double seconds = section.snapshot.parties_seconds;
  section.page.subheading(
      seconds > 0 ? fmt::format("{}, over the last {}", title, format_span(seconds * 1e9)) : title);
  section.page.table(table.table());
}

}  // namespace ringside::detail
