// What the sections share; internal to report/render/sections.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/analysis/labels.h"
#include "report/model/format.h"
#include "report/render/sections/document.h"

namespace ringside::detail {

// What a section reads, and where it writes.
struct Section {
  Page& page;
  const Snapshot& snapshot;
  const Analysis& analysis;
  const Limits& limits;
  const HistorySpan* history = nullptr;
  const Comparison* comparison = nullptr;

  std::string window() const { return describe_window(snapshot, analysis.window); }
};

// In the order of the report.
void write_verdict(const Section& section);
void write_comparison(const Section& section);  // nothing where there is none
void write_incidents(const Section& section);
void write_operations(const Section& section);
void write_errors(const Section& section);
void write_security(const Section& section);
void write_bottlenecks(const Section& section);
void write_suggestions(const Section& section);
void write_regressions(const Section& section);
void write_trends(const Section& section);
void write_overview(const Section& section);
void write_configuration(const Section& section);

// A quiet night: healthy, no incident, no alert, good data. Then this follows the verdict, and
// nothing else.
bool is_quiet(const Section& section);
void write_quiet(const Section& section);

// Parts of sections that have a file of their own.
void write_data_quality(const Section& section);
void write_database(const Section& section);
void write_resilience(const Section& section);
void write_events(const Section& section, const std::vector<EventFinding>& events);
// A list of actors or subjects; nothing where it is empty.
void write_parties(const Section& section, const char* title, const std::vector<TopEntry>& entries);

// A table whose rows belong to rings. With several rings a column names the ring.
class RingTable {
 public:
  RingTable(const Snapshot& snapshot, std::vector<Column> columns);
  void row(std::string_view ring, std::vector<std::string> cells);
  void rule() { table_.rule(); }
  const Table& table() const { return table_; }
  bool empty() const { return table_.empty(); }

 private:
  bool with_ring_;
  Table table_;
};

// Cells and pieces of sentences. An unknown figure is "–" in a table and "unknown" in a sentence.
std::string span_cell(std::uint64_t ns);
std::string mean_cell(std::uint64_t sum_ns, std::uint64_t count);
std::string percent_cell(std::uint64_t part, std::uint64_t whole);
// "–" where the sample is too small. "≥ 35 h 36 min" where the exact value is unknown.
std::string quantile_cell(const WindowStats& stats, double q);
// A problem in one line: what is the matter, and what to do next.
std::string problem_text(std::string_view problem);
// How long ago. An instant in the future means that the clock was set.
std::string ago(const Snapshot& snapshot, std::int64_t wall_ns);

template <class T, class Format>
std::string known(const std::optional<T>& value, Format format) {
  return value ? format(*value) : "unknown";
}

}  // namespace ringside::detail
