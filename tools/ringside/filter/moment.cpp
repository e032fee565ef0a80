#include "tools/ringside/filter/moment.h"

#include <algorithm>

#include "daemon/config/units.h"
#include "daemon/http/instants.h"

namespace ringside::tool {

std::optional<std::int64_t> parse_moment_ns(const std::string& text, std::int64_t now_wall_ns) {
  if (text == "now") return now_wall_ns;
  if (const auto span_ns = parse_duration(text)) {
    if (*span_ns < 0 || *span_ns > now_wall_ns) return std::nullopt;
    return now_wall_ns - *span_ns;
  }
  std::string whole = text;
  std::int64_t part_ns = 0;
  if (const std::size_t dot = text.find('.'); dot != std::string::npos) {
    const std::size_t behind = std::min(text.find_first_not_of("0123456789", dot + 1), text.size());
    std::string digits = text.substr(dot + 1, behind - dot - 1);
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    digits.resize(9, '0');
    for (const char digit : digits) part_ns = part_ns * 10 + (digit - '0');
    whole = text.substr(0, dot) + text.substr(behind);
    // A fraction is one of a second, which has to be there: 02:00:00.5, and not 02:00.5.
    if (whole.size() < 19) return std::nullopt;
  }
  const auto at_s = parse_instant(whole, now_wall_ns / kSecond);
  if (!at_s) return std::nullopt;
  constexpr std::int64_t kMostS = INT64_MAX / kSecond - 1;
  return std::clamp(*at_s, -kMostS, kMostS) * kSecond + part_ns;
}

}  // namespace ringside::tool
