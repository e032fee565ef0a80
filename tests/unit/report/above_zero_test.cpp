// Whether differences lie above zero by chance.
#include "report/analysis/above_zero.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "tests/support/random.h"

using ringside::chance_above_zero;

namespace {

// Normal figures with deviation 1 that resemble their neighbours.
std::vector<double> draw(std::mt19937_64& engine, double alike, int count) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double value = normal(engine);
  for (int i = 0; i < count; ++i) {
    value = alike * value + std::sqrt(1 - alike * alike) * normal(engine);
    values.push_back(value);
  }
  return values;
}

}  // namespace

TEST_CASE("AboveZero: the chance is that of Student's t, of median and three quarters") {
  // Median 5; three quarters lie within 3 of it (deviation 2.608). The ranks of neighbours differ
  // (r = -0.71), and 0.71 > 0.33 - 0.13: all nine count. t = 5 * 3 / (1.2533 * 2.608) = 4.589 with
  // 8 degrees of freedom: 0.00089.
  const std::vector<double> nine = {1, 9, 2, 8, 5, 3, 7, 4, 6};
  CHECK(chance_above_zero(nine, 1e-9) == doctest::Approx(0.00089).epsilon(0.05));
  std::vector<double> below = nine;
  for (double& value : below) value = -value;
  CHECK(chance_above_zero(below, 1e-9) ==
        doctest::Approx(1 - chance_above_zero(nine, 1e-9)).epsilon(1e-6));
  // One as far off as you like moves nothing.
  std::vector<double> wild = nine;
  wild[1] = 1e9;
  CHECK(chance_above_zero(wild, 1e-9) == chance_above_zero(nine, 1e-9));
}

TEST_CASE("AboveZero: of too few nothing is said, and noise is never less than it can be") {
  CHECK(chance_above_zero({}, 1) == 1);
  CHECK(chance_above_zero({5, 5}, 1) == 1);
  CHECK(chance_above_zero({0, 0, 0, 0}, 1) == doctest::Approx(0.5));
  const std::vector<double> same(12, 0.1);
  CHECK(chance_above_zero(same, 1) > 0.3);
  CHECK(chance_above_zero(same, 0.001) < 1e-6);
}

TEST_CASE("AboveZero: a change in the middle of the time is no level above zero") {
  std::vector<double> step;
  for (int i = 0; i < 48; ++i) step.push_back((i < 22 ? 0.0 : 1.0) + 0.01 * (i * 7 % 5));
  CHECK(chance_above_zero(step, 0.001) > 0.001);
  for (int i = 0; i < 48; ++i) step[static_cast<std::size_t>(i)] = 1 + 0.01 * (i * 7 % 5);
  CHECK(chance_above_zero(step, 0.001) < 1e-12);
}

TEST_CASE("AboveZero: chance keeps its bound, also where neighbours are alike") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  std::mt19937_64 engine(seed);
  constexpr int kRuns = 4'000;
  for (const int count : {16, 48}) {
    for (const double alike : {0.0, 0.5, 0.8}) {
      int rare = 0;
      for (int run = 0; run < kRuns; ++run)
        rare += chance_above_zero(draw(engine, alike, count), 1e-6) < 0.01 ? 1 : 0;
      INFO(count, " values, alike ", alike, ": ", rare, " of ", kRuns, ", 40 are expected");
      CHECK(rare < 80);
    }
  }
}
