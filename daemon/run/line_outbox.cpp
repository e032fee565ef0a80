#include "daemon/run/line_outbox.h"

#include <utility>

#include "daemon/alerts/state_parts.h"

namespace ringside {

std::size_t LineOutbox::add(const std::vector<AlertTransition>& told, bool transitions) {
  ++tells_;
  std::size_t lines = 0;
  for (const AlertTransition& t : told) {
    if (!is_logged(t.state) && !(transitions && is_of_episode(t.state))) continue;
    ++lines;
    waiting_.push_back({tells_, t});
    if (waiting_.size() > kMostLines) waiting_.pop_front();
  }
  return lines;
}

void LineOutbox::settle(std::uint64_t tells) {
  while (!waiting_.empty() && waiting_.front().tell < tells) waiting_.pop_front();
}

std::vector<AlertTransition> LineOutbox::lines() const {
  std::vector<AlertTransition> out;
  for (const Waiting& waiting : waiting_) out.push_back(waiting.line);
  return out;
}

std::string LineOutbox::encode() const {
  Encoder out;
  out.u64(waiting_.size());
  for (const Waiting& waiting : waiting_) put_transition(out, waiting.line);
  return out.take();
}

bool LineOutbox::decode(std::string_view bytes) {
  if (bytes.empty()) return true;
  Decoder in(bytes);
  std::deque<Waiting> waiting;
  for (std::uint64_t n = in.count(kTransitionBytes, kMostLines); n > 0 && in.good(); --n)
    waiting.push_back({0, take_transition(in, kAlertStates)});
  if (!in.at_end()) return false;
  waiting_ = std::move(waiting);
  return true;
}

}  // namespace ringside
