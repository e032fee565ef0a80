// The top of the screen where there are no single records: a history, or a running daemon.
#include <algorithm>

#include "report/model/format.h"
#include "tools/ringside/top/model.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

namespace {

// Whole minutes: "21 min", "7 h 05 min", "3 d 04 h".
std::string minutes_text(std::int64_t ns) {
  const std::int64_t minutes = ns / (60 * kSecondNs);
  return minutes < 60 ? std::to_string(minutes) + " min" : format_span(static_cast<double>(ns));
}

std::string span_of(const Picture& picture) {
  const auto minute = [](std::int64_t ns) { return format_time_of_day(ns).substr(0, 5); };
  return minute(picture.begin_wall_ns) + "–" + minute(picture.wall_ns);
}

Line name_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  const bool now = !picture.past;
  const char* badge = picture.paused ? " PAUSED " : now ? " LIVE " : " HISTORY ";
  const bool ended = now && picture.state && *picture.state != RingState::live;
  // The time of the figures is what one looks for first.
  const std::string day = format_wall(picture.wall_ns).substr(0, 10);
  const std::string time = now ? format_time_of_day(picture.wall_ns).substr(0, 8)
                               : (columns >= 60 ? day + " " : std::string()) + span_of(picture);
  const std::size_t taken = display_width(badge) + display_width(time) + 5;
  line.add(" ")
      .add(
          clip(picture.ring, std::clamp<std::size_t>(columns > taken ? columns - taken : 1, 1, 40)),
          Style::bold)
      .add(" ");
  line.add(badge, picture.paused ? Style::badge_warn : now ? Style::badge_good : Style::badge_warn);
  std::vector<std::string> more;
  if (ended) more.push_back(std::string("  server ") + name_of(*picture.state));
  if (!picture.program.empty())
    more.push_back("  " + clip(picture.program, 24) +
                   (picture.pid > 0 ? " pid " + std::to_string(picture.pid) : ""));
  for (const std::string& one : more) {
    if (display_width(one) + display_width(time) + 3 < line.left())
      line.add(one, ended && &one == &more[0] ? Style::bad : Style::plain);
  }
  if (display_width(time) + 2 <= line.left())
    line.at_end(time + " ", now ? Style::plain : Style::accent);
  return line.line();
}

std::string shown_window(const Picture& picture) {
  const std::int64_t s = picture.window_s;
  std::string text = "window " + (s % 3600 == 0 ? std::to_string(s / 3600) + " h"
                                                : std::to_string(s / 60) + " min");
  const auto wanted = static_cast<double>(s);
  if (picture.seconds <= 0) return text + " (none of it seen)";
  // The daemon's slices have 5 s.
  if (picture.seconds < wanted - 5.5) text += " (" + format_span(picture.seconds * 1e9) + " seen)";
  return text;
}

Line rate_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  line.add(" ").add(format_rate(picture.rate), Style::bold).add("  ");
  const std::string window = shown_window(picture);
  const std::size_t others = display_width(window) + 32;
  const std::size_t room = columns > others ? std::min<std::size_t>(60, columns - others) : 0;
  if (room > 8) line.add(spark(picture.trend, room), Style::accent).add("  ");
  line.add("errors ").add(format_percent(picture.error_share),
                          picture.error_share > 0 ? Style::bad : Style::good);
  if (display_width(window) + 2 <= line.left()) line.add("  ").add(window, Style::dim);
  return line.line();
}

Line counts_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  const std::uint64_t calls = picture.shown + picture.filtered;
  line.add(" calls ", Style::dim).add(format_count(calls));
  line.add(" = shown ", Style::dim).add(format_count(picture.shown));
  line.add(" + filtered ", Style::dim).add(format_count(picture.filtered));
  line.add("   lost ", Style::dim)
      .add(format_count(picture.counts.lost), picture.counts.lost > 0 ? Style::bad : Style::good);
  if (picture.skipped > 0)
    line.add("   not recorded one by one ", Style::dim).add(format_count(picture.skipped));
  return line.line();
}

// What is not as usual, and where in time one is.
Line where_line(const Picture& picture, std::size_t columns) {
  LineMaker line(columns);
  const auto say = [&](const std::string& text, Style style) {
    line.add(line.left() == columns ? " " : "   ").add(text, style);
  };
  if (!picture.notice.empty()) say(picture.notice, Style::warn);
  if (picture.paused)
    say("paused for " + format_span(static_cast<double>(picture.paused_ns)) + ": p goes on",
        Style::warn);
  if (picture.past) {
    const std::int64_t behind_ns = picture.last_wall_ns - picture.wall_ns;
    std::string where = picture.hours ? "whole hours" : "whole minutes";
    where +=
        behind_ns < kSecondNs ? ", at the end" : ", " + minutes_text(behind_ns) + " before the end";
    where += "; it holds " + minutes_text(picture.last_wall_ns - picture.first_wall_ns);
    where += picture.from == From::daemon ? ": [ ] step, } now" : ": [ ] step";
    say(where, Style::accent);
  } else if (picture.notice.empty() && !picture.paused) {
    say("as the daemon counts: [ steps back into its history", Style::dim);
  }
  if (!picture.filter.empty()) say("filter: " + picture.filter, Style::accent);
  return line.line();
}

}  // namespace

std::vector<Line> minutes_header_lines(const Picture& picture, Size size) {
  std::vector<Line> lines = {name_line(picture, size.columns)};
  if (size.rows < 6) return lines;
  if (size.rows < 16) {
    lines.push_back(where_line(picture, size.columns));
    return lines;
  }
  lines.push_back(rate_line(picture, size.columns));
  lines.push_back(counts_line(picture, size.columns));
  lines.push_back(where_line(picture, size.columns));
  return lines;
}

}  // namespace ringside::tool::top
