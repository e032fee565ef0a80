// The bound on false alarms: its parts by numbers, and as a whole by simulation.
#include "report/analysis/e_detector.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tests/support/random.h"

using namespace ringside;

namespace {

// The mean of e() under Student's t with five degrees of freedom, from the distribution function
// alone: an oracle that integrates neither the density nor e().
double mean_e_value(std::size_t bet) {
  double sum = 0;
  constexpr double kStep = 0.001;
  for (double z = -30; z < 60; z += kStep)
    sum += (student5_above(z) - student5_above(z + kStep)) *
           EDetector::e_value(bet, z + kStep);  // at its upper end: never too little
  return sum + student5_above(60) * EDetector::e_value(bet, 60);
}

class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : engine_(seed) {}
  double normal() { return normal_(engine_); }
  double student5() { return student5_(engine_); }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::student_t_distribution<double> student5_{5};
};

// The mean number of figures until ln(c) is reached, at most `most` each.
template <typename Next>
double mean_run(double c, int runs, int most, Next next) {
  double sum = 0;
  for (int run = 0; run < runs; ++run) {
    EDetector detector;
    int count = 0;
    while (count < most && detector.log_evidence() < std::log(c)) {
      detector.add(next(run, count));
      ++count;
    }
    sum += count;
  }
  return sum / runs;
}

}  // namespace

TEST_CASE("EDetector: the tail of Student's t, as tables have it") {
  CHECK(student5_above(0) == doctest::Approx(0.5));
  CHECK(student5_above(2.015048) == doctest::Approx(0.05).epsilon(1e-5));
  CHECK(student5_above(4.032143) == doctest::Approx(0.005).epsilon(1e-5));
  CHECK(student5_above(5.893430) == doctest::Approx(0.001).epsilon(1e-5));
  CHECK(student5_above(-2.015048) == doctest::Approx(0.95).epsilon(1e-5));
}

TEST_CASE("EDetector: each bet's mean is one under Student's t, and no bet falls") {
  for (std::size_t bet = 0; bet < EDetector::kBets; ++bet) {
    INFO("bet ", bet);
    const double mean = mean_e_value(bet);
    CHECK(mean > 0.99);
    CHECK(mean < 1.005);  // the oracle's step
    double last = 0;
    for (double z = -20; z < 30; z += 0.01) {
      const double e = EDetector::e_value(bet, z);
      CHECK(e >= last);
      last = e;
    }
    CHECK(EDetector::e_value(bet, -1e6) > 0);
  }
}

TEST_CASE("EDetector: the average run before a false alarm keeps its bound") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  Numbers numbers(seed);
  constexpr double kBound = 100;
  constexpr int kRuns = 400;
  constexpr int kMost = 2'000;  // cut off: the true mean is higher still
  SUBCASE("figures with the heavy tails that are assumed") {
    CHECK(mean_run(kBound, kRuns, kMost, [&](int, int) { return numbers.student5(); }) > kBound);
  }
  SUBCASE("a level that wanders as far as is allowed for, and figures that depend on it") {
    double level = 0;
    CHECK(mean_run(kBound, kRuns, kMost, [&](int, int) {
            level = 0.95 * level + 0.3 * numbers.normal();
            return std::min(level, 0.0) + numbers.student5();
          }) > kBound);
  }
  SUBCASE("noise whose size changes with what went before, never above what is assumed") {
    double last = 0;
    CHECK(mean_run(kBound, kRuns, kMost, [&](int, int) {
            const double size = std::abs(last) > 1 ? 1 : 0.4;
            return last = size * numbers.student5();
          }) > kBound);
  }
  SUBCASE("where the level is higher than allowed for, the bound is gone") {
    CHECK(mean_run(kBound, kRuns, kMost, [&](int, int) { return 1 + numbers.student5(); }) <
          kBound);
  }
}

TEST_CASE("EDetector: a change of twelve deviations needs two figures, one of six needs three") {
  const double month_of_seventy = std::log(43'200.0 * 70);
  EDetector plain;
  plain.add(13);
  CHECK(plain.log_evidence() < month_of_seventy);
  plain.add(13);
  CHECK(plain.log_evidence() > month_of_seventy);
  EDetector clear;
  for (int i = 0; i < 2; ++i) clear.add(9);
  CHECK(clear.log_evidence() < month_of_seventy);
  clear.add(9);
  CHECK(clear.log_evidence() > month_of_seventy);
}

TEST_CASE("EDetector: where a week may go by, two figures of nine deviations do") {
  EDetector detector;
  for (int i = 0; i < 2; ++i) detector.add(9);
  CHECK(detector.log_evidence() > std::log(43'200.0 / 4 * 70));
}

TEST_CASE("EDetector: evidence is gone an hour after the rise, however long that lasted") {
  EDetector detector;
  CHECK(detector.log_evidence() < -1e8);
  for (int i = 0; i < 10'000; ++i) detector.add(20);
  CHECK(detector.log_evidence() < 61);
  for (int i = 0; i < 60; ++i) detector.add(-1);
  CHECK(detector.log_evidence() < 3);
  detector.reset();
  CHECK(detector.log_evidence() < -1e8);
}
