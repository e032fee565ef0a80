// Which records lie around a trigger: those that ended up to `before` ahead of its end, and up to
// `after` behind it.
//
//   ends     ---a----b-------T----c--------d--->        recorded: b T c
//                  |--before-|---after---|
//
// A trigger within an open window makes the window longer, so one that comes over and over makes
// one window. Windows that overlap are one.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "tools/ringside/source/records.h"

namespace ringside::tool {

class TriggerWindows {
 public:
  struct Spans {
    std::int64_t before_ticks = 0;
    std::int64_t after_ticks = 0;
    std::uint64_t times = 1;            // windows, until done()
    std::size_t most_held = 1'000'000;  // records kept for `before`: 80 MB
  };
  explicit TriggerWindows(const Spans& spans) : spans_(spans) {}

  enum class Use : std::uint8_t {
    kept,       // recorded, or held until it is known
    left_out,   // outside of every window
    triggered,  // a trigger: `into` has what was held before it
  };
  // Takes the records in the order of their ends. `wanted`: it may be recorded; `triggers`: it is
  // what is waited for. An end behind `now` is none, and counts as `now`. Appends to `into` what is
  // to be recorded.
  Use add(const Seen& seen, bool wanted, bool triggers, std::uint64_t now, std::vector<Seen>& into);
  // Every record that ended until then was added.
  void pass(std::uint64_t ticks);
  // The last window is over, or, at the `end` of all records, never will be.
  bool done() const { return !open_ && windows_ >= spans_.times; }

  std::uint64_t windows() const { return windows_; }
  bool open() const { return open_; }
  std::uint64_t held() const { return held_.size(); }
  // Records that were held and fell out of `before`, since the last call.
  std::uint64_t take_dropped();
  // A window would have had more records before its trigger than may be held.
  bool cut_short() const { return cut_short_; }

 private:
  static bool behind(std::uint64_t a, std::uint64_t b) {  // a is later than b
    return static_cast<std::int64_t>(a - b) > 0;
  }
  std::uint64_t begin_of(std::uint64_t end) const {
    return end - static_cast<std::uint64_t>(spans_.before_ticks);
  }
  void close();
  void open_at(std::uint64_t end, std::vector<Seen>& into);
  void hold(const Seen& seen);

  const Spans spans_;
  std::deque<Seen> held_;
  bool open_ = false;
  std::uint64_t begin_ = 0;  // of the open window
  std::uint64_t until_ = 0;  // of the open window, or of the last one
  std::uint64_t windows_ = 0;
  std::uint64_t dropped_ = 0;
  bool any_given_up_ = false;
  std::uint64_t given_up_ = 0;  // end of the last record for which there was no room
  bool cut_short_ = false;
};

}  // namespace ringside::tool
