#include "daemon/history/sampling_changes.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <utility>

#include "daemon/history/spans.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kMostNamed = 10;

std::string words_of(std::uint32_t one_in) {
  if (one_in == 0) return "none";
  return one_in == 1 ? "every call" : fmt::format("one in {}", one_in);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMostNamed; ++i)
    text += (text.empty() ? "" : ", ") + escape_visible(names[i]);
  if (names.size() > kMostNamed) text += fmt::format(" and {} more", names.size() - kMostNamed);
  return text;
}

}  // namespace

std::string sampling_changes(const Sampling& before, const Sampling& now) {
  using FromTo = std::pair<std::uint32_t, std::uint32_t>;
  std::map<std::string, FromTo> of_each;
  const auto at = [&](const std::string& name) -> FromTo& {
    return of_each.try_emplace(name, 1, 1).first->second;
  };
  for (const SampledView& one : before.sampled) at(one.name).first = one.one_in;
  for (const SampledView& one : now.sampled) at(one.name).second = one.one_in;
  std::map<FromTo, std::vector<std::string>> changes;
  for (const auto& [name, from_to] : of_each) {
    if (from_to.first != from_to.second) changes[from_to].push_back(name);
  }
  std::string text;
  if (before.enabled != now.enabled)
    text = now.enabled ? "tracing is switched on" : "tracing is switched off";
  for (const auto& [from_to, names] : changes) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{}: from {} to {}", list_of(names), words_of(from_to.first),
                        words_of(from_to.second));
  }
  return text;
}

void SamplingMarks::found(Sampling now) {
  marked_ = now;
  latest_ = std::move(now);
  unmarked_ = 0;
}

std::string SamplingMarks::follow(Sampling now, std::int64_t wall_ns) {
  if (!(now == latest_)) ++unmarked_;
  latest_ = std::move(now);
  if (unmarked_ == 0) return {};
  // A clock that is set back begins another hour.
  const bool same_hour = hour_began_ns_ && wall_ns >= *hour_began_ns_ &&
                         wall_ns - *hour_began_ns_ < kHourS * kNsPerSecond;
  if (!same_hour) {
    hour_began_ns_ = wall_ns;
    marks_ = 0;
  }
  if (marks_ == kMostInAnHour) return {};
  ++marks_;
  return take();
}

std::string SamplingMarks::end() { return unmarked_ > 0 ? take() : std::string(); }

std::string SamplingMarks::take() {
  std::string text = sampling_changes(marked_, latest_);
  if (text.empty()) text = "tracing is switched as it was before";
  if (unmarked_ > 1) text += fmt::format("; by {} switches, which have no marks", unmarked_);
  marked_ = latest_;
  unmarked_ = 0;
  return text;
}

}  // namespace ringside
