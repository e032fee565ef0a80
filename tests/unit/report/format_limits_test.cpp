// Figures at the limits where their form changes, and long spans read back.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>

#include "report/model/alerts.h"
#include "report/model/format.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// "1,234 d 05 h" as seconds: it reads what a person reads.
std::uint64_t seconds_of(std::string text, std::string& second_unit) {
  text.erase(std::remove(text.begin(), text.end(), ','), text.end());
  std::istringstream words(text);
  std::uint64_t first = 0, second = 0;
  std::string first_unit;
  words >> first >> first_unit >> second >> second_unit;
  REQUIRE_FALSE(words.fail());
  const auto unit = [](const std::string& name) -> std::uint64_t {
    return name == "d" ? 86'400 : name == "h" ? 3600 : name == "min" ? 60 : 1;
  };
  REQUIRE(second < unit(first_unit) / unit(second_unit));
  return first * unit(first_unit) + second * unit(second_unit);
}

}  // namespace

TEST_CASE("FormatLimits: a span changes its unit where three digits would show a thousand") {
  CHECK(format_span(1) == "1 ns");
  CHECK(format_span(0.25) == "0.25 ns");
  CHECK(format_span(9.994) == "9.99 ns");
  CHECK(format_span(9.995) == "10.0 ns");  // as two decimals it would round down again
  CHECK(format_span(99.94) == "99.9 ns");
  CHECK(format_span(99.95) == "100 ns");
  CHECK(format_span(999.4) == "999 ns");
  CHECK(format_span(999.5) == "1.00 µs");
  CHECK(format_span(1000) == "1.00 µs");
  CHECK(format_span(2000) == "2.00 µs");
  CHECK(format_span(999'499) == "999 µs");
  CHECK(format_span(999'500) == "1.00 ms");
  CHECK(format_span(999'499'999) == "999 ms");
  CHECK(format_span(999'500'000) == "1.00 s");
  CHECK(format_span(119'499'999'999) == "119 s");
  CHECK(format_span(119'500'000'000) == "2 min 00 s");
  CHECK(format_span(-119'500'000'000) == "-2 min 00 s");
  CHECK(format_span(-1) == "-1 ns");
  CHECK(format_span(kInfinity) == "–");
  CHECK(format_span_cell(2e9) == "2.00 s ");
  CHECK(format_span_cell(2e3) == "2.00 µs");
  CHECK(format_span_cell(125e9) == "2 min 05 s ");
}

TEST_CASE("FormatLimits: a long span has its two largest units, and changes them at 2 h and 2 d") {
  CHECK(format_span(7199e9) == "119 min 59 s");
  CHECK(format_span(7200e9) == "2 h 00 min");
  CHECK(format_span(10'799e9) == "2 h 59 min");
  CHECK(format_span(172'799e9) == "47 h 59 min");
  CHECK(format_span(172'800e9) == "2 d 00 h");
  CHECK(format_span(86'399e9 * 1000 + 1000e9) == "1,000 d 00 h");
  CHECK(format_span(-7230e9) == "-2 h 00 min");
  CHECK(format_span(1e300) == "11,574,074,074 d 01 h");  // more would not be a whole number
}

TEST_CASE("FormatLimits: a long span says what it is of, to its smaller unit") {
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t seconds = 120 + random() % (std::uint64_t{1} << (8 + i % 24));
    CAPTURE(seconds);
    std::string unit;
    const std::uint64_t told = seconds_of(format_span(static_cast<double>(seconds) * 1e9), unit);
    REQUIRE(told <= seconds);
    REQUIRE(seconds - told < (unit == "s" ? 1U : unit == "min" ? 60U : 3600U));
    REQUIRE((unit == "s") == (seconds < 7200));
    REQUIRE((unit == "h") == (seconds >= 172'800));
  }
}

TEST_CASE("FormatLimits: whole numbers are grouped by three, from the right, and keep their sign") {
  CHECK(format_count(1) == "1");
  CHECK(format_count(1000) == "1,000");
  CHECK(format_count(12'345) == "12,345");
  CHECK(format_count(123'456) == "123,456");
  CHECK(format_signed(0) == "0");
  CHECK(format_signed(1) == "1");
  CHECK(format_signed(-1) == "-1");
  CHECK(format_signed(-1234) == "-1,234");
  CHECK(format_signed(std::numeric_limits<std::int64_t>::max()) == "9,223,372,036,854,775,807");
}

TEST_CASE("FormatLimits: bytes by the power of 1024 that three digits show") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.00 KiB");
  CHECK(format_bytes(1025) == "1.00 KiB");
  CHECK(format_bytes(999 * 1024) == "999 KiB");
  CHECK(format_bytes(1'023'487) == "999 KiB");
  CHECK(format_bytes(1'023'488) == "0.98 MiB");  // 999.5 KiB
  CHECK(format_bytes(std::uint64_t{999} << 30) == "999 GiB");
  CHECK(format_bytes(std::uint64_t{3} << 40) == "3.00 TiB");
  CHECK(format_bytes(std::uint64_t{3} << 50) == "3.00 PiB");
  CHECK(format_bytes(std::uint64_t{3} << 60) == "3.00 EiB");
}

TEST_CASE("FormatLimits: a plain number has three digits, or all of its whole part") {
  CHECK(format_number(0) == "0");
  CHECK(format_number(1) == "1");
  CHECK(format_number(1.5) == "1.50");
  CHECK(format_number(12) == "12");
  CHECK(format_number(12.5) == "12.5");
  CHECK(format_number(240) == "240");
  CHECK(format_number(240.4) == "240");
  CHECK(format_number(0.004) == "0.004");
  CHECK(format_number(0.005) == "0.01");
  CHECK(format_number(0.00123) == "0.0012");
  CHECK(format_number(999.4) == "999");
  CHECK(format_number(999.5) == "1,000");
  CHECK(format_number(999'999'999'999'999) == "999,999,999,999,999");
  CHECK(format_number(1e15) == "1e+15");
  CHECK(format_number(-12.5) == "-12.5");
  CHECK(format_number(-4321) == "-4,321");
  CHECK(format_number(kInfinity) == "–");
  CHECK(format_rate(0.0049) == "<0.01/s");
  CHECK(format_rate(0.005) == "0.01/s");
  CHECK(format_rate(1) == "1/s");
  CHECK(format_rate(-2) == "-2/s");
  CHECK(format_rate(kInfinity) == "–");
}

TEST_CASE("FormatLimits: a share is never rounded to nothing or to all") {
  CHECK(format_percent(0.0000499) == "<0.01 %");
  CHECK(format_percent(0.00005) == "0.01 %");
  CHECK(format_percent(0.00994) == "0.99 %");
  CHECK(format_percent(0.00996) == "1.0 %");
  for (int percent = 0; percent < 300; ++percent)
    CHECK(format_percent(percent / 100.0) == std::to_string(percent) + " %");
  CHECK(format_percent(0.0700001) == "7.0 %");
  CHECK(format_percent(0.0994) == "9.9 %");
  CHECK(format_percent(0.09949999999999999) == "10 %");  // 9.95
  CHECK(format_percent(0.123) == "12 %");
  CHECK(format_percent(0.9949) == "99 %");
  CHECK(format_percent(0.995) == "99.5 %");
  CHECK(format_percent(0.9994) == "99.9 %");
  CHECK(format_percent(0.9995) == "99.95 %");
  CHECK(format_percent(0.99994) == "99.99 %");
  CHECK(format_percent(0.99995) == ">99.99 %");
  CHECK(format_percent(1.004) == "100 %");
  CHECK(format_percent(2.5) == "250 %");
  CHECK(format_percent(-0.25) == "-25 %");
  CHECK(format_percent(-0.003) == "-0.30 %");
  CHECK(format_percent(std::nan("")) == "–");
}

TEST_CASE("FormatLimits: an alert's bytes are those of a process, or unknown") {
  CHECK(format_value(0, AlertUnit::bytes) == "0 B");
  CHECK(format_value(999e15, AlertUnit::bytes) == "887 PiB");
  CHECK(format_value(1e18, AlertUnit::bytes) == "–");
  CHECK(format_value(2.5, AlertUnit::percent) == "2.5 %");
  CHECK(format_value(100, AlertUnit::percent) == "100 %");
}

TEST_CASE("FormatLimits: a time of day is cut to the millisecond, and never is no time") {
  constexpr std::int64_t kMillisecond = 1'000'000;
  constexpr std::int64_t kSecond = 1000 * kMillisecond;
  CHECK(format_wall(1) == "1970-01-01T00:00:00.000Z");
  CHECK(format_wall(500 * kMillisecond) == "1970-01-01T00:00:00.500Z");
  CHECK(format_wall(kSecond - 1) == "1970-01-01T00:00:00.999Z");
  CHECK(format_wall(kSecond) == "1970-01-01T00:00:01.000Z");
  CHECK(format_wall_exact(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(format_wall_exact(kSecond - 1) == "1970-01-01T00:00:00.999999999Z");
  CHECK(format_time_of_day(0) == "never");
  CHECK(format_time_of_day(1) == "00:00:00.000");
  CHECK(format_time_of_day(86'399 * kSecond + 999 * kMillisecond) == "23:59:59.999");
}

TEST_CASE("FormatLimits: an address has its numbers in their places") {
  CHECK(format_address(0x01020304) == "1.2.3.4");
  CHECK(format_address(0xfefdfcfb) == "254.253.252.251");
  CHECK(format_address(0x100000000) == "::0");
  CHECK(format_address(0x10000ffff) == "::ffff");
  CHECK(format_address(0x100010000) == "::1:0");
  CHECK(format_address(0x1f00dcafe) == "::f00d:cafe");
  CHECK(format_address(0x200000000) == "0:2::/64");
  CHECK(format_address(0x300000005) == "0:3:0:5::/64");
  CHECK(format_address(0xfe80123456789abc) == "fe80::…:1234:5678:9abc");
  CHECK(format_address(0xfe81000000000000) == "fe81::/64");
  CHECK(format_address(0x0000fe8000010000) == "0:fe80:1::/64");
  CHECK(format_party({PartyKind::room, 0x7f000001}) == "room 2130706433");
}
