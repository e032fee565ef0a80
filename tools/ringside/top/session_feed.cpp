// A session as a feed: what a screen needs beside what a session is.
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/top/session.h"

namespace ringside::tool::top {

bool Session::jump(const std::string& text, std::string& why) {
  if (jump(text)) return true;
  why = "expected a moment: 02:13:00, 2026-11-27T02:13:00Z, or how long before the end (30s)";
  return false;
}

void Session::say_end(const char* command) {
  Tally tally;
  tally.matched = all_shown();
  tally.filtered = all_filtered();
  const RecordCounts counts = all_counts();
  const std::uint64_t told = tally.matched + tally.filtered + counts.rejected;
  if (past() && counts.read > told) tally.later = counts.read - told;
  say_faults(source_);
  say_tally(command, tally, counts);
}

}  // namespace ringside::tool::top
