#include <fmt/format.h>

#include <algorithm>

#include "tools/simulate/regressions.h"
#include "tools/simulate/score.h"

namespace ringside::simulate {
namespace {

std::string minutes_text(double minutes) { return fmt::format("{:.1f}", minutes); }

std::string line_of(const std::string& kind, const std::string& policy,
                    const RegressionScore& score) {
  std::string text = fmt::format("{:<30} {:<10}", kind, policy);
  if (score.changes == 0) {
    text += fmt::format("{:>43}", "");
  } else {
    const bool any = !score.minutes.empty();
    const auto at = [&](double q) {
      return any ? minutes_text(quantile(score.minutes, q)) : std::string("–");
    };
    text += fmt::format(" {:>7} {:>7} {:>6} {:>6} {:>6}     ",
                        fmt::format("{}/{}", score.found, score.changes),
                        fmt::format("{}/{}", score.named, score.changes), at(0.5), at(0.95), at(1));
  }
  return text + fmt::format("{:>9.2f}", score.false_per_month());
}

void check(RegressionTable& table, bool good, const std::string& what) {
  if (good) return;
  table.good = false;
  table.text += "missed: " + what + '\n';
}

void check_row(RegressionTable& table, const RegressionRow& row) {
  const RegressionScore& ours = row.scores[0];
  if (row.goal_false >= 0)
    check(table, ours.false_per_month() <= row.goal_false,
          fmt::format("{}: {:.2f} false regressions per operation and month, goal {}", row.kind,
                      ours.false_per_month(), row.goal_false));
  if (row.goal_minutes > 0) {
    const auto in_time = std::count_if(ours.minutes.begin(), ours.minutes.end(),
                                       [&](double took) { return took <= row.goal_minutes; });
    check(table, static_cast<std::uint64_t>(in_time) == ours.changes,
          fmt::format("{}: {} of {} found within {} min", row.kind, in_time, ours.changes,
                      row.goal_minutes));
  }
  if (row.must_name)
    check(table, ours.named == ours.changes,
          fmt::format("{}: {} of {} named right", row.kind, ours.named, ours.changes));
}

// Nine in ten of those that whoever knows the levels places within a slot.
void check_change_points(RegressionTable& table, const ChangePointRow& row) {
  constexpr double kMostFalse = 1;  // in 1,000 points
  check(table, 10 * row.within_one >= 9 * row.best_within_one,
        fmt::format("{}: {} of {} within one slot, {} possible", row.kind, row.within_one,
                    row.changes, row.best_within_one));
  check(table,
        static_cast<double>(row.false_points) <= kMostFalse * static_cast<double>(row.points) / 1e3,
        fmt::format("{}: {} false change points of {}", row.kind, row.false_points, row.points));
}

}  // namespace

RegressionTable regression_table(const Corpus& corpus, const RegressionReport& report) {
  RegressionTable table;
  table.text = fmt::format(
      "regressions: {} {} seeds, {:.0f} simulated days of 12 operations, {:.0f} s of processor "
      "time\n\n"
      "{:<30} {:<10} {:>7} {:>7} {:>6} {:>6} {:>6}   {}\n"
      "{:<41} {:>7} {:>7} {:>6} {:>6} {:>6}   {}\n",
      corpus.seeds, corpus.held_back ? "held-back" : "tuning", report.simulated_days,
      report.seconds, "change", "policy", "found", "named", "min", "min", "min", "false per oper-",
      "", "", "right", "median", "p95", "max", "ation and month");
  for (const RegressionRow& row : report.rows) {
    for (std::size_t i = 0; i < kRegressionPolicies; ++i) {
      table.text += line_of(i == 0                        ? row.kind
                            : i == 1 && !row.goal.empty() ? "  goal: " + row.goal
                                                          : std::string(),
                            report.policies[i], row.scores[i]) +
                    '\n';
    }
  }
  if (!report.change_points.empty()) {
    table.text += fmt::format("\n{:<41} {:>8} {:>10} {:>14} {:>16}\n", "change points", "found",
                              "within one", "best possible", "false per 1,000");
    for (const ChangePointRow& row : report.change_points) {
      const auto of = [&](std::uint64_t count) {
        return row.changes == 0 ? std::string() : fmt::format("{}/{}", count, row.changes);
      };
      table.text += fmt::format(
          "{:<41} {:>8} {:>10} {:>14} {:>16.2f}\n", row.kind, of(row.found), of(row.within_one),
          of(row.best_within_one),
          1e3 * static_cast<double>(row.false_points) / static_cast<double>(row.points));
    }
  }
  table.text += '\n';
  for (const RegressionRow& row : report.rows) check_row(table, row);
  for (const ChangePointRow& row : report.change_points) check_change_points(table, row);
  if (table.good) table.text += "all goals met\n";
  return table;
}

}  // namespace ringside::simulate
