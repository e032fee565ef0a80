// A session as a feed: what a screen needs beside what a session is.
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/top/session.h"

namespace ringside::tool::top {

bool Session::jump(const std::string& text, std::string& why) {
  if (jump(text)) return true;
  why = "expected a moment: 02:13:00, 2026-11-27T02:13:00Z, or how long before the end (30s)";
  return false;
}

void Session::say_end(const char* command) const {
  Tally tally;
  tally.matched = all_shown();
  tally.filtered = all_filtered();
  say_tally(command, tally, all_counts());
}

}  // namespace ringside::tool::top
