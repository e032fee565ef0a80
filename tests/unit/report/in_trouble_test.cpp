// Which rings had an incident in a minute.
#include "report/analysis/in_trouble.h"

#include <doctest/doctest.h>

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
