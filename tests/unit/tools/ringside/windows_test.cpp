// Which records lie around a trigger.
#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "tests/support/ring.h"
#include "tools/ringside/recording/windows.h"

namespace ringside::tool {
namespace {

struct Given {
  std::uint64_t end = 0;
  bool triggers = false;
};

Seen seen(std::uint64_t position, std::uint64_t end) {
  Seen one;
  one.position = position;
  one.record = test::operation(0, end - 10, 10);
  return one;
}

// The positions that are recorded.
std::vector<std::uint64_t> recorded(const std::vector<Given>& given,
                                    const TriggerWindows::Spans& spans) {
  TriggerWindows windows(spans);
  std::vector<Seen> into;
  for (std::size_t i = 0; i < given.size(); ++i)
    windows.add(seen(i, given[i].end), true, given[i].triggers, given[i].end, into);
  std::vector<std::uint64_t> positions;
  for (const Seen& one : into) positions.push_back(one.position);
  return positions;
}
using Positions = std::vector<std::uint64_t>;

TEST_CASE("Windows: before and after a trigger, at their limits too") {
  const std::vector<Given> given = {{949, false},  {950, false},  {999, false}, {1000, true},
                                    {1001, false}, {1030, false}, {1031, false}};
  CHECK(recorded(given, {50, 30, 1}) == Positions{1, 2, 3, 4, 5});
  CHECK(recorded(given, {0, 0, 1}) == Positions{3});
}

TEST_CASE("Windows: a trigger at the begin, and none at all") {
  CHECK(recorded({{1000, true}, {1001, false}}, {50, 30, 1}) == Positions{0, 1});
  CHECK(recorded({{1000, false}, {1001, false}}, {50, 30, 1}).empty());
}

TEST_CASE("Windows: those that overlap are one, and no record comes twice") {
  const std::vector<Given> given = {{1000, true},  {1020, false}, {1025, true}, {1050, false},
                                    {1058, false}, {1090, true},  {1300, false}};
  // The second trigger makes the first window longer. The third one's `before` reaches into it.
  CHECK(recorded(given, {50, 30, 1}) == Positions{0, 1, 2, 3});
  CHECK(recorded(given, {50, 30, 2}) == Positions{0, 1, 2, 3, 4, 5});
  TriggerWindows windows({50, 30, 2});
  std::vector<Seen> into;
  for (const Given& one : given) windows.add(seen(0, one.end), true, one.triggers, one.end, into);
  CHECK(windows.windows() == 1);
  CHECK_FALSE(windows.done());
}

TEST_CASE("Windows: time alone closes one") {
  TriggerWindows windows({50, 30, 1});
  std::vector<Seen> into;
  CHECK(windows.add(seen(0, 1000), true, true, 1000, into) == TriggerWindows::Use::triggered);
  windows.pass(1029);
  CHECK_FALSE(windows.done());
  windows.pass(1030);
  CHECK(windows.done());
}

TEST_CASE("Windows: an end in the future is none") {
  TriggerWindows windows({50, 30, 1});
  std::vector<Seen> into;
  windows.add(seen(0, 990), true, false, 1000, into);
  windows.add(seen(1, 1'000'000), true, true, 1000, into);
  windows.add(seen(2, 1020), true, false, 1020, into);
  CHECK(into.size() == 3);
  windows.pass(1030);
  CHECK(windows.done());
}

TEST_CASE("Windows: what is kept for a trigger is bounded, and it is said when that cut it") {
  TriggerWindows::Spans spans{1000, 10, 1};
  spans.most_held = 5;
  TriggerWindows windows(spans);
  std::vector<Seen> into;
  for (std::uint64_t i = 0; i < 8; ++i) windows.add(seen(i, 2000 + i), true, false, 3000, into);
  CHECK(windows.held() == 5);
  CHECK(windows.take_dropped() == 3);
  CHECK_FALSE(windows.cut_short());
  windows.add(seen(8, 2008), true, true, 3000, into);
  CHECK(windows.cut_short());
  CHECK(into.size() == 6);
}

TEST_CASE("Windows: any series is recorded as an oracle does it") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const auto before = static_cast<std::int64_t>(random() % 60);
    const auto after = static_cast<std::int64_t>(random() % 60);
    std::vector<Given> given;
    // Ticks wrap.
    std::uint64_t end = round % 2 == 0 ? 1000 : ~std::uint64_t{0} - 200;
    for (int i = 0; i < 60; ++i) {
      end += random() % 20;
      given.push_back({end, random() % 15 == 0});
    }
    std::set<std::uint64_t> expected;
    for (const Given& trigger : given) {
      if (!trigger.triggers) continue;
      for (std::size_t i = 0; i < given.size(); ++i) {
        const auto later = static_cast<std::int64_t>(given[i].end - trigger.end);
        if (later >= -before && later <= after) expected.insert(i);
      }
    }
    const Positions got = recorded(given, {before, after, 1000});
    CHECK(got == Positions(expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace ringside::tool
