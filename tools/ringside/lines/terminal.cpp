#include "tools/ringside/lines/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ringside::tool {

Terminal standard_output() {
  Terminal terminal;
  if (isatty(STDOUT_FILENO) != 1) return terminal;
  terminal.is_one = true;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  terminal.colour = (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
                    std::string_view(term) != "dumb";
  terminal.many_colours =
      terminal.colour && std::string_view(term).find("256color") != std::string_view::npos;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return terminal;
  if (size.ws_col > 0) terminal.columns = size.ws_col;
  if (size.ws_row > 0) terminal.rows = size.ws_row;
  return terminal;
}

}  // namespace ringside::tool
