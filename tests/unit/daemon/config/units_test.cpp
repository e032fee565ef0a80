// Durations, sizes and bounds, by values written by hand.
#include "daemon/config/units.h"
#include "daemon/config/alert_levels.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

TEST_CASE("Units: what each unit is") {
  CHECK(parse_duration("1ns") == 1);
  CHECK(parse_duration("1us") == 1'000);
  CHECK(parse_duration("1ms") == 1'000'000);
  CHECK(parse_duration("1s") == 1'000'000'000);
  CHECK(parse_duration("1min") == 60'000'000'000);
  CHECK(parse_duration("1h") == 3'600'000'000'000);
  CHECK(parse_duration("1d") == 86'400'000'000'000);
  CHECK(kMillisecond == 1'000'000);
  CHECK(kSecond == 1'000'000'000);
  CHECK(kMinute == 60'000'000'000);
  CHECK(kHour == 3'600'000'000'000);
  CHECK(kDay == 86'400'000'000'000);
  CHECK(parse_size("1B") == 1);
  CHECK(parse_size("1kB") == 1'000);
  CHECK(parse_size("1MB") == 1'000'000);
  CHECK(parse_size("1GB") == 1'000'000'000);
  CHECK(parse_size("1TB") == 1'000'000'000'000);
  CHECK(parse_size("1KiB") == 1'024);
  CHECK(parse_size("1MiB") == 1'048'576);
  CHECK(parse_size("1GiB") == 1'073'741'824);
  CHECK(parse_size("1TiB") == 1'099'511'627'776);
}

TEST_CASE("Units: how a duration may be written") {
  CHECK(parse_duration("0s") == 0);
  CHECK(parse_duration("9s") == 9 * kSecond);
  CHECK(parse_duration("  9s") == 9 * kSecond);
  CHECK(parse_duration("9   s") == 9 * kSecond);
  CHECK(parse_duration("1h0min0.5s") == kHour + 500 * kMillisecond);
  CHECK(parse_duration("1s1s 1s") == 3 * kSecond);
  CHECK(parse_duration("0.4ns") == 0);
  CHECK(parse_duration("0.5ns") == 1);
  for (const char* text : {" ", "1", "1 ", "1s ", "1 1s", "s1", "1sec", "1h-1s", "1h.5s", "1S",
                           "/s", ":s", "1h1", "1.s.", "+1s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("Units: durations and sizes go up to 9e18") {
  CHECK(parse_duration("9000000000s") == 9'000'000'000'000'000'000);
  CHECK(parse_duration("8999999998s 2s") == 9'000'000'000'000'000'000);
  CHECK_FALSE(parse_duration("9000000001s"));
  CHECK_FALSE(parse_duration("9000000000s 1ns"));
  CHECK(parse_duration("200d1ns") == 200 * kDay + 1);
  CHECK_FALSE(parse_duration(std::string(400, '9') + "s"));
  CHECK(parse_size("9000000000GB") == 9'000'000'000'000'000'000);
  CHECK_FALSE(parse_size("9000000001GB"));
  CHECK(parse_size("0B") == 0);
  CHECK(parse_size("0.5B") == 1);
  CHECK(parse_size(" 2 MB") == 2'000'000);
  CHECK(parse_duration(write_duration(300 * kDay + 1)) == 300 * kDay + 1);
  for (const char* text : {" ", "1B ", "1MB1", "1mb", "B", "1.5", "1GiB 1MiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("Units: what is written has the largest units that fit") {
  CHECK(write_duration(0) == "0s");
  CHECK(write_duration(1) == "1ns");
  CHECK(write_duration(999) == "999ns");
  CHECK(write_duration(1'000) == "1us");
  CHECK(write_duration(kDay + 2 * kHour + 3 * kMinute + 4 * kSecond + 5'006'007) ==
        "1d2h3min4s5ms6us7ns");
  CHECK(write_duration(kDay - 1) == "23h59min59s999ms999us999ns");
  CHECK(write_duration(366 * kDay) == "366d");
  CHECK(write_size(0) == "0B");
  CHECK(write_size(1) == "1B");
  CHECK(write_size(1'000) == "1000B");
  CHECK(write_size(1'023) == "1023B");
  CHECK(write_size(1'024) == "1KiB");
  CHECK(write_size(1'025) == "1025B");
  CHECK(write_size(1'536) == "1536B");
  CHECK(write_size(2'000'000'000'000) == "1953125000KiB");
  CHECK(write_size(3 * std::uint64_t{1} << 20) == "3MiB");
  CHECK(write_size(std::uint64_t{1} << 30) == "1GiB");
  CHECK(write_size(std::uint64_t{1} << 50) == "1024TiB");
  CHECK(write_number(0.1) == "0.1");
  CHECK(write_number(5) == "5");
  CHECK(write_number(1.0 / 3) == "0.3333333333333333");
}

TEST_CASE("Units: so many in so long, and nothing else") {
  CHECK(parse_frequency("1 per 90d") == Frequency{1, 90 * kDay});
  CHECK(parse_frequency("12 per 1h30min") == Frequency{12, 90 * kMinute});
  CHECK(write_frequency({12, 90 * kMinute}) == "12 per 1h30min");
  for (const char* text : {"", "1", "per 1d", " per 1d", "1 per", "1 per ", "1 per 0s", "0 per 1d",
                           "-1 per 1d", "1.5 per 1d", "1 per 1", "1 in 90d", "1  per 90d",
                           "x per 1d", "1x per 1d", "18446744073709551616 per 1d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_frequency(text).has_value());
  }
}

TEST_CASE("Levels: a value reaches the highest level whose raise it is not below") {
  const Levels none;
  CHECK_FALSE(none.any());
  CHECK(none.reached(1e9) == std::nullopt);
  Levels levels = Levels::of({}, LevelBounds{20, 15}, LevelBounds{30, 25});
  levels.bounds[0] = LevelBounds{10, 5};
  CHECK(levels.any());
  CHECK(levels.reached(9.99) == std::nullopt);
  CHECK(levels.reached(10) == AlertLevel::info);
  CHECK(levels.reached(19.99) == AlertLevel::info);
  CHECK(levels.reached(20) == AlertLevel::critical);
  CHECK(levels.reached(30) == AlertLevel::emergency);
  CHECK(levels.at(AlertLevel::warning) == std::nullopt);
  CHECK(levels.at(AlertLevel::info) == LevelBounds{10, 5});
  CHECK(Levels::of({}, {}, LevelBounds{1, 1}).any());
  const Levels twice = levels.times(2);
  CHECK(twice.at(AlertLevel::info) == LevelBounds{20, 10});
  CHECK(twice.at(AlertLevel::warning) == std::nullopt);
  CHECK(twice.at(AlertLevel::critical) == LevelBounds{40, 30});
  CHECK(twice.at(AlertLevel::emergency) == LevelBounds{60, 50});
}

}  // namespace
}  // namespace ringside
