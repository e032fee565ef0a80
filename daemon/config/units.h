// Durations and sizes as people write them in a configuration: "200ms", "1h30min", "1GiB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringside {

inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000 * kMillisecond;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

// Parses one or several numbers, each with a unit (ns, us, ms, s, min, h, d): "5s", "1.5s",
// "1h30min". Returns nanoseconds, up to 9e18. Returns nothing for other text. A number without a
// unit is refused, so that nobody writes 5 and means milliseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);
// Parses one number with a unit: B, KiB, MiB, GiB, TiB or kB, MB, GB, TB. Returns bytes, up to
// 9e18.
std::optional<std::uint64_t> parse_size(std::string_view text);

// So many in so long: "1 per 90d".
struct Frequency {
  std::uint64_t times = 1;
  std::int64_t per_ns = kDay;
  friend bool operator==(const Frequency&, const Frequency&) = default;
};
// Parses a whole number, "per" and a duration. Returns nothing for other text, and for 0.
std::optional<Frequency> parse_frequency(std::string_view text);
std::string write_frequency(const Frequency& frequency);

// Text that parse_duration() and parse_size() read back as the same value. A duration uses the
// largest units that fit ("1h30min"). A size uses the largest binary unit that divides it ("1GiB"),
// else B.
std::string write_duration(std::int64_t ns);
std::string write_size(std::uint64_t bytes);
// The shortest decimal that reads back as the same number: "5", "0.8".
std::string write_number(double value);

}  // namespace ringside
