// Moments as people give them.
#include "daemon/http/instants.h"

#include <doctest/doctest.h>

using ringside::parse_instant;

namespace {

constexpr std::int64_t kNowS = 1'795'766'400;  // 2026-11-27 08:00 UTC

}  // namespace

TEST_CASE("Instant: a date and a time, to the second, to the minute, and a day alone") {
  const std::int64_t two = *parse_instant("2026-11-27T02:00:00Z", kNowS);
  CHECK(two == 1'795'744'800);
  for (const char* same : {"2026-11-27T02:00Z", "2026-11-27T02:00", "2026-11-27 02:00",
                           "2026-11-27T02:00:00", "2026-11-27 02:00:00"}) {
    INFO(same);
    CHECK(parse_instant(same, kNowS) == two);
  }
  CHECK(parse_instant("2026-11-27", kNowS) == two - 7200);
}

TEST_CASE("Instant: now, and so long ago") {
  CHECK(parse_instant("now", kNowS) == kNowS);
  CHECK(parse_instant("8h", kNowS) == kNowS - 28'800);
  CHECK(parse_instant("1h30min", kNowS) == kNowS - 5'400);
  CHECK(parse_instant("0s", kNowS) == kNowS);
}

TEST_CASE("Instant: anything else is none") {
  for (const char* text :
       {"", "yesterday", "8", "-8h", "2026-11-27T02:00:00Zx", "2026-13-01", "2026-02-30",
        "2026-11-27T25:00", "1969-12-31", "2300-01-01", "9000d9000d", "8h ago"}) {
    INFO(text);
    CHECK_FALSE(parse_instant(text, 100'000).has_value());
  }
}

// Found by tests/ring/fuzz/http_texts.cpp: what comes behind a NUL was not read.
TEST_CASE("Instant: a date has its digits and nothing beside them") {
  for (const std::string& text :
       {std::string("2026-11-27T02:00Z\0x", 19), std::string("2026-11-27\0", 11),
        std::string("\t2026-11-27"), std::string(" 2026-11-27"), std::string("2026-11-27 "),
        std::string("2026- 1- 2"), std::string("2026-1-2"), std::string("2026-11-27  02:00"),
        std::string("+026-11-27"), std::string("2026-11-27T2:00Z")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_instant(text, kNowS).has_value());
  }
}
