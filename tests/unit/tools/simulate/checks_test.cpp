#include "tools/simulate/checks.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ringside::simulate {
namespace {

bool glibc_counts() {
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  const std::vector<char> block(32 << 20, 'x');
  return in_use() >= before + block.size();
}

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

TEST_CASE("SimulateChecks: days of trouble are held against each other, and a leak is seen") {
  Corpus corpus;
  corpus.days = 4;
  std::string table;
  const Check flat = check_month(corpus, Config{}, [&](const std::string& line) { table += line; });
  INFO(table, flat.text);
  CHECK(flat.good);
  CHECK(std::count(table.begin(), table.end(), '\n') == 5);
  CHECK(flat.text.find("the state is flat") != std::string::npos);
  CHECK(flat.text.find("12 incidents") != std::string::npos);
  if (!glibc_counts()) return;  // a sanitizer's allocator
  std::vector<std::vector<char>> leak;
  const Check grown =
      check_month(corpus, Config{}, [&](const std::string&) { leak.emplace_back(64 << 20, 'x'); });
  INFO(grown.text);
  CHECK_FALSE(grown.good);
  CHECK(grown.text.find("the heap grows") != std::string::npos);
}

}  // namespace
}  // namespace ringside::simulate
