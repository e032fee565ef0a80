// What a screen follows: a ring, a history, or a running daemon. The screen asks for pictures and
// says what a key has asked for. A feed knows where its figures come from.
//
//   Session (top/session.h)              a ring or a recording: single records
//   past::MinutesFeed (past/feed.h)      a history or a running daemon: figures of minutes
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/ringside/filter/condition.h"
#include "tools/ringside/top/model.h"
#include "tools/ringside/top/picture.h"

namespace ringside::tool::top {

// Why a feed cannot begin: as a command says it, and with which code it ends.
struct Refusal {
  std::string message;
  int code = 1;
};

// Which parts of a picture are wanted.
struct Wish {
  bool lanes = false, errors = false, actors = false;
  bool actors_by_failures = false;
  std::optional<std::uint16_t> detail;
  std::int64_t window_s = 10;  // Feed::window_s() of one of its windows

  friend bool operator==(const Wish&, const Wish&) = default;
};

class Feed {
 public:
  virtual ~Feed() = default;

  // Reads what has come. Returns how long to wait before the next call, in ns.
  virtual std::int64_t pass() = 0;
  virtual void fill(const Wish& wish, Picture& picture) = 0;
  // There are three, the shortest first.
  virtual std::int64_t window_s(std::size_t index) const { return kWindowsS[index]; }
  // Whether a picture is good only after a second of watching.
  virtual bool needs_a_second() const { return false; }

  // An expression beside the flags; empty: none. False, and `error` set, when it cannot be taken.
  // Then nothing has changed.
  virtual bool set_filter(const std::string& expression, FilterError& error) = 0;
  virtual const std::string& filter() const = 0;

  virtual void pause(bool on) = 0;
  virtual bool paused() const = 0;

  // Whether a moment of the past is shown.
  virtual bool past() const = 0;
  virtual void step(std::int64_t ns) = 0;
  virtual void step_to_begin() = 0;
  virtual void step_to_end() = 0;
  // To a moment as somebody types it. False, and `why` set, when it is none, or lies outside.
  virtual bool jump(const std::string& text, std::string& why) = 0;
  // To what is newer than the source that is shown, if there is something.
  virtual void go_on() {}

  // How much was examined, on standard error.
  virtual void say_end(const char* command) = 0;
};

}  // namespace ringside::tool::top
