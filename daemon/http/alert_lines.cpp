#include "daemon/http/alert_lines.h"

namespace ringside::http {

// The lock is held for a few moves at most: latest() copies at most kMost lines under it.
void AlertLines::tell(const std::vector<AlertTransition>& transitions) {
  for (const AlertTransition& line : transitions) {
    if (!is_logged(line.state)) continue;
    if (told_) told_(line);
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    if (lines_.size() > kMost) lines_.pop_front();
  }
}

std::shared_ptr<const std::vector<AlertTransition>> AlertLines::latest() const {
  const std::lock_guard lock(mutex_);
  return std::make_shared<const std::vector<AlertTransition>>(lines_.begin(), lines_.end());
}

}  // namespace ringside::http
