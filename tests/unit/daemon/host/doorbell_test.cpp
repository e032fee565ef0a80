#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "daemon/host/doorbell.h"
#include "shm/clock.h"

namespace ringside {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

// Less than half a minute is far from a minute on any machine.
bool short_sleep(Doorbell& bell, int fd) {
  const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
  bell.sleep(kMinute, fd);
  return clock_ns(CLOCK_MONOTONIC) - before < kMinute / 2;
}

TEST_CASE(
    "Doorbell: a sleep ends when somebody rings, before it or during it, and each ring ends one "
    "sleep") {
  Doorbell bell;
  bell.ring();
  bell.ring();
  CHECK(short_sleep(bell, -1));
  std::thread other([&] { bell.ring(); });
  CHECK(short_sleep(bell, -1));
  other.join();
  const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
  bell.sleep(2'000'000, -1);
  CHECK(clock_ns(CLOCK_MONOTONIC) - before >= 2'000'000);
  bell.sleep(-1, -1);   // returns at once
}

TEST_CASE("Doorbell: a new bell has not been rung, and any number of rings ends one sleep") {
  Doorbell bell;
  for (int round = 0; round < 2; ++round) {
    const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
    bell.sleep(2'000'000, -1);
    CHECK(clock_ns(CLOCK_MONOTONIC) - before >= 2'000'000);
    for (int i = 0; i < 3; ++i) bell.ring();
    CHECK(short_sleep(bell, -1));
  }
}

TEST_CASE(
    "Doorbell: a sleep ends when there is something to read, and goes on ending until it is read") {
  Doorbell bell;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::thread other([&] { CHECK(write(ends[1], "x", 1) == 1); });
  CHECK(short_sleep(bell, ends[0]));
  CHECK(short_sleep(bell, ends[0]));
  other.join();
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("Doorbell: a sleep says whether there is something to read") {
  Doorbell bell;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK_FALSE(bell.sleep(0, ends[0]));
  bell.ring();
  CHECK_FALSE(bell.sleep(kMinute, ends[0]));
  REQUIRE(write(ends[1], "x", 1) == 1);
  CHECK(bell.sleep(kMinute, ends[0]));
  bell.ring();
  CHECK(bell.sleep(kMinute, ends[0]));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace ringside
