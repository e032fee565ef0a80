#include "tools/simulate/checks.h"

#include <doctest/doctest.h>

#include <vector>

namespace ringside::simulate {
namespace {

using Days = std::vector<std::uint64_t>;

TEST_CASE("SimulateChecks: what rises from the second quarter to the last one grows") {
  constexpr std::uint64_t kMiB = 1 << 20;
  CHECK_FALSE(grows(Days{}));
  CHECK_FALSE(grows(Days{kMiB, 9 * kMiB, 99 * kMiB}));  // too few days to tell
  CHECK_FALSE(grows(Days{kMiB, kMiB, kMiB, kMiB}));
  CHECK_FALSE(grows(Days{kMiB, 5 * kMiB, kMiB, 5 * kMiB}));  // the first day is for filling
  CHECK(grows(Days{kMiB, 2 * kMiB, 3 * kMiB, 4 * kMiB}));
  // A tenth is noise, and so are 64 KiB.
  CHECK_FALSE(grows(Days{0, 100 * kMiB, 0, 110 * kMiB}));
  CHECK(grows(Days{0, 100 * kMiB, 0, 110 * kMiB + 1}));
  CHECK_FALSE(grows(Days{0, 1000, 0, 1000 + 65536}));
  CHECK(grows(Days{0, 1000, 0, 1000 + 65537}));
  // The highest day of each quarter counts.
  CHECK(grows(Days{0, 0, kMiB, 2 * kMiB, 0, 0, 3 * kMiB, 0}));
  CHECK_FALSE(grows(Days{0, 0, 3 * kMiB, 0, 0, 0, 3 * kMiB, 0}));
}

}  // namespace
}  // namespace ringside::simulate
