#include "tools/ringside/commands/top.h"

#include <poll.h>
#include <signal.h>

#include <cstdio>

#include "tools/ringside/lines/terminal.h"
#include "tools/ringside/top/keys.h"
#include "tools/ringside/top/once.h"
#include "tools/ringside/top/screen_terminal.h"

namespace ringside::tool::top {

namespace {

constexpr const char* kTopCommand = "ringside top";
constexpr std::int64_t kDrawNs = kSecondNs / 2;
constexpr std::int64_t kLongestWaitNs = kSecondNs / 10;

Wish wish_of(const Feed& feed, const ViewState& state) {
  // Behind the help stands what was there before.
  const Screen screen = state.screen == Screen::help ? state.behind_help : state.screen;
  Wish wish;
  wish.window_s = feed.window_s(state.window);
  wish.lanes = screen == Screen::lanes;
  wish.errors = screen == Screen::errors;
  wish.actors = screen == Screen::actors;
  wish.actors_by_failures = state.actors_by_failures;
  if (screen == Screen::detail) wish.detail = state.opened;
  return wish;
}

// True when the program is to end.
bool act(const Action& action, Feed& feed, ViewState& state) {
  const std::int64_t window_ns = feed.window_s(state.window) * kSecondNs;
  switch (action.kind) {
    case Action::Kind::none: break;
    case Action::Kind::quit: return true;
    case Action::Kind::filter: {
      FilterError error;
      if (feed.set_filter(action.text, error)) {
        state.prompt = Prompt::none;
      } else {
        state.complaint = error.text();
      }
      break;
    }
    case Action::Kind::moment:
      if (feed.jump(action.text, state.complaint)) state.prompt = Prompt::none;
      break;
    case Action::Kind::pause: feed.pause(!feed.paused()); break;
    case Action::Kind::back: feed.step(-window_ns); break;
    case Action::Kind::forth: feed.step(window_ns); break;
    case Action::Kind::begin:
      feed.step(0);
      if (feed.past()) feed.step_to_begin();
      break;
    case Action::Kind::end:
      feed.step(0);
      if (feed.past()) feed.step_to_end();
      break;
    case Action::Kind::newest: feed.go_on(); break;
  }
  return false;
}

void run(Feed& feed, ScreenTerminal& terminal, ViewState& state) {
  Picture picture;
  std::int64_t drawn_ns = 0;
  bool draw_now = true;
  while (true) {
    const std::int64_t wait_ns = std::min(feed.pass(), kLongestWaitNs);
    const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (draw_now || now_ns - drawn_ns >= kDrawNs) {
      drawn_ns = now_ns;
      draw_now = false;
      feed.fill(wish_of(feed, state), picture);
      arrange(picture, state);
      terminal.show(draw(picture, state, terminal.size()));
    }
    const ScreenTerminal::Heard heard = terminal.wait(wait_ns);
    if (heard.end) return;
    draw_now = draw_now || heard.redraw;
    while (const auto pressed = terminal.key()) {
      draw_now = true;
      if (act(press(*pressed, picture, feed.filter(), state), feed, state)) return;
      // The next key belongs to what this one has brought about.
      if (pressed->key != Key::text || state.prompt == Prompt::none) {
        feed.fill(wish_of(feed, state), picture);
        arrange(picture, state);
        draw(picture, state, terminal.size());
      }
    }
  }
}

// Reads a living server for a second. False when it was interrupted.
bool look_for_a_second(Feed& feed) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const std::int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + kSecondNs;
  while (feed.needs_a_second()) {
    const std::int64_t left_ns = until_ns - clock_ns(CLOCK_MONOTONIC);
    if (left_ns <= 0) break;
    const std::int64_t pause_ns = std::min(feed.pass(), left_ns);
    const timespec span{pause_ns / kSecondNs, pause_ns % kSecondNs};
    if (sigtimedwait(&signals, nullptr, &span) > 0) return false;
  }
  return true;
}

int print_once(Feed& feed, const TopOptions& options, const ViewState& state) {
  if (!look_for_a_second(feed)) return 0;
  Picture picture;
  Wish wish;
  wish.window_s = feed.window_s(state.window);
  wish.lanes = wish.errors = wish.actors = true;
  feed.fill(wish, picture);
  const std::string text = options.json ? once_as_json(picture)
                                        : once_as_text(picture, state, standard_output().columns);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int refuse(const Refusal& refusal) {
  std::fprintf(stderr, "%s\n", refusal.message.c_str());
  return refusal.code;
}

}  // namespace

int show_top(Feed& feed, const TopOptions& options, std::size_t window) {
  ViewState state;
  state.window = window;
  state.sort = options.sort;
  int code = 0;
  if (options.once || options.json) {
    code = print_once(feed, options, state);
  } else {
    std::string why;
    const auto terminal = ScreenTerminal::open(standard_output().colour, &why);
    if (terminal == nullptr) {
      std::fprintf(stderr, "%s: %s\n", kTopCommand, why.c_str());
      return 2;
    }
    run(feed, *terminal, state);
  }
  feed.say_end(kTopCommand);
  return code;
}

int top_command(const TopOptions& options) {
  if (options.window > TopWindow::s60) {
    return refuse(
        {std::string(kTopCommand) +
             ": --window: a ring is shown in windows of 1s, 10s and 60s\n  next: give one "
             "of these, or leave it out",
         2});
  }
  Refusal refusal;
  const auto session = Session::open(options.session, refusal);
  if (session == nullptr) return refuse(refusal);
  const std::size_t window =
      options.window == TopWindow::usual ? 1 : static_cast<std::size_t>(options.window) - 1;
  return show_top(*session, options, window);
}

}  // namespace ringside::tool::top
