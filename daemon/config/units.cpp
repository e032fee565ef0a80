#include "daemon/config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace ringside {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 7> kDurations = {{{"ns", 1},
                                             {"us", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"min", 60e9},
                                             {"h", 3600e9},
                                             {"d", 86400e9}}};
constexpr std::array<Unit, 9> kSizes = {{{"B", 1},
                                         {"kB", 1e3},
                                         {"MB", 1e6},
                                         {"GB", 1e9},
                                         {"TB", 1e12},
                                         {"KiB", 1024.0},
                                         {"MiB", 1048576.0},
                                         {"GiB", 1073741824.0},
                                         {"TiB", 1099511627776.0}}};

constexpr std::uint64_t kMost = 9'000'000'000'000'000'000;

// Removes one number with its unit from the front of the text. Absent when there is none, or when
// it is above kMost.
template <std::size_t N>
std::optional<std::uint64_t> take_quantity(std::string_view& text,
                                           const std::array<Unit, N>& units) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double number = 0;
  const auto end =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (end.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::string_view name = text.substr(0, text.find_first_of(" 0123456789"));
  text.remove_prefix(name.size());
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const double quantity = number * unit.factor;
    if (quantity > static_cast<double>(kMost)) return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(quantity));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  // Whole numbers: a double can't tell 200 days from a nanosecond more.
  std::uint64_t sum = 0;
  do {
    const auto part = take_quantity(text, kDurations);
    if (!part || sum + *part > kMost) return std::nullopt;
    sum += *part;
  } while (!text.empty());
  return static_cast<std::int64_t>(sum);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = take_quantity(text, kSizes);
  if (!text.empty()) return std::nullopt;
  return bytes;
}

std::string write_duration(std::int64_t ns) {
  if (ns == 0) return "0s";
  std::string out;
  std::int64_t rest = ns;
  for (std::size_t i = kDurations.size(); i-- > 0;) {
    const auto factor = static_cast<std::int64_t>(kDurations[i].factor);
    if (rest >= factor) out += fmt::format("{}{}", rest / factor, kDurations[i].name);
    rest %= factor;
  }
  return out;
}

std::string write_size(std::uint64_t bytes) {
  for (std::size_t i = kSizes.size(); i-- > 5;) {
    const auto factor = static_cast<std::uint64_t>(kSizes[i].factor);
    if (bytes >= factor && bytes % factor == 0)
      return fmt::format("{}{}", bytes / factor, kSizes[i].name);
  }
  return fmt::format("{}B", bytes);
}

std::string write_number(double value) { return fmt::format("{}", value); }

std::optional<Frequency> parse_frequency(std::string_view text) {
  constexpr std::string_view kPer = " per ";
  const std::size_t at = text.find(kPer);
  if (at == std::string_view::npos) return std::nullopt;
  Frequency frequency;
  const std::string_view times = text.substr(0, at);
  const auto [end, error] =
      std::from_chars(times.data(), times.data() + times.size(), frequency.times);
  if (error != std::errc{} || end != times.data() + times.size()) return std::nullopt;
  const auto per_ns = parse_duration(text.substr(at + kPer.size()));
  if (frequency.times == 0 || !per_ns || *per_ns <= 0) return std::nullopt;
  frequency.per_ns = *per_ns;
  return frequency;
}

std::string write_frequency(const Frequency& frequency) {
  return std::to_string(frequency.times) + " per " + write_duration(frequency.per_ns);
}

}  // namespace ringside
