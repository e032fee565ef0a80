#include "daemon/run/monitor.h"
#include "shm/assert.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "report/model/format.h"

namespace ringside {
namespace {

// Shorter ones are not worth a mark: the daemon was only restarted.
constexpr std::int64_t kShortestGapNs = 15 * kSecond;
constexpr std::int64_t kAdviceIntervalNs = 3'600 * kSecond;

// What a reload changed: the new lines of the configuration, each with its table.
std::string changed_lines(const std::string& before, const std::string& after) {
  constexpr std::size_t kMostBytes = 500;
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    std::string table;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with('[')) {
        table = line.substr(1, line.find_first_of(']') - 1) + ".";
        while (table.starts_with('[')) table.erase(0, 1);
      } else if (!line.empty()) {
        lines.push_back(table + line);
      }
    }
    return lines;
  };
  std::vector<std::string> old = lines_of(before);
  std::sort(old.begin(), old.end());
  std::string changed;
  for (const std::string& line : lines_of(after)) {
    if (std::binary_search(old.begin(), old.end(), line)) continue;
    if (!changed.empty()) changed += "; ";
    changed += line;
    if (changed.size() > kMostBytes) return changed.substr(0, kMostBytes) + " ...";
  }
  if (!changed.empty()) return changed;
  return before == after ? "nothing changed" : "some keys are gone from it";
}

WatchOptions watch_options(const Config& config) {
  return {config.rings, config.last, config.top, config.any_owner, config.labels, config.owners};
}

}  // namespace

Monitor::Monitor(const Config& config, std::string version, const Instant& now, Outputs& outputs,
                 std::vector<AlertSink*> sinks)
    : version_(std::move(version)),
      started_(now),
      outputs_(outputs),
      sinks_(std::move(sinks)),
      config_(config),
      config_text_(print_config(config, Comments::without)),
      config_changed_(print_changed(config)),
      watch_(watch_options(config)),
      alerts_(config) {
  schedule_.set(config.report_interval_ns, now.realtime_ns);
  advice_.set(kAdviceIntervalNs, now.realtime_ns);
  saver_.set_interval(config.state_interval_ns);
  meta_.since_wall_ns = now.realtime_ns;
}

bool Monitor::restore(const SavedState& saved, const Instant& now, std::string* why) {
  RINGSIDE_ASSERT(here_.is_current() && passes_ == 0);
  AlertEngine alerts(config_);
  LineOutbox outbox;
  if (!outbox.decode(saved.lines)) {
    if (why != nullptr) *why = "the state is damaged: its lines are not whole";
    return false;
  }
  // The watch comes last, because it takes nothing when it fails.
  if (!alerts.decode(saved.alerts, why) || !watch_.decode(saved.watch, now, why)) return false;
  alerts_ = std::move(alerts);
  outbox_ = std::move(outbox);
  lines_saved_ = outbox_.size();
  meta_ = saved.meta;
  ++meta_.restarts;
  return true;
}

void Monitor::record_history(HandOver hand_over) {
  RINGSIDE_ASSERT(here_.is_current() && passes_ == 0);
  hand_over_ = std::move(hand_over);
  const std::int64_t now_ns = started_.realtime_ns;
  recorder_.configure({now_ns, config_text_, config_changed_, config_.thresholds});
  recorder_.mark({now_ns,
                  HistoryMark::Kind::daemon_start,
                  {},
                  fmt::format("ringsided {}, pid {}", version_, getpid())});
  const std::int64_t away_ns = now_ns - meta_.saved_wall_ns;
  if (meta_.saved_wall_ns == 0 || away_ns < kShortestGapNs) return;
  recorder_.mark(
      {meta_.saved_wall_ns,
       HistoryMark::Kind::gap,
       {},
       fmt::format("no daemon until {}, for {} s", format_wall(now_ns), away_ns / kSecond)});
}

// One that is over must be there until its alert is resolved.
std::int64_t Monitor::kept_regressions_s() const {
  return std::max<std::int64_t>(3600, 2 * config_.alerts.clear_after_ns / kSecond);
}

void Monitor::watch_regressions(RegressionFeed::Past past) {
  RINGSIDE_ASSERT(here_.is_current() && passes_ == 0 && hand_over_);
  regressions_.begin(std::move(past));
  regressions_.keep_for(kept_regressions_s());
}

void Monitor::hand_over_minutes(const Instant& now, RingMetrics::TakeMinutes which,
                                const Published& snapshot) {
  auto batch = std::make_shared<HistoryBatch>();
  batch->made_wall_s = now.realtime_ns / kSecond;
  watch_.take_minutes(now, which, batch->span);
  regressions_.add(batch->span);
  recorder_.take(batch->span);
  if (snapshot && advice_.due(now.realtime_ns)) batch->advise_on = snapshot;
  const bool taken = hand_over_(std::move(batch));
  if (!taken && !history_dropping_) {
    spdlog::error(
        "the history is not written: {} minutes wait for its disk; what comes now is "
        "left out",
        HistoryWriter::kMostQueued);
  }
  history_dropping_ = !taken;
}

PassResult Monitor::pass(const Instant& now, const Arrivals& arrivals) {
  RINGSIDE_ASSERT(here_.is_current());
  ++passes_;
  return watch_.pass(now, arrivals);
}

Monitor::Published Monitor::tick(const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  host_.sample(watch_, now);
  saved_with_lines_ = false;
  const Published snapshot = make_snapshot(now, Evaluate::yes);
  ring_log_.follow(*snapshot);
  threshold_log_.follow(*snapshot, now.monotonic_ns);
  if (schedule_.due(snapshot->wall_ns) && !outputs_.write_report(snapshot)) {
    spdlog::warn("the scheduled report is left out: two are still waiting to be written");
  }
  // One that is left out is asked for again in an hour.
  if (const auto day = daily_.due(snapshot->wall_ns)) outputs_.write_daily_report(*day);
  for (DeadRing& ring : watch_.take_dead()) {
    const std::string name = ring.name;
    if (!outputs_.keep_ring(std::move(ring)))
      spdlog::warn("the ring of {}, whose server died, is not kept: four still wait", name);
  }
  save_where_due(*snapshot, now);
  if (hand_over_) {
    recorder_.follow(*snapshot);
    regressions_.follow(*snapshot);
    if (recorder_.due(now.realtime_ns))
      hand_over_minutes(now, RingMetrics::TakeMinutes::over, snapshot);
  }
  return snapshot;
}

bool Monitor::urgent(const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  Pulse pulse = watch_.pulse(now);
  host_.fill_in(pulse, watch_);
  return alerts_.urgent(pulse, now.monotonic_ns);
}

void Monitor::save_where_due(const Snapshot& snapshot, const Instant& now) {
  outbox_.settle(outputs_.settled());
  const bool again = outputs_.state_failed() || outbox_.size() != lines_saved_;
  if (saved_with_lines_ ||
      (saver_.due(snapshot, now.monotonic_ns, again) && outputs_.save_state(saved_state(now)))) {
    saver_.handed_over(snapshot, now.monotonic_ns);
  }
}

// The state that knows of the lines is written before them: see line_outbox.h.
void Monitor::say(const std::vector<AlertTransition>& transitions, const Instant& now) {
  if (transitions.empty()) return;
  outbox_.settle(outputs_.settled());
  if (outbox_.add(transitions, config_.alert_log_transitions) > 0) {
    outputs_.save_state_before_lines(saved_state(now));
    saved_with_lines_ = true;
  }
  for (AlertSink* sink : sinks_) sink->tell(transitions);
  if (hand_over_) recorder_.tell(transitions);
}

Monitor::Published Monitor::report(const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  const Published snapshot = make_snapshot(now, Evaluate::no);
  if (!outputs_.write_report(snapshot)) {
    spdlog::warn("a report is asked for while two wait to be written; this one is left out");
  }
  return snapshot;
}

LastWords Monitor::last(const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  host_.sample(watch_, now);
  Published snapshot = make_snapshot(now, Evaluate::yes);
  if (hand_over_) {
    recorder_.follow(*snapshot);
    hand_over_minutes(now, RingMetrics::TakeMinutes::all, nullptr);
  }
  return {std::move(snapshot), saved_state(now)};
}

AlertAnswer Monitor::handle(const AlertRequest& request, const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  AlertAnswer answer = alerts_.handle(request, now.realtime_ns);
  if (answer.changed) say(answer.lines, now);
  return answer;
}

void Monitor::reconfigure(const Config& config, const Instant& now) {
  RINGSIDE_ASSERT(here_.is_current());
  const std::string before = std::exchange(config_text_, print_config(config, Comments::without));
  config_changed_ = print_changed(config);
  if (hand_over_) {
    recorder_.configure({now.realtime_ns, config_text_, config_changed_, config.thresholds});
    recorder_.mark(
        {now.realtime_ns, HistoryMark::Kind::reload, {}, changed_lines(before, config_text_)});
    // A ring that is followed no more takes its minutes with it.
    hand_over_minutes(now, RingMetrics::TakeMinutes::all, nullptr);
  }
  config_ = config;
  watch_.reconfigure(watch_options(config_));
  alerts_.reconfigure(config_);
  regressions_.keep_for(kept_regressions_s());
  threshold_log_.begin_anew();
  schedule_.set(config_.report_interval_ns, now.realtime_ns);
  saver_.set_interval(config_.state_interval_ns);
}

// A report between two ticks shows alerts and does not evaluate them. So three of five ticks stay
// fifteen seconds, however many reports are requested.
Monitor::Published Monitor::make_snapshot(const Instant& now, Evaluate evaluate) {
  auto snapshot = std::make_shared<Snapshot>(watch_.tick(now));
  fill_in(*snapshot, now);
  if (evaluate == Evaluate::yes) {
    say(alerts_.evaluate(*snapshot, now.monotonic_ns, now.realtime_ns), now);
  }
  alerts_.show(*snapshot);
  if (evaluate == Evaluate::yes) {
    for (AlertSink* sink : sinks_) sink->show(snapshot->alerts);
  }
  return snapshot;
}

void Monitor::fill_in(Snapshot& snapshot, const Instant& now) {
  host_.fill_in(snapshot);
  regressions_.fill_in(snapshot);
  snapshot.daemon.version = version_;
  snapshot.daemon.pid = static_cast<std::uint32_t>(getpid());
  snapshot.daemon.started_wall_ns = started_.realtime_ns;
  snapshot.daemon.uptime_seconds =
      static_cast<double>(now.monotonic_ns - started_.monotonic_ns) / 1e9;
  snapshot.daemon.state_since_wall_ns = meta_.since_wall_ns;
  snapshot.daemon.restarts = meta_.restarts;
  snapshot.daemon.passes = passes_;
  snapshot.configuration = config_text_;
  snapshot.configuration_changed = config_changed_;
  snapshot.thresholds = config_.thresholds;
}

SavedState Monitor::saved_state(const Instant& now) {
  meta_.saved_wall_ns = now.realtime_ns;
  lines_saved_ = outbox_.size();
  return {watch_.encode(now), alerts_.encode(), meta_, outbox_.encode()};
}

}  // namespace ringside
