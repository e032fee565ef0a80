#include "report/model/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "report/model/alerts.h"

namespace ringside {
namespace {

constexpr const char* kNone = "–";

// Three significant digits without exponent, and whole numbers above 100. The caller makes sure
// that 1 <= |value| < 1000, or accepts more digits.
std::string three_digits(double value) {
  const double size = std::abs(value);
  if (size < 9.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

std::string with_separators(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

struct Scaled {
  double value;
  const char* unit;
};

// The unit in which three digits show the span: 999.6 µs is 1.00 ms, not 1000 µs.
Scaled scale_span(double ns) {
  const double size = std::abs(ns);
  if (size < 999.5) return {ns, "ns"};
  if (size < 999.5e3) return {ns / 1e3, "µs"};
  if (size < 999.5e6) return {ns / 1e6, "ms"};
  return {ns / 1e9, "s"};
}

// From two minutes on: the two largest units, the second one filled to two digits.
std::string long_span(double ns) {
  const char* sign = std::signbit(ns) ? "-" : "";
  const auto seconds = static_cast<std::uint64_t>(std::llround(std::min(std::abs(ns) / 1e9, 1e15)));
  const std::uint64_t minutes = seconds / 60;
  const std::uint64_t hours = minutes / 60;
  if (hours >= 48)
    return fmt::format("{}{} d {:02} h", sign, with_separators(fmt::format("{}", hours / 24)),
                       hours % 24);
  if (hours >= 2) return fmt::format("{}{} h {:02} min", sign, hours, minutes % 60);
  return fmt::format("{}{} min {:02} s", sign, minutes, seconds % 60);
}

struct WallParts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::nanoseconds> time;
};

WallParts split_wall(std::int64_t wall_ns) {
  using namespace std::chrono;
  // The earliest day whose midnight 64 bits of nanoseconds can hold.
  constexpr nanoseconds kEarliest = days{-106'751};
  const sys_time<nanoseconds> at{std::max(nanoseconds{wall_ns}, kEarliest)};
  const auto day = floor<days>(at);
  return {year_month_day{day}, hh_mm_ss<nanoseconds>{at - day}};
}

std::string date_and_time(const WallParts& parts) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(parts.date.year()),
                     static_cast<unsigned>(parts.date.month()),
                     static_cast<unsigned>(parts.date.day()), parts.time.hours().count(),
                     parts.time.minutes().count(), parts.time.seconds().count());
}

std::int64_t milliseconds(const WallParts& parts) {
  return parts.time.subseconds().count() / 1'000'000;
}

// One character of UTF-8. For a byte that starts none, `bytes` is 1 and `valid` false. Overlong
// forms, surrogates and everything above U+10FFFF are no characters.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0x80, 0x800, 0x10000};  // of two bytes, three, four
  if (value < kLeast[length - 2] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    return {};
  return {value, length, true};
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool any_of(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

// Characters that are invisible or change how others look: controls, soft hyphen, joiners,
// direction marks, separators, variation selectors, byte order mark, interlinear and tag
// characters, non-characters.
constexpr Range kInvisible[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f}, {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0x10ffff}};

// The last two numbers of each plane are non-characters.
bool is_invisible(char32_t c) { return any_of(kInvisible, c) || (c & 0xfffe) == 0xfffe; }

// Marks that combine with the character before them, from scripts that occur in names.
constexpr Range kCombining[] = {
    {0x300, 0x36f}, {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x93c, 0x93c}, {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},
    {0xe47, 0xe4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}};

// Unicode's East Asian Width W and F, in blocks.
constexpr Range kWide[] = {
    {0x1100, 0x115e},   {0x231a, 0x231b},   {0x23e9, 0x23f3},  {0x2614, 0x2615}, {0x26a1, 0x26a1},
    {0x2705, 0x2705},   {0x274c, 0x274c},   {0x2e80, 0x303e},  {0x3041, 0xa4cf}, {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff01, 0xff60}, {0xffe0, 0xffe6},
    {0x17000, 0x18aff}, {0x1f300, 0x1f9ff}, {0x20000, 0x3fffd}};

std::size_t width_of(char32_t c) {
  if (c < 0x300) return 1;
  if (any_of(kCombining, c)) return 0;
  return any_of(kWide, c) ? 2 : 1;
}

}  // namespace

std::string format_span(double ns) {
  if (!std::isfinite(ns)) return kNone;
  if (ns == 0) return "0 ns";
  if (std::abs(ns) >= 119.5e9) return long_span(ns);
  const auto [value, unit] = scale_span(ns);
  // The clock gives whole nanoseconds, so a fraction means that the value is a mean.
  if (unit[0] == 'n' && value == std::floor(value)) return fmt::format("{:.0f} ns", value);
  return three_digits(value) + " " + unit;
}

std::string format_span_cell(double ns) {
  std::string text = format_span(ns);
  if (text.ends_with(" s")) text += ' ';
  return text;
}

std::string format_count(std::uint64_t count) { return with_separators(fmt::format("{}", count)); }

std::string format_signed(std::int64_t value) {
  const auto size = static_cast<std::uint64_t>(value);
  if (value < 0) return "-" + format_count(std::uint64_t{0} - size);
  return format_count(size);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  const char* const* unit = kUnits;
  for (; value >= 999.5; ++unit) value /= 1024;  // 64 bits hold 16 EiB, so it ends there
  return three_digits(value) + " " + *unit;
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return kNone;
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size < 0.005) return fmt::format("{:.2g}", value);
  if (size < 999.5) {
    std::string text = three_digits(value);
    if (text.find('.') != std::string::npos && value == std::floor(value))
      text.resize(text.find('.'));
    return text;
  }
  if (size >= 1e15) return fmt::format("{:.3g}", value);
  return format_signed(std::llround(value));
}

std::string format_rate(double per_second) {
  if (!std::isfinite(per_second)) return kNone;
  if (per_second > 0 && per_second < 0.005) return "<0.01/s";
  return format_number(per_second) + "/s";
}

std::string format_percent(double share) {
  if (!std::isfinite(share)) return kNone;
  const double percent = share * 100;
  if (percent > 0 && percent < 0.005) return "<0.01 %";
  if (percent < 100 && percent >= 99.995) return ">99.99 %";
  const double size = std::abs(percent);
  const bool near_all = percent >= 99.5 && percent < 100;
  // 7 of 100 times 100 is not quite 7.
  const bool whole = std::abs(percent - std::round(percent)) < 0.000001;
  const int decimals = whole             ? 0
                       : size < 0.995    ? 2
                       : size < 9.95     ? 1
                       : !near_all       ? 0
                       : percent < 99.95 ? 1
                                         : 2;
  return fmt::format("{:.{}f}", percent, decimals) + " %";
}

std::string format_value(double value, AlertUnit unit) {
  if (is_fact(unit)) {
    const char* how = value >= 1 ? "" : value > 0 ? "half-" : "not ";
    return std::string(how) + name_of(unit);
  }
  switch (unit) {
    case AlertUnit::ms: return format_span(value * 1e6);
    case AlertUnit::percent: return format_percent(value / 100);
    case AlertUnit::bytes:
      return value >= 0 && value < 1e18 ? format_bytes(static_cast<std::uint64_t>(value)) : kNone;
    case AlertUnit::per_minute: return format_number(value) + " a minute";
    case AlertUnit::per_hour: return format_number(value) + " an hour";
    case AlertUnit::per_cpu: return format_number(value) + " per CPU";
    case AlertUnit::connections:
      return format_number(value) + (value == 1 ? " connection" : " connections");
    case AlertUnit::records: return format_number(value) + (value == 1 ? " record" : " records");
    case AlertUnit::burn: return format_number(value) + " times";
    default: return format_number(value) + " " + name_of(unit);
  }
}

std::string format_wall(std::int64_t wall_ns) {
  if (wall_ns == 0) return "never";
  const WallParts parts = split_wall(wall_ns);
  return fmt::format("{}.{:03}Z", date_and_time(parts), milliseconds(parts));
}

std::string format_minute(std::int64_t wall_ns) {
  return wall_ns == 0 ? "never" : format_wall(wall_ns).substr(0, 16) + "Z";
}

std::string format_wall_exact(std::int64_t wall_ns) {
  const WallParts parts = split_wall(wall_ns);
  return fmt::format("{}.{:09}Z", date_and_time(parts), parts.time.subseconds().count());
}

std::string format_time_of_day(std::int64_t wall_ns) {
  if (wall_ns == 0) return "never";
  const WallParts parts = split_wall(wall_ns);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.time.hours().count(),
                     parts.time.minutes().count(), parts.time.seconds().count(),
                     milliseconds(parts));
}

// shm/README.md lists the forms of an address.
std::string format_address(std::uint64_t id) {
  const auto group = [id](unsigned index) { return id >> (48 - 16 * index) & 0xffff; };
  if (id >> 32 == 0)
    return fmt::format("{}.{}.{}.{}", id >> 24, id >> 16 & 255, id >> 8 & 255, id & 255);
  if (id >> 32 == 1) {
    return group(2) == 0 ? fmt::format("::{:x}", group(3))
                         : fmt::format("::{:x}:{:x}", group(2), group(3));
  }
  if (group(0) == 0xfe80)
    return fmt::format("fe80::…:{:x}:{:x}:{:x}", group(1), group(2), group(3));
  std::string text = fmt::format("{:x}", group(0));
  unsigned last = 3;
  while (group(last) == 0) --last;  // ends: group 0 or 1 is not 0 here
  for (unsigned index = 1; index <= last; ++index) text += fmt::format(":{:x}", group(index));
  return text + "::/64";
}

std::string format_party(const Party& party) {
  if (party.none()) return kNone;
  const char* kind = name_of(party.kind);
  const std::string id =
      party.kind == PartyKind::address ? format_address(party.id) : std::to_string(party.id);
  // A server may call an address what it is.
  if (party.label.empty() || party.label == id) return fmt::format("{} {}", kind, id);
  return fmt::format("{} ({} {})", escape_visible(party.label), kind, id);
}

std::string escape_visible(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (!c.valid) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (c.value == '\\') {
      out += "\\\\";
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (is_invisible(c.value)) {
      out += c.value < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c.value))
                            : fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c.value));
    } else {
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    columns += c.valid ? width_of(c.value) : 1;
    text.remove_prefix(c.bytes);
  }
  return columns;
}

std::string clip(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t kept = 0;
  std::size_t used = 0;
  while (true) {  // the text is wider than that, so it ends
    const CodePoint c = decode(text.substr(kept));
    const std::size_t width = c.valid ? width_of(c.value) : 1;
    if (used + width > columns - 1) break;
    used += width;
    kept += c.bytes;
  }
  return std::string(text.substr(0, kept)) + "…";
}

}  // namespace ringside
