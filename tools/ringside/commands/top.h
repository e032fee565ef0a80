// A full screen of what a server is doing now, or did before it ended.
#pragma once

#include <cstdint>

#include "tools/ringside/top/session.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

struct TopOptions {
  SessionOptions session;
  bool once = false;       // print one table, after a second of a living server
  bool json = false;       // the same as one JSON object
  std::size_t window = 1;  // index into kWindowsS
  Sort sort = Sort::time;
};
// Returns the exit code: 0 done, 1 failed, 2 wrong usage.
int top_command(const TopOptions& options);

}  // namespace ringside::tool::top
