// Budgets that burn: what each objective's calls were, and how fast that uses up its budget.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/alerts/confidence.h"
#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {
namespace {

Share bad_in(const ObjectiveConfig& objective, const WindowStats& window) {
  if (objective.kind_of() == ObjectiveKind::errors) return {window.errors, window.count()};
  const bool any = window.max_ns > static_cast<std::uint64_t>(objective.response_ns);
  const double seconds = static_cast<double>(objective.response_ns) / 1e9;
  return {any ? window.latency.count_above(seconds) : 0, window.timed};
}

// A count that went down was started anew, so all of it was added.
Share gained(const Share& before, const Share& now) {
  if (now.of < before.of || now.over < before.over) return now;
  return {now.over - before.over, now.of - before.of};
}

std::string window_text(std::size_t slots) {
  const auto ns = static_cast<std::int64_t>(slots) * kSloSlotNs;
  return ns == kHour ? "hour" : ns == kDay ? "day" : write_duration(ns);
}

// A burn of 14.4, of 0.034, of 500.
std::string burn_text(double times) {
  return times >= 100 ? format_count(static_cast<std::uint64_t>(times)) : format_number(times);
}

}  // namespace

void Readings::objectives() {
  std::erase_if(memory_.slo.objectives, [&](const auto& entry) {
    return std::none_of(config_.objectives.begin(), config_.objectives.end(),
                        [&](const ObjectiveConfig& o) {
                          return o.name == entry.first && o.definition() == entry.second.definition;
                        });
  });
  for (const ObjectiveConfig& objective : config_.objectives) {
    const auto [entry, is_new] = memory_.slo.objectives.try_emplace(objective.name);
    if (is_new) {
      entry->second.definition = objective.definition();
      entry->second.ledger = SloLedger(memory_.slo.slot());
    }
    entry->second.ledger.pass(memory_.slo.slot());
    const Share fresh = count_calls(objective, entry->second);
    burn_figure(objective, entry->second.ledger, AlertLevel::critical, "fast", fresh);
    burn_figure(objective, entry->second.ledger, AlertLevel::warning, "slow", fresh);
  }
}

// What came since the last tick. A ring that was not there then has counted nothing that is news.
Share Readings::count_calls(const ObjectiveConfig& objective, SloMemory::Objective& memory) {
  std::vector<SloMemory::Seen> now;
  now.reserve(memory.seen.size());
  Share fresh;
  std::size_t next = 0;
  for (const SeriesView& series : s_.operations) {
    if (!covers(objective, series, config_.thresholds)) continue;
    const Share calls = bad_in(objective, series.window(Window::since_start));
    now.push_back({series.ring, series.name, calls});
    const auto is_it = [&](const SloMemory::Seen& seen) {
      return seen.operation == series.name && seen.ring == series.ring;
    };
    // The order is nearly always that of the last tick.
    if (next >= memory.seen.size() || !is_it(memory.seen[next])) {
      const auto found = std::find_if(memory.seen.begin(), memory.seen.end(), is_it);
      next = static_cast<std::size_t>(found - memory.seen.begin());
    }
    const bool known_ring =
        std::find(memory.rings.begin(), memory.rings.end(), series.ring) != memory.rings.end();
    const Share before = next < memory.seen.size() ? memory.seen[next].calls : Share{};
    if (known_ring && !memory_.slo.missed) {
      const Share more = gained(before, calls);
      fresh.over += more.over;
      fresh.of += more.of;
    }
    if (next < memory.seen.size()) ++next;
  }
  memory.seen = std::move(now);
  memory.rings.clear();
  for (const RingView& ring : s_.rings) memory.rings.push_back(ring.name);
  memory.ledger.add(fresh);
  return fresh;
}

// The operation that at least half of the last five minutes' bad calls came from. Empty: none is.
std::string Readings::worst_operation(const ObjectiveConfig& objective) const {
  std::uint64_t all = 0;
  std::uint64_t most = 0;
  std::string worst;
  for (const SeriesView& series : s_.operations) {
    if (!covers(objective, series, config_.thresholds)) continue;
    const std::uint64_t bad = bad_in(objective, series.window(Window::five_minutes)).over;
    all += bad;
    if (bad > most) worst = series.name;
    most = std::max(most, bad);
  }
  return 2 * most >= all ? worst : "";
}

void Readings::burn_figure(const ObjectiveConfig& objective, const SloLedger& ledger,
                           AlertLevel level, const char* pace, const Share& fresh) {
  std::vector<Burn> burns;
  for (const BurnRule& rule : burn_rules(objective)) {
    if (rule.level == level) burns.push_back(burn_of(ledger, objective, rule, slot_z_));
  }
  if (burns.empty()) return;
  // The one that is told: the first that is over, or else the nearest to it.
  const auto nearness = [](const Burn& b) { return (b.over ? 1e9 : 0) + b.times / b.rule.factor; };
  const Burn& told =
      *std::max_element(burns.begin(), burns.end(),
                        [&](const Burn& a, const Burn& b) { return nearness(a) < nearness(b); });
  Levels levels;
  levels.bounds[static_cast<std::size_t>(level)] = {told.rule.factor, 0.9 * told.rule.factor};
  Reading& r = add(AlertType::slo_burn, objective.name + '.' + pace, levels, AlertUnit::burn);
  r.ring = objective.ring;
  r.certain = true;  // the windows are long, and what they hold has been judged
  r.judged = true;
  r.text = "none of its rings is live";
  if (!any_live(objective)) return;
  r.value = told.times;
  // Raised only by a call of this tick, so that nothing begins after its cause is over.
  if (told.over && fresh.over > 0) r.reached = level;
  r.below.fill(std::all_of(burns.begin(), burns.end(), [](const Burn& b) { return b.below; }));
  if (told.over) r.suspect = worst_operation(objective);
  const char* bad = objective.kind_of() == ObjectiveKind::errors ? "failed" : "were too slow";
  r.text = fmt::format(
      "{} of {} calls {} in the last {} ({}): {} times what {} % allows, {} of 30 days' budget is "
      "used up",
      format_count(told.calls.over), format_count(told.calls.of), bad,
      window_text(told.rule.long_slots), format_percent(told.calls.value()), burn_text(told.times),
      write_number(objective.target_percent), format_percent(budget_used(ledger, objective)));
}

bool Readings::any_live(const ObjectiveConfig& objective) const {
  return std::any_of(s_.rings.begin(), s_.rings.end(), [&](const RingView& ring) {
    return ring.live() && (objective.ring.empty() || ring.name == objective.ring);
  });
}

}  // namespace ringside
