#include "daemon/http/instants.h"

#include <time.h>

#include "daemon/config/units.h"

namespace ringside {
namespace {

// 2255-03-14: later times don't fit into 64 bits of nanoseconds.
constexpr std::int64_t kLastTime = 9'000'000'000;

// strptime() skips white space, takes one digit for two, and ends at a NUL: the shape is held
// against the text first.
struct Form {
  const char* shape;  // 0 stands for any digit
  const char* format;
};
constexpr Form kForms[] = {{"0000-00-00T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ"},
                           {"0000-00-00T00:00Z", "%Y-%m-%dT%H:%MZ"},
                           {"0000-00-00T00:00:00", "%Y-%m-%dT%H:%M:%S"},
                           {"0000-00-00T00:00", "%Y-%m-%dT%H:%M"},
                           {"0000-00-00 00:00:00", "%Y-%m-%d %H:%M:%S"},
                           {"0000-00-00 00:00", "%Y-%m-%d %H:%M"},
                           {"0000-00-00", "%Y-%m-%d"}};

std::string shape_of(std::string text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = '0';
  }
  return text;
}

std::optional<std::int64_t> parse_date(const std::string& text) {
  const std::string shape = shape_of(text);
  for (const Form& form : kForms) {
    if (shape != form.shape) continue;
    tm parts{};
    const char* end = strptime(text.c_str(), form.format, &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
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
