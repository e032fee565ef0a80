// What people say of alerts: acknowledged, silenced, cleared.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/alerts/alert_engine.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kMostWhoBytes = 100;
constexpr std::size_t kMostWhyBytes = 500;
constexpr std::int64_t kMostAheadNs = 366 * kDay;

AlertAnswer wrong(std::string text) {
  AlertAnswer answer;
  answer.text = std::move(text);
  return answer;
}

AlertAnswer unknown(std::string text) {
  AlertAnswer answer = wrong(std::move(text));
  answer.unknown = true;
  return answer;
}

AlertAnswer unchanged(std::string text) {
  AlertAnswer answer = wrong(std::move(text));
  answer.done = true;
  return answer;
}

std::string by(const AlertRequest& request) { return Handling::said_by(request.who, request.why); }

std::string until(std::int64_t wall_ns) {
  return wall_ns == 0 ? "" : ", until " + format_wall(wall_ns);
}

}  // namespace

std::optional<std::string> AlertEngine::find_wrong(const AlertRequest& request) const {
  if (request.who.empty() || request.who.size() > kMostWhoBytes)
    return fmt::format("who says so? It needs 1 to {} bytes", kMostWhoBytes);
  if (request.why.size() > kMostWhyBytes)
    return fmt::format("the reason has {} bytes, at most {} are allowed", request.why.size(),
                       kMostWhyBytes);
  const bool silence = request.action == AlertAction::silence;
  const std::int64_t until_ns = request.until_wall_ns;
  if ((silence || until_ns != 0) && (until_ns <= wall_ns_ || until_ns - wall_ns_ > kMostAheadNs))
    return fmt::format("it would hold until {}, expected a time within the next 366 days",
                       format_wall(until_ns));
  return std::nullopt;
}

// The keys of the active episodes that are meant.
std::vector<std::string> AlertEngine::targets_of(const AlertRequest& request) const {
  std::vector<std::string> ids;
  if (request.target == AlertTarget::incident) ids = incidents_.active_episodes(request.id);
  std::vector<std::string> keys;
  for (const auto& [key, episode] : episodes_) {
    const bool meant = request.target == AlertTarget::episode ? episode.id == request.id
                       : request.target == AlertTarget::incident
                           ? std::find(ids.begin(), ids.end(), episode.id) != ids.end()
                           : episode.state != AlertState::pending &&
                                 request.filter.matches(episode.last, episode.level);
    if (meant) keys.push_back(key);
  }
  return keys;
}

bool AlertEngine::is_over(const AlertRequest& request) const {
  if (request.target == AlertTarget::incident) return incidents_.is_over(request.id);
  return std::any_of(resolved_.begin(), resolved_.end(),
                     [&](const AlertView& view) { return view.last.id == request.id; });
}

AlertAnswer AlertEngine::handle(const AlertRequest& request, std::int64_t wall_ns) {
  wall_ns_ = wall_ns;
  if (auto text = find_wrong(request)) return wrong(std::move(*text));
  if (request.action == AlertAction::unsilence) return unsilence(request);
  const std::vector<std::string> keys = targets_of(request);
  const bool incident = request.target == AlertTarget::incident;
  const bool there = incident ? incidents_.about(request.id).has_value() : !keys.empty();
  if (!there && request.target == AlertTarget::matching) {
    if (request.action != AlertAction::silence) return unknown("no active alert matches");
  } else if (!there) {
    const std::string what =
        fmt::format("{} {}", incident ? "incident" : "alert", escape_visible(request.id));
    if (!is_over(request)) return unknown(what + " is not known");
    if (request.action == AlertAction::clear) return unchanged(what + " is over already");
    return wrong(what + " is over");
  }
  switch (request.action) {
    case AlertAction::acknowledge: return acknowledge(request, keys);
    case AlertAction::silence: return silence(request, keys);
    case AlertAction::clear: return clear(request, keys);
    case AlertAction::unsilence: break;
  }
  return wrong("no such action");
}

// One line, however many alerts are meant: about the incident, else about the worst of them.
AlertTransition AlertEngine::line_about(const AlertRequest& request,
                                        const std::vector<std::string>& keys, AlertState state,
                                        std::string text) const {
  AlertTransition line;
  const AlertTransition* worst = nullptr;
  for (const std::string& key : keys) {
    const AlertTransition& last = episodes_.at(key).last;
    if (worst == nullptr || last.level > worst->level) worst = &last;
  }
  if (const auto about = incidents_.about(request.id);
      request.target == AlertTarget::incident && about) {
    line = *about;
  } else if (worst != nullptr) {
    line = *worst;
  }
  line.wall_ns = wall_ns_;
  line.state = state;
  if (request.target == AlertTarget::matching)
    text += fmt::format(" ({} active {})", format_count(keys.size()),
                        keys.size() == 1 ? "alert matches" : "alerts match");
  line.message = std::move(text);
  return line;
}

AlertAnswer AlertEngine::acknowledge(const AlertRequest& request,
                                     const std::vector<std::string>& keys) {
  std::vector<Handling::Mark> marks;
  const auto mark = [&](AlertTarget target, const std::string& id, AlertLevel level,
                        const AlertTransition& last) {
    const Handling::Mark* old = handling_.acknowledged(last, level);
    if (old != nullptr && old->who == request.who && old->why == request.why &&
        old->until_wall_ns == request.until_wall_ns)
      return;
    marks.push_back({target, id, level, request.who, request.why, request.until_wall_ns});
  };
  if (request.target == AlertTarget::incident) {
    const AlertTransition about = *incidents_.about(request.id);
    AlertLevel level = about.level;
    for (const std::string& key : keys) level = std::max(level, episodes_.at(key).level);
    mark(AlertTarget::incident, request.id, level, about);
  } else {
    for (const std::string& key : keys) {
      const Episode& episode = episodes_.at(key);
      mark(AlertTarget::episode, episode.id, episode.level, episode.last);
    }
  }
  if (marks.empty()) return unchanged("already acknowledged by " + by(request));
  // All or none: what is refused must have changed nothing.
  if (const std::size_t count = handling_.count_with(marks); count > Handling::kMost) {
    return wrong(
        fmt::format("there would be {} acknowledgements, at most {} are possible; none was made",
                    count, Handling::kMost));
  }
  for (Handling::Mark& one : marks) handling_.add(std::move(one));
  AlertAnswer answer;
  answer.done = answer.changed = true;
  answer.text = "acknowledged by " + by(request) + until(request.until_wall_ns);
  answer.lines.push_back(line_about(request, keys, AlertState::acknowledged, answer.text));
  return answer;
}

AlertAnswer AlertEngine::silence(const AlertRequest& request,
                                 const std::vector<std::string>& keys) {
  AlertAnswer answer;
  Handling::Silence* old = handling_.same_target(request);
  if (old != nullptr && old->until_wall_ns == request.until_wall_ns) {
    answer = unchanged("already silenced by " + Handling::said_by(old->who, old->why));
    answer.id = old->id;
    return answer;
  }
  if (old != nullptr) {
    old->who = request.who;
    old->why = request.why;
    old->until_wall_ns = request.until_wall_ns;
    answer.id = old->id;
  } else {
    const std::uint64_t id_before = last_id_;
    answer.id = next_id();
    if (!handling_.add(Handling::Silence{answer.id, request.target, request.id, request.filter,
                                         request.who, request.why, request.until_wall_ns})) {
      last_id_ = id_before;
      return wrong(fmt::format("there are {} silences, more are not possible", Handling::kMost));
    }
  }
  answer.done = answer.changed = true;
  answer.text = fmt::format("silenced by {}{}, silence {}", by(request),
                            until(request.until_wall_ns), answer.id);
  AlertTransition line = line_about(request, keys, AlertState::silenced, answer.text);
  if (request.target == AlertTarget::matching) {
    // It is about what is to come, too, so it says what the filter says.
    const AlertFilter& filter = request.filter;
    const std::string text = line.message;
    line = {};
    line.wall_ns = wall_ns_;
    line.state = AlertState::silenced;
    line.id = answer.id;
    line.alert = filter.alert.value_or(AlertType::high_latency);
    line.any_alert = !filter.alert.has_value();
    line.operation = filter.operation;
    line.ring = filter.ring;
    line.level = filter.level.value_or(AlertLevel::emergency);
    line.message = text;
  }
  answer.lines.push_back(std::move(line));
  return answer;
}

AlertAnswer AlertEngine::unsilence(const AlertRequest& request) {
  const auto silence = handling_.remove(request.id);
  if (!silence) return unknown(fmt::format("silence {} is not known", escape_visible(request.id)));
  AlertAnswer answer;
  answer.done = answer.changed = true;
  answer.id = silence->id;
  answer.text = fmt::format("silence {} of {} ended by {}", silence->id,
                            Handling::said_by(silence->who, silence->why), by(request));
  AlertTransition line;
  line.wall_ns = wall_ns_;
  line.state = AlertState::unsilenced;
  line.id = silence->id;
  line.alert = silence->filter.alert.value_or(AlertType::high_latency);
  line.any_alert = !silence->filter.alert.has_value();
  line.operation = silence->filter.operation;
  line.ring = silence->filter.ring;
  line.level = silence->filter.level.value_or(AlertLevel::emergency);
  line.message = answer.text;
  answer.lines.push_back(std::move(line));
  return answer;
}

AlertAnswer AlertEngine::clear(const AlertRequest& request, const std::vector<std::string>& keys) {
  AlertAnswer answer;
  answer.done = answer.changed = true;
  answer.text = "cleared by " + by(request);
  answer.lines.push_back(line_about(request, keys, AlertState::cleared, answer.text));
  for (const std::string& key : keys) {
    Episode& episode = episodes_.at(key);
    cleared_[key] = {episode.id, observed_ns_};
    const bool fired = episode.state != AlertState::pending;
    emit(episode, AlertState::resolved, episode.level, ": " + answer.text);
    if (fired) {
      resolved_.push_back(view_of(key, episode));
      if (resolved_.size() > kResolvedKept) resolved_.pop_front();
    }
    episodes_.erase(key);
  }
  incidents_.absorb(out_);
  for (const AlertTransition& transition : out_) remember(transition);
  if (request.target == AlertTarget::incident) incidents_.clear(request.id, by(request));
  answer.lines.insert(answer.lines.begin(), std::make_move_iterator(out_.begin()),
                      std::make_move_iterator(out_.end()));
  out_.clear();
  return answer;
}

}  // namespace ringside
