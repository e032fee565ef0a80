// When a resource runs out, and what is no trend.
#include "report/analysis/room.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "report/analysis/analysis.h"

using namespace ringside;

namespace {

constexpr std::int64_t kRoomBegin = 1'772'409'600;
constexpr std::int64_t kRoomHour = 3'600;
constexpr std::int64_t kRoomDay = 86'400;

std::vector<HistorySample> room_samples(std::int64_t hours,
                                        const std::function<double(double)>& at_hour) {
  std::vector<HistorySample> all;
  for (std::int64_t minute = 0; minute < 60 * hours; minute += 10) {
    const auto value = static_cast<std::int64_t>(at_hour(static_cast<double>(minute) / 60));
    all.push_back({kRoomBegin + 60 * minute, value, value, value});
  }
  return all;
}

// A hundred at night, a thousand by day.
double daily_users(double hour) { return 550 - 450 * std::cos(hour * std::numbers::pi / 12); }

}  // namespace

TEST_CASE("Room: a leak runs out when the rest is gone at its pace") {
  const auto room =
      room_of(room_samples(10, [](double hour) { return 100'000 + 1'000 * hour; }), 200'000, false);
  REQUIRE(room);
  CHECK(room->per_day == doctest::Approx(24'000).epsilon(0.01));
  CHECK(room->compared_s == 0);
  // 90 hours are left after ten.
  CHECK(std::abs(room->full_wall_s - (kRoomBegin + 100 * kRoomHour)) <= 2 * kRoomHour);
  // Five hours prove nothing, and what follows its users is not judged by one morning.
  const auto leak = [](double hour) { return 100'000 + 1'000 * hour; };
  CHECK_FALSE(room_of(room_samples(5, leak), 200'000, false));
  CHECK_FALSE(room_of(room_samples(10, leak), 200'000, true));
}

TEST_CASE("Room: day and night are no trend, and do not hide one") {
  CHECK_FALSE(room_of(room_samples(12, daily_users), 2'000, true));  // the morning
  CHECK_FALSE(room_of(room_samples(24 * 6, daily_users), 2'000, true));
  const auto growing = [](double hour) {
    return daily_users(hour) * (1 + hour / 24 / 50);
  };  // 2 % a day
  const auto room = room_of(room_samples(24 * 6, growing), 2'000, true);
  REQUIRE(room);
  CHECK(room->compared_s == kRoomDay);
  CHECK(room->most == doctest::Approx(daily_users(12) * 1.11).epsilon(0.01));
  CHECK(room->per_day > 5);
  CHECK(room->per_day < 20);
}

TEST_CASE("Room: weekends are no trend where two weeks are known") {
  const auto weekly = [](double hour) {
    return std::fmod(hour / 24, 7) >= 5 ? daily_users(hour) / 2 : daily_users(hour);
  };
  CHECK_FALSE(room_of(room_samples(24 * 16, weekly), 2'000, true));
  const auto growing = [&](double hour) { return weekly(hour) * (1 + hour / 24 / 100); };
  const auto room = room_of(room_samples(24 * 16, growing), 2'000, true);
  REQUIRE(room);
  CHECK(room->compared_s == 7 * kRoomDay);
}

TEST_CASE("Room: a spike, a level, a fall, noise, and a limit that is reached") {
  const double limit = 200'000;
  CHECK_FALSE(room_of(room_samples(24, [](double) { return 1e5; }), limit, false));
  CHECK_FALSE(room_of(room_samples(24, [](double hour) { return 1e5 - hour; }), limit, false));
  CHECK_FALSE(
      room_of(room_samples(24, [](double hour) { return hour < 23 ? 1e5 : 1.5e5; }), limit, false));
  // Half a percent of the limit in a day.
  CHECK_FALSE(room_of(room_samples(24, [](double hour) { return 1e5 + 40 * hour; }), limit, false));
  CHECK_FALSE(
      room_of(room_samples(24, [](double hour) { return 3e5 + 1e4 * hour; }), limit, false));
  CHECK_FALSE(room_of({}, limit, false));
}

TEST_CASE("Room: the advice names the resource, the pace and the day") {
  Snapshot snapshot;
  snapshot.wall_ns = (kRoomBegin + 10 * kRoomHour) * 1'000'000'000;
  HistorySpan history;
  const auto mebibytes = [](double count) { return count * (1 << 20); };
  history.gauges.push_back({"chat", "memory_bytes",
                            room_samples(10, [&](double h) { return mebibytes(500 + 10 * h); })});
  history.gauges.push_back(
      {"chat", "descriptors", room_samples(10, [](double h) { return 100 + h; })});
  history.gauges.push_back(
      {"chat", "connections", room_samples(10, [](double h) { return 90 * h; })});
  history.gauges.push_back({"", "memory_bytes", history.gauges[0].samples});
  const Analysis found = analyse(snapshot, &history);
  REQUIRE(found.suggestions.size() == 1);  // no limit of descriptors is known
  const Suggestion& one = found.suggestions[0];
  CHECK(one.what == "Look for what is not given back, or plan more memory (chat).");
  CHECK(one.evidence ==
        "The memory of its processes grows by 240 MiB a day: 598 MiB in the last day, 1.00 GiB is "
        "reached on 2026-03-04 at this pace.");
  CHECK(one.gain == "What is left lasts until 2026-03-04.");
  CHECK(one.why == "10 h are known; compared: what it never gave back");
  CHECK(one.confidence == Confidence::low);

  history.gauges.push_back(
      {"chat", "descriptors_limit", room_samples(10, [](double) { return 200; })});
  CHECK(analyse(snapshot, &history).suggestions.size() == 2);
  // A server that started an hour ago has no past of its own.
  history.marks.push_back(
      {(kRoomBegin + 9 * kRoomHour) * 1'000'000'000, HistoryMark::Kind::server_start, "chat", ""});
  CHECK(analyse(snapshot, &history).suggestions.empty());
  history.marks[0].ring = "another";
  CHECK(analyse(snapshot, &history).suggestions.size() == 2);
  // What lasts for more than 90 days is no news.
  snapshot.wall_ns -= 100 * kRoomDay * 1'000'000'000;
  CHECK(analyse(snapshot, &history).suggestions.empty());
}
