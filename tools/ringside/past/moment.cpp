#include "tools/ringside/past/moment.h"

#include "daemon/history/spans.h"
#include "daemon/http/instants.h"
#include "daemon/http/past_span.h"
#include "report/model/format.h"

namespace ringside::tool::past {

namespace {

bool is_time_of_day(const std::string& text) {
  return text.find(':') != std::string::npos &&
         text.find_first_not_of("0123456789:") == std::string::npos;
}

}  // namespace

std::optional<std::int64_t> minute_of(const std::string& text, const Held& held, std::string& why) {
  std::optional<std::int64_t> at_s;
  if (is_time_of_day(text)) {
    const auto on_day_of = [&](std::int64_t wall_s) {
      return parse_instant(format_wall(wall_s * kNsPerSecond).substr(0, 11) + text + "Z", wall_s);
    };
    at_s = on_day_of(held.end_wall_s);
    // Soon after midnight, 23:50 is that of the day before.
    if (at_s && *at_s > held.end_wall_s) at_s = on_day_of(held.end_wall_s - kDayS);
  } else {
    at_s = parse_instant(text, held.end_wall_s);
  }
  if (!at_s) {
    why = "found `" + escape_visible(text) +
          "`, expected a moment\n  next: write 2026-11-27T02:13Z, 02:13:00, or 30min (before the "
          "end)";
    return std::nullopt;
  }
  if (*at_s < held.begin_wall_s || *at_s > held.end_wall_s) {
    why = minute_text(*at_s) + " lies outside of what there is\n  next: it has " +
          span_words(held.begin_wall_s, held.end_wall_s);
    return std::nullopt;
  }
  // The end belongs to the last minute.
  const std::int64_t last_s = held.end_wall_s - 60;
  return floor_to(*at_s > last_s ? last_s : *at_s, 60);
}

std::string span_words(std::int64_t begin_wall_s, std::int64_t end_wall_s) {
  return minute_text(begin_wall_s) + " to " + minute_text(end_wall_s);
}

}  // namespace ringside::tool::past
