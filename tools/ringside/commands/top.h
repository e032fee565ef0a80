// A full screen of what a server is doing now, or did before it ended.
#pragma once

#include <cstdint>

#include "tools/ringside/past/named.h"
#include "tools/ringside/top/feed.h"
#include "tools/ringside/top/session.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

// The first three are those of rings, in the order of kWindowsS. The others are those of minutes.
enum class TopWindow : std::uint8_t { usual, s1, s10, s60, m1, m5, h1 };

struct TopOptions {
  SessionOptions session;
  past::Named past;        // in place of a ring
  bool once = false;       // print one table, after a second of a living server
  bool json = false;       // the same as one JSON object
  TopWindow window = TopWindow::usual;
  Sort sort = Sort::time;
};
// Of a ring or a recording. Returns the exit code: 0 done, 1 failed, 2 wrong usage.
int top_command(const TopOptions& options);
// Of a history, or of a running daemon (commands/top_of_minutes.cpp).
int top_of_minutes(const TopOptions& options);
// Shows a feed, and returns the exit code. `window` is the index of the first one.
int show_top(Feed& feed, const TopOptions& options, std::size_t window);

}  // namespace ringside::tool::top
