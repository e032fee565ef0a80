// How sure a share is, against figures from the literature, and against exact probabilities.
#include "daemon/alerts/evidence.h"

#include <doctest/doctest.h>

#include <cmath>

namespace ringside {
namespace {

TEST_CASE("Evidence: the interval is that of the literature") {
  // R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 4, at 95 %.
  struct Row {
    std::uint64_t over, of;
    double low, high;
  };
  for (const Row& row : {Row{81, 263, 0.2535, 0.3682}, Row{15, 148, 0.0598, 0.1644},
                         Row{0, 20, 0, 0.2005}, Row{1, 29, 0.0018, 0.1963}}) {
    CAPTURE(row.over);
    CHECK(wilson_low({row.over, row.of}, 1.959964) == doctest::Approx(row.low).epsilon(0.004));
    CHECK(wilson_high({row.over, row.of}, 1.959964) == doctest::Approx(row.high).epsilon(0.004));
  }
}

TEST_CASE("Evidence: no calls say nothing, and the ends stay between 0 and 1") {
  CHECK(wilson_low({0, 0}, 3) == 0);
  CHECK(wilson_high({0, 0}, 3) == 1);
  for (const double z : {0.0, 0.1, 3.0, 40.0}) {
    for (std::uint64_t of = 1; of < 50; ++of) {
      for (std::uint64_t over = 0; over <= of; ++over) {
        const double low = wilson_low({over, of}, z);
        const double high = wilson_high({over, of}, z);
        CHECK(0 <= low);
        CHECK(low <= Share{over, of}.value());
        CHECK(Share{over, of}.value() <= high);
        CHECK(high <= 1);
      }
    }
  }
}

TEST_CASE("Evidence: z is the normal distribution's") {
  for (const double z : {0.0, 0.5, 1.0, 1.644854, 1.959964, 3.0, 5.0, 8.0}) {
    CAPTURE(z);
    CHECK(std::abs(z_of(std::erfc(z / std::sqrt(2.0)) / 2) - z) < 4.5e-4);
  }
}

TEST_CASE("Evidence: one call of one proves nothing, and a few of a few do") {
  const double z = 3.04;  // of "1 per 90d" with the default ticks and 20 operations
  CHECK(wilson_low({1, 1}, z) < 0.05);
  CHECK(wilson_low({2, 2}, z) > 0.05);
  CHECK(wilson_low({2, 10}, z) < 0.05);
  CHECK(wilson_low({4, 10}, z) > 0.05);
}

TEST_CASE("Evidence: the shortest window that leaves out the limit decides") {
  CHECK_FALSE(deciding_window({}, 0.05, 3));
  CHECK_FALSE(deciding_window({{{1, 10}, {1, 10}, {1, 10}, {1, 10}}}, 0.05, 3));
  CHECK(deciding_window({{{10, 10}, {0, 0}, {0, 0}, {0, 0}}}, 0.05, 3) == 0);
  CHECK(deciding_window({{{1, 10}, {9, 10}, {0, 900}, {0, 900}}}, 0.05, 3) == 1);
  CHECK(deciding_window({{{1, 10}, {1, 10}, {0, 900}, {900, 900}}}, 0.05, 3) == 2);
  CHECK(deciding_window({{{0, 0}, {0, 0}, {1, 10}, {900, 900}}}, 0.05, 3) == 3);
}

}  // namespace
}  // namespace ringside
