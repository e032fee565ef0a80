// What the server's events say of attacks and their defence, and of faults and their repair.
#include <algorithm>
#include <string_view>

#include "report/analysis/analysis.h"
#include "report/model/names.h"

namespace ringside::detail {
namespace {

// The events of one section of the report, as far as the server has ever seen them.
std::vector<EventFinding> collect(const Snapshot& snapshot, Window window, names::Topic topic) {
  std::vector<EventFinding> findings;
  for (const names::EventWord& event : names::kEvents) {
    if (event.topic != topic) continue;
    const SeriesView* series = find_series(snapshot.events, event.name);
    if (series == nullptr || series->window(Window::since_start).count() == 0) continue;
    const WindowStats& stats = series->window(window);
    EventFinding finding;
    finding.name = series->name;
    finding.meaning = event.meaning;
    finding.count = stats.count();
    finding.since_start = series->window(Window::since_start).count();
    finding.sum_ns = stats.sum_ns;
    if (!series->last.empty()) {
      finding.last_wall_ns = series->last.front().start_wall_ns + series->last.front().duration_ns;
      const RecordView& latest = series->last.front();
      finding.last_party = latest.actor.none() ? latest.subject : latest.actor;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

// Servers differ in whether the address acts or is acted on.
const Party* address_of(const RecordView& record) {
  if (record.subject.kind == PartyKind::address) return &record.subject;
  if (record.actor.kind == PartyKind::address) return &record.actor;
  return nullptr;
}

std::uint64_t count_after(const SeriesView* series, const Party& address, std::int64_t after_ns, std::int64_t until_ns) {
  if (series == nullptr) return 0;
  return static_cast<std::uint64_t>(std::count_if(series->last.begin(), series->last.end(), [&](const RecordView& record) {
    const Party* party = address_of(record);
    return party != nullptr && *party == address && record.start_wall_ns > after_ns && record.start_wall_ns < until_ns;
  }));
}

// The latest block of an address lasts until now, an earlier one until the next of the same address.
void find_blocks(const Snapshot& snapshot, SecuritySummary& security) {
  const SeriesView* blocks = find_series(snapshot.events, names::kIpBlock);
  if (blocks == nullptr) return;
  const SeriesView* turned_away = find_series(snapshot.events, names::kBlockedAttempt);
  const SeriesView* failed = find_series(snapshot.events, names::kLoginFailed);
  const SeriesView* rejected = find_series(snapshot.events, names::kTokenRejected);
  for (std::size_t i = 0; i < blocks->last.size(); ++i) {
    const RecordView& block = blocks->last[i];
    const Party* address = address_of(block);
    if (address == nullptr) continue;
    std::int64_t until_ns = INT64_MAX;
    for (std::size_t later = 0; later < i; ++later) {
      const Party* other = address_of(blocks->last[later]);
      if (other != nullptr && *other == *address) until_ns = blocks->last[later].start_wall_ns;
    }
    BlockEffect effect;
    effect.address = *address;
    effect.blocked_wall_ns = block.start_wall_ns;
    effect.attempts_before = block.value > 0 ? static_cast<std::uint64_t>(block.value) : 0;
    effect.turned_away = count_after(turned_away, *address, block.start_wall_ns, until_ns);
    effect.got_through = count_after(failed, *address, block.start_wall_ns, until_ns) +
                         count_after(rejected, *address, block.start_wall_ns, until_ns);
    security.blocks.push_back(std::move(effect));
  }
}

void find_breaker(const Snapshot& snapshot, ResilienceSummary& resilience) {
  const SeriesView* breaker = find_series(snapshot.events, names::kBreaker);
  if (breaker == nullptr || breaker->last.empty()) return;
  const RecordView& latest = breaker->last.front();
  resilience.breaker_state = breaker_state_from(latest.value);
  if (!resilience.breaker_state) return;
  resilience.breaker_since_wall_ns = latest.start_wall_ns + latest.duration_ns;
  // A record's span is the time in the state that it left, which is the state that the record before it entered.
  for (std::size_t i = 0; i + 1 < breaker->last.size(); ++i) {
    const auto left = breaker_state_from(breaker->last[i + 1].value);
    if (!left || breaker->last[i].duration_ns < 0) continue;
    resilience.time_in_ns[static_cast<std::size_t>(*left)] += static_cast<std::uint64_t>(breaker->last[i].duration_ns);
    ++resilience.breaker_moves;
  }
}

}  // namespace

void find_security(const Snapshot& snapshot, Analysis& analysis) {
  SecuritySummary& security = analysis.security;
  security.events = collect(snapshot, analysis.window, names::Topic::security);
  if (const SeriesView* limit = find_series(snapshot.events, names::kRateLimit)) {
    const WindowStats& stats = limit->window(analysis.window);
    security.rate_limited = stats.outcomes[5];
    security.rate_allowed = stats.count() - std::min(stats.count(), security.rate_limited);
  }
  if (const SeriesView* audit = find_series(snapshot.events, names::kAuditWrite)) {
    security.audit_ns = audit->window(analysis.window).sum_ns;
  }
  for (const StageTime& stage : analysis.all.stages) {
    if (stage.name == names::kSecurity) security.stage = stage;
  }
  find_blocks(snapshot, security);
  analysis.resilience.events = collect(snapshot, analysis.window, names::Topic::resilience);
  find_breaker(snapshot, analysis.resilience);
}

}  // namespace ringside::detail
