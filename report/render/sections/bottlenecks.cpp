#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

// "database 75 % · delivery 18 % · no stage 7 %"
std::string stages_cell(const TimeShare& time) {
  std::string text;
  for (const StageTime& stage : time.stages) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " · ", escape_visible(stage.name),
                        format_percent(stage.share));
  }
  if (time.unmarked > 0)
    text += fmt::format("{}no stage {}", text.empty() ? "" : " · ", format_percent(time.unmarked));
  return text.empty() ? "–" : text;
}

void write_shares(const Section& section) {
  section.page.sentence(fmt::format(
      "Where the time of operations went in {}: the share that each operation took of all, "
      "and of its own time the share of each stage.",
      section.window()));
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"n"},
                                     {"mean", Align::span},
                                     {"of time"},
                                     {"of its own time", Align::prose}});
  const auto add = [&](const TimeShare& time) {
    table.row(time.ring, {escape_visible(time.operation), format_count(time.timed),
                          mean_cell(time.sum_ns, time.timed), format_percent(time.share_of_all),
                          stages_cell(time)});
  };
  std::uint64_t few = 0;
  for (const TimeShare& time : section.analysis.operations) {
    if (time.enough) {
      add(time);
    } else {
      ++few;
    }
  }
  table.rule();
  add(section.analysis.all);
  section.page.table(table.table());
  if (few > 0) {
    section.page.sentence(fmt::format("Not listed: {} with fewer than {} timed calls.",
                                      count_of(few, "operation", "operations"), kMinClaim));
  }
}

void write_waiting(const Section& section) {
  if (section.analysis.waiting == 0) return;
  section.page.sentence(
      fmt::format("Left out, because they wait for their clients: {}.",
                  count_of(section.analysis.waiting, "operation", "operations")));
}

void write_slow(const Section& section) {
  section.page.subheading("Against their thresholds, " + section.window());
  if (section.analysis.slow.empty()) {
    section.page.sentence("No operation went over its response-time threshold.");
    return;
  }
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"threshold", Align::span},
                                     {"over it"},
                                     {"of"},
                                     {"share"},
                                     {"p95", Align::span},
                                     {"max", Align::span}});
  for (const SlowOperation& slow : section.analysis.slow) {
    table.row(slow.ring, {escape_visible(slow.operation), format_span(slow.threshold_ns),
                          format_count(slow.over), format_count(slow.timed),
                          slow.timed >= kMinClaim ? percent_cell(slow.over, slow.timed) : "–",
                          slow.p95_ns ? format_span(*slow.p95_ns) : "–", span_cell(slow.max_ns)});
  }
  section.page.table(table.table());
}

}  // namespace

void write_bottlenecks(const Section& section) {
  section.page.heading("BOTTLENECKS");
  if (section.analysis.all.timed == 0) {
    section.page.sentence(section.analysis.waiting == 0
                              ? "No timed operation was seen."
                              : "No timed operation was seen that takes the server's time.");
  } else {
    write_shares(section);
  }
  write_waiting(section);
  if (section.analysis.all.timed + section.analysis.waiting > 0) write_slow(section);
  write_database(section);
  write_resilience(section);
  write_parties(section, "Actors that take the most time", section.snapshot.actors_by_time);
  write_parties(section, "Subjects that take the most time", section.snapshot.subjects_by_time);
}

}  // namespace ringside::detail
