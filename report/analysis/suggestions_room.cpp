// Suggestions about what will run out: memory, connections, descriptors, and when.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "report/analysis/room.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

constexpr std::int64_t kSoonS = 90 * 86'400;  // what lasts longer is no news
constexpr std::int64_t kSureS = 14 * 86'400;
constexpr std::int64_t kLikelyS = 3 * 86'400;

// The samples since the server's last start: a new process begins with nothing.
std::vector<HistorySample> since_start(const HistorySpan& history, const HistoryGauge& gauge) {
  std::int64_t start_s = INT64_MIN;
  for (const HistoryMark& mark : history.marks) {
    if (mark.kind == HistoryMark::Kind::server_start && mark.ring == gauge.ring)
      start_s = std::max(start_s, mark.wall_ns / 1'000'000'000);
  }
  std::vector<HistorySample> samples;
  std::copy_if(gauge.samples.begin(), gauge.samples.end(), std::back_inserter(samples),
               [&](const HistorySample& sample) { return sample.begin_wall_s >= start_s; });
  return samples;
}

struct Resource {
  AdviceKind kind;
  const char* gauge;
  const char* what;
  const char* next;
  double limit;
  bool bytes;
  bool follows_users;
};

std::string amount(const Resource& of, double value) {
  const auto whole = static_cast<std::uint64_t>(std::max(value, 0.0) + 0.5);
  return of.bytes ? format_bytes(whole) : format_count(whole);
}

void suggest_room(const Snapshot& snapshot, const HistorySpan& history, const HistoryGauge& gauge,
                  const Resource& of, std::vector<Suggestion>& out) {
  const auto room = room_of(since_start(history, gauge), of.limit, of.follows_users);
  if (!room || room->full_wall_s - snapshot.wall_ns / 1'000'000'000 > kSoonS) return;
  const std::string date = format_wall(room->full_wall_s * 1'000'000'000).substr(0, 10);
  const std::string how = room->compared_s >= 7 * 86'400 ? "the same hours, week by week"
                          : room->compared_s > 0         ? "the same hours, day by day"
                                                         : "what it never gave back";
  Suggestion suggestion = suggest(
      {of.kind, gauge.ring, {}}, fmt::format("{} ({}).", of.next, escape_visible(gauge.ring)),
      fmt::format("{} by {} a day: {} in the last day, {} is reached on {} at this pace.", of.what,
                  amount(of, room->per_day), amount(of, room->most), amount(of, of.limit), date),
      fmt::format("What is left lasts until {}.", date), 0);
  set_confidence(suggestion,
                 room->known_s >= kSureS     ? Confidence::high
                 : room->known_s >= kLikelyS ? Confidence::medium
                                             : Confidence::low,
                 fmt::format("{} h are known; compared: {}", room->known_s / 3600, how));
  out.push_back(std::move(suggestion));
}

// The limit of descriptors, as it was last.
double descriptors_limit(const HistorySpan& history, const std::string& ring) {
  for (const HistoryGauge& gauge : history.gauges) {
    if (gauge.ring == ring && gauge.name == "descriptors_limit" && !gauge.samples.empty())
      return static_cast<double>(gauge.samples.back().last);
  }
  return 0;
}

std::array<Resource, 3> resources_of(const Snapshot& snapshot, const HistorySpan& history,
                                     const std::string& ring) {
  return {{{AdviceKind::memory, "memory_bytes", "The memory of its processes grows",
            "Look for what is not given back, or plan more memory",
            static_cast<double>(snapshot.thresholds.memory_bytes), true, false},
           {AdviceKind::connections, "connections", "Its connections grow",
            "Plan for more connections, or another server",
            static_cast<double>(snapshot.thresholds.connections), false, true},
           {AdviceKind::descriptors, "descriptors", "Its open descriptors grow",
            "Look for descriptors that are not closed, or raise their limit",
            descriptors_limit(history, ring), false, false}}};
}

}  // namespace

std::optional<double> pace_of(const AdviceKey& key, const Snapshot& snapshot,
                              const HistorySpan& history) {
  // No trend is known as none from three days on, as then days can be compared. A span that is
  // shorter, or began anew with the server, can't tell that it is over.
  constexpr std::int64_t kKnownS = 3 * 86'400;
  for (const HistoryGauge& gauge : history.gauges) {
    if (gauge.ring != key.ring) continue;
    for (const Resource& of : resources_of(snapshot, history, gauge.ring)) {
      if (of.kind != key.kind || gauge.name != of.gauge) continue;
      const std::vector<HistorySample> samples = since_start(history, gauge);
      if (const auto room = room_of(samples, of.limit, of.follows_users)) return room->per_day;
      const bool full = !samples.empty() && static_cast<double>(samples.back().max) >= of.limit;
      if (full || samples.empty() ||
          samples.back().begin_wall_s - samples.front().begin_wall_s < kKnownS)
        return std::nullopt;
      return 0.0;
    }
  }
  return std::nullopt;
}

void suggest_about_room(const Snapshot& snapshot, const HistorySpan* history,
                        std::vector<Suggestion>& out) {
  if (history == nullptr) return;
  for (const HistoryGauge& gauge : history->gauges) {
    if (gauge.ring.empty()) continue;
    for (const Resource& of : resources_of(snapshot, *history, gauge.ring)) {
      if (gauge.name == of.gauge && of.limit > 0) suggest_room(snapshot, *history, gauge, of, out);
    }
  }
}

}  // namespace ringside::detail
