#include "daemon/alerts/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "daemon/alerts/confidence.h"
#include "daemon/alerts/evidence.h"
#include "daemon/alerts/explain_rows.h"
#include "daemon/alerts/explain_words.h"
#include "daemon/alerts/slo.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kNameColumns = 20;
constexpr std::size_t kLevelColumns = 17;
// Without a ring nobody knows how many operations there are.
constexpr std::size_t kAssumedOperations = 20;

class Explanation {
 public:
  Explanation(const Config& config, const Snapshot* snapshot, const Normals* normals)
      : config_(config),
        snapshot_(snapshot),
        normals_(normals),
        operations_(snapshot != nullptr && !snapshot->operations.empty()
                        ? snapshot->operations.size()
                        : kAssumedOperations),
        rings_(std::max<std::size_t>(
            snapshot != nullptr ? snapshot->rings.size() : config.rings.size(), 1)),
        tick_z_(tick_z(config, judged_shares(config, operations_, rings_))),
        slot_z_(slot_z(config, judged_shares(config, operations_, rings_))) {}

  std::string text() {
    head();
    const AlertType* before = nullptr;
    for (const ExplainedFigure& figure : explained_figures()) {
      if (before == nullptr || *before != figure.alert)
        out_ += fmt::format("\n{}\n", name_of(figure.alert));
      before = &figure.alert;
      explain_figure(figure);
    }
    return std::move(out_);
  }

 private:
  void say(const std::string& text, std::size_t indent = 4) { out_ += wrapped(text, indent); }

  void head() {
    const AlertConfig& a = config_.alerts;
    const auto ticks = [&](std::uint64_t n) {
      return write_duration(static_cast<std::int64_t>(n) * config_.tick_ns);
    };
    say(fmt::format("False alarms: {} by chance alone, in all alerts together ({}).",
                    write_frequency(a.false_alarms), origin("alerts.false_alarms", config_)),
        0);
    say(fmt::format("Shares of calls are judged by it. For {} operations{} and {} ring{}, every "
                    "{}, each share must be over its limit by {} standard deviations in a tick, "
                    "and by {} over an objective's windows. Where an alert says \"counted\", "
                    "\"measured\" or \"a fact\", chance has no part in it, and this setting does "
                    "not change it.",
                    operations_,
                    snapshot_ != nullptr && !snapshot_->operations.empty()
                        ? ""
                        : " (assumed: no ring can be read now)",
                    rings_, rings_ == 1 ? "" : "s", write_duration(config_.tick_ns),
                    deviations(tick_z_), deviations(slot_z_)),
        2);
    say(fmt::format("Raised: when {} of the last {} ticks are over, the newest among them. A tick "
                    "is {}, so that is {} after the first one at the soonest. What is raised at "
                    "once takes one tick. Emergencies (a server that died or is stuck, an open "
                    "breaker, many lost records) are looked for every {}.",
                    a.raise_ticks, a.of_ticks, write_duration(config_.tick_ns),
                    ticks(a.raise_ticks - 1), write_duration(a.emergency_tick_ns)),
        0);
    say(fmt::format("Over: after {} below the level's clear threshold, or below every level's "
                    "after {} without a call. Without data an alert is held for {}.",
                    write_duration(a.clear_after_ns), "a minute",
                    write_duration(a.hold_without_data_ns)),
        0);
    say("Levels are written as raise/clear: reached at the first and above, left below the "
        "second.",
        0);
  }

  static std::string deviations(double z) { return fmt::format("{:.2f}", z); }

  void explain_figure(const ExplainedFigure& figure) {
    out_ += figure.figure == "*" ? fmt::format("  for {}\n", figure.of)
                                 : fmt::format("  {}, for {}\n", figure.figure, figure.of);
    say(fmt::format("Fires when {}.", figure.when));
    if (figure.by == JudgedBy::objective) return explain_objectives();
    const std::vector<LevelRow> rows = level_rows(figure, config_, snapshot_, normals_);
    if (rows.size() == 1 && !rows[0].levels.any()) {
      say("Switched off: it has no level.");
    } else if (figure.by == JudgedBy::fact || figure.keys[0].empty()) {
      say(fmt::format("{}. {}", levels_named(rows[0].levels), how_judged(figure)));
      return;
    } else {
      table(figure, rows);
    }
    keys(figure);
    if (!rows[0].levels.any()) return;
    if (figure.note != nullptr && !figure.note(config_).empty()) say(figure.note(config_));
    say(how_judged(figure));
    if (figure.by == JudgedBy::share || figure.by == JudgedBy::minute) least_calls(figure, rows);
  }

  static std::string levels_named(const Levels& levels) {
    std::string out;
    for (std::size_t i = 0; i < kAlertLevels; ++i) {
      if (levels.bounds[i]) out += (out.empty() ? "" : ", ") + std::string(kAlertLevelNames[i]);
    }
    return "Level " + out;
  }

  std::string how_judged(const ExplainedFigure& figure) const {
    switch (figure.by) {
      case JudgedBy::fact: return "A fact: raised at once.";
      case JudgedBy::timed: return "Measured: raised at once.";
      case JudgedBy::measure:
        return fmt::format("Measured: raised by {} of {} ticks.", config_.alerts.raise_ticks,
                           config_.alerts.of_ticks);
      case JudgedBy::count:
        return figure.unit == AlertUnit::per_minute
                   ? "Counted: raised at once, by an event of the last 5 s. Over by the rate of "
                     "the last 15 s."
                   : "Counted: raised at once.";
      case JudgedBy::share:
      case JudgedBy::usual:
      case JudgedBy::minute:
        return fmt::format("With confidence: raised by {} of {} ticks.", config_.alerts.raise_ticks,
                           config_.alerts.of_ticks);
      case JudgedBy::objective: break;
    }
    return "";
  }

  // ---- levels

  void table(const ExplainedFigure& figure, const std::vector<LevelRow>& rows) {
    std::string head(4 + kNameColumns, ' ');
    const Levels& all = rows[0].levels;
    for (std::size_t i = 0; i < kAlertLevels; ++i) {
      if (all.bounds[i]) head += padded(kAlertLevelNames[i], kLevelColumns);
    }
    out_ += without_trailing_spaces(head);
    // What has a name comes first.
    for (std::size_t i = 1; i < rows.size(); ++i) row(figure, rows[i], all);
    row(figure, rows[0], all);
  }
  void row(const ExplainedFigure& figure, const LevelRow& row, const Levels& columns) {
    std::string line = "    " + padded(escape_visible(row.name), kNameColumns);
    for (std::size_t i = 0; row.levels.any() && i < kAlertLevels; ++i) {
      if (!columns.bounds[i]) continue;
      const auto& bounds = row.levels.bounds[i];
      line += padded(
          bounds ? cell(bounds->raise, figure.unit) + "/" + cell(bounds->clear, figure.unit) : "",
          kLevelColumns);
    }
    out_ += without_trailing_spaces(line + row.from);
  }
  // The sentence above the table says what is counted.
  static std::string cell(double value, AlertUnit unit) {
    const bool measured =
        unit == AlertUnit::ms || unit == AlertUnit::percent || unit == AlertUnit::bytes;
    return measured ? format_value(value, unit) : format_number(value);
  }
  static std::string without_trailing_spaces(std::string line) {
    line.resize(line.find_last_not_of(' ') + 1);
    return line + '\n';
  }

  void keys(const ExplainedFigure& figure) {
    std::string text;
    for (const std::string_view key : figure.keys) {
      if (key.empty()) continue;
      text += fmt::format("{}{} ({})", text.empty() ? "From " : ", ", key, origin(key, config_));
    }
    if (!text.empty()) say(text + ".");
  }

  // ---- how many calls it takes

  void least_calls(const ExplainedFigure& figure, const std::vector<LevelRow>& rows) {
    const bool latency = figure.unit == AlertUnit::ms;  // its p95 is over
    std::string said;
    for (std::size_t i = 0; i < kAlertLevels; ++i) {
      const auto& bounds = rows[0].levels.bounds[i];
      if (!bounds) continue;
      const double limit = latency ? 0.05 : bounds->raise / 100;
      const std::string least = least_text(limit, tick_z_);
      if (least == said) continue;
      said = least;
      const std::string level = latency ? "Each level" : std::string(kAlertLevelNames[i]);
      say(fmt::format(
          "{} takes, in {}: {}.", level,
          figure.by == JudgedBy::minute ? "the last minute" : "one of 5 s, 15 s, 1 min and 5 min",
          least));
    }
  }
  static std::string least_text(double limit, double z) {
    std::string out;
    std::uint64_t first = 1;
    while (first < 1'000'000 && least_over(first, limit, z).value_or(first + 1) > first) ++first;
    if (first >= 1'000'000) return "more calls than come: it never fires";
    for (const std::uint64_t of : {first, std::uint64_t{20}, std::uint64_t{100},
                                   std::uint64_t{1000}, std::uint64_t{10'000}}) {
      const auto least = least_over(of, limit, z);
      if (!least || (of < first || (of == first && !out.empty()))) continue;
      out += fmt::format("{}{} of {}{}", out.empty() ? "" : ", ", format_count(*least),
                         format_count(of), out.empty() ? (of == 1 ? " call" : " calls") : "");
    }
    return out;
  }

  // ---- objectives

  void explain_objectives() {
    if (config_.objectives.empty()) say("None is configured, so it never fires.");
    for (const ObjectiveConfig& objective : config_.objectives) {
      say(
          fmt::format("{}: of 100 calls {} must be good, over 30 days. Bad is one that {}. {} of "
                      "{} count{}.",
                      objective.name, write_number(objective.target_percent),
                      objective.kind_of() == ObjectiveKind::errors
                          ? "ends with an error or a timeout"
                          : "takes longer than " + write_duration(objective.response_ns),
                      operations_text(objective),
                      objective.ring.empty() ? "all rings" : "ring " + objective.ring,
                      matching_text(objective)));
      for (const BurnRule& rule : burn_rules(objective)) {
        const auto of = [](std::size_t slots) {
          return write_duration(static_cast<std::int64_t>(slots) * kSloSlotNs);
        };
        say(fmt::format(
                "{}{}, raised at once: {} of the calls are bad over {} and over {}{}.",
                name_of(rule.level), rule.absolute ? ", whatever the target" : "",
                format_percent(rule.limit(objective)), of(rule.long_slots), of(rule.short_slots),
                rule.absolute ? ""
                              : fmt::format(", {} times what may be", write_number(rule.factor))),
            6);
        say(fmt::format("At the least {} bad calls: {}.", objective.least_bad,
                        least_bad_text(rule.limit(objective), objective.least_bad)),
            8);
      }
      for (const BurnRule& rule : kBurnRules) {
        if (can_fire(rule, objective)) continue;
        say(fmt::format("A burn of {} would be {} of the calls. It can't be, so the limit whatever "
                        "the target stands in for it.",
                        write_number(rule.factor),
                        format_number(rule.limit(objective) * 100) + " %"),
            6);
      }
    }
  }
  std::string operations_text(const ObjectiveConfig& objective) const {
    if (objective.operations.empty()) return "All operations that don't wait for their client";
    std::string out;
    for (const std::string& pattern : objective.operations)
      out += (out.empty() ? "" : ", ") + escape_visible(pattern);
    return out;
  }
  std::string matching_text(const ObjectiveConfig& objective) const {
    if (snapshot_ == nullptr || snapshot_->operations.empty()) return "";
    const auto count = std::count_if(
        snapshot_->operations.begin(), snapshot_->operations.end(),
        [&](const SeriesView& series) { return covers(objective, series, config_.thresholds); });
    return fmt::format(", at present {}", count);
  }
  std::string least_bad_text(double limit, std::uint64_t least_bad) const {
    std::string out;
    for (const std::uint64_t of : {std::uint64_t{20}, std::uint64_t{100}, std::uint64_t{1000},
                                   std::uint64_t{10'000}, std::uint64_t{100'000}}) {
      const auto least = least_over(of, limit, slot_z_);
      if (!least || std::max(*least, least_bad) > of) continue;
      out += fmt::format("{}{} of {}", out.empty() ? "" : ", ",
                         format_count(std::max(*least, least_bad)), format_count(of));
    }
    return out.empty() ? "of more than 100,000 calls" : out;
  }

  const Config& config_;
  const Snapshot* snapshot_;
  const Normals* normals_;
  const std::size_t operations_, rings_;
  const double tick_z_, slot_z_;
  std::string out_;
};

}  // namespace

std::optional<std::uint64_t> least_over(std::uint64_t of, double limit, double z) {
  const auto over = [&](std::uint64_t k) {
    return Share{k, of}.value() >= limit && wilson_low({k, of}, z) >= limit;
  };
  if (of == 0 || !over(of)) return std::nullopt;
  std::uint64_t none = 0;  // the interval's end grows with k
  std::uint64_t some = of;
  while (some - none > 1) {
    const std::uint64_t middle = none + (some - none) / 2;
    (over(middle) ? some : none) = middle;
  }
  return some;
}

std::string explain(const Config& config, const Snapshot* snapshot, const Normals* normals) {
  return Explanation(config, snapshot, normals).text();
}

}  // namespace ringside
