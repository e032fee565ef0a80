#include "daemon/http/instants.h"

#include <time.h>

#include "daemon/config/units.h"

namespace ringside {
namespace {

// 2255-03-14: later times don't fit into 64 bits of nanoseconds.
constexpr std::int64_t kLastTime = 9'000'000'000;

std::optional<std::int64_t> parse_date(const std::string& text) {
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S",
                             "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    tm parts{};
    const char* end = strptime(text.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    // strptime() takes any day up to 31: of a day that the month has not, timegm() makes another.
    const tm given = parts;
    const time_t seconds = timegm(&parts);
    if (parts.tm_mday != given.tm_mday || seconds < 0 || seconds > kLastTime) return std::nullopt;
    return seconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_instant(const std::string& text, std::int64_t now_wall_s) {
  if (text == "now") return now_wall_s;
  if (const auto date = parse_date(text)) return date;
  const auto span_ns = parse_duration(text);
  if (!span_ns || *span_ns / kSecond > now_wall_s) return std::nullopt;
  return now_wall_s - *span_ns / kSecond;
}

}  // namespace ringside
