#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "daemon/metrics/top.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

TEST_CASE("Top: few parties are ranked exactly") {
  TopTable a;
  TopTable b;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    for (std::uint64_t i = 0; i < id; ++i) (i % 2 == 0 ? a : b).add({1, id}, 10, 1, id % 3 == 0, 10);
  }
  const auto rows = TopTable::largest(a, b, 5);
  REQUIRE(rows.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(rows[i].key.id == 100 - i);
    CHECK(rows[i].weight == 10 * (100 - i));
    CHECK(rows[i].count == 100 - i);
    CHECK(rows[i].error_bound == 0);
  }
}

TEST_CASE("Top: among very many, the heavy are found, never too low, and too high by at most the bound") {
  std::mt19937_64 random(seed());
  TopTable table;
  const TopTable none;
  std::map<std::uint64_t, std::uint64_t> truth;
  for (int i = 0; i < 400'000; ++i) {
    // A few heavy ones in a crowd of hundreds of thousands.
    const std::uint64_t id = random() % 10 == 0 ? random() % 20 : 1000 + random() % 300'000;
    const std::uint64_t weight = 1 + random() % 100;
    table.add({2, id}, weight, 1, 0, weight);
    truth[id] += weight;
  }
  const auto rows = TopTable::largest(table, none, 20);
  REQUIRE(rows.size() == 20);
  for (const auto& row : rows) {
    CHECK(row.key.id < 20);
    CHECK(row.weight >= truth[row.key.id]);
    CHECK(row.weight - row.error_bound <= truth[row.key.id]);
  }
  CHECK(table.bytes() < 200'000);
}
