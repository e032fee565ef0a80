#include "daemon/alerts/handling.h"

#include <algorithm>
#include <utility>

#include "daemon/alerts/state_parts.h"
#include "report/model/format.h"

namespace ringside {
namespace {

bool is_target(AlertTarget target, const std::string& id, const AlertTransition& t) {
  switch (target) {
    case AlertTarget::episode: return id == t.id;
    case AlertTarget::incident: return !t.incident.empty() && id == t.incident;
    case AlertTarget::matching: break;
  }
  return false;
}

bool replaces(const Handling::Mark& newer, const Handling::Mark& old) {
  return newer.target == old.target && newer.id == old.id;
}

void put_filter(Encoder& out, const AlertFilter& filter) {
  out.flag(filter.alert.has_value());
  if (filter.alert) put(out, *filter.alert);
  out.text(filter.operation);
  out.text(filter.ring);
  out.flag(filter.level.has_value());
  if (filter.level) put(out, *filter.level);
}
AlertFilter take_filter(Decoder& in) {
  AlertFilter filter;
  if (in.flag()) filter.alert = take<AlertType>(in, kAlertTypes);
  filter.operation = in.text();
  filter.ring = in.text();
  if (in.flag()) filter.level = take<AlertLevel>(in, kAlertLevels);
  return filter;
}

}  // namespace

bool AlertFilter::matches(const AlertTransition& t, AlertLevel at) const {
  return (!alert || *alert == t.alert) && (operation.empty() || operation == t.operation) &&
         (ring.empty() || ring == t.ring) && (!level || at <= *level);
}

std::string Handling::said_by(const std::string& who, const std::string& why) {
  return escape_visible(who) + (why.empty() ? "" : ": " + escape_visible(why));
}

const Handling::Mark* Handling::acknowledged(const AlertTransition& t, AlertLevel at) const {
  for (const Mark& mark : marks_) {
    if (at <= mark.level && is_target(mark.target, mark.id, t)) return &mark;
  }
  return nullptr;
}

bool Handling::silenced(const AlertTransition& t, AlertLevel at) const {
  return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
    return silence.target == AlertTarget::matching
               ? silence.filter.matches(t, at)
               : is_target(silence.target, silence.target_id, t);
  });
}

std::size_t Handling::count_with(const std::vector<Mark>& marks) const {
  const auto is_new = [&](const Mark& mark) {
    return std::none_of(marks_.begin(), marks_.end(),
                        [&](const Mark& old) { return replaces(mark, old); });
  };
  return marks_.size() +
         static_cast<std::size_t>(std::count_if(marks.begin(), marks.end(), is_new));
}

void Handling::add(Mark mark) {
  std::erase_if(marks_, [&](const Mark& old) { return replaces(mark, old); });
  marks_.push_back(std::move(mark));
}

bool Handling::add(Silence silence) {
  if (silences_.size() >= kMost) return false;
  silences_.push_back(std::move(silence));
  return true;
}

Handling::Silence* Handling::same_target(const AlertRequest& request) {
  for (Silence& silence : silences_) {
    if (silence.target != request.target) continue;
    const bool same = request.target == AlertTarget::matching ? silence.filter == request.filter
                                                              : silence.target_id == request.id;
    if (same) return &silence;
  }
  return nullptr;
}

std::optional<Handling::Silence> Handling::remove(const std::string& silence_id) {
  for (auto it = silences_.begin(); it != silences_.end(); ++it) {
    if (it->id != silence_id) continue;
    Silence removed = std::move(*it);
    silences_.erase(it);
    return removed;
  }
  return std::nullopt;
}

void Handling::prune(std::int64_t wall_ns,
                     const std::function<bool(AlertTarget, const std::string& id)>& lives) {
  std::erase_if(marks_, [&](const Mark& mark) {
    return (mark.until_wall_ns != 0 && mark.until_wall_ns <= wall_ns) ||
           !lives(mark.target, mark.id);
  });
  std::erase_if(silences_, [&](const Silence& silence) {
    return silence.until_wall_ns <= wall_ns ||
           (silence.target != AlertTarget::matching && !lives(silence.target, silence.target_id));
  });
}

std::vector<SilenceView> Handling::view() const {
  std::vector<SilenceView> out;
  for (const Silence& s : silences_)
    out.push_back({s.id, s.target_id, s.filter.alert, s.filter.operation, s.filter.ring,
                   s.filter.level, s.who, s.why, s.until_wall_ns});
  return out;
}

void Handling::encode(Encoder& out) const {
  out.u64(marks_.size());
  for (const Mark& mark : marks_) {
    put(out, mark.target);
    out.text(mark.id);
    put(out, mark.level);
    out.text(mark.who);
    out.text(mark.why);
    out.i64(mark.until_wall_ns);
  }
  out.u64(silences_.size());
  for (const Silence& silence : silences_) {
    out.text(silence.id);
    put(out, silence.target);
    out.text(silence.target_id);
    put_filter(out, silence.filter);
    out.text(silence.who);
    out.text(silence.why);
    out.i64(silence.until_wall_ns);
  }
}

void Handling::decode(Decoder& in) {
  for (std::uint64_t n = in.count(6, kMost); n > 0 && in.good(); --n) {
    Mark mark;
    mark.target = take<AlertTarget>(in, 2);
    mark.id = in.text();
    mark.level = take<AlertLevel>(in, kAlertLevels);
    mark.who = in.text();
    mark.why = in.text();
    mark.until_wall_ns = in.i64();
    marks_.push_back(std::move(mark));
  }
  for (std::uint64_t n = in.count(10, kMost); n > 0 && in.good(); --n) {
    Silence silence;
    silence.id = in.text();
    silence.target = take<AlertTarget>(in, 3);
    silence.target_id = in.text();
    silence.filter = take_filter(in);
    silence.who = in.text();
    silence.why = in.text();
    silence.until_wall_ns = in.i64();
    silences_.push_back(std::move(silence));
  }
}

}  // namespace ringside
