#include "daemon/outputs/receivers/http_answer.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
// Longer than anybody may ask for (backoff.h), and small enough to be counted in nanoseconds.
constexpr std::int64_t kMostSeconds = 1'000'000'000;

}  // namespace

Answer meaning_of(int status) {
  if (status >= 200 && status < 300) return Answer::accepted;
  if (status == 400) return Answer::some_refused;
  if (status == 413 || status == 422) return Answer::all_refused;
  return Answer::failed;
}

std::int64_t retry_after_ns(std::string_view field, std::int64_t wall_ns) {
  std::int64_t seconds = 0;
  const auto read = std::from_chars(field.data(), field.data() + field.size(), seconds);
  if (read.ptr == field.data() + field.size() && !field.empty()) {
    const bool too_many = read.ec == std::errc::result_out_of_range && field.front() != '-';
    if (too_many) seconds = kMostSeconds;
    return std::clamp<std::int64_t>(seconds, 0, kMostSeconds) * kSecondNs;
  }
  tm date{};
  const std::string text(field);
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return 0;
  const std::int64_t until = std::int64_t{timegm(&date)} - wall_ns / kSecondNs;
  return std::clamp<std::int64_t>(until, 0, kMostSeconds) * kSecondNs;
}

}  // namespace ringside
