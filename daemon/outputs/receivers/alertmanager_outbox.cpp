#include "daemon/outputs/receivers/alertmanager_outbox.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "report/model/format.h"
#include "shm/assert.h"

namespace ringside {
namespace {

using nlohmann::ordered_json;

ordered_json object_of(const LabelSet& set) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : set) object[name] = value;
  return object;
}

std::string words(const LabelSet& labels) {
  std::string out;
  for (const auto& [name, value] : labels) out += (out.empty() ? "" : ", ") + name + "=" + value;
  return "{" + out + "}";
}

}  // namespace

AlertmanagerOutbox::AlertmanagerOutbox(const ReceiverOptions& options, const Instant& now)
    : options_(options) {
  watch(now);
}

void AlertmanagerOutbox::watch(const Instant& now) {
  const LabelSet labels = watchdog_labels(options_.instance);
  const auto found = entries_.find(labels);
  if (options_.watchdog && (found == entries_.end() || found->second.ended_ns)) {
    Entry& entry = entries_[labels] = {};
    entry.annotations = watchdog_annotations();
    entry.starts_ns = now.realtime_ns;
    touch(entry, now);
  } else if (!options_.watchdog && found != entries_.end() && !found->second.ended_ns) {
    found->second.ended_ns = now.realtime_ns;
    touch(found->second, now);
  }
}

void AlertmanagerOutbox::touch(Entry& entry, const Instant& now) {
  entry.due_ns = now.monotonic_ns;
  entry.change = change_;
  entry.accepted = false;
  entry.ends_accepted = 0;
}

void AlertmanagerOutbox::tell(const std::vector<AlertTransition>& transitions) {
  for (const AlertTransition& t : transitions) {
    if (t.state == AlertState::resolved) resolved_[t.id] = t;
  }
}

// Two figures may have the same labels. Then the older stands for both.
AlertmanagerOutbox::Active AlertmanagerOutbox::wanted(const std::vector<AlertView>& active) const {
  Active wanted;
  for (const AlertView& view : active) {
    if (!view.active() || view.last.level < options_.min_level) continue;
    const AlertView*& stands = wanted[labels_of(view.last, options_.instance)];
    if (stands == nullptr || std::tie(view.since_wall_ns, view.last.id) <
                                 std::tie(stands->since_wall_ns, stands->last.id)) {
      stands = &view;
    }
  }
  return wanted;
}

void AlertmanagerOutbox::show(const std::vector<AlertView>& active, const Instant& now) {
  ++change_;
  const Active current = wanted(active);
  end_others(current, active, now);
  for (const auto& [labels, view] : current) begin(labels, *view, now);
  std::erase_if(left_out_, [&](const LabelSet& labels) { return !current.contains(labels); });
  resolved_.clear();
}

// Ends what fires and is not wanted any more. When it ended is known from the episode: it was
// resolved, or its level has changed.
void AlertmanagerOutbox::end_others(const Active& current, const std::vector<AlertView>& active,
                                    const Instant& now) {
  const LabelSet watchdog = watchdog_labels(options_.instance);
  for (auto& [labels, entry] : entries_) {
    if (entry.ended_ns || current.contains(labels) || labels == watchdog) continue;
    std::int64_t ended_ns = now.realtime_ns;
    const auto resolved = resolved_.find(entry.id);
    const auto changed = std::find_if(
        active.begin(), active.end(),
        [&id = entry.id](const AlertView& view) { return view.last.id == id; });
    if (resolved != resolved_.end()) {
      ended_ns = resolved->second.wall_ns;
      entry.annotations = annotations_of(resolved->second);
    } else if (changed != active.end()) {
      ended_ns = changed->last.wall_ns;
    }
    // A clock that was set back must not end an alert before its start: that is refused.
    entry.ended_ns = std::max(ended_ns, entry.starts_ns);
    touch(entry, now);
  }
}

void AlertmanagerOutbox::begin(const LabelSet& labels, const AlertView& view, const Instant& now) {
  LabelSet annotations = annotations_of(view.last);
  const auto found = entries_.find(labels);
  if (found == entries_.end()) {
    if (entries_.size() >= options_.most_kept && !make_room()) {
      if (left_out_.insert(labels).second) ++dropped_;
      return;
    }
  } else {
    const Entry& old = found->second;
    if (!old.ended_ns && old.starts_ns == view.since_wall_ns && old.annotations == annotations)
      return;
  }
  left_out_.erase(labels);
  Entry& entry = entries_[labels];
  entry.annotations = std::move(annotations);
  entry.id = view.last.id;
  entry.starts_ns = view.since_wall_ns;
  entry.ended_ns.reset();
  touch(entry, now);
}

bool AlertmanagerOutbox::make_room() {
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (!it->second.ended_ns) continue;
    if (oldest == entries_.end() || it->second.change < oldest->second.change) oldest = it;
  }
  if (oldest == entries_.end()) return false;
  if (!oldest->second.accepted) ++dropped_;
  entries_.erase(oldest);
  return true;
}

void AlertmanagerOutbox::reconfigure(const ReceiverOptions& options, const Instant& now) {
  const bool sooner = options.resend_ns != options_.resend_ns;
  options_ = options;
  ++change_;
  watch(now);
  if (!sooner) return;
  for (auto& [labels, entry] : entries_) {
    if (entry.due_ns) entry.due_ns = now.monotonic_ns;
  }
}

std::optional<std::int64_t> AlertmanagerOutbox::due_ns() const {
  std::optional<std::int64_t> due;
  for (const auto& [labels, entry] : entries_) {
    if (entry.due_ns && (!due || *entry.due_ns < *due)) due = entry.due_ns;
  }
  return due;
}

std::optional<std::string> AlertmanagerOutbox::next(const Instant& now) {
  std::vector<Entries::iterator> due;
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.due_ns && *it->second.due_ns <= now.monotonic_ns) due.push_back(it);
  }
  in_post_.clear();
  if (due.empty()) return std::nullopt;
  std::stable_sort(due.begin(), due.end(), [](auto a, auto b) {
    return std::pair(a->second.alone, a->second.change) <
           std::pair(b->second.alone, b->second.change);
  });
  // L1: a change is not split between two posts.
  std::size_t taken = 1;
  while (!due[0]->second.alone && taken < due.size() && !due[taken]->second.alone &&
         (taken < kMostInPost || due[taken]->second.change == due[taken - 1]->second.change)) {
    ++taken;
  }
  due.resize(taken);
  ordered_json alerts = ordered_json::array();
  for (const auto& it : due) {
    const Entry& entry = it->second;
    in_post_.emplace_back(it->first, entry.change);
    const std::int64_t ends_ns = entry.ended_ns.value_or(now.realtime_ns + 4 * options_.resend_ns);
    alerts.push_back({{"labels", object_of(it->first)},
                      {"annotations", object_of(entry.annotations)},
                      {"startsAt", format_wall(entry.starts_ns)},
                      {"endsAt", format_wall(ends_ns)}});
  }
  return alerts.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// The Alertmanager has it as it is now.
void AlertmanagerOutbox::settle(Entries::iterator it, const Instant& now) {
  Entry& entry = it->second;
  entry.accepted = true;
  entry.due_ns = now.monotonic_ns + options_.resend_ns;
  if (entry.ended_ns && ++entry.ends_accepted >= kEndsAccepted) entries_.erase(it);
}

std::vector<std::string> AlertmanagerOutbox::answered(Answer answer, const Instant& now) {
  const auto post = std::exchange(in_post_, {});
  RINGSIDE_ASSERT(!post.empty());
  std::vector<std::string> refused;
  if (answer == Answer::failed) return refused;
  for (const auto& [labels, change] : post) {
    const auto it = entries_.find(labels);
    if (it == entries_.end()) continue;
    Entry& entry = it->second;
    if (answer == Answer::accepted) entry.alone = false;
    if (entry.change != change) continue;   // it has changed meanwhile, and is due again
    if (answer == Answer::accepted) {
      settle(it, now);
    } else if (post.size() > 1) {
      entry.alone = true;
      if (answer == Answer::some_refused) entry.due_ns = now.monotonic_ns + options_.resend_ns;
    } else {
      refused.push_back(words(labels));
      entry.due_ns.reset();
      entry.accepted = true;
      if (entry.ended_ns) entries_.erase(it);
    }
  }
  return refused;
}

std::size_t AlertmanagerOutbox::waiting() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& entry) { return !entry.second.accepted; }));
}

}  // namespace ringside
