#include "tools/ringside/recording/windows.h"

#include <utility>

namespace ringside::tool {

TriggerWindows::Use TriggerWindows::add(const Seen& seen, bool wanted, bool triggers,
                                        std::uint64_t now, std::vector<Seen>& into) {
  std::uint64_t end = seen.record.end();
  if (behind(end, now)) end = now;
  pass(end - 1);
  if (done()) return Use::left_out;
  if (triggers) {
    if (!open_) open_at(end, into);
    until_ = end + static_cast<std::uint64_t>(spans_.after_ticks);
  }
  if (open_) {
    // One that comes late may have ended before the window.
    if (wanted && !behind(begin_, end)) {
      into.push_back(seen);
      return triggers ? Use::triggered : Use::kept;
    }
    return triggers ? Use::triggered : Use::left_out;
  }
  while (!held_.empty() && behind(begin_of(end), held_.front().record.end())) {
    held_.pop_front();
    ++dropped_;
  }
  if (!wanted) return Use::left_out;
  hold(seen);
  return Use::kept;
}

void TriggerWindows::pass(std::uint64_t ticks) {
  if (open_ && !behind(until_, ticks)) close();
}

void TriggerWindows::close() { open_ = false; }

void TriggerWindows::open_at(std::uint64_t end, std::vector<Seen>& into) {
  const std::uint64_t begin = begin_of(end);
  // One that overlaps the last window is no new one.
  if (windows_ == 0 || behind(begin, until_)) ++windows_;
  begin_ = begin;
  open_ = true;
  for (const Seen& seen : held_) {
    if (behind(begin, seen.record.end())) {
      ++dropped_;
    } else {
      into.push_back(seen);
    }
  }
  held_.clear();
  if (any_given_up_ && !behind(begin, given_up_)) cut_short_ = true;
}

void TriggerWindows::hold(const Seen& seen) {
  held_.push_back(seen);
  if (held_.size() <= spans_.most_held) return;
  given_up_ = held_.front().record.end();
  any_given_up_ = true;
  held_.pop_front();
  ++dropped_;
}

std::uint64_t TriggerWindows::take_dropped() { return std::exchange(dropped_, 0); }

}  // namespace ringside::tool
