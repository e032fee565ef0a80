// Figures as people read them, and foreign text made harmless. Used by every renderer and by the
// tools, so that the same figure looks the same everywhere. Everything returns UTF-8; a figure that
// is not finite is "–".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "report/model/outcome.h"

namespace ringside {

enum class AlertUnit : std::uint8_t;

// ---- figures

// A span with three significant digits: "830 ns", "18.3 µs", "240 ms", "4.20 s". From two minutes
// on: "3 min 12 s", "2 h 05 min", "3 d 04 h". Negative spans keep their sign.
std::string format_span(double ns);
// The same, with the unit padded to two columns, so that the numbers of a right-aligned column line
// up.
std::string format_span_cell(double ns);
// "1,234,567"
std::string format_count(std::uint64_t count);
std::string format_signed(std::int64_t value);
// "812 B", "18.3 KiB", "1.02 GiB"
std::string format_bytes(std::uint64_t bytes);
// Per second, three significant digits: "0.02/s", "18.3/s", "1,234/s".
std::string format_rate(double per_second);
// A share of one as percent: "0 %", "0.31 %", "4.1 %", "97 %", "100 %". Never rounds a part to
// nothing or to all: "<0.01 %", ">99.99 %".
std::string format_percent(double share);
// A plain number, three significant digits.
std::string format_number(double value);
// An alert's value with its unit: "798 ms", "5 %", "1.00 GiB", "3 a minute", "12 connections". A
// fact is the word alone: "open", "not open".
std::string format_value(double value, AlertUnit unit);

// Wall time, nanoseconds since the Unix epoch, as ISO 8601 in UTC: "2024-11-23T09:15:55.123Z". 0 is
// "never".
std::string format_wall(std::int64_t wall_ns);
// The same to the minute, for tables: "2026-03-02T10:30Z".
std::string format_minute(std::int64_t wall_ns);
// The same to the nanosecond, RFC 3339, for machines.
std::string format_wall_exact(std::int64_t wall_ns);
// The time of day alone, "09:15:55.123".
std::string format_time_of_day(std::int64_t wall_ns);

// "user 42", "address 127.0.0.2", "address 2001:db8::/64" (an IPv6 client is its network), "–" for
// nobody.
std::string format_party(const Party& party);
// The id of an address alone: "127.0.0.2", "2001:db8::/64", "::1", "fe80::…:a:b:c" (a neighbour on
// a link).
std::string format_address(std::uint64_t id);

// ---- foreign text

// Makes text safe for a terminal or a line of a log. A server, and so perhaps one of its users,
// chose that text. Control characters, escape sequences, line and paragraph separators, invisible
// and direction-changing characters, and bytes that are not UTF-8 become visible: \n, \t, \x1b,
// \u{202e}. A backslash becomes \\, so the result is unambiguous.
std::string escape_visible(std::string_view text);

// Columns that valid UTF-8 takes on a terminal: 2 for wide (East Asian, emoji) characters, 0 for
// combining marks.
std::size_t display_width(std::string_view text);
// At most `columns` wide: what is cut off becomes one "…".
std::string clip(std::string_view text, std::size_t columns);

}  // namespace ringside
