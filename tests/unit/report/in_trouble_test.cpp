// Which rings had an incident in a minute.
#include "report/analysis/in_trouble.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
using Rings = std::set<std::string>;

IncidentView incident(const char* ring, std::int64_t began_s, std::int64_t ended_s,
                      AlertType cause = AlertType::high_latency) {
  IncidentView one;
  one.ring = ring;
  one.began_wall_ns = began_s * kSecond;
  one.ended_wall_ns = ended_s * kSecond;
  one.cause.alert = cause;
  return one;
}

}  // namespace

TEST_CASE("InTrouble: from the minute in which an incident begins to the one in which it ends") {
  const std::vector<IncidentView> one = {incident("chat", 1'200 + 59, 1'320)};
  CHECK(in_trouble(one, 1'140, 60).empty());
  CHECK(in_trouble(one, 1'200, 60) == Rings{"chat"});
  CHECK(in_trouble(one, 1'260, 60) == Rings{"chat"});
  CHECK(in_trouble(one, 1'320, 60) == Rings{"chat"});
  CHECK(in_trouble(one, 1'380, 60).empty());
  CHECK(in_trouble(one, 0, 3'600) == Rings{"chat"});
  CHECK(in_trouble(one, 3'600, 3'600).empty());
}

TEST_CASE("InTrouble: one that lasts counts for a day, then it is what is usual") {
  const std::vector<IncidentView> one = {incident("chat", 1'200, 0)};
  CHECK(in_trouble(one, 1'200 + 86'400, 60) == Rings{"chat"});
  CHECK(in_trouble(one, 1'260 + 86'400, 60).empty());
  CHECK(in_trouble({incident("chat", 1'200, 1'200 + 2 * 86'400)}, 1'260 + 86'400, 60).empty());
}

TEST_CASE("InTrouble: each ring and the host, but not for what became slower") {
  CHECK(in_trouble({incident("a", 0, 0), incident("", 0, 0), incident("b", 9'000, 0)}, 60, 60) ==
        Rings{"", "a"});
  CHECK(in_trouble({incident("a", 0, 0, AlertType::performance_regression)}, 60, 60).empty());
}

TEST_CASE("InTrouble: one that ended before it began counts at its begin") {
  const std::vector<IncidentView> one = {incident("chat", 7'000, 3'000)};
  CHECK(in_trouble(one, 7'000, 60) == Rings{"chat"});
  CHECK(in_trouble(one, 7'001, 60).empty());
  CHECK(in_trouble(one, 2'940, 4'060).empty());
  CHECK(TroubledSpans(one).hit("chat", 7'000, 60));
  CHECK_FALSE(TroubledSpans(one).hit("chat", 2'940, 4'060));
}

TEST_CASE("InTrouble: for many minutes at once it says the same") {
  const std::uint64_t seed = test::seed();
  INFO("seed ", seed);
  std::mt19937_64 random(seed);
  const auto below = [&](std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random);
  };
  constexpr const char* kRings[] = {"", "a", "b", "c"};
  for (int round = 0; round < 200; ++round) {
    // From few that are far apart to many that overlap, and some that last.
    std::vector<IncidentView> incidents;
    const std::int64_t days = 1 + below(30);
    for (std::int64_t i = below(1 << below(9)); i > 0; --i) {
      const std::int64_t began = below(days * 86'400);
      const std::int64_t ended = below(20) == 0 ? 0 : began + below(1 << below(18)) - 60;
      incidents.push_back(
          incident(kRings[below(4)], began, std::max<std::int64_t>(ended, 0),
                   below(10) == 0 ? AlertType::performance_regression : AlertType::high_latency));
    }
    const TroubledSpans spans(incidents);
    for (int i = 0; i < 200; ++i) {
      const std::int64_t seconds = below(2) == 0 ? 60 : 3'600;
      const std::int64_t begin = below((days + 2) * 86'400) - 86'400;
      const Rings rings = in_trouble(incidents, begin, seconds);
      for (const char* ring : kRings) {
        CAPTURE(round);
        CAPTURE(begin);
        CAPTURE(seconds);
        CHECK(spans.hit(ring, begin, seconds) == (rings.contains(ring) || rings.contains("")));
      }
    }
  }
}
