#include "daemon/http/past_span.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/config/units.h"
#include "daemon/history/spans.h"
#include "daemon/http/instants.h"
#include "report/model/format.h"

namespace ringside {
namespace {

// Nothing is of the first minute of 1970 or of a time before it.
constexpr std::int64_t kFirstTime = 60;

std::optional<std::int64_t> instant_of(std::string_view flag, const std::string& text,
                                       std::int64_t now_wall_s, std::string_view help,
                                       std::string* why) {
  const auto found = parse_instant(text, now_wall_s);
  if (!found) {
    *why = fmt::format(
        "{} '{}': expected a UTC time such as 2026-11-27T02:00Z, or how long ago, such as 8h\n"
        "  next: {}",
        flag, escape_visible(text), help);
  }
  return found;
}

std::optional<TimeSpan> from_to(const std::string& text, std::size_t dots, std::int64_t now_wall_s,
                                const SpanWords& words, std::string* why) {
  const std::string_view flag = words.compare_to;
  const auto from = instant_of(flag, text.substr(0, dots), now_wall_s, words.help, why);
  if (!from) return std::nullopt;
  const auto to = instant_of(flag, text.substr(dots + 2), now_wall_s, words.help, why);
  if (!to) return std::nullopt;
  if (*from < *to) return TimeSpan{*from, *to};
  *why = fmt::format("{} {}: {} is not before {}\n  next: give the earlier one first", flag,
                     escape_visible(text), minute_text(*from), minute_text(*to));
  return std::nullopt;
}

TimeSpan before(const TimeSpan& reported, std::int64_t seconds) {
  return {reported.begin_wall_s - seconds, reported.end_wall_s - seconds};
}

std::optional<TimeSpan> any_compared_span(const std::string& text, const TimeSpan& reported,
                                          std::int64_t now_wall_s, const SpanWords& words,
                                          std::string* why) {
  if (const std::size_t dots = text.find(".."); dots != std::string::npos)
    return from_to(text, dots, now_wall_s, words, why);
  if (text == "yesterday") return before(reported, kDayS);
  const std::string span = text.starts_with('-') ? text.substr(1) : text;
  if (const auto ns = parse_duration(span)) {
    const std::int64_t seconds = *ns / kSecond;
    // Whatever begins before 1970 is in no history, and longer spans don't fit.
    return before(reported, std::min(seconds, reported.end_wall_s));
  }
  const auto instant = parse_instant(text, now_wall_s);
  if (!instant) {
    *why = fmt::format(
        "{} '{}': expected a day (2026-11-26), a UTC time, so long before (7d), "
        "yesterday, FROM..TO or baseline\n  next: {}",
        words.compare_to, escape_visible(text), words.help);
    return std::nullopt;
  }
  constexpr std::size_t kDateAlone = 10;
  std::int64_t begin = *instant;
  if (text.size() == kDateAlone)
    begin += reported.begin_wall_s - floor_to(reported.begin_wall_s, kDayS);
  return TimeSpan{begin, begin + reported.seconds()};
}

}  // namespace

bool keep_only(const std::string& operation, HistorySpan& span) {
  bool found = false;
  std::map<std::string, std::uint64_t> left_out;
  std::erase_if(span.series, [&](const HistorySeries& series) {
    if (series.event) return false;
    if (series.name == operation) {
      found = true;
      return false;
    }
    for (const HistorySlot& slot : series.slots) left_out[series.ring] += slot.recorded;
    return true;
  });
  std::erase_if(span.advice, [&](const HistoryAdvice& advice) {
    return advice.key.subject != operation || advice.key.kind == AdviceKind::stage;
  });
  for (HistoryRing& ring : span.rings) ring.left_out += left_out[ring.ring];
  return found;
}

std::string minute_text(std::int64_t wall_s) {
  return format_wall(wall_s * kSecond).substr(0, 16) + "Z";
}

std::int64_t minute_after(std::int64_t wall_s) { return floor_to(wall_s + 59, 60); }

std::int64_t end_of_history(const AskedSpan& asked, const HistoryExtent& extent,
                            std::int64_t now_wall_s) {
  const bool empty = extent.last_wall_s == 0;
  const bool beyond = extent.end_wall_s > now_wall_s + kHourS && extent.first_wall_s < now_wall_s;
  const bool at_now = empty || (asked.until.empty() && beyond);
  return at_now ? minute_after(now_wall_s) : extent.end_wall_s;
}

std::optional<TimeSpan> uncut_span(const AskedSpan& asked, std::int64_t end_of_history_s,
                                   std::int64_t now_wall_s, std::string* why) {
  const SpanWords& words = asked.words;
  const auto instant = [&](std::string_view flag, const std::string& text, std::int64_t otherwise) {
    return text.empty() ? std::optional(otherwise)
                        : instant_of(flag, text, now_wall_s, words.help, why);
  };
  const auto until = instant(words.until, asked.until, end_of_history_s);
  if (!until) return std::nullopt;
  auto since =
      instant(words.since, asked.since, std::min(*until, end_of_history_s) - asked.otherwise_s);
  if (!since) return std::nullopt;
  since = std::max(*since, kFirstTime);
  if (*since < *until) return TimeSpan{*since, *until};
  if (asked.until.empty()) {
    *why = fmt::format("{0} {1}: the history ends at {2}\n  next: give an earlier {0}", words.since,
                       minute_text(*since), minute_text(*until));
  } else {
    *why = fmt::format("{0} {1} is not before {2} {3}\n  next: give an earlier {0}", words.since,
                       minute_text(*since), words.until, minute_text(*until));
  }
  return std::nullopt;
}

std::optional<TimeSpan> asked_span(const AskedSpan& asked, const HistoryExtent& extent,
                                   std::int64_t now_wall_s, std::string* why) {
  const std::int64_t end_of_file = end_of_history(asked, extent, now_wall_s);
  const auto uncut = uncut_span(asked, end_of_file, now_wall_s, why);
  if (!uncut) return std::nullopt;
  // A slot belongs to the span that holds its begin.
  const TimeSpan span{std::max(uncut->begin_wall_s, extent.first_wall_s) / 60 * 60,
                      (std::min(uncut->end_wall_s, end_of_file) + 59) / 60 * 60};
  if (span.seconds() > 0) return span;
  *why =
      fmt::format("{}: it holds nothing of {} to {}, only {} to {}\n  next: give {} and {} within",
                  asked.history, minute_text(uncut->begin_wall_s), minute_text(uncut->end_wall_s),
                  minute_text(extent.first_wall_s), minute_text(end_of_file), asked.words.since,
                  asked.words.until);
  return std::nullopt;
}

std::optional<TimeSpan> compared_span(const std::string& text, const TimeSpan& reported,
                                      std::int64_t now_wall_s, std::string* why,
                                      const SpanWords& words) {
  auto span = any_compared_span(text, reported, now_wall_s, words, why);
  if (!span) return std::nullopt;
  span->begin_wall_s = std::max(floor_to(span->begin_wall_s, 60), kFirstTime);
  span->end_wall_s = std::max(minute_after(span->end_wall_s), kFirstTime + 60);
  return span;
}

bool has_minutes(const HistoryExtent& extent, std::int64_t begin_wall_s) {
  return extent.first_minute_wall_s != 0 && begin_wall_s >= extent.first_minute_wall_s;
}

HistoryQuery query_of(const TimeSpan& span, bool minutes) {
  HistoryQuery query;
  query.begin_wall_s = span.begin_wall_s;
  query.end_wall_s = span.end_wall_s;
  if (minutes) return query;
  query.slots = HistoryQuery::Slots::hours;
  query.begin_wall_s = floor_to(query.begin_wall_s, kHourS);
  query.end_wall_s = floor_to(query.end_wall_s + kHourS - 1, kHourS);
  return query;
}

}  // namespace ringside
