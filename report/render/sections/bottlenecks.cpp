#include <fmt/format.h>

#include <algorithm>

#include "report/analysis/shares.h"
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

// "database 98 %, queue 1 %": the few that take most.
template <class Share>
std::string most_of(const StageProfile& profile, std::size_t few, Share share_of_stage) {
  std::vector<const StageProfile::Stage*> stages;
  for (const StageProfile::Stage& stage : profile.stages) stages.push_back(&stage);
  std::stable_sort(stages.begin(), stages.end(), [&](const auto* a, const auto* b) {
    return share_of_stage(*a) > share_of_stage(*b);
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(stages.size(), few); ++i) {
    if (share_of_stage(*stages[i]) <= 0) break;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", escape_visible(stages[i]->name),
                        format_percent(share_of_stage(*stages[i])));
  }
  return text.empty() ? "no stage" : text;
}

void write_profiles(const Section& section) {
  const auto& profiles = section.analysis.bottlenecks.profiles;
  if (profiles.empty()) return;
  section.page.subheading("At the median and in the tail, of the last records");
  section.page.sentence(
      "median: the mean of the middle fifth; tail: the mean of the slowest tenth; and the stages "
      "that take most of each.");
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"n"},
                                     {"median", Align::span},
                                     {"goes to", Align::left},
                                     {"tail", Align::span},
                                     {"goes to", Align::prose}});
  for (const StageProfile& profile : profiles) {
    table.row(profile.ring,
              {escape_visible(profile.operation), format_count(profile.records),
               format_span(profile.median_ns),
               most_of(profile, 1, [](const auto& stage) { return stage.median_share; }),
               format_span(profile.tail_ns),
               most_of(profile, 2, [](const auto& stage) { return stage.tail_share; })});
  }
  section.page.table(table.table());
}

void write_felt(const Section& section) {
  const auto& felt = section.analysis.bottlenecks.felt;
  if (felt.empty()) return;
  const bool from_arrival = felt.back().from_arrival;
  section.page.subheading("What clients felt, and what of it the server worked, on average");
  if (!from_arrival) {
    section.page.sentence(
        "No operation marks a stage queue, so the time before a thread picks a call up is not "
        "known.");
  }
  std::vector<Column> columns = {{"operation", Align::left}, {"felt", Align::span}};
  if (from_arrival) {
    columns.insert(columns.end(), {{"waited", Align::span}, {"server", Align::span}, {"waited %"}});
  }
  columns.push_back({"at once"});
  RingTable table(section.snapshot, std::move(columns));
  for (const FeltTime& one : felt) {
    if (&one == &felt.back()) table.rule();
    std::vector<std::string> cells = {escape_visible(one.operation), format_span(one.felt_ns)};
    const auto cell = [&](const std::string& text) {
      cells.push_back(one.from_arrival ? text : "–");
    };
    if (from_arrival) {
      cell(format_span(one.waited_ns));
      cell(format_span(one.felt_ns - one.waited_ns));
      cell(format_percent(share_of(one.waited_ns, one.felt_ns)));
    }
    cells.push_back(format_number(one.at_once));
    table.row(one.ring, std::move(cells));
  }
  section.page.table(table.table());
  section.page.sentence(
      "at once: how many run at the same time, rate times mean time (Little's law).");
}

std::string what_load_does(const LoadEffect& effect) {
  switch (effect.kind) {
    case LoadEffect::Kind::unknown:
      return effect.minutes < kLoadMinutes ? "too few minutes" : "the load hardly changes";
    case LoadEffect::Kind::steady: return "does not rise with the load";
    case LoadEffect::Kind::falls: return "falls with the load";
    case LoadEffect::Kind::rises: break;
  }
  if (effect.stage.empty()) return "rises with the load: it waits for a turn";
  return fmt::format("rises with the load, most in {} ({} to {})", escape_visible(effect.stage),
                     format_span(effect.stage_low_ns), format_span(effect.stage_high_ns));
}

void write_load(const Section& section) {
  section.page.subheading("With the load");
  const auto& load = section.analysis.bottlenecks.load;
  if (load.empty()) {
    section.page.sentence("There is no history of it, so what rises with the load is not known.");
    return;
  }
  section.page.sentence(
      "Mean times in the quarter of the minutes with the least load, and in that with the most, "
      "without incidents. What rises waits for a turn; what does not is slow by itself.");
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"minutes"},
                                     {"calls/s"},
                                     {"to"},
                                     {"mean", Align::span},
                                     {"to", Align::span},
                                     {"corr."},
                                     {"it", Align::prose}});
  for (const LoadEffect& effect : load) {
    const bool known = effect.minutes >= kLoadMinutes;
    const auto cell = [&](const std::string& text) { return known ? text : "–"; };
    table.row(effect.ring,
              {escape_visible(effect.operation), format_count(effect.minutes),
               cell(format_number(effect.low_rate)), cell(format_number(effect.high_rate)),
               cell(format_span(effect.low_ns)), cell(format_span(effect.high_ns)),
               cell(fmt::format("{:.2f}", effect.correlation)), what_load_does(effect)});
  }
  section.page.table(table.table());
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
    section.page.chart(Chart::stages);
  }
  write_waiting(section);
  write_profiles(section);
  write_felt(section);
  if (section.analysis.all.timed > 0) write_load(section);
  if (section.analysis.all.timed + section.analysis.waiting > 0) write_slow(section);
  write_database(section);
  write_resilience(section);
  write_parties(section, "Actors that take the most time", section.snapshot.actors_by_time);
  write_parties(section, "Subjects that take the most time", section.snapshot.subjects_by_time);
}

}  // namespace ringside::detail
