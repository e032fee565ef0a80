#include "daemon/history/regression_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "daemon/history/spans.h"
#include "report/analysis/in_trouble.h"

namespace ringside {
namespace {

// The longest that a minute is handed over after its end.
constexpr std::int64_t kLatestNs = 600 * kNsPerSecond;
// The past is read in seconds. An hour of minutes comes together only while the disk hangs.
constexpr std::size_t kMostWaiting = 60;

}  // namespace

void RegressionFeed::begin(Past past) {
  on_ = true;
  past_ = std::move(past);
}

void RegressionFeed::keep_for(std::int64_t kept_s) {
  kept_s_ = kept_s;
  watch_.keep_for(kept_s);
}

// An incident that is over may have ended in a minute that is not handed over yet, and is shown for
// alerts.visible only.
void RegressionFeed::follow(const Snapshot& snapshot) {
  if (!on_) return;
  for (auto& [id, incident] : incidents_) {
    if (!incident.over()) incident.ended_wall_ns = snapshot.wall_ns;
  }
  for (const IncidentView& incident : snapshot.incidents) {
    IncidentView& kept = incidents_[incident.id] = incident;
    // The clock was set back while it went on.
    if (!kept.over()) kept.began_wall_ns = std::min(kept.began_wall_ns, snapshot.wall_ns);
  }
  std::erase_if(incidents_, [&](const auto& entry) {
    return entry.second.over() && entry.second.ended_wall_ns < snapshot.wall_ns - kLatestNs;
  });
}

void RegressionFeed::add(const HistorySpan& span) {
  if (!on_) return;
  std::vector<IncidentView> incidents;
  for (const auto& [id, incident] : incidents_) incidents.push_back(incident);
  Minutes minutes;
  const auto note = [&](std::int64_t begin) {
    if (minutes.count(begin) == 0) minutes[begin] = in_trouble(incidents, begin, 60);
  };
  for (const HistorySeries& series : span.series) {
    for (const HistorySlot& slot : series.slots) note(slot.begin_wall_s);
  }
  // A minute without calls is one, too.
  for (const HistoryRing& ring : span.rings) {
    for (const HistoryRingSlot& slot : ring.slots) note(slot.begin_wall_s);
  }
  take_past();
  if (!past_) {
    add_to_watch(span.series, minutes);
    found_ = watch_.regressions();
  } else if (waiting_.size() < kMostWaiting) {
    waiting_.push_back({span.series, std::move(minutes)});
  } else if (!std::exchange(leaves_out_, true)) {
    spdlog::error(
        "the history of the days before is still not read: {} minutes wait for it\n"
        "  what comes until it is read is not looked at for regressions",
        kMostWaiting);
  }
}

void RegressionFeed::add_to_watch(const std::vector<HistorySeries>& series,
                                  const Minutes& minutes) {
  for (const auto& [begin, rings] : minutes) watch_.add_minute(begin, series, rings);
}

void RegressionFeed::take_past() {
  if (!past_ || past_->wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  try {
    watch_ = past_->get();
  } catch (const std::exception& error) {
    spdlog::error(
        "the history of the days before cannot be read: {}\n  what is usual is learned "
        "anew; it takes two days",
        error.what());
  }
  past_.reset();
  watch_.keep_for(kept_s_);
  for (const auto& [ring, tick_ns] : ticks_ns_) watch_.set_clock_resolution(ring, tick_ns);
  for (const Batch& batch : std::exchange(waiting_, {})) add_to_watch(batch.series, batch.minutes);
  found_ = watch_.regressions();
}

void RegressionFeed::note_clocks(const Snapshot& snapshot) {
  for (const RingView& ring : snapshot.rings) {
    if (ring.ticks_per_second <= 0) continue;
    const double tick_ns = 1e9 / ring.ticks_per_second;
    ticks_ns_[ring.name] = tick_ns;
    watch_.set_clock_resolution(ring.name, tick_ns);
  }
}

void RegressionFeed::fill_in(Snapshot& snapshot) {
  if (!on_) return;
  note_clocks(snapshot);
  take_past();
  // One of a ring that is watched no more says nothing about now.
  for (const RegressionView& one : found_) {
    const bool watched = std::any_of(snapshot.rings.begin(), snapshot.rings.end(),
                                     [&](const RingView& ring) { return ring.name == one.ring; });
    if (watched) snapshot.regressions.push_back(one);
  }
  const RegressionOptions& options = watch_.options();
  snapshot.regression_watch = {true,
                               past_.has_value(),
                               watch_.watched_figures(),
                               watch_.not_watched(),
                               options.pinned_begin_wall_s * kNsPerSecond,
                               options.pinned_end_wall_s * kNsPerSecond};
}

}  // namespace ringside
