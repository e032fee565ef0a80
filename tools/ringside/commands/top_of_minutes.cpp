// `ringside top` of a history or of a running daemon.
#include <cstdio>
#include <memory>

#include "tools/ringside/commands/top.h"
#include "tools/ringside/past/feed.h"
#include "tools/ringside/past/source.h"

namespace ringside::tool::top {

namespace {

int refuse(const std::string& message, int code) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return code;
}

}  // namespace

int top_of_minutes(const TopOptions& options) {
  // A minute may be called 60s.
  std::size_t window = 0;
  switch (options.window) {
    case TopWindow::usual:
    case TopWindow::s60:
    case TopWindow::m1: break;
    case TopWindow::m5: window = 1; break;
    case TopWindow::h1: window = 2; break;
    case TopWindow::s1:
    case TopWindow::s10:
      return refuse(
          "ringside top: --window: a history and a daemon have whole minutes\n  next: give 1m, 5m "
          "or 1h, or name a ring",
          2);
  }
  Failure failure;
  past::Named named = options.past;
  named.labels = options.session.labels;
  auto source = past::open_minutes(named, failure);
  if (source == nullptr) return refuse("ringside top: " + failure.message, 1);
  Refusal refusal;
  const auto feed = past::MinutesFeed::open(std::move(source),
                                            {options.session.filter, options.session.at}, refusal);
  if (feed == nullptr) return refuse(refusal.message, refusal.code);
  return show_top(*feed, options, window);
}

}  // namespace ringside::tool::top
