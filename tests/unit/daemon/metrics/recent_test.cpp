#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/metrics/recent.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

struct Expected {
  std::uint64_t end;
  std::uint32_t lane;
  std::uint64_t sequence;
  std::uint32_t instance;
};

}  // namespace

TEST_CASE("Recent: exactly the N that completed latest, from runs of any order, length and N") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 60; ++round) {
    const std::size_t corners[] = {1, 2, 64, 100, 128};
    const std::size_t wanted =
        round % 3 == 0 ? corners[static_cast<std::size_t>(round / 3) % 5] : 1 + random() % 200;
    Recent recent(wanted);
    std::vector<Expected> all;
    // Half of the rounds cross the wrap of the clock.
    std::uint64_t base = random() % 2 == 0 ? 1000 : ~std::uint64_t{0} - 100'000;
    for (int run = 0; run < 40; ++run) {
      const auto lane = static_cast<std::uint32_t>(random() % 6);
      const std::uint64_t length = random() % 400;
      const bool shuffled = random() % 4 == 0;
      std::uint64_t end = base + random() % 200;
      const auto instance = static_cast<std::uint32_t>(1 + run / 20);
      for (std::uint64_t i = 0; i < length; ++i) {
        end = shuffled ? base + random() % 1000 : end + random() % 3;   // ties are wanted
        Record record{};
        record.start = end - 5;
        record.duration = 5;
        record.sequence = 2 * (all.size() + 1);
        recent.push(record, lane, instance);
        all.push_back({end, lane, record.sequence, instance});
      }
      // The next place holds a record that was copied and not taken in. It must not show up.
      std::memset(static_cast<void*>(recent.place()), 0xff, sizeof(Record));
      recent.end_run(instance);
      base += random() % 300;
    }
    std::sort(all.begin(), all.end(), [](const Expected& a, const Expected& b) {
      if (a.instance != b.instance) return a.instance > b.instance;
      const auto apart = static_cast<std::int64_t>(a.end - b.end);
      if (apart != 0) return apart > 0;
      return a.lane != b.lane ? a.lane > b.lane : a.sequence > b.sequence;
    });
    if (all.size() > wanted) all.resize(wanted);
    REQUIRE(recent.size() == all.size());
    bool same = true;
    for (std::size_t i = 0; i < all.size(); ++i) {
      same = same && recent.record(i).sequence == all[i].sequence &&
             recent.origin(i).lane == all[i].lane;
    }
    CHECK(same);
  }
}

TEST_CASE("Recent: made smaller it keeps the latest, made larger it keeps what it has") {
  Recent recent(10);
  for (std::uint64_t i = 0; i < 30; ++i) {
    Record record{};
    record.start = i;
    record.sequence = i;
    recent.push(record, 0, 1);
  }
  recent.end_run(1);
  recent.resize(4);
  REQUIRE(recent.size() == 4);
  CHECK(recent.record(0).start == 29);
  CHECK(recent.record(3).start == 26);
  recent.resize(50);
  REQUIRE(recent.size() == 4);
  CHECK(recent.record(0).start == 29);
}
