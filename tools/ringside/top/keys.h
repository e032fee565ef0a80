// What a key does: it changes what is seen, or asks for something. No terminal.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

enum class Key : std::uint8_t {
  text,  // a character
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  tab,
  backspace,
  clear_line,  // Ctrl-U
};

struct KeyPress {
  Key key = Key::text;
  std::string text;  // UTF-8
};

struct Action {
  enum class Kind : std::uint8_t {
    none,
    quit,
    filter,  // `text` is the expression
    moment,  // `text` is where to jump to
    pause,   // or go on
    back,    // in time, by a window
    forth,
    begin,
    end,
    newest  // the ring of the new server
  };
  Kind kind = Kind::none;
  std::string text = {};
};

// `filter` is the one in force: what a prompt begins with. `picture` is what is on the screen, in
// the order of arrange().
Action press(const KeyPress& pressed, const Picture& picture, const std::string& filter,
             ViewState& state);

}  // namespace ringside::tool::top
