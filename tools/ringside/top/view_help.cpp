#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

namespace {

struct Help {
  const char* keys;
  const char* what;
};
constexpr Help kHelp[] = {
    {"", "Screens"},
    {"o l e a", "operations, lanes (threads), errors, actors"},
    {"Enter", "one operation: how its time is spread, its stages, its calls"},
    {"w  Tab", "there: the longest calls, or the last 100"},
    {"q  Esc", "back; q on a list quits, Ctrl-C quits anywhere"},
    {"", "Lists"},
    {"Up Down", "the marked row; also k and j, PageUp, PageDown, Home, End"},
    {"s  < >", "sort: by time, rate, p95, errors"},
    {"+ -", "the window: 1 s, 10 s, 60 s; of minutes 1 min, 5 min, 1 h"},
    {"/", "a filter, as for -q: latency > 50ms and op ~ 'SEND_*'"},
    {"p  Space", "pause: nothing is read; what the ring laps counts as lost"},
    {"", "A server that has ended, a recording, a history, a daemon"},
    {"[ ]", "back and forth in time, a window at a time"},
    {"{ }", "to the begin, and to the end of what the source holds, or to now"},
    {"t", "to a moment: 02:13:00, or 30s before the end"},
    {"n", "to the ring of the new server"},
    {"", "Words"},
    {"RATE", "records a second; 1/8 after a name: one in 8 is recorded"},
    {"TIME", "the share of this one in what all operations took"},
    {"AT ONCE", "how many are being worked on at once, on average"},
    {"P95", "red: above the limit that the server or the daemon has for it"},
    {"ERRORS", "outcomes error and timeout; REFUSED: rejected, denied, limited"},
    {"IN FLIGHT", "what a thread has begun and not ended; red after a second"},
    {"LOST", "overwritten before it was read"},
};

}  // namespace

std::vector<Line> help_lines(ViewState& state, Size size) {
  Place& place = state.place();
  const std::size_t count = sizeof kHelp / sizeof *kHelp;
  place.rows = count;
  place.page = size.rows;
  const std::size_t last = count > size.rows ? count - size.rows : 0;
  place.row = place.row < last ? place.row : last;
  place.top = place.row;
  std::vector<Line> lines;
  for (std::size_t i = place.top; i < count && lines.size() < size.rows; ++i) {
    LineMaker line(size.columns);
    if (*kHelp[i].keys == '\0') {
      line.add(" ").add(kHelp[i].what, Style::bold);
    } else {
      line.add("   ").add(kHelp[i].keys, 10, Align::left, Style::key).add(" ").add(kHelp[i].what);
    }
    lines.push_back(line.line());
  }
  return lines;
}

}  // namespace ringside::tool::top
