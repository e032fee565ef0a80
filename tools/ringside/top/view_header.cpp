// The top of every screen: which ring, how its server is, and the truth about what is shown.
#include <algorithm>

#include "report/model/format.h"
#include "shm/clock.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

namespace {

struct Badge {
  std::string text;
  Style style;
};

Badge badge_of(const Picture& picture) {
  if (picture.paused) return {"PAUSED", Style::badge_warn};
  if (picture.waiting) return {"WAITING", Style::badge_warn};
  if (picture.recorded) return {"RECORDING", Style::badge_good};
  if (!picture.state) return {"UNKNOWN", Style::badge_warn};
  switch (*picture.state) {
    case RingState::live: return {"LIVE", Style::badge_good};
    case RingState::crashed: return {"CRASHED", Style::badge_bad};
    case RingState::closed: return {"CLOSED", Style::badge_warn};
    default: return {"UNKNOWN", Style::badge_warn};
  }
}

std::string window_text(const Picture& picture) {
  const auto wanted = static_cast<double>(picture.window_s);
  std::string text = "window " + std::to_string(picture.window_s) + " s";
  // Not all of it was observed.
  if (picture.seconds > 0 && picture.seconds < wanted - 0.3)
    text += " (" + format_span(picture.seconds * 1e9) + " seen)";
  return text;
}

Line first_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  const Badge badge = badge_of(picture);
  // On a narrow screen the name gives way, not what has become of the server.
  const std::size_t for_badge = display_width(badge.text) + 4;
  const std::size_t for_name = columns > for_badge + 4 ? columns - for_badge : columns;
  line.add(" ").add(clip(picture.ring, std::min<std::size_t>(for_name, 40)), Style::bold).add(" ");
  line.add(" " + badge.text + " ", badge.style);
  const std::string time = columns >= 90 ? format_wall(picture.wall_ns)
                                         : format_time_of_day(picture.wall_ns).substr(0, 8);
  std::string who = "  " + clip(picture.program, 24) + " pid " + std::to_string(picture.pid);
  if (display_width(who) + display_width(time) + 3 < line.left()) line.add(who);
  const std::string up = "  up " + format_span(static_cast<double>(picture.uptime_ns));
  if (picture.uptime_ns > 0 && display_width(up) + display_width(time) + 3 < line.left())
    line.add(up, Style::dim);
  if (display_width(time) + 2 <= line.left())
    line.at_end(time + " ", picture.past ? Style::accent : Style::plain);
  return line.line();
}

Line second_line(const Picture& picture, std::size_t columns, bool with_loss) {
  LineMaker line(columns);
  line.add(" ").add(format_rate(picture.rate), Style::bold).add("  ");
  const std::size_t room = columns >= 70 ? std::min<std::size_t>(60, columns - 56) : 0;
  if (room > 0) line.add(spark(picture.trend, room), Style::accent).add("  ");
  line.add("errors ").add(format_percent(picture.error_share),
                          picture.error_share > 0 ? Style::bad : Style::good);
  if (with_loss)
    line.add(" lost ").add(format_count(picture.counts.lost),
                           picture.counts.lost > 0 ? Style::bad : Style::good);
  const std::string window = window_text(picture);
  if (display_width(window) + 2 <= line.left())
    line.add("  ").add(window, Style::dim);
  else
    line.add("  ").add(std::to_string(picture.window_s) + " s", Style::dim);
  return line.line();
}

Line books_line(const Picture& picture, std::size_t columns) {
  const RecordCounts& counts = picture.counts;
  const std::uint64_t told = picture.shown + picture.filtered + counts.rejected;
  // Of a source that is over, what lies after the moment that is shown.
  const std::uint64_t later = picture.past && counts.read > told ? counts.read - told : 0;
  const std::uint64_t written = told + counts.lost + counts.earlier + later;
  LineMaker line(columns);
  line.add(" written ", Style::dim).add(format_count(written));
  line.add(" = shown ", Style::dim).add(format_count(picture.shown));
  line.add(" + filtered ", Style::dim).add(format_count(picture.filtered));
  line.add(" + lost ", Style::dim)
      .add(format_count(counts.lost), counts.lost > 0 ? Style::bad : Style::good);
  if (counts.rejected > 0)
    line.add(" + damaged ", Style::dim).add(format_count(counts.rejected), Style::bad);
  if (counts.earlier > 0) line.add(" + earlier ", Style::dim).add(format_count(counts.earlier));
  if (later > 0) line.add(" + later ", Style::dim).add(format_count(later));
  return line.line();
}

// What is not as usual: the most urgent first.
Line status_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  const auto say = [&](const std::string& text, Style style) {
    line.add(line.left() == columns ? " " : "   ").add(text, style);
  };
  if (picture.paused)
    say("paused for " + format_span(static_cast<double>(picture.paused_ns)) + ": " +
            format_count(picture.unread) + " unread; what the ring laps counts as lost",
        Style::warn);
  if (!picture.notice.empty()) say(picture.notice, Style::warn);
  if (picture.past && !picture.waiting) {
    const auto behind = static_cast<double>(subtract_ns(picture.last_wall_ns, picture.wall_ns));
    say((behind < 1e6 ? std::string("at the end") : format_span(behind) + " before the end") +
            "; it holds " +
            format_span(
                static_cast<double>(subtract_ns(picture.last_wall_ns, picture.first_wall_ns))) +
            ": [ ] step",
        Style::accent);
  }
  if (!picture.filter.empty()) say("filter: " + picture.filter, Style::accent);
  if (picture.tracing_off) say("tracing is switched off", Style::warn);
  if (picture.untraced_threads > 0)
    say(format_count(picture.untraced_threads) + " threads are untraced: no memory", Style::bad);
  return line.line();
}

}  // namespace

std::vector<Line> header_lines(const Picture& picture, const ViewState&, Size size) {
  if (picture.from != From::records) return minutes_header_lines(picture, size);
  std::vector<Line> lines = {first_line(picture, size.columns)};
  if (size.rows < 6) return lines;
  const Line status = status_line(picture, size.columns);
  if (size.rows < 16) {
    lines.push_back(status.cells.empty() ? second_line(picture, size.columns, true) : status);
    return lines;
  }
  lines.push_back(second_line(picture, size.columns, false));
  lines.push_back(books_line(picture, size.columns));
  lines.push_back(status);
  return lines;
}

Line footer_line(const Picture& picture, const ViewState& state, std::size_t columns) {
  LineMaker line(columns);
  const auto key = [&](const char* keys, const char* what, bool here = false) {
    // Half a word helps nobody.
    if (display_width(keys) + display_width(what) + 3 > line.left()) return;
    line.add(" ").add(keys, Style::key).add(" ").add(what, here ? Style::bold : Style::plain);
  };
  if (state.screen == Screen::help) {
    key("q", "back");
    return line.line();
  }
  if (columns < 60) key("?", "help");
  if (state.screen == Screen::detail) {
    key("q", "back");
    key("w", state.worst ? "latest" : "worst");
  } else {
    key("o", "operations", state.screen == Screen::operations);
    key("l", "lanes", state.screen == Screen::lanes);
    key("e", "errors", state.screen == Screen::errors);
    key("a", "actors", state.screen == Screen::actors);
    if (state.screen == Screen::operations || state.screen == Screen::actors) key("s", "sort");
  }
  key("/", "filter");
  if (picture.past || picture.from != From::records) key("[ ]", "time");
  // A daemon has both, and the last key would have no room.
  const bool both = picture.from != From::records;
  if (!picture.past && !both) key("p", picture.paused ? "go on" : "pause");
  if (columns >= 60) key("?", "help");
  if (state.screen != Screen::detail) key("q", "quit");
  key("+ -", "window");
  if (!picture.past && both) key("p", picture.paused ? "go on" : "pause");
  return line.line();
}

}  // namespace ringside::tool::top
