#include <fmt/core.h>

#include <algorithm>

#include "report/model/format.h"
#include "tools/simulate/output.h"

namespace ringside::simulate {
namespace {

constexpr const char* kPart[] = {"calm: ", "", "only when named: "};
constexpr const char* kWhat[] = {"pending", "raised", "recovering", "resolved"};

std::string clock_text(Ns since_begin) {
  const Ns seconds = since_begin / kSecondNs;
  return fmt::format("{:3}:{:02}:{:02}.{}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     since_begin / (100 * kMillisecond) % 10);
}

struct Entry {
  Ns at;
  std::string text;
};

}  // namespace

std::string trace(const Scenario& scenario, const Config& config) {
  Policies policies = make_policies(config);
  std::vector<Entry> entries;
  for (const Incident& incident : scenario.incidents) {
    entries.push_back({incident.from, "==== trouble begins"});
    entries.push_back({incident.until, "==== trouble ends"});
  }
  const Run run = run_scenario(scenario, config, policies);
  for (std::size_t p = 0; p < policies.size(); ++p) {
    for (const Line& line : run.lines[p]) {
      entries.push_back(
          {line.at - kWorldBegin,
           fmt::format("{} {:<10} {:<9} {:<10} {} {}: {} [{}]", format_time_of_day(line.wall),
                       policies[p]->name(), ringside::name_of(line.level),
                       kWhat[static_cast<std::size_t>(line.what)], ringside::name_of(line.alert),
                       line.operation.empty() ? "-" : line.operation, escape_visible(line.text),
                       line.group)});
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.at < b.at; });
  std::string out =
      fmt::format("{}, seed {}: {:.1f} h from {}\n", scenario.kind, scenario.seed,
                  seconds_of(scenario.length) / 3600, format_wall(scenario.begin_wall));
  for (const Entry& entry : entries)
    out += fmt::format("{}  {}\n", clock_text(entry.at), entry.text);
  return out;
}

std::string list_kinds() {
  std::string out;
  for (const ScenarioKind& kind : scenario_kinds())
    out += fmt::format("  {:<22} {}{}\n", kind.name, kPart[static_cast<std::size_t>(kind.part)],
                       kind.what);
  return out;
}

}  // namespace ringside::simulate
