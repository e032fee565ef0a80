#include "report/analysis/in_trouble.h"

#include <algorithm>

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kLongestS = 86'400;

}  // namespace

std::set<std::string> in_trouble(const std::vector<IncidentView>& incidents,
                                 std::int64_t begin_wall_s, std::int64_t seconds) {
  std::set<std::string> rings;
  for (const IncidentView& incident : incidents) {
    if (incident.cause.alert == AlertType::performance_regression) continue;
    const std::int64_t began_s = incident.began_wall_ns / kSecondNs;
    std::int64_t last_s = began_s + kLongestS;
    if (incident.over()) last_s = std::min(last_s, incident.ended_wall_ns / kSecondNs);
    if (began_s < begin_wall_s + seconds && last_s >= begin_wall_s) rings.insert(incident.ring);
  }
  return rings;
}

}  // namespace ringside
