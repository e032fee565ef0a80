#include "daemon/rings/pacing.h"

#include <doctest/doctest.h>

namespace ringside {
namespace {

TEST_CASE("Pacing: without records the pause grows to its longest, and to that of rest after two seconds") {
  Pacing pacing;
  std::int64_t pause = 0;
  for (int i = 0; i < 20; ++i) pause = pacing.next_pause_ns(0, pause);
  CHECK(pause == kLongestPauseNs);
  for (std::int64_t ns = 0; ns < kRestAfterNs; ns += pause) pause = pacing.next_pause_ns(0, pause);
  CHECK(pacing.next_pause_ns(0, pause) == kRestPauseNs);
  // The first record ends the rest.
  CHECK(pacing.next_pause_ns(0.0001, kRestPauseNs) == kLongestPauseNs);
}

TEST_CASE("Pacing: under a steady rate the lane is a quarter full at each pass") {
  // In lanes a second: how often a writer would lap a sleeping reader.
  for (const double laps : {10.0, 100.0, 1000.0}) {
    Pacing pacing;
    std::int64_t pause = kLongestPauseNs;
    double fullest = 0;
    for (int i = 0; i < 20; ++i) {
      fullest = static_cast<double>(pause) / 1e9 * laps;
      pause = pacing.next_pause_ns(fullest, pause);
    }
    CAPTURE(laps);
    CHECK(fullest <= 0.26);
  }
}

TEST_CASE("Pacing: a burst shortens the pause at once, its end lengthens it twofold at most") {
  Pacing pacing;
  for (int i = 0; i < 20; ++i) pacing.next_pause_ns(0, kLongestPauseNs);
  CHECK(pacing.next_pause_ns(1.0, kLongestPauseNs) == kLongestPauseNs / 4);
  CHECK(pacing.next_pause_ns(0, kLongestPauseNs / 4) == kLongestPauseNs / 2);
  CHECK(pacing.next_pause_ns(1000, 1000) == kShortestPauseNs);
}

TEST_CASE("Pacing: the pause doubles from its shortest to its longest, exactly") {
  Pacing pacing;
  for (const std::int64_t pause :
       {100'000, 200'000, 400'000, 800'000, 1'600'000, 3'200'000, 6'400'000, 12'800'000,
        20'000'000, 20'000'000})
    CHECK(pacing.next_pause_ns(0, 0) == pause);
  // Half a lane in 10 ms is a quarter in 5 ms.
  CHECK(pacing.next_pause_ns(0.5, 10'000'000) == 5'000'000);
  CHECK(pacing.next_pause_ns(0.1, 2'000'000) == 5'000'000);
  CHECK(pacing.next_pause_ns(0.1, 20'000'000) == 10'000'000);
}

TEST_CASE("Pacing: the rest begins after two seconds without a record, and not a moment earlier") {
  Pacing pacing;
  for (int i = 0; i < 10; ++i) pacing.next_pause_ns(0, 0);
  const auto check_rest = [&] {
    CHECK(pacing.next_pause_ns(0, kRestAfterNs - 1) == kLongestPauseNs);
    CHECK(pacing.next_pause_ns(0, 1) == 40'000'000);
    CHECK(pacing.next_pause_ns(0, 1) == kRestPauseNs);
  };
  check_rest();
  // Any record ends it, and the two seconds begin anew.
  CHECK(pacing.next_pause_ns(0.25, 20'000'000) == 20'000'000);
  check_rest();
  // So does a new ring, whose first pauses are short.
  pacing.begin_anew();
  CHECK(pacing.next_pause_ns(0, 0) == 100'000);
  for (int i = 0; i < 10; ++i) pacing.next_pause_ns(0, 0);
  check_rest();
}

}  // namespace
}  // namespace ringside
