// Security: counts of events by the minute.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside {

void Readings::security(const RingView& ring) {
  per_minute(ring, AlertType::security_threat, "failed_logins", names::kLoginFailed,
             alerts_.failed_logins_per_minute, "failed login", "failed logins");
  per_minute(ring, AlertType::security_threat, "rejected_tokens", names::kTokenRejected,
             alerts_.rejected_tokens_per_minute, "rejected token", "rejected tokens");
  per_minute(ring, AlertType::security_threat, "ip_blocks", names::kIpBlock,
             alerts_.ip_blocks_per_minute, "blocked address", "blocked addresses");
  per_minute(ring, AlertType::security_threat, "threats", names::kThreatPattern,
             alerts_.threats_per_minute, "threat pattern", "threat patterns");
  rate_limited(ring);
  blocked(ring);
}

// A server counts what it lets through, too, so only refusals count here.
void Readings::rate_limited(const RingView& ring) {
  const auto limited = [](const WindowStats& window) {
    return window.outcomes[static_cast<std::size_t>(RecordOutcome::limited)];
  };
  const SeriesView* series = event(ring, names::kRateLimit);
  if (!ring.live() || series == nullptr) return;
  Reading& r = add(AlertType::security_threat, "rate_limited", alerts_.rate_limited_per_minute,
                   AlertUnit::per_minute);
  r.ring = ring.name;
  const std::uint64_t count = limited(series->window(Window::minute));
  judge_count(r, count, limited(series->last_5s), limited(series->last_15s));
  r.text = fmt::format("{} {} refused for their rate in the last minute", format_count(count),
                       count == 1 ? "call was" : "calls were");
  r.text += latest_of(*series);
}

void Readings::blocked(const RingView& ring) {
  const SeriesView* series = event(ring, names::kBlockedAttempt);
  if (!ring.live() || series == nullptr) return;
  Reading& r = add(AlertType::security_threat, "blocked_source",
                   alerts_.blocked_attempts_per_minute, AlertUnit::per_minute);
  r.ring = ring.name;
  const std::uint64_t count = series->window(Window::minute).count();
  judge_count(r, count, series->last_5s.count(), series->last_15s.count());
  r.text = fmt::format("blocked addresses came {} times in the last minute", format_count(count));
  const BlockView* most = nullptr;
  std::uint64_t got_through = 0;
  for (const BlockView& block : s_.blocks) {
    if (block.ring != ring.name) continue;
    got_through += block.got_through;
    if (most == nullptr || block.turned_away > most->turned_away) most = &block;
  }
  if (most == nullptr) return;
  r.text += fmt::format(", most often {} ({} turned away since its block)",
                        format_party(most->address), format_count(most->turned_away));
  if (got_through > 0)
    r.text += fmt::format("; {} got through all the same", format_count(got_through));
}

// Counts begin with one in the last 5 s, and end by the rate of the last 15 s, so soon after their
// cause.
void Readings::judge_count(Reading& r, std::uint64_t minute, std::uint64_t last_5s,
                           std::uint64_t last_15s) {
  r.value = static_cast<double>(minute);
  r.judged = true;
  r.certain = true;  // each event counts for itself
  if (last_5s > 0) r.reached = r.levels.reached(*r.value);
  const double now = 4 * static_cast<double>(last_15s);
  for (std::size_t i = 0; i < kAlertLevels; ++i)
    r.below[i] = !r.levels.bounds[i] || std::min(now, *r.value) < r.levels.bounds[i]->clear;
}

// Whom the latest event was about.
std::string Readings::latest_of(const SeriesView& series) {
  if (series.last.empty()) return "";
  const RecordView& latest = series.last.front();
  const Party& party = latest.subject.kind == PartyKind::address ? latest.subject : latest.actor;
  return party.none() ? "" : ", latest: " + format_party(party);
}

void Readings::per_minute(const RingView& ring, AlertType alert, const char* figure,
                          std::string_view name, const Levels& levels, const char* one,
                          const char* many) {
  Reading& r = add(alert, figure, levels, AlertUnit::per_minute);
  r.ring = ring.name;
  r.text = "the ring is not live";
  if (!ring.live()) return;
  const SeriesView* series = event(ring, name);
  const std::uint64_t count = series != nullptr ? series->window(Window::minute).count() : 0;
  judge_count(r, count, series != nullptr ? series->last_5s.count() : 0,
              series != nullptr ? series->last_15s.count() : 0);
  r.text = fmt::format("{} {} in the last minute", format_count(count), count == 1 ? one : many);
  if (count == 0) return;
  const bool of_logins = name == names::kLoginFailed || name == names::kTokenRejected;
  const std::string top = of_logins ? top_sources(ring) : "";
  r.text += top.empty() ? latest_of(*series) : top;
}

}  // namespace ringside
