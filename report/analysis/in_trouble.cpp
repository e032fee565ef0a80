#include "report/analysis/in_trouble.h"

#include <algorithm>
#include <optional>

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kLongestS = 86'400;

// The first and the last second that count. Nothing: none do.
std::optional<std::pair<std::int64_t, std::int64_t>> counted(const IncidentView& incident) {
  if (incident.cause.alert == AlertType::performance_regression) return std::nullopt;
  const std::int64_t began_s = incident.began_wall_ns / kSecondNs;
  std::int64_t last_s = began_s + kLongestS;
  if (incident.over()) last_s = std::clamp(incident.ended_wall_ns / kSecondNs, began_s, last_s);
  return std::pair{began_s, last_s};
}

}  // namespace

std::set<std::string> in_trouble(const std::vector<IncidentView>& incidents,
                                 std::int64_t begin_wall_s, std::int64_t seconds) {
  std::set<std::string> rings;
  for (const IncidentView& incident : incidents) {
    const auto span = counted(incident);
    if (span && span->first < begin_wall_s + seconds && span->second >= begin_wall_s)
      rings.insert(incident.ring);
  }
  return rings;
}

TroubledSpans::TroubledSpans(const std::vector<IncidentView>& incidents) {
  for (const IncidentView& incident : incidents) {
    if (const auto span = counted(incident)) of_rings_[incident.ring].push_back(*span);
  }
  for (auto& [ring, spans] : of_rings_) {
    std::sort(spans.begin(), spans.end());
    std::size_t last = 0;
    for (std::size_t i = 1; i < spans.size(); ++i) {
      if (spans[i].first <= spans[last].second) {
        spans[last].second = std::max(spans[last].second, spans[i].second);
      } else {
        spans[++last] = spans[i];
      }
    }
    spans.resize(last + 1);
  }
}

bool TroubledSpans::hit_one(const std::string& ring, std::int64_t begin_wall_s,
                            std::int64_t end_wall_s) const {
  const auto of = of_rings_.find(ring);
  if (of == of_rings_.end()) return false;
  // The first that ends in or after that time: those before it are over, those after it begin
  // later.
  const auto first =
      std::partition_point(of->second.begin(), of->second.end(),
                           [&](const auto& span) { return span.second < begin_wall_s; });
  return first != of->second.end() && first->first < end_wall_s;
}

bool TroubledSpans::hit(const std::string& ring, std::int64_t begin_wall_s,
                        std::int64_t seconds) const {
  return hit_one(ring, begin_wall_s, begin_wall_s + seconds) ||
         (!ring.empty() && hit_one({}, begin_wall_s, begin_wall_s + seconds));
}

}  // namespace ringside
