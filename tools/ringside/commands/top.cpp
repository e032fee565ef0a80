#include "tools/ringside/commands/top.h"

#include <poll.h>
#include <signal.h>

#include <cstdio>
#include <sstream>

#include "tools/ringside/lines/tally.h"
#include "tools/ringside/lines/terminal.h"
#include "tools/ringside/top/keys.h"
#include "tools/ringside/top/once.h"
#include "tools/ringside/top/screen_terminal.h"

namespace ringside::tool::top {

namespace {

constexpr const char* kTopCommand = "ringside top";
constexpr std::int64_t kDrawNs = kSecondNs / 2;
constexpr std::int64_t kLongestWaitNs = kSecondNs / 10;

Wish wish_of(const ViewState& state) {
  // Behind the help stands what was there before.
  const Screen screen = state.screen == Screen::help ? state.behind_help : state.screen;
  Wish wish;
  wish.window_s = kWindowsS[state.window];
  wish.lanes = screen == Screen::lanes;
  wish.errors = screen == Screen::errors;
  wish.actors = screen == Screen::actors;
  wish.actors_by_failures = state.actors_by_failures;
  if (screen == Screen::detail) wish.detail = state.opened;
  return wish;
}

// True when the program is to end.
bool act(const Action& action, Session& session, ViewState& state) {
  const std::int64_t window_ns = kWindowsS[state.window] * kSecondNs;
  switch (action.kind) {
    case Action::Kind::none: break;
    case Action::Kind::quit: return true;
    case Action::Kind::filter: {
      FilterError error;
      if (session.set_filter(action.text, error)) {
        state.prompt = Prompt::none;
      } else {
        state.complaint = error.text();
      }
      break;
    }
    case Action::Kind::moment:
      if (session.jump(action.text)) {
        state.prompt = Prompt::none;
      } else {
        state.complaint =
            "expected a moment: 02:13:00, 2026-11-27T02:13:00Z, or how long before the end (30s)";
      }
      break;
    case Action::Kind::pause: session.pause(!session.paused()); break;
    case Action::Kind::back: session.step(-window_ns); break;
    case Action::Kind::forth: session.step(window_ns); break;
    case Action::Kind::begin:
      session.step(0);
      if (session.past()) session.step_to_begin();
      break;
    case Action::Kind::end:
      session.step(0);
      if (session.past()) session.step_to_end();
      break;
    case Action::Kind::newest: session.go_on(); break;
  }
  return false;
}

void run(Session& session, ScreenTerminal& terminal, ViewState& state) {
  Picture picture;
  std::int64_t drawn_ns = 0;
  bool draw_now = true;
  while (true) {
    const std::int64_t wait_ns = std::min(session.pass(), kLongestWaitNs);
    const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (draw_now || now_ns - drawn_ns >= kDrawNs) {
      drawn_ns = now_ns;
      draw_now = false;
      session.fill(wish_of(state), picture);
      arrange(picture, state);
      terminal.show(draw(picture, state, terminal.size()));
    }
    const ScreenTerminal::Heard heard = terminal.wait(wait_ns);
    if (heard.end) return;
    draw_now = draw_now || heard.redraw;
    while (const auto pressed = terminal.key()) {
      draw_now = true;
      if (act(press(*pressed, picture, session.filter(), state), session, state)) return;
      // The next key belongs to what this one has brought about.
      if (pressed->key != Key::text || state.prompt == Prompt::none) {
        session.fill(wish_of(state), picture);
        arrange(picture, state);
        draw(picture, state, terminal.size());
      }
    }
  }
}

// Reads a living server for a second. False when it was interrupted.
bool look_for_a_second(Session& session) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const std::int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + kSecondNs;
  while (!session.past()) {
    const std::int64_t left_ns = until_ns - clock_ns(CLOCK_MONOTONIC);
    if (left_ns <= 0) break;
    const std::int64_t pause_ns = std::min(session.pass(), left_ns);
    const timespec span{pause_ns / kSecondNs, pause_ns % kSecondNs};
    if (sigtimedwait(&signals, nullptr, &span) > 0) return false;
  }
  return true;
}

int print_once(Session& session, const TopOptions& options, const ViewState& state) {
  if (!look_for_a_second(session)) return 0;
  Picture picture;
  Wish wish;
  wish.window_s = kWindowsS[state.window];
  wish.lanes = wish.errors = wish.actors = true;
  session.fill(wish, picture);
  const std::string text = options.json ? once_as_json(picture)
                                        : once_as_text(picture, state, standard_output().columns);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int top_command(const TopOptions& options) {
  Refusal refusal;
  const auto session = Session::open(options.session, refusal);
  if (session == nullptr) {
    std::fprintf(stderr, "%s\n", refusal.message.c_str());
    return refusal.code;
  }
  ViewState state;
  state.window = options.window;
  state.sort = options.sort;
  int code = 0;
  if (options.once || options.json) {
    code = print_once(*session, options, state);
  } else {
    std::string why;
    const auto terminal = ScreenTerminal::open(standard_output().colour, &why);
    if (terminal == nullptr) {
      std::fprintf(stderr, "%s: %s\n", kTopCommand, why.c_str());
      return 2;
    }
    run(*session, *terminal, state);
  }
  Tally tally;
  tally.matched = session->all_shown();
  tally.filtered = session->all_filtered();
  say_tally(kTopCommand, tally, session->all_counts());
  return code;
}

}  // namespace ringside::tool::top
