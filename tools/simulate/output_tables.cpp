#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "report/model/format.h"
#include "tools/simulate/output.h"

namespace ringside::simulate {
namespace {

struct Column {
  std::string title;
  std::vector<std::string> cells;
};

std::string laid_out(const std::vector<Column>& columns) {
  std::string out;
  const std::size_t rows = columns.front().cells.size();
  for (std::size_t row = 0; row <= rows; ++row) {
    out += "  ";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& column = columns[i];
      std::size_t width = column.title.size();
      for (const std::string& cell : column.cells) width = std::max(width, cell.size());
      const std::string& cell = row == 0 ? column.title : column.cells[row - 1];
      out += i == 0 ? fmt::format("{:<{}}", cell, width) : fmt::format("  {:>{}}", cell, width);
    }
    while (out.back() == ' ') out.pop_back();
    out += '\n';
  }
  return out;
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }
std::string seconds(double s) { return fmt::format("{:.0f} s", s); }

std::vector<double> detect_times(const Score& score, bool only_hard) {
  std::vector<double> times;
  for (const IncidentScore& incident : score.incidents) {
    if (incident.found && (incident.hard || !only_hard)) times.push_back(incident.detect_s);
  }
  return times;
}

// What the data allow begins with the first tick.
std::vector<double> after_first_tick(const Score& score) {
  std::vector<double> times;
  for (const IncidentScore& incident : score.incidents) {
    if (incident.found && incident.hard) times.push_back(incident.after_tick_s);
  }
  return times;
}

std::vector<double> reset_times(const Score& score) {
  std::vector<double> times;
  for (const IncidentScore& incident : score.incidents) {
    if (incident.found && incident.reset_s) times.push_back(*incident.reset_s);
  }
  return times;
}

std::vector<double> line_counts(const Score& score) {
  std::vector<double> counts;
  for (const IncidentScore& incident : score.incidents)
    counts.push_back(static_cast<double>(incident.lines));
  return counts;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::string three(const std::vector<double>& times) {
  if (times.empty()) return "-";
  return fmt::format("{:.0f} / {:.0f} / {:.0f} s", quantile(times, 0.5), quantile(times, 0.95),
                     quantile(times, 1));
}

std::uint64_t not_reset(const Score& score) {
  return static_cast<std::uint64_t>(
      std::count_if(score.incidents.begin(), score.incidents.end(),
                    [](const IncidentScore& i) { return i.found && !i.reset_s; }));
}

std::string levels(const Score& score) {
  std::array<std::uint64_t, kAlertLevels> count{};
  for (const IncidentScore& incident : score.incidents) {
    if (incident.found) ++count[static_cast<std::size_t>(incident.level)];
  }
  return fmt::format("{} / {} / {} / {}", count[0], count[1], count[2], count[3]);
}

std::string side_by_side(const CorpusReport& report) {
  std::vector<Column> columns(1);
  columns[0].cells = {"incidents found",
                      "precision",
                      "cause named right, of those found",
                      "time to detect: median / p95 / max",
                      "  of hard ones",
                      "  of these, after the first tick",
                      "time to reset: median / p95 / max",
                      "  never reset",
                      "lines per incident: mean / max",
                      "level reached: info / warning / critical / emergency",
                      "  at least what it should",
                      "false alarms per calm day",
                      "lines per calm day"};
  for (std::size_t p = 0; p < report.policies.size(); ++p) {
    const Score& score = report.scores[p];
    const std::vector<double> lines = line_counts(score);
    Column column;
    column.title = report.policies[p];
    column.cells = {
        percent(score.recall()),
        percent(score.precision()),
        percent(score.cause_right()),
        three(detect_times(score, false)),
        three(detect_times(score, true)),
        three(after_first_tick(score)),
        three(reset_times(score)),
        std::to_string(not_reset(score)),
        fmt::format("{:.1f} / {:.0f}", mean(lines), quantile(lines, 1)),
        levels(score),
        percent(score.level_right()),
        score.calm_days > 0 ? fmt::format("{:.2f}", score.false_per_calm_day()) : "-",
        score.calm_days > 0
            ? fmt::format("{:.1f}", static_cast<double>(score.calm_lines) / score.calm_days)
            : "-"};
    columns.push_back(std::move(column));
  }
  return laid_out(columns);
}

// What most incidents were named, and how many other names there were.
std::string most_named(const Score& score) {
  std::map<std::string, int> times;
  for (const IncidentScore& incident : score.incidents) {
    if (!incident.found) continue;
    ++times[std::string(ringside::name_of(incident.named)) +
            (incident.named_operation.empty() ? "" : " " + incident.named_operation)];
  }
  if (times.empty()) return "-";
  const auto most = std::max_element(
      times.begin(), times.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return times.size() == 1 ? most->first
                           : fmt::format("{}, {} more", most->first, times.size() - 1);
}

// One policy, a row for each kind.
std::string by_kind(const Score& score) {
  std::map<std::string, Score> kinds;
  std::vector<std::string> order;
  for (const IncidentScore& incident : score.incidents) {
    if (!kinds.contains(incident.kind)) order.push_back(incident.kind);
    kinds[incident.kind].incidents.push_back(incident);
  }
  std::vector<Column> columns = {{"kind", {}},   {"found", {}}, {"cause", {}}, {"level", {}},
                                 {"detect", {}}, {"reset", {}}, {"lines", {}}, {"named", {}}};
  for (const std::string& name : order) {
    const Score& kind = kinds[name];
    const auto count = kind.incidents.size();
    const auto of = [&](auto predicate) {
      return fmt::format(
          "{}/{}", std::count_if(kind.incidents.begin(), kind.incidents.end(), predicate), count);
    };
    const std::string names = most_named(kind);
    const std::vector<double> detect = detect_times(kind, false);
    const std::vector<double> reset = reset_times(kind);
    columns[0].cells.push_back(name);
    columns[1].cells.push_back(of([](const IncidentScore& i) { return i.found; }));
    columns[2].cells.push_back(of([](const IncidentScore& i) { return i.cause_right; }));
    columns[3].cells.push_back(of([](const IncidentScore& i) { return i.level_right; }));
    columns[4].cells.push_back(detect.empty() ? "-" : seconds(quantile(detect, 1)));
    columns[5].cells.push_back(reset.empty() ? "-" : seconds(quantile(reset, 1)));
    columns[6].cells.push_back(fmt::format("{:.0f}", quantile(line_counts(kind), 1)));
    columns[7].cells.push_back(names);
  }
  return laid_out(columns);
}

std::string false_alarms(const Score& score) {
  std::string out;
  for (const auto& [name, count] : score.false_by_name)
    out += fmt::format("  {:>5}  {}\n", count, name);
  return out.empty() ? "  none\n" : out;
}

std::string growth(const CorpusReport& report) {
  std::vector<Column> columns = {{"scenario", {}},          {"seed", {}},     {"days", {}},
                                 {"metrics, day 1", {}},    {"last day", {}}, {"at most", {}},
                                 {"state file, day 1", {}}, {"last day", {}}, {"at most", {}}};
  for (const Growth& one : report.growths) {
    Held most;
    for (const Held& day : one.days) {
      most.metrics_bytes = std::max(most.metrics_bytes, day.metrics_bytes);
      most.state_bytes = std::max(most.state_bytes, day.state_bytes);
    }
    const std::string cells[] = {one.kind,
                                 std::to_string(one.seed),
                                 std::to_string(one.days.size()),
                                 format_bytes(one.days.front().metrics_bytes),
                                 format_bytes(one.days.back().metrics_bytes),
                                 format_bytes(most.metrics_bytes),
                                 format_bytes(one.days.front().state_bytes),
                                 format_bytes(one.days.back().state_bytes),
                                 format_bytes(most.state_bytes)};
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].cells.push_back(cells[i]);
  }
  return laid_out(columns);
}

std::string costs(const CorpusReport& report) {
  const Cost& cost = report.cost;
  const auto ticks = static_cast<double>(std::max<std::uint64_t>(cost.ticks, 1));
  std::string out = fmt::format(
      "  {:.1f} simulated days, {} ticks, {} requests in {:.1f} s of processor time: {:.0f} times "
      "as fast as real time\n"
      "  a tick: {:.3f} ms (world {:.3f}, snapshot {:.3f}",
      cost.simulated_s / 86400, cost.ticks, cost.requests, cost.total_s(),
      cost.total_s() > 0 ? cost.simulated_s / cost.total_s() : 0, cost.total_s() / ticks * 1e3,
      cost.world_s / ticks * 1e3, cost.snapshot_s / ticks * 1e3);
  for (std::size_t i = 0; i < cost.policy_s.size(); ++i)
    out += fmt::format(", {} {:.3f}", report.policies[i], cost.policy_s[i] / ticks * 1e3);
  const auto looks = static_cast<double>(std::max<std::uint64_t>(cost.looks, 1));
  return out + fmt::format(")\n  a look for emergencies: {:.4f} ms, {} of them\n",
                           cost.look_s / looks * 1e3, cost.looks);
}

}  // namespace

std::string tables(const Corpus& corpus, const CorpusReport& report) {
  std::string out = fmt::format(
      "{} scenarios, {} incidents of {} kinds, {:.1f} calm days; seeds {} to {}, {}\n\n",
      report.scenarios, report.scores.front().incidents.size(), report.kinds,
      report.scores.front().calm_days, scenario_seed(corpus, 0),
      scenario_seed(corpus, corpus.seeds - 1),
      corpus.held_back ? "those that are held back (odd)" : "those for tuning (even)");
  out += side_by_side(report);
  for (std::size_t p = 0; p < report.policies.size(); ++p) {
    if (!report.scores[p].incidents.empty())
      out += fmt::format("\n{}, by kind (the worst of each)\n{}", report.policies[p],
                         by_kind(report.scores[p]));
  }
  out += fmt::format("\nFalse alarms of {}\n{}", report.policies.front(),
                     false_alarms(report.scores.front()));
  if (!report.growths.empty()) out += "\nWhat the daemon holds\n" + growth(report);
  out += "\nCost\n" + costs(report);
  return out;
}

}  // namespace ringside::simulate
