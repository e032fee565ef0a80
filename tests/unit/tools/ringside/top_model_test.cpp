// The model of `ringside top`: what it says of the last minute, against sums made another way.
#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tools/ringside/top/model.h"

namespace ringside::tool::top {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStart = 1'000 * kSecondNs;  // of a test, on the clock

// Ticks are nanoseconds.
struct Timed {
  TickScale scale{ClockKind::monotonic, 1'000'000'000, 0, 0};
  Model model;

  void add(const std::vector<Seen>& records, std::int64_t now_ns) {
    model.add(records, now_ns, scale, [](const Seen&) { return true; });
    model.advance(now_ns, scale);
  }
};

Seen seen(std::uint16_t id, std::int64_t end_ns, std::int64_t duration_ns,
          Outcome outcome = Outcome::ok, std::uint64_t position = 0, std::uint32_t lane = 0) {
  Seen one;
  one.lane = lane;
  one.position = position;
  one.record = test::operation(id, static_cast<std::uint64_t>(end_ns - duration_ns), duration_ns,
                               outcome);
  return one;
}

TEST_CASE("TopModel: a window has the records that ended in it, and their rate") {
  Timed timed;
  timed.model.observed_since(kStart);
  for (std::int64_t ms = 0; ms < 20'000; ms += 10)
    timed.add({seen(1, kStart + ms * kMs, 2 * kMs)}, kStart + ms * kMs);
  const WindowStats one = timed.model.window(1, 1, timed.scale);
  const WindowStats ten = timed.model.window(1, 10, timed.scale);
  const WindowStats minute = timed.model.window(1, 60, timed.scale);
  CHECK(one.rate() == doctest::Approx(100).epsilon(0.02));
  CHECK(ten.rate() == doctest::Approx(100).epsilon(0.01));
  CHECK(minute.recorded == 2000);
  // Only twenty seconds were observed.
  CHECK(minute.rate() == doctest::Approx(100).epsilon(0.01));
  CHECK(ten.quantile_ns(0.5) == doctest::Approx(2e6).epsilon(0.011));
  CHECK(timed.model.total(1) == 2000);
  CHECK_FALSE(timed.model.has(2));
}

TEST_CASE("TopModel: windows agree with sums over all records, whatever comes") {
  std::mt19937_64 random(test::seed());
  Timed timed;
  timed.model.observed_since(kStart);
  std::vector<Seen> all;
  std::int64_t now = kStart;
  for (int batch = 0; batch < 400; ++batch) {
    // Now and then nothing comes for a long time.
    now += static_cast<std::int64_t>(random() % 300) * kMs;
    if (random() % 50 == 0) now += static_cast<std::int64_t>(random() % 90) * kSecondNs;
    std::vector<Seen> records;
    for (std::uint64_t i = random() % 20; i > 0; --i)
      records.push_back(seen(static_cast<std::uint16_t>(random() % 3), now,
                             static_cast<std::int64_t>(1 + random() % (50 * kMs)),
                             random() % 10 == 0 ? Outcome::error : Outcome::ok));
    timed.add(records, now);
    all.insert(all.end(), records.begin(), records.end());
  }
  for (const std::int64_t window_s : kWindowsS) {
    const std::int64_t slice = now / kSlicePartNs;
    const std::int64_t from = (slice - window_s * 4) * kSlicePartNs;
    for (std::uint16_t id = 0; id < 3; ++id) {
      CAPTURE(window_s);
      CAPTURE(id);
      std::uint64_t count = 0;
      std::uint64_t errors = 0;
      std::uint64_t sum = 0;
      std::vector<std::int64_t> spans;
      for (const Seen& one : all) {
        if (one.record.operation != id || static_cast<std::int64_t>(one.record.end()) < from)
          continue;
        ++count;
        errors += one.record.outcome == static_cast<std::uint8_t>(Outcome::error);
        sum += static_cast<std::uint64_t>(one.record.duration);
        spans.push_back(one.record.duration);
      }
      const WindowStats stats = timed.model.window(id, window_s, timed.scale);
      CHECK(stats.recorded == count);
      CHECK(stats.errors == errors);
      CHECK(stats.sum_ns == sum);
      std::sort(spans.rbegin(), spans.rend());
      const std::vector<Seen> worst = timed.model.worst(id, window_s);
      REQUIRE(worst.size() == std::min(spans.size(), kWorstCalls));
      for (std::size_t i = 0; i < worst.size(); ++i) CHECK(worst[i].record.duration == spans[i]);
      std::uint64_t failed = 0;
      for (const ErrorCount& error : timed.model.errors(window_s))
        if (error.key.operation == id) failed += error.count;
      CHECK(failed == errors);
    }
  }
}

TEST_CASE("TopModel: the trend begins where records are whole, and has no slice that is not over") {
  Timed timed;
  timed.model.observed_since(kStart + 5 * kSecondNs);
  for (std::int64_t ms = 0; ms < 10'000; ms += 50)
    timed.add({seen(1, kStart + ms * kMs, kMs)}, kStart + ms * kMs);
  timed.model.advance(kStart + 10 * kSecondNs, timed.scale);
  CHECK(timed.model.trend(1, 7) == std::vector<double>{0, 0, 20, 20, 20, 20, 20});
  CHECK(timed.model.trend(kIdCount, 2) == std::vector<double>{20, 20});
  CHECK(timed.model.trend(2, 2) == std::vector<double>{0, 0});
  // The same of the windows: what came before is in none.
  CHECK(timed.model.window(1, 60, timed.scale).recorded == 100);
  CHECK(timed.model.window(1, 60, timed.scale).rate() == doctest::Approx(20));
}

TEST_CASE("TopModel: time that passes without records empties the windows") {
  Timed timed;
  timed.add({seen(1, kStart, kMs, Outcome::error)}, kStart);
  CHECK(timed.model.window(1, 60, timed.scale).recorded == 1);
  timed.model.advance(kStart + 2 * kSecondNs, timed.scale);
  CHECK(timed.model.window(1, 1, timed.scale).recorded == 0);
  CHECK(timed.model.errors(1).empty());
  CHECK(timed.model.window(1, 60, timed.scale).recorded == 1);
  timed.model.advance(kStart + 62 * kSecondNs, timed.scale);
  CHECK(timed.model.window(1, 60, timed.scale).recorded == 0);
  CHECK(timed.model.errors(60).empty());
  CHECK(timed.model.worst(1, 60).empty());
  // The last calls stay: they say when it was.
  CHECK(timed.model.recent(1).size() == 1);
}

TEST_CASE("TopModel: what comes late, and what ends in the future, counts as now") {
  Timed timed;
  timed.add({seen(1, kStart, kMs)}, kStart);
  timed.add({seen(1, kStart - 30 * kSecondNs, kMs), seen(1, kStart + 500 * kSecondNs, kMs)},
            kStart + kSecondNs);
  CHECK(timed.model.now_ns() == kStart + kSecondNs);
  CHECK(timed.model.window(1, 10, timed.scale).recorded == 3);
  CHECK(timed.model.window(1, 1, timed.scale).recorded == 3);
}

TEST_CASE("TopModel: the last hundred calls, the latest first") {
  Timed timed;
  for (std::uint64_t i = 0; i < 250; ++i)
    timed.add({seen(1, kStart + static_cast<std::int64_t>(i), 1, Outcome::ok, i)},
              kStart + static_cast<std::int64_t>(i));
  const std::vector<Seen> recent = timed.model.recent(1);
  REQUIRE(recent.size() == kRecentCalls);
  for (std::size_t i = 0; i < recent.size(); ++i) CHECK(recent[i].position == 249 - i);
}

TEST_CASE("TopModel: a lane has lost what lies between the records that were read of it") {
  Timed timed;
  timed.add({seen(1, kStart, 1, Outcome::ok, 10), seen(1, kStart, 1, Outcome::ok, 11),
             seen(1, kStart, 1, Outcome::ok, 20), seen(1, kStart, 1, Outcome::ok, 19),
             seen(1, kStart, 1, Outcome::ok, 5, 3)},
            kStart);
  CHECK(timed.model.lane(0, 10).read == 4);
  CHECK(timed.model.lane(0, 10).missed == 7);
  CHECK(timed.model.lane(3, 10).missed == 0);
  CHECK(timed.model.lane(1, 10).read == 0);
  CHECK(timed.model.lane(99, 10).read == 0);
}

TEST_CASE("TopModel: records that are filtered out count for their lane alone") {
  Timed timed;
  timed.model.add({seen(1, kStart, 1), seen(2, kStart, 1, Outcome::error, 1)}, kStart, timed.scale,
                  [](const Seen& one) { return one.record.operation == 1; });
  CHECK(timed.model.total(1) == 1);
  CHECK_FALSE(timed.model.has(2));
  CHECK(timed.model.errors(10).empty());
  CHECK(timed.model.lane(0, 10).read == 2);
}

TEST_CASE("TopModel: kinds of errors beyond those told apart are counted together") {
  Timed timed;
  for (std::uint16_t code = 1; code <= 100; ++code) {
    Seen one = seen(1, kStart, 1, Outcome::error);
    one.record.error = code;
    timed.add({one}, kStart);
  }
  std::uint64_t told = 0;
  for (const ErrorCount& error : timed.model.errors(10)) told += error.count;
  CHECK(told == 64);
  CHECK(timed.model.other_errors(10) == 36);
}

TEST_CASE("TopModel: actors are exact while they are few, and of the last two minutes") {
  Timed timed;
  const auto of = [&](std::uint64_t user, std::int64_t at, std::int64_t duration,
                      Outcome outcome = Outcome::ok) {
    Seen one = seen(1, at, duration, outcome);
    one.record.flags = static_cast<std::uint16_t>(ActorKind::user);
    one.record.actor = user;
    timed.add({one}, at);
  };
  of(7, kStart, 5 * kMs);
  of(7, kStart, 5 * kMs, Outcome::error);
  of(8, kStart, 1 * kMs, Outcome::denied);
  auto rows = timed.model.actors(PartyTable::By::time, 10);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key.id == 7);
  CHECK(rows[0].time_ns.value == doctest::Approx(10e6));
  CHECK(rows[0].errors.value == 1);
  CHECK(rows[1].refused.value == 1);
  CHECK(rows[0].exact());
  of(9, kStart + 61 * kSecondNs, kMs);
  CHECK(timed.model.actors(PartyTable::By::time, 10).size() == 3);
  of(9, kStart + 122 * kSecondNs, kMs);
  rows = timed.model.actors(PartyTable::By::time, 10);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].key.id == 9);
  // Of too many the largest stay, and say that they are estimates.
  for (std::uint64_t user = 1000; user < 6000; ++user) of(user, kStart + 122 * kSecondNs, 10);
  of(5, kStart + 122 * kSecondNs, 900 * kMs);
  rows = timed.model.actors(PartyTable::By::time, 10);
  CHECK(rows.front().key.id == 5);
  CHECK_FALSE(rows.front().exact());
}

TEST_CASE("TopModel: of very many records actors are estimates that hold the truth") {
  Timed timed;
  std::vector<Seen> records;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    Seen one = seen(1, kStart, 1000);
    one.record.flags = static_cast<std::uint16_t>(ActorKind::user);
    one.record.actor = i % 4 == 0 ? 1 : 2;
    records.push_back(one);
  }
  timed.add(records, kStart);
  const auto rows = timed.model.actors(PartyTable::By::time, 10);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key.id == 2);
  CHECK_FALSE(rows[0].exact());
  CHECK(rows[0].operations.low <= 150'000);
  CHECK(rows[0].operations.high >= 150'000);
  CHECK(rows[0].operations.value == doctest::Approx(150'000).epsilon(0.1));
  // What failed is counted one by one.
  CHECK(rows[0].errors.low == rows[0].errors.high);
}

TEST_CASE("TopModel: records of garbage do not end it") {
  std::mt19937_64 random(test::seed());
  Timed timed;
  for (int i = 0; i < 20'000; ++i) {
    Seen one;
    one.lane = static_cast<std::uint32_t>(random());
    one.position = random();
    auto* bytes = reinterpret_cast<unsigned char*>(&one.record);
    for (std::size_t b = 0; b < sizeof one.record; ++b)
      bytes[b] = static_cast<unsigned char>(random());
    timed.add({one}, kStart + i * kMs);
  }
  CHECK(timed.model.now_ns() == kStart + 19'999 * kMs);
  for (std::uint16_t id = 0; id < 512; ++id) timed.model.window(id, 60, timed.scale);
  CHECK(timed.model.actors(PartyTable::By::time, 10).size() <= 10);
}

}  // namespace
}  // namespace ringside::tool::top
