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
  r.value = static_cast<double>(count);
  r.judged = true;
  r.certain = true;   // each event counts for itself
  const bool fresh = series != nullptr && series->last_5s.count() > 0;
  if (fresh) r.reached = levels.reached(*r.value);
  // The rate of the last 15 s, so that it ends soon after its cause.
  const double now = series != nullptr ? 4 * static_cast<double>(series->last_15s.count()) : 0;
  for (std::size_t i = 0; i < kAlertLevels; ++i)
    r.below[i] = !levels.bounds[i] || std::min(now, *r.value) < levels.bounds[i]->clear;
  r.text = fmt::format("{} {} in the last minute", format_count(count), count == 1 ? one : many);
  if (count > 0 && !series->last.empty()) {
    const RecordView& latest = series->last.front();
    const Party& party = latest.subject.kind == PartyKind::address ? latest.subject : latest.actor;
    if (!party.none()) r.text += ", latest: " + format_party(party);
  }
}

}  // namespace ringside
