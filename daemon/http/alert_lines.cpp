#include "daemon/http/alert_lines.h"

namespace ringside::http {

// The drain thread makes the new list; the lock is held to exchange a pointer.
void AlertLines::tell(const std::vector<AlertTransition>& transitions) {
  std::vector<AlertTransition> lines;
  for (const AlertTransition& line : transitions) {
    if (!is_logged(line.state)) continue;
    if (told_) told_(line);
    if (lines.empty()) lines = *latest();
    lines.push_back(line);
  }
  if (lines.empty()) return;
  if (lines.size() > kMost)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kMost));
  auto now = std::make_shared<const std::vector<AlertTransition>>(std::move(lines));
  const std::lock_guard lock(mutex_);
  lines_.swap(now);
}

std::shared_ptr<const std::vector<AlertTransition>> AlertLines::latest() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

}  // namespace ringside::http
