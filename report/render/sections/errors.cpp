#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void say_more(const Section& section, std::size_t all, std::size_t shown) {
  if (all > shown)
    section.page.sentence(fmt::format("… and {} more, in the JSON report.", all - shown));
}

// Of the past there is one window.
void write_past_kinds(const Section& section, std::size_t shown) {
  Table table({{"error", Align::left},
               {"outcome", Align::left},
               {"count"},
               {"last in", Align::left},
               {"most of them on", Align::left}});
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorKind& kind = section.analysis.error_kinds[i];
    table.row({error_label(kind.code, kind.name), name_of(kind.outcome),
               format_count(kind.count[0]), format_wall(kind.last_wall_ns).substr(0, 16) + "Z",
               label_of(section.snapshot, kind.top_operation, kind.top_ring)});
  }
  section.page.table(table);
  say_more(section, section.analysis.error_kinds.size(), shown);
}

void write_kinds(const Section& section, std::size_t shown) {
  if (section.snapshot.is_past()) return write_past_kinds(section, shown);
  Table table({{"error", Align::left},
               {"outcome", Align::left},
               {"1 min"},
               {"5 min"},
               {"1 h"},
               {"since start"},
               {"last"},
               {"most of them on", Align::left}});
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorKind& kind = section.analysis.error_kinds[i];
    table.row({error_label(kind.code, kind.name), name_of(kind.outcome),
               format_count(kind.count[1]), format_count(kind.count[2]),
               format_count(kind.count[3]), format_count(kind.count[0]),
               format_time_of_day(kind.last_wall_ns).substr(0, 8),
               label_of(section.snapshot, kind.top_operation, kind.top_ring)});
  }
  section.page.table(table);
  say_more(section, section.analysis.error_kinds.size(), shown);
}

// Writes each piece of advice once, for all errors that share it.
void write_advice(const Section& section, std::size_t shown) {
  std::vector<std::pair<std::string, std::string>> advice;  // for what, which
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorKind& kind = section.analysis.error_kinds[i];
    const std::string label = error_label(kind.code, kind.name) + (kind.rising ? " (rising)" : "");
    const auto at = std::find_if(advice.begin(), advice.end(),
                                 [&](const auto& one) { return one.second == kind.advice; });
    if (at == advice.end()) {
      advice.emplace_back(label, kind.advice);
    } else {
      at->first += ", " + label;
    }
  }
  for (const auto& [labels, text] : advice) section.page.bullet(labels + ": " + text);
}

void write_by_operation(const Section& section) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"error", Align::left},
                                     {"count"},
                                     {"of its calls"},
                                     {"last"},
                                     {"by", Align::left}});
  const auto& errors = section.analysis.errors;
  const std::size_t shown = std::min(errors.size(), section.limits.errors);
  for (std::size_t i = 0; i < shown; ++i) {
    const ErrorFinding& finding = errors[i];
    table.row(
        finding.error.ring,
        {escape_visible(finding.error.operation),
         error_label(finding.error.code, finding.error.name), format_count(finding.count),
         finding.operations >= kMinClaim ? format_percent(finding.share) : "–",
         section.snapshot.is_past() ? format_wall(finding.error.last_wall_ns).substr(0, 16) + "Z"
                                    : format_wall(finding.error.last_wall_ns),
         format_party(finding.error.last_actor)});
  }
  section.page.subheading("By operation, " + section.window());
  section.page.table(table.table());
  say_more(section, errors.size(), shown);
}

std::vector<TopEntry> with_errors(const std::vector<TopEntry>& entries) {
  std::vector<TopEntry> kept;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(kept),
               [](const TopEntry& entry) { return entry.errors + entry.refused > 0; });
  return kept;
}

}  // namespace

void write_errors(const Section& section) {
  section.page.heading("ERRORS AND WHAT TO DO ABOUT THEM");
  if (section.analysis.errors.empty()) {
    section.page.sentence("None has been seen.");
    return;
  }
  section.page.sentence(
      "Failures (error, timeout) are the server's; refusals (rejected, denied, limited) are earned "
      "by the caller.");
  const std::size_t shown = std::min(section.analysis.error_kinds.size(), section.limits.errors);
  write_kinds(section, shown);
  write_advice(section, shown);
  write_by_operation(section);
  write_parties(section, "Actors with the most errors and refusals",
                with_errors(section.snapshot.actors_by_errors));
  write_parties(section, "Subjects with the most errors and refusals",
                with_errors(section.snapshot.subjects_by_errors));
}

}  // namespace ringside::detail
