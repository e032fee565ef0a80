// Leaks, and what looks like one: steps, warming caches, noise, growth that has ended.
#include "daemon/alerts/growth.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>

#include "tests/support/random.h"

namespace ringside {
namespace {

constexpr double kTickS = 5;

// The pace after so many seconds of a figure that is given by its time.
std::optional<Growth::Pace> after(double seconds, double limit,
                                  const std::function<double(double)>& value_at) {
  Growth growth;
  for (double at = 0; at <= seconds; at += kTickS) growth.add(1000 + at, value_at(at));
  return growth.until(value_at(seconds), limit);
}

TEST_CASE("Growth: a line is seen in two minutes, and what is left follows from it") {
  const auto leak = [](double at) { return 100 + 2 * at; };
  CHECK_FALSE(after(60, 1000, leak));
  const auto pace = after(120, 1000, leak);
  REQUIRE(pace);
  CHECK(pace->per_second == doctest::Approx(2));
  CHECK(pace->seconds_left == doctest::Approx((1000 - 340) / 2.0));
  CHECK(pace->seen_s == 120);
}

TEST_CASE("Growth: a pace is believed for six times as long as it was seen") {
  const auto leak = [](double at) { return 100 + 2 * at; };
  CHECK_FALSE(after(120, 100 + 2 * 120 + 2 * 721.0, leak));
  CHECK(after(120, 100 + 2 * 120 + 2 * 719.0, leak));
  // Left are 1,700 s. Five minutes tell of 1,800.
  CHECK_FALSE(after(200, 100 + 2 * 200 + 2 * 1700.0, leak));
  const auto pace = after(310, 100 + 2 * 310 + 2 * 1700.0, leak);
  REQUIRE(pace);
  CHECK(pace->seen_s == 300);
}

TEST_CASE("Growth: a step is none, wherever in the window it lies") {
  for (double step_at = 0; step_at <= 600; step_at += kTickS) {
    CAPTURE(step_at);
    CHECK_FALSE(after(600, 1000, [&](double at) { return at < step_at ? 100.0 : 600.0; }));
  }
}

TEST_CASE("Growth: a cache that warms ever less is far from its limit, however long one looks") {
  // It fills three quarters of the limit in the end.
  const auto warming = [](double at) { return 750 * (1 - std::exp(-at / 60)); };
  for (double seconds = 240; seconds <= 7200; seconds += 60) {
    CAPTURE(seconds);
    CHECK_FALSE(after(seconds, 1000, warming));
  }
}

TEST_CASE("Growth: noise around a level is none, and hides no leak") {
  std::mt19937_64 random(test::seed());
  std::normal_distribution<double> noise(0, 15);
  Growth calm, leak;
  int calm_seen = 0, leak_seen = 0;
  constexpr int kTicks = 720;
  for (int tick = 0; tick < kTicks; ++tick) {
    const double at = tick * kTickS;
    const double level = 500 + 20 * std::sin(at / 311);
    calm.add(at, level + noise(random));
    leak.add(at, level + noise(random) + at / 3);
    calm_seen += calm.until(level, 1000) ? 1 : 0;
    if (at > 600) leak_seen += leak.until(level + at / 3, 2000) ? 1 : 0;
  }
  CHECK(calm_seen == 0);
  CHECK(leak_seen > (kTicks - 120) * 3 / 4);
}

TEST_CASE("Growth: one that has ended is over within minutes, although an hour still holds it") {
  const auto ended = [](double at) { return 100 + std::min(at, 3600.0) / 5; };
  CHECK(after(3600, 1000, ended));
  CHECK_FALSE(after(3600 + 15 * 60, 1000, ended));
  const auto fast = [](double at) { return 100 + std::min(at, 300.0) * 2; };
  CHECK(after(300, 1000, fast));
  CHECK_FALSE(after(300 + 110, 1000, fast));
}

TEST_CASE("Growth: a clock that stands still or goes back adds nothing") {
  Growth growth;
  for (int i = 0; i < 100; ++i) growth.add(5, i);
  for (int i = 0; i < 100; ++i) growth.add(4 - i, i);
  Encoder out, one;
  growth.encode(out);
  Growth alone;
  alone.add(5, 0);
  alone.encode(one);
  CHECK(out.take() == one.take());
}

TEST_CASE("Growth: goes on as it was after it was saved") {
  Growth growth;
  for (double at = 0; at <= 4000; at += kTickS) growth.add(at, 3 * at);
  Encoder out;
  growth.encode(out);
  const std::string bytes = out.take();
  CHECK(bytes.size() < 1200);
  Decoder in(bytes);
  Growth restored;
  restored.decode(in);
  CHECK(in.at_end());
  CHECK(restored == growth);
  // Points that do not go forward are no state.
  Encoder bad;
  bad.u64(2);
  for (const std::uint64_t n : {1000, 1, 0, 1, 0, 0, 0}) bad.u64(n);
  const std::string wrong = bad.take();
  Decoder refused(wrong);
  restored.decode(refused);
  CHECK_FALSE(refused.good());
}

}  // namespace
}  // namespace ringside
