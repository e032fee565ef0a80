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

// One or several numbers with a unit (ns, us, ms, s, min, h, d), e.g. "5s", "1.5s", "1h30min".
// Nothing without a unit, so that nobody writes 5 and means milliseconds. Nanoseconds; nothing when
// it isn't one or doesn't fit.
std::optional<std::int64_t> parse_duration(std::string_view text);
// A number and B, KiB, MiB, GiB, TiB or kB, MB, GB, TB. Bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest text that parse_duration() and parse_size() read back as the same value.
std::string write_duration(std::int64_t ns);
std::string write_size(std::uint64_t bytes);
// The shortest decimal that reads back as the same number: "5", "0.8".
std::string write_number(double value);

}  // namespace ringside
