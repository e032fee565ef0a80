#include "daemon/alerts/alert_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "daemon/alerts/emergencies.h"
#include "report/model/format.h"

namespace ringside {
namespace {

std::size_t index_of(AlertLevel level) { return static_cast<std::size_t>(level); }

std::string span(std::int64_t ns) { return format_span(static_cast<double>(ns)); }

}  // namespace

std::vector<AlertTransition> AlertEngine::evaluate(const Snapshot& snapshot,
                                                   std::int64_t monotonic_ns,
                                                   std::int64_t wall_ns) {
  // At most 4 ticks count as observed. In a longer gap nobody looked, although the clock went on.
  const auto passed =
      last_monotonic_ns_ ? std::optional(monotonic_ns - *last_monotonic_ns_) : std::nullopt;
  step_ns_ = std::clamp<std::int64_t>(passed.value_or(0), 0, 4 * config_.tick_ns);
  last_monotonic_ns_ = monotonic_ns;
  observed_ns_ += step_ns_;
  wall_ns_ = wall_ns;
  name_rings_ = snapshot.rings.size() > 1;
  memory_.slo.pass(passed, wall_ns, config_.tick_ns);

  std::vector<RingPulse> pulses;
  for (const RingView& ring : snapshot.rings) pulses.push_back(pulse_of(snapshot, ring));
  note(pulses, monotonic_ns);

  std::set<std::string> watched;
  for (const RingView& ring : snapshot.rings) watched.insert(ring.name);
  std::set<std::string> seen;
  for (const Reading& reading : read_figures(snapshot, config_, memory_)) {
    seen.insert(reading.key());
    step(reading);
  }
  for (auto& [key, episode] : episodes_) {
    const std::string& ring = episode.reading.ring;
    if (!ring.empty() && !watched.contains(ring)) {
      emit(episode, AlertState::resolved, episode.level, ": over, its ring is no longer watched");
    } else if (!seen.contains(key)) {
      const bool awaited = snapshot.regression_watch.reading &&
                           episode.reading.alert == AlertType::performance_regression;
      step_unknown(episode, "nothing reports it any more", awaited);
    }
  }
  close_tick(snapshot);
  keep_resolved();
  std::erase_if(episodes_,
                [](const auto& entry) { return entry.second.state == AlertState::resolved; });
  memory_.normals.learn(snapshot, observed_ns_,
                        [this](const std::string& ring) { return trouble_of(ring); });
  return std::exchange(out_, {});
}

bool AlertEngine::urgent(const Pulse& pulse, std::int64_t monotonic_ns) {
  note(pulse.rings, monotonic_ns);
  const std::vector<Reading> readings = read_emergencies(pulse, config_, memory_);
  return std::any_of(readings.begin(), readings.end(), [&](const Reading& reading) {
    if (!reading.value || !reading.reached || *reading.reached < AlertLevel::critical) return false;
    const auto found = episodes_.find(reading.key());
    return found == episodes_.end() || found->second.state != AlertState::firing ||
           found->second.level < *reading.reached;
  });
}

// While nobody looked, nothing can be said of what went on.
void AlertEngine::note(const std::vector<RingPulse>& rings, std::int64_t monotonic_ns) {
  const std::int64_t most_ns = 2 * std::min(config_.tick_ns, config_.alerts.emergency_tick_ns);
  const std::int64_t passed_ns = last_noted_ns_ ? monotonic_ns - *last_noted_ns_ : 0;
  note_progress(rings, std::clamp<std::int64_t>(passed_ns, 0, most_ns), memory_);
  last_noted_ns_ = monotonic_ns;
}

// The incidents take in what has happened, and say what is to be written.
void AlertEngine::close_tick(const Snapshot& snapshot) {
  std::vector<AlertTransition> lines =
      incidents_.follow(out_, snapshot, config_.alerts, handling_, observed_ns_, wall_ns_);
  for (AlertTransition& transition : out_) {
    transition.silenced = handling_.silenced(transition, transition.level);
    remember(transition);
  }
  for (auto& [key, episode] : episodes_) {
    for (const AlertTransition& transition : out_) {
      if (transition.id == episode.id) episode.last = transition;
    }
  }
  out_.insert(out_.end(), std::make_move_iterator(lines.begin()),
              std::make_move_iterator(lines.end()));
}

Trouble AlertEngine::trouble_of(const std::string& ring) const {
  Trouble trouble = Trouble::none;
  for (const auto& [key, episode] : episodes_) {
    const Reading& r = episode.reading;
    if (episode.state == AlertState::pending || (!r.ring.empty() && r.ring != ring)) continue;
    if (r.alert != AlertType::system_overload || r.figure != kTrafficFigure) return Trouble::some;
    trouble = Trouble::more_traffic;
  }
  return trouble;
}

void AlertEngine::remember(const AlertTransition& transition) {
  recent_.push_back(transition);
  if (recent_.size() <= kTransitionsKept) return;
  recent_.pop_front();
  ++forgotten_;
}

// Those that fired and are over stay visible for a while. What no longer matters is forgotten.
void AlertEngine::keep_resolved() {
  for (const auto& [key, episode] : episodes_) {
    if (episode.state == AlertState::resolved && !episode.last.incident.empty())
      resolved_.push_back(view_of(key, episode));
  }
  std::erase_if(resolved_, [&](const AlertView& view) {
    return wall_ns_ - view.last.wall_ns > config_.alerts.visible_ns;
  });
  while (resolved_.size() > kResolvedKept) resolved_.pop_front();
  std::erase_if(cleared_, [&](const auto& entry) {
    return observed_ns_ - entry.second.at_ns > config_.alerts.visible_ns;
  });
  for (auto& [key, times] : firings_) {
    while (!times.empty() && observed_ns_ - times.front() > config_.alerts.flapping.per_ns)
      times.pop_front();
  }
  std::erase_if(firings_, [](const auto& entry) { return entry.second.empty(); });
  handling_.prune(wall_ns_, [&](AlertTarget target, const std::string& id) {
    if (target == AlertTarget::incident) return incidents_.about(id).has_value();
    return std::any_of(episodes_.begin(), episodes_.end(), [&](const auto& entry) {
      return entry.second.id == id && entry.second.state != AlertState::resolved;
    });
  });
}

void AlertEngine::note_firing(const std::string& key) {
  std::deque<std::int64_t>& times = firings_[key];
  times.push_back(observed_ns_);
  if (times.size() > config_.alerts.flapping.times + 1) times.pop_front();
}

// The first of them is no return.
bool AlertEngine::flapping(const std::string& key) const {
  const auto times = firings_.find(key);
  return times != firings_.end() && times->second.size() > config_.alerts.flapping.times;
}

void AlertEngine::step(const Reading& reading) {
  const bool known = reading.value && std::isfinite(*reading.value);
  const auto found = episodes_.find(reading.key());
  if (found == episodes_.end()) {
    if (known && !reading.idle && !reading.grace && reading.reached)
      begin(reading, *reading.reached);
    return;
  }
  Episode& episode = found->second;
  if (!known) {
    step_unknown(episode, reading.text);
  } else if (!reading.idle && !(reading.grace && episode.state == AlertState::pending)) {
    step_known(episode, reading);
  }
}

void AlertEngine::begin(const Reading& reading, AlertLevel reached) {
  Episode& episode = episodes_[reading.key()];
  episode.id = next_id();
  episode.began_ns = observed_ns_;
  episode.began_wall_ns = wall_ns_;
  observe(episode, reading);
  std::string returns;
  if (const auto cleared = cleared_.extract(reading.key())) {
    episode.returns = cleared.mapped().id;
    returns = fmt::format(": returns after {} was cleared", episode.returns);
  }
  if (raised(episode)) {
    note_firing(reading.key());
    emit(episode, AlertState::firing, reached, returns);
  } else {
    emit(episode, AlertState::pending, reached,
         returns + fmt::format(": fires when {} of {} ticks are over", config_.alerts.raise_ticks,
                               config_.alerts.of_ticks));
  }
}

std::uint64_t AlertEngine::tick_mask() const {
  return config_.alerts.of_ticks >= 64 ? ~std::uint64_t{0}
                                       : (std::uint64_t{1} << config_.alerts.of_ticks) - 1;
}

// Adds the value to the bits and the clear timers.
void AlertEngine::observe(Episode& episode, const Reading& reading) {
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const bool over = reading.reached && index_of(*reading.reached) >= i;
    episode.over[i] = ((episode.over[i] << 1) | (over ? 1U : 0U)) & tick_mask();
    if (reading.levels.bounds[i] && !reading.below[i]) {
      episode.below_since_ns[i].reset();
    } else if (!episode.below_since_ns[i]) {
      episode.below_since_ns[i] = observed_ns_;
    }
  }
  episode.worst = std::max(episode.worst, *reading.value);
  episode.reading = reading;
  episode.missing_since_ns.reset();
}

std::optional<AlertLevel> AlertEngine::raised(const Episode& episode) const {
  const std::uint64_t needed = episode.reading.certain ? 1 : config_.alerts.raise_ticks;
  for (std::size_t i = kAlertLevels; i-- > 0;) {
    if (episode.reading.levels.bounds[i] &&
        static_cast<std::uint64_t>(std::popcount(episode.over[i])) >= needed) {
      return static_cast<AlertLevel>(i);
    }
  }
  return std::nullopt;
}

void AlertEngine::step_known(Episode& episode, const Reading& reading) {
  observe(episode, reading);
  const auto& reached = reading.reached;
  switch (episode.state) {
    case AlertState::pending: return step_pending(episode, reached);
    case AlertState::firing: return step_firing(episode, reached);
    case AlertState::recovering: return step_recovering(episode, reached);
    default: return;
  }
}

void AlertEngine::step_pending(Episode& episode, std::optional<AlertLevel> reached) {
  const auto level = raised(episode);
  if (level && reached) {
    note_firing(episode.reading.key());
    emit(episode, AlertState::firing, std::max(*level, *reached),
         episode.returns.empty() ? ""
                                 : fmt::format(": returns after {} was cleared", episode.returns));
    return;
  }
  const bool any =
      std::any_of(episode.over.begin(), episode.over.end(), [](auto bits) { return bits != 0; });
  if (!any) emit(episode, AlertState::resolved, episode.level, ": did not last");
}

void AlertEngine::step_firing(Episode& episode, std::optional<AlertLevel> reached) {
  if (reached && *reached > episode.level) {
    emit(episode, AlertState::firing, *reached,
         fmt::format(": risen from {}", name_of(episode.level)));
  } else if (episode.below_since_ns[index_of(episode.level)]) {
    emit(episode, AlertState::recovering, episode.level,
         fmt::format(": falls after {} like this", span(config_.alerts.clear_after_ns)));
  }
}

bool AlertEngine::kept_below(const Episode& episode, std::size_t level) const {
  const auto& since = episode.below_since_ns[level];
  return since && observed_ns_ - *since >= config_.alerts.clear_after_ns;
}

void AlertEngine::step_recovering(Episode& episode, std::optional<AlertLevel> reached) {
  if (reached && *reached >= episode.level) {
    note_firing(episode.reading.key());
    emit(episode, AlertState::firing, *reached, ": it is back");
    return;
  }
  if (!kept_below(episode, index_of(episode.level))) return;
  for (std::size_t i = index_of(episode.level); i-- > 0;) {
    if (!episode.reading.levels.bounds[i] || kept_below(episode, i)) continue;
    const AlertState state =
        episode.below_since_ns[i] ? AlertState::recovering : AlertState::firing;
    emit(episode, state, static_cast<AlertLevel>(i),
         fmt::format(": fallen from {}", name_of(episode.level)));
    return;
  }
  emit(episode, AlertState::resolved, episode.level,
       fmt::format(": over after {}{}", span(observed_ns_ - episode.began_ns),
                   is_fact(episode.reading.unit)
                       ? ""
                       : ", at worst " + format_value(episode.worst, episode.reading.unit)));
}

// E2: the timers move along with the unobserved time, so that it does not count.
void AlertEngine::step_unknown(Episode& episode, const std::string& why, bool awaited) {
  for (auto& since : episode.below_since_ns) {
    if (since) *since += step_ns_;
  }
  if (awaited) return;
  if (!episode.missing_since_ns) episode.missing_since_ns = observed_ns_;
  const std::int64_t missing_ns = observed_ns_ - *episode.missing_since_ns;
  if (missing_ns >= config_.alerts.hold_without_data_ns) {
    episode.reading.text = fmt::format("no data for {} ({})", span(missing_ns), why);
    emit(episode, AlertState::resolved, episode.level,
         ": given up, it is not known whether it is over");
    return;
  }
  const bool said = episode.said_missing_ns &&
                    (*episode.said_missing_ns >= *episode.missing_since_ns ||
                     observed_ns_ - *episode.said_missing_ns < config_.alerts.clear_after_ns);
  if (said || episode.state == AlertState::pending) return;
  episode.said_missing_ns = observed_ns_;
  episode.reading.text = fmt::format("no data ({})", why);
  emit(episode, episode.state, episode.level, fmt::format(": held as {}", name_of(episode.state)));
}

void AlertEngine::emit(Episode& episode, AlertState state, AlertLevel level,
                       const std::string& text) {
  episode.state = state;
  episode.level = level;
  const Reading& reading = episode.reading;
  const bool falling = state == AlertState::recovering || state == AlertState::resolved;
  AlertTransition t;
  t.wall_ns = wall_ns_;
  t.id = episode.id;
  t.alert = reading.alert;
  t.level = level;
  t.state = state;
  t.operation = reading.operation;
  t.figure = reading.figure;
  t.suspect = reading.suspect;
  t.incident = episode.last.incident;
  t.ring = reading.ring;
  t.value = *reading.value;
  // A level that is no longer configured has no threshold.
  const auto& bounds = reading.levels.at(level);
  if (bounds) t.threshold = falling ? bounds->clear : bounds->raise;
  t.unit = reading.unit;
  if (name_rings_ && !reading.ring.empty())
    t.message = "ring " + escape_visible(reading.ring) + ": ";
  t.message += reading.text;
  if (bounds && bounds->raise > 0 && !is_fact(reading.unit))
    t.message += ", threshold " + format_value(t.threshold, reading.unit);
  const std::string& origin = reading.origin[index_of(level)];
  if (bounds && !origin.empty()) t.message += " (" + origin + ")";
  t.message += text;
  episode.last = t;
  out_.push_back(std::move(t));
}

// The wall clock's seconds in hex, but at least the last id plus one. That is short, the same in a
// replay, and unique even when the state is lost.
std::string AlertEngine::next_id() {
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ns_ / kSecond, 0));
  last_id_ = std::max(last_id_ + 1, seconds);
  return fmt::format("{:08x}", last_id_);
}

void AlertEngine::show(Snapshot& snapshot) const {
  struct Active {
    const std::string* key;
    const Episode* episode;
  };
  std::vector<Active> active;
  for (const auto& [key, episode] : episodes_) active.push_back({&key, &episode});
  const auto rank = [](const Episode* e) {
    return std::tuple(e->state == AlertState::firing       ? 0
                      : e->state == AlertState::recovering ? 1
                                                           : 2,
                      -static_cast<int>(e->level), e->began_ns);
  };
  std::stable_sort(active.begin(), active.end(), [&](const Active& a, const Active& b) {
    return rank(a.episode) < rank(b.episode);
  });
  snapshot.alerts.clear();
  for (const Active& one : active) snapshot.alerts.push_back(view_of(*one.key, *one.episode));
  snapshot.resolved_alerts.assign(resolved_.rbegin(), resolved_.rend());
  snapshot.silences = handling_.view();
  snapshot.transitions.assign(recent_.begin(), recent_.end());
  snapshot.transitions_forgotten = forgotten_;
  incidents_.show(snapshot, handling_);
}

AlertView AlertEngine::view_of(const std::string& key, const Episode& episode) const {
  AlertView view{episode.last, episode.began_wall_ns, flags_of(episode.last), {}, episode.returns};
  view.flags.flapping = flapping(key);
  view.flags.stale = episode.missing_since_ns.has_value();
  if (const Handling::Mark* mark = handling_.acknowledged(episode.last, episode.level))
    view.acknowledged_by = Handling::said_by(mark->who, mark->why);
  return view;
}

AlertFlags AlertEngine::flags_of(const AlertTransition& last) const {
  AlertFlags flags;
  flags.acknowledged = handling_.acknowledged(last, last.level) != nullptr;
  flags.silenced = handling_.silenced(last, last.level);
  flags.inhibited = incidents_.inhibited(last);
  return flags;
}

}  // namespace ringside
