// The spans of a history that a command line, or a request, asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/history/history_reader.h"

namespace ringside {

struct TimeSpan {
  std::int64_t begin_wall_s = 0;
  std::int64_t end_wall_s = 0;  // exclusive
  std::int64_t seconds() const { return end_wall_s - begin_wall_s; }
};

// How those who ask spell what they ask for, for messages.
struct SpanWords {
  std::string_view since = "--since";
  std::string_view until = "--until";
  std::string_view compare_to = "--compare-to";
  std::string_view ring = "--ring";
  std::string_view operation = "--operation";
  std::string_view help = "ringside report --help";
};

// What `since` and `until` ask for, as instants.h reads them, cut to whole minutes that the file
// holds. Without `until`: up to the end of the file, or up to now where that lies beyond: the clock
// was ahead. Without `since`: the last `otherwise_s` seconds. Nothing: `why` says what is wrong.
// `history` is the file's name, for messages.
struct AskedSpan {
  std::string history, since, until;
  std::int64_t otherwise_s = 8 * 3600;
  SpanWords words{};
};
std::optional<TimeSpan> asked_span(const AskedSpan& asked, const HistoryExtent& extent,
                                   std::int64_t now_wall_s, std::string* why);
// The same of a history that ends then. It is not cut to what the file holds.
std::optional<TimeSpan> uncut_span(const AskedSpan& asked, std::int64_t end_of_history_s,
                                   std::int64_t now_wall_s, std::string* why);
// Where the file ends for this request; now, rounded up to a minute, if it is empty. What lies
// beyond now was written while the clock was ahead: only a request with `until` gets it.
std::int64_t end_of_history(const AskedSpan& asked, const HistoryExtent& extent,
                            std::int64_t now_wall_s);

// What `compare_to` asks for, for the span that is reported:
//   2026-11-26             the same hours of that day
//   2026-11-26T02:00Z      as long a span that begins then; so any instant with a time
//   7d, -7d, yesterday     the same span so long before
//   FROM..TO               from one instant to another
// Cut to whole minutes. Nothing: `why` says what is wrong.
std::optional<TimeSpan> compared_span(const std::string& text, const TimeSpan& reported,
                                      std::int64_t now_wall_s, std::string* why,
                                      const SpanWords& words = {});

// Whether the file has minutes of all that begins then; otherwise only hours.
bool has_minutes(const HistoryExtent& extent, std::int64_t begin_wall_s);
// With hours whole ones, with those in which the span begins and ends.
HistoryQuery query_of(const TimeSpan& span, bool minutes);

// Leaves the one operation, and all events: security and the database are told by them. False:
// there is no such operation. HistoryRing::left_out counts the records of the others.
bool keep_only(const std::string& operation, HistorySpan& span);

// Rounded up to a whole minute.
std::int64_t minute_after(std::int64_t wall_s);

// "2026-11-27T02:00Z"
std::string minute_text(std::int64_t wall_s);

}  // namespace ringside
