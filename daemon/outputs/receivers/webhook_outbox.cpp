#include "daemon/outputs/receivers/webhook_outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/outputs/receivers/webhook_document.h"
#include "shm/assert.h"

namespace ringside {

WebhookOutbox::WebhookOutbox(const ReceiverOptions& options, std::string series)
    : options_(options), series_(std::move(series)) {}

bool WebhookOutbox::wanted(const AlertTransition& t) {
  if (t.silenced || is_of_person(t.state)) return false;
  if (is_of_incident(t.state)) return t.level >= options_.min_level;
  if (!options_.transitions || t.state == AlertState::pending) return false;
  if (t.state == AlertState::resolved) return told_.erase(t.id) > 0;
  if (t.level >= options_.min_level) told_.insert(t.id);
  return told_.contains(t.id);
}

void WebhookOutbox::tell(const std::vector<AlertTransition>& transitions) {
  for (const AlertTransition& transition : transitions) {
    if (!wanted(transition)) continue;
    waiting_.push_back(transition);
    make_room();
  }
}

void WebhookOutbox::make_room() {
  while (waiting_.size() > std::max(options_.most_kept, in_batch_)) {
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(in_batch_));
    ++dropped_;
    singly_ = std::min(singly_, waiting_.size());
  }
}

// What is active at first was told before this outbox began. The end of it is told, too.
void WebhookOutbox::show(const std::vector<AlertView>& active, const Instant&) {
  std::set<std::string> ids;
  for (const AlertView& view : active) {
    if (!view.active()) continue;
    const bool begun_before = !shown_ && view.last.level >= options_.min_level;
    if (begun_before || told_.contains(view.last.id)) ids.insert(view.last.id);
  }
  told_ = std::move(ids);
  shown_ = true;
}

void WebhookOutbox::reconfigure(const ReceiverOptions& options, const Instant&) {
  options_ = options;
  make_room();
}

std::optional<std::int64_t> WebhookOutbox::due_ns() const {
  if (waiting_.empty()) return std::nullopt;
  return 0;
}

std::optional<std::string> WebhookOutbox::next(const Instant&) {
  if (waiting_.empty()) return std::nullopt;
  if (in_batch_ > 0) return body_;
  in_batch_ = singly_ > 0 ? 1 : std::min(waiting_.size(), kMostInBatch);
  std::vector<const AlertTransition*> transitions;
  for (std::size_t i = 0; i < in_batch_; ++i) transitions.push_back(&waiting_[i]);
  dropped_in_body_ = dropped_;
  body_ = webhook_document({options_.instance, options_.name,
                            fmt::format("{}-{}", series_, ++batches_), dropped_ - dropped_said_},
                           transitions);
  return body_;
}

void WebhookOutbox::end_batch(std::size_t taken) {
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
  singly_ -= std::min(singly_, taken);
  in_batch_ = 0;
  body_.clear();
}

std::vector<std::string> WebhookOutbox::answered(Answer answer, const Instant&) {
  RINGSIDE_ASSERT(in_batch_ > 0);
  if (answer == Answer::failed) return {};
  if (answer == Answer::accepted) {
    dropped_said_ = dropped_in_body_;
    end_batch(in_batch_);
    return {};
  }
  if (in_batch_ > 1) {
    singly_ = in_batch_;
    end_batch(0);
    return {};
  }
  const AlertTransition& t = waiting_.front();
  std::vector<std::string> refused = {
      fmt::format("{} {} {} (id {})", name_of(t.level), name_of(t.alert), name_of(t.state), t.id)};
  end_batch(1);
  return refused;
}

}  // namespace ringside
