#include "tools/ringside/top/screen_terminal.h"

#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

#include "report/model/format.h"

// Last, and without its macros: they would rename what other headers declare.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>

namespace ringside::tool::top {

namespace {

// What a crash leaves to write: no memory and no lock may be taken then.
termios saved_mode;
char restore_text[256];
std::size_t restore_bytes = 0;
volatile sig_atomic_t full_screen = 0;
std::terminate_handler former_terminate = nullptr;

void remember(const char* capability) {
  const char* text = tigetstr(capability);
  if (text == nullptr || text == reinterpret_cast<const char*>(-1)) return;
  const std::size_t bytes = std::strlen(text);
  if (restore_bytes + bytes >= sizeof restore_text) return;
  std::memcpy(restore_text + restore_bytes, text, bytes);
  restore_bytes += bytes;
}

void restore_at_once() {
  if (full_screen == 0) return;
  full_screen = 0;
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, restore_text, restore_bytes);
  tcsetattr(STDOUT_FILENO, TCSANOW, &saved_mode);
}

void die_restored(int signal) {
  restore_at_once();
  // SA_RESETHAND has brought the default back.
  raise(signal);
}

void terminate_restored() {
  restore_at_once();
  if (former_terminate != nullptr) former_terminate();
  std::abort();
}

sigset_t heard_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT})
    sigaddset(&set, signal);
  return set;
}

void guard_against_crashes() {
  // SIGBUS is the mapping's: it hears of a ring that was cut off. What is not its own it hands on.
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction former {};
    sigaction(signal, nullptr, &former);
    if ((former.sa_flags & SA_SIGINFO) != 0 || former.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = &die_restored;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(signal, &action, nullptr);
  }
  former_terminate = std::set_terminate(&terminate_restored);
}

enum Pair : short {
  kGood = 1,
  kWarn,
  kBad,
  kAccent,
  kTitle,
  kSorted,
  kGoodBadge,
  kWarnBadge,
  kBadBadge,
  kStage
};

void make_colours() {
  start_color();
  use_default_colors();
  init_pair(kGood, COLOR_GREEN, -1);
  init_pair(kWarn, COLOR_YELLOW, -1);
  init_pair(kBad, COLOR_RED, -1);
  init_pair(kAccent, COLOR_CYAN, -1);
  init_pair(kTitle, COLOR_BLACK, COLOR_WHITE);
  init_pair(kSorted, COLOR_BLACK, COLOR_CYAN);
  init_pair(kGoodBadge, COLOR_BLACK, COLOR_GREEN);
  init_pair(kWarnBadge, COLOR_BLACK, COLOR_YELLOW);
  init_pair(kBadBadge, COLOR_WHITE, COLOR_RED);
  // As in the bars of `ringside tail`.
  constexpr short kStages[][2] = {{COLOR_BLACK, COLOR_WHITE},   {COLOR_BLACK, COLOR_CYAN},
                                  {COLOR_BLACK, COLOR_MAGENTA}, {COLOR_WHITE, COLOR_BLUE},
                                  {COLOR_BLACK, COLOR_GREEN},   {COLOR_BLACK, COLOR_YELLOW}};
  for (short i = 0; i < 6; ++i)
    init_pair(static_cast<short>(kStage + i), kStages[i][0], kStages[i][1]);
}

attr_t attribute(Style style, bool colour) {
  const auto pair = [&](short number, attr_t without) {
    return colour ? static_cast<attr_t>(COLOR_PAIR(number)) : without;
  };
  switch (style) {
    case Style::plain: return A_NORMAL;
    case Style::dim: return A_DIM;
    case Style::bold: return A_BOLD;
    case Style::title: return pair(kTitle, A_REVERSE);
    case Style::sorted: return pair(kSorted, A_REVERSE | A_BOLD);
    case Style::key: return A_BOLD | pair(kAccent, A_UNDERLINE);
    case Style::good: return pair(kGood, A_NORMAL);
    case Style::warn: return pair(kWarn, A_BOLD);
    case Style::bad: return A_BOLD | pair(kBad, A_NORMAL);
    case Style::accent: return pair(kAccent, A_NORMAL);
    case Style::badge_good: return A_BOLD | pair(kGoodBadge, A_REVERSE);
    case Style::badge_warn: return A_BOLD | pair(kWarnBadge, A_REVERSE);
    case Style::badge_bad: return A_BOLD | pair(kBadBadge, A_REVERSE);
    default: break;
  }
  return pair(
      static_cast<short>(kStage + static_cast<int>(style) - static_cast<int>(Style::stage0)),
      A_NORMAL);
}

}  // namespace

std::unique_ptr<ScreenTerminal> ScreenTerminal::open(bool colour, std::string* why) {
  const auto refuse = [&](std::string what) {
    *why = std::move(what) +
           "\n  next: ringside top --once prints one table, --json prints it for programs";
    return nullptr;
  };
  if (isatty(STDOUT_FILENO) != 1) return refuse("standard output is no terminal");
  if (isatty(STDIN_FILENO) != 1) return refuse("standard input is no terminal");
  const char* term = std::getenv("TERM");
  if (term == nullptr || *term == '\0' || std::string_view(term) == "dumb")
    return refuse("a full screen needs more than the terminal can do (TERM is " +
                  (term == nullptr ? std::string("not set") : "`" + escape_visible(term) + "`") +
                  ")");
  std::setlocale(LC_CTYPE, "");
  tcgetattr(STDOUT_FILENO, &saved_mode);

  std::unique_ptr<ScreenTerminal> terminal(new ScreenTerminal);
  terminal->ascii_ = std::string_view(nl_langinfo(CODESET)) != "UTF-8";
  const sigset_t set = heard_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  terminal->signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  guard_against_crashes();
  // An arrow key is several characters that may arrive apart. A person's Escape comes alone.
  set_escdelay(100);
  if (newterm(nullptr, stdout, stdin) == nullptr || tigetstr("cup") == nullptr) {
    if (stdscr != nullptr) endwin();
    return refuse("a full screen needs a terminal whose abilities are known (TERM is `" +
                  escape_visible(term) + "`)");
  }
  restore_bytes = 0;
  for (const char* capability : {"sgr0", "cnorm", "rmkx", "rmcup"}) remember(capability);
  full_screen = 1;
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  terminal->colour_ = colour && has_colors() == TRUE;
  if (terminal->colour_) make_colours();
  return terminal;
}

ScreenTerminal::~ScreenTerminal() {
  if (full_screen != 0) {
    endwin();
    full_screen = 0;
  }
  if (signals_ >= 0) close(signals_);
}

Size ScreenTerminal::size() const {
  return {static_cast<std::size_t>(getmaxy(stdscr)), static_cast<std::size_t>(getmaxx(stdscr))};
}

void ScreenTerminal::show(const Frame& frame) {
  const Size all = size();
  erase();
  for (std::size_t row = 0; row < frame.lines.size() && row < all.rows; ++row) {
    const Line& line = frame.lines[row];
    std::size_t column = 0;
    for (const Cell& cell : line.cells) {
      // Dim letters on a light ground are hard to read.
      const Style style = line.selected && cell.style == Style::dim ? Style::plain : cell.style;
      const attr_t mark = line.selected ? A_REVERSE : A_NORMAL;
      attrset(static_cast<int>(attribute(style, colour_) | mark));
      // Each cell goes to its own column. Where ncurses counts a character's width otherwise than
      // we do, the next one is in its place all the same.
      if (column < all.columns)
        mvaddstr(static_cast<int>(row), static_cast<int>(column),
                 ascii_ ? to_ascii(cell.text).c_str() : cell.text.c_str());
      column += cell.columns;
    }
  }
  attrset(A_NORMAL);
  if (frame.cursor) {
    ::move(static_cast<int>(frame.cursor->first), static_cast<int>(frame.cursor->second));
    curs_set(1);
  } else {
    curs_set(0);
  }
  refresh();
}

ScreenTerminal::Heard ScreenTerminal::wait(std::int64_t ns) {
  Heard heard;
  pollfd looked[] = {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}};
  const timespec span{ns / 1'000'000'000, ns % 1'000'000'000};
  if (ppoll(looked, 2, &span, nullptr) <= 0) return heard;
  if ((looked[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) heard.end = true;
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    switch (static_cast<int>(info.ssi_signo)) {
      case SIGTSTP:
        suspend();
        heard.redraw = true;
        break;
      case SIGCONT:
        // It was stopped by a signal that cannot be caught, and a shell had the terminal.
        endwin();
        resize();
        heard.redraw = true;
        break;
      case SIGWINCH:
        resize();
        heard.redraw = true;
        break;
      default: heard.end = true; break;
    }
  }
  return heard;
}

void ScreenTerminal::suspend() {
  endwin();
  full_screen = 0;
  // Stops the program as if nobody had asked: the signal is let through.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  sigset_t go_on;
  sigemptyset(&go_on);
  sigaddset(&go_on, SIGCONT);
  struct sigaction former {};
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGTSTP, &standard, &former);
  // `kill -CONT` without `fg` leaves the terminal with the shell: it stops again. A program without
  // a shell is not stopped at all.
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
    // Stopped here, until SIGCONT.
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    // That signal is dealt with.
    constexpr timespec kAtOnce{0, 0};
    while (sigtimedwait(&go_on, nullptr, &kAtOnce) > 0) {}
    if (tcgetpgrp(STDOUT_FILENO) == getpgrp()) break;
  }
  sigaction(SIGTSTP, &former, nullptr);
  full_screen = 1;
  resize();
}

void ScreenTerminal::resize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
    resizeterm(size.ws_row, size.ws_col);
  // Something else may have written there meanwhile.
  clearok(stdscr, TRUE);
}

std::optional<KeyPress> ScreenTerminal::key() {
  wint_t c = 0;
  const int kind = get_wch(&c);
  if (kind == ERR) return std::nullopt;
  if (kind == KEY_CODE_YES) {
    switch (static_cast<int>(c)) {
      case KEY_UP: return KeyPress{Key::up, {}};
      case KEY_DOWN: return KeyPress{Key::down, {}};
      case KEY_PPAGE: return KeyPress{Key::page_up, {}};
      case KEY_NPAGE: return KeyPress{Key::page_down, {}};
      case KEY_HOME: return KeyPress{Key::home, {}};
      case KEY_END: return KeyPress{Key::end, {}};
      case KEY_ENTER: return KeyPress{Key::enter, {}};
      case KEY_BACKSPACE: return KeyPress{Key::backspace, {}};
      default: return KeyPress{Key::text, {}};
    }
  }
  switch (c) {
    case '\r':
    case '\n': return KeyPress{Key::enter, {}};
    case 27: return KeyPress{Key::escape, {}};
    case '\t': return KeyPress{Key::tab, {}};
    case 8:
    case 127: return KeyPress{Key::backspace, {}};
    case 21: return KeyPress{Key::clear_line, {}};
    case 12: resize(); return KeyPress{Key::text, {}};
    default: break;
  }
  if (c < 0x20) return KeyPress{Key::text, {}};
  char bytes[MB_LEN_MAX];
  std::mbstate_t state{};
  const std::size_t written = std::wcrtomb(bytes, static_cast<wchar_t>(c), &state);
  if (written == static_cast<std::size_t>(-1)) return KeyPress{Key::text, {}};
  return KeyPress{Key::text, std::string(bytes, written)};
}

}  // namespace ringside::tool::top
