// Spans as people ask for them.
#include "daemon/http/past_span.h"

#include <doctest/doctest.h>

using namespace ringside;

namespace {

constexpr std::int64_t kHourLong = 3'600;
constexpr std::int64_t kDayLong = 86'400;
constexpr std::int64_t kToday = 1'795'737'600;  // 2026-11-27 00:00 UTC
// Last night, from 23:00 to 07:00.
constexpr TimeSpan kNight{kToday - kHourLong, kToday + 7 * kHourLong};
constexpr std::int64_t kNow = kToday + 8 * kHourLong;

void check_compared(const std::string& text, std::int64_t begin, std::int64_t end) {
  CAPTURE(text);
  std::string why;
  const auto span = compared_span(text, kNight, kNow, &why);
  CAPTURE(why);
  REQUIRE(span.has_value());
  CHECK(span->begin_wall_s == begin);
  CHECK(span->end_wall_s == end);
}

HistoryExtent extent_of_week() {
  HistoryExtent extent;
  extent.first_wall_s = kToday - 7 * kDayLong;
  extent.first_minute_wall_s = kToday - 2 * kDayLong;
  extent.last_wall_s = kNow - 60;
  extent.end_wall_s = kNow;
  return extent;
}

}  // namespace

TEST_CASE("ComparedSpan: a day is its same hours, and so long before is the same span then") {
  const std::int64_t begin = kNight.begin_wall_s;
  check_compared("2026-11-25", begin - kDayLong, kNight.end_wall_s - kDayLong);
  check_compared("2026-11-20", begin - 6 * kDayLong, kNight.end_wall_s - 6 * kDayLong);
  for (const char* text : {"yesterday", "1d", "-1d", "24h"})
    check_compared(text, begin - kDayLong, kNight.end_wall_s - kDayLong);
  for (const char* text : {"7d", "-7d"})
    check_compared(text, begin - 7 * kDayLong, kNight.end_wall_s - 7 * kDayLong);
}

TEST_CASE("ComparedSpan: an instant begins a span of that length, and FROM..TO is one") {
  check_compared("2026-11-25T02:00Z", kToday - 2 * kDayLong + 2 * kHourLong,
                 kToday - 2 * kDayLong + 10 * kHourLong);
  check_compared("2026-11-20..2026-11-25", kToday - 7 * kDayLong, kToday - 2 * kDayLong);
  check_compared("20h..16h", kNow - 20 * kHourLong, kNow - 16 * kHourLong);
  check_compared("2026-11-25T02:00:30Z..2026-11-25T03:00:30Z",
                 kToday - 2 * kDayLong + 2 * kHourLong, kToday - 2 * kDayLong + 3 * kHourLong + 60);
  // Before all times: it is in no history, and is no accident either.
  check_compared("30000d", 60, 120);
}

TEST_CASE("ComparedSpan: anything else is refused, with what was expected and what to do") {
  for (const char* text : {"", "-", "last week", "7", "--7d", "2026-11-31", "..", "8h..",
                           "2026-11-25..nonsense", "8h..9h", "1h..1h"}) {
    CAPTURE(text);
    std::string why;
    CHECK_FALSE(compared_span(text, kNight, kNow, &why).has_value());
    CHECK(why.find("--compare-to") == 0);
    CHECK(why.find("\n  next: ") != std::string::npos);
  }
}

TEST_CASE(
    "AskedSpan: it is cut to what the file holds, and has a length of its own without since") {
  std::string why;
  const auto span = asked_span({"h", "", "", 2 * kDayLong}, extent_of_week(), kNow, &why);
  REQUIRE(span.has_value());
  CHECK(span->begin_wall_s == kNow - 2 * kDayLong);
  CHECK(span->end_wall_s == kNow);
  const auto cut = asked_span({"h", "2026-01-01", "2026-11-21"}, extent_of_week(), kNow, &why);
  REQUIRE(cut.has_value());
  CHECK(cut->begin_wall_s == kToday - 7 * kDayLong);
  CHECK(cut->end_wall_s == kToday - 6 * kDayLong);
}

TEST_CASE("AskedSpan: what was written while the clock was ahead is left out, unless asked for") {
  HistoryExtent extent = extent_of_week();
  extent.end_wall_s = kNow + 7 * kDayLong;
  extent.last_wall_s = extent.end_wall_s - 60;
  std::string why;
  const auto span = asked_span({"h", "", ""}, extent, kNow + 1, &why);
  REQUIRE(span.has_value());
  CHECK(span->end_wall_s == kNow + 60);
  CHECK(span->begin_wall_s == kNow + 60 - 8 * kHourLong);
  const auto asked = asked_span({"h", "", "2200-01-01"}, extent, kNow, &why);
  REQUIRE(asked.has_value());
  CHECK(asked->end_wall_s == extent.end_wall_s);
  // The minute under way, and a file that is of the future as a whole.
  extent.end_wall_s = kNow + kHourLong;
  CHECK(asked_span({"h", "", ""}, extent, kNow, &why)->end_wall_s == kNow + kHourLong);
  CHECK(asked_span({"h", "", ""}, extent, kToday - 30 * kDayLong, &why)->end_wall_s ==
        extent.end_wall_s);
}

TEST_CASE("AskedSpan: of old times there are hours, and whole ones") {
  const HistoryExtent extent = extent_of_week();
  CHECK(has_minutes(extent, kToday - kDayLong));
  CHECK_FALSE(has_minutes(extent, kToday - 3 * kDayLong));
  CHECK_FALSE(has_minutes({}, kToday));
  const TimeSpan span{kToday + 60, kToday + kHourLong + 120};
  const HistoryQuery minutes = query_of(span, true);
  CHECK(minutes.slots == HistoryQuery::Slots::minutes);
  CHECK(minutes.begin_wall_s == kToday + 60);
  const HistoryQuery hours = query_of(span, false);
  CHECK(hours.slots == HistoryQuery::Slots::hours);
  CHECK(hours.begin_wall_s == kToday);
  CHECK(hours.end_wall_s == kToday + 2 * kHourLong);
}

TEST_CASE(
    "KeepOnly: one operation and all events stay, and the records of the others are counted") {
  HistorySpan span;
  span.rings.resize(2);
  span.rings[0].ring = "east";
  span.rings[1].ring = "west";
  for (const char* ring : {"east", "west"}) {
    for (const char* name : {"SEND", "LIST", "LOGIN_FAILED"}) {
      HistorySeries& series = span.series.emplace_back();
      series.ring = ring;
      series.name = name;
      series.event = series.name == "LOGIN_FAILED";
      series.slots.resize(2);
      series.slots[0].recorded = 3;
      series.slots[1].recorded = series.ring == "east" ? 4 : 40;
    }
  }
  HistorySpan none = span;
  CHECK(keep_only("LIST", span));
  REQUIRE(span.series.size() == 4);
  CHECK(span.series[0].name == "LIST");
  CHECK(span.series[1].event);
  CHECK(span.rings[0].left_out == 7);
  CHECK(span.rings[1].left_out == 43);
  // An event is no operation.
  CHECK_FALSE(keep_only("LOGIN_FAILED", none));
  CHECK(none.series.size() == 2);
}
