// Who fails to log in: by address, by account, and who tries many accounts. Counts are of the last
// hour, so slow guessing is seen too. Whether it goes on is judged by its own pace.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"

namespace ringside {

namespace {

// It is over after six times the mean gap between two failures, within these bounds: were it going
// on at random, a gap as long would come once in 400. The alert falls some time later still.
constexpr double kGapsUntilOver = 6;
constexpr double kShortestQuietS = 30;
constexpr double kLongestQuietS = 300;
constexpr std::size_t kNamed = 3;

double seconds_between(std::int64_t from_ns, std::int64_t until_ns) {
  return static_cast<double>(until_ns - from_ns) / 1e9;
}

bool goes_on(const FailedLogins& one, std::int64_t now_wall_ns) {
  const double span_s = std::min(seconds_between(one.since_wall_ns, one.last_wall_ns), 3600.0);
  const double gap_s = span_s / static_cast<double>(std::max<std::uint64_t>(one.hour, 2) - 1);
  const double quiet_s = seconds_between(one.last_wall_ns, now_wall_ns);
  return quiet_s <= std::clamp(kGapsUntilOver * gap_s, kShortestQuietS, kLongestQuietS);
}

}  // namespace

void Readings::sources(const RingView& ring) {
  const auto span_of = [&](const FailedLogins& one) {
    return format_span(static_cast<double>(s_.wall_ns - one.since_wall_ns));
  };
  add_source(ring, "failures_of_source", alerts_.failures_of_source_per_hour, s_.failed_by_address,
             &FailedLogins::hour, [&](const FailedLogins& one) {
               return fmt::format("{} failed to log in {} times within an hour, since {} ago",
                                  format_party(one.party), format_count(one.hour), span_of(one));
             });
  add_source(ring, "failures_of_account", alerts_.failures_of_account_per_hour,
             s_.failed_by_account, &FailedLogins::hour, [&](const FailedLogins& one) {
               return fmt::format(
                   "logins of {} failed {} times within an hour, since {} ago, from about {}",
                   format_party(one.party), format_count(one.hour), span_of(one),
                   one.others == 1 ? "one address" : format_count(one.others) + " addresses");
             });
  add_source(ring, "guessing", alerts_.guessed_accounts_per_hour, s_.failed_by_address,
             &FailedLogins::others, [&](const FailedLogins& one) {
               return fmt::format("{} tried about {} accounts in vain within an hour, since {} ago",
                                  format_party(one.party), format_count(one.others), span_of(one));
             });
}

// The largest that goes on. Without one nothing is over, and all is below.
void Readings::add_source(const RingView& ring, const char* figure, const Levels& levels,
                          const std::vector<FailedLogins>& parties,
                          std::uint64_t FailedLogins::*count,
                          const std::function<std::string(const FailedLogins&)>& words) {
  if (!ring.live()) return;
  const FailedLogins* largest = nullptr;
  bool any = false;
  for (const FailedLogins& one : parties) {
    if (one.ring != ring.name) continue;
    any = true;
    if (!goes_on(one, s_.wall_ns)) continue;
    if (largest == nullptr || one.*count > largest->*count) largest = &one;
  }
  if (!any) return;
  Reading& r = add(AlertType::security_threat, figure, levels, AlertUnit::per_hour);
  r.ring = ring.name;
  r.certain = true;  // each failure counts for itself
  r.value = largest == nullptr ? 0 : static_cast<double>(largest->*count);
  r.text = largest == nullptr ? "nobody goes on failing to log in" : words(*largest);
}

std::string Readings::top_sources(const RingView& ring) const {
  std::vector<const FailedLogins*> latest;
  for (const FailedLogins& one : s_.failed_by_address) {
    if (one.ring == ring.name && one.minute > 0) latest.push_back(&one);
  }
  std::stable_sort(latest.begin(), latest.end(),
                   [](const auto* a, const auto* b) { return a->minute > b->minute; });
  std::string text;
  for (std::size_t i = 0; i < std::min(latest.size(), kNamed); ++i) {
    text += fmt::format("{}{} ({})", i == 0 ? ", most from " : ", ", format_party(latest[i]->party),
                        format_count(latest[i]->minute));
  }
  if (latest.size() > kNamed) text += fmt::format(" and {} others", latest.size() - kNamed);
  return text;
}

}  // namespace ringside
