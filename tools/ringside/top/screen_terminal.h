// The terminal as a full screen, by ncursesw: shows frames, hears keys, and leaves the terminal as
// it was, however the program ends. One at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tools/ringside/top/keys.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

class ScreenTerminal {
 public:
  // What happened while it waited.
  struct Heard {
    bool end = false;     // SIGINT, SIGTERM, SIGHUP, or the terminal is gone
    bool redraw = false;  // the size is another one, or the program was stopped and goes on
  };

  // Null, and `why` set in two lines, when standard output and input are no terminal that can show
  // a full screen.
  static std::unique_ptr<ScreenTerminal> open(bool colour, std::string* why);
  ~ScreenTerminal();
  ScreenTerminal(const ScreenTerminal&) = delete;
  ScreenTerminal& operator=(const ScreenTerminal&) = delete;

  Size size() const;
  void show(const Frame& frame);
  // Waits for a key or a signal, at most so long.
  Heard wait(std::int64_t ns);
  // The keys that were pressed meanwhile, one after the other.
  std::optional<KeyPress> key();

 private:
  ScreenTerminal() = default;
  void suspend();
  void resize();

  int signals_ = -1;
  bool colour_ = false;
  bool ascii_ = false;
};

}  // namespace ringside::tool::top
