#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

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

namespace {

Record ended_at(std::uint64_t end, std::uint64_t sequence) {
  Record record{};
  record.start = end - 7;
  record.duration = 7;
  record.sequence = sequence;
  return record;
}

// Whether `a` completed before `b`, in words: an earlier life, else an earlier end, else the
// smaller lane, else the smaller sequence.
bool completed_before(const Expected& a, const Expected& b) {
  if (a.instance != b.instance) return a.instance < b.instance;
  if (a.end != b.end) return b.end - a.end < std::uint64_t{1} << 63;
  if (a.lane != b.lane) return a.lane < b.lane;
  return a.sequence < b.sequence;
}

void check_latest(const Recent& recent, std::vector<Expected> all, std::size_t wanted) {
  std::sort(all.begin(), all.end(),
            [](const Expected& a, const Expected& b) { return completed_before(b, a); });
  if (all.size() > wanted) all.resize(wanted);
  REQUIRE(recent.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(recent.record(i).sequence == all[i].sequence);
    CHECK(recent.record(i).end() == all[i].end);
    CHECK(recent.origin(i).lane == all[i].lane);
    CHECK(recent.origin(i).instance == all[i].instance);
  }
  // The floor is the end of the earliest of a full list, and only for its life of the ring.
  const std::uint32_t instance = all.empty() ? 1 : all.back().instance;
  const bool full = all.size() == wanted;
  CHECK(recent.floor(instance, 12345) == (full ? all.back().end : 12345));
  CHECK(recent.floor(instance + 1, 12345) == 12345);
  CHECK(recent.wants(full ? all.back().end : 0, instance));
  if (full) CHECK_FALSE(recent.wants(all.back().end - 1, instance));
}

}  // namespace

TEST_CASE("Recent: a later life of the ring is later, whatever its clock says, from the first record on") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 400; ++round) {
    std::size_t wanted = 1 + random() % 6;
    Recent recent(wanted);
    std::vector<Expected> all;
    std::uint32_t instance = 1;
    for (int run = 0; run < 30; ++run) {
      if (random() % 6 == 0) ++instance;
      const auto lane = static_cast<std::uint32_t>(random() % 3);
      // Ends fall and rise, with many ties, so runs are seldom in order.
      for (std::uint64_t i = random() % (random() % 8 == 0 ? 60 : 4); i > 0; --i) {
        const std::uint64_t end = 1000 + random() % 12;
        all.push_back({end, lane, random(), instance});
        recent.push(ended_at(end, all.back().sequence), lane, instance);
      }
      recent.end_run(instance);
      if (random() % 10 == 0) {
        // A list that was made shorter has forgotten the others.
        const std::size_t now = 1 + random() % 6;
        std::sort(all.begin(), all.end(),
                  [](const Expected& a, const Expected& b) { return completed_before(b, a); });
        if (all.size() > std::min(wanted, now)) all.resize(std::min(wanted, now));
        wanted = now;
        recent.resize(wanted);
      }
      check_latest(recent, all, wanted);
    }
  }
}

TEST_CASE("Recent: records that are restored, the earliest first, keep where they came from") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 50; ++round) {
    const std::size_t wanted = 1 + random() % 20;
    Recent recent(wanted);
    std::vector<Expected> saved;
    for (int i = 0; i < 30; ++i) {
      saved.push_back({1000 + random() % 20, static_cast<std::uint32_t>(random() % 4), random(),
                       static_cast<std::uint32_t>(1 + random() % 3)});
    }
    std::sort(saved.begin(), saved.end(), completed_before);
    std::vector<Expected> all;
    for (const Expected& one : saved) {
      all.push_back(one);
      Recent::Entry entry{ended_at(one.end, one.sequence), {}};
      entry.origin.lane = one.lane;
      entry.origin.instance = one.instance;
      entry.origin.fixed = true;
      entry.origin.end_ns = static_cast<std::int64_t>(one.sequence % 1000);
      entry.origin.wall_ns = static_cast<std::int64_t>(one.sequence % 777);
      entry.origin.ticks_per_second = static_cast<double>(one.sequence % 555);
      recent.restore(entry);
      check_latest(recent, all, wanted);
    }
    if (round % 2 == 0) recent.resize(wanted + 1);
    for (std::size_t i = 0; i < recent.size(); ++i) {
      const std::uint64_t sequence = recent.record(i).sequence;
      CHECK(recent.origin(i).fixed);
      CHECK(recent.origin(i).end_ns == static_cast<std::int64_t>(sequence % 1000));
      CHECK(recent.origin(i).wall_ns == static_cast<std::int64_t>(sequence % 777));
      CHECK(recent.origin(i).ticks_per_second == static_cast<double>(sequence % 555));
    }
  }
}

TEST_CASE("Recent: each record's origin is fixed once, those that come later at the next time") {
  Recent recent(5);
  const auto push = [&](std::uint64_t end) {
    recent.push(ended_at(end, end), 0, 1);
    recent.end_run(1);
  };
  const auto fix = [&] {
    std::multiset<std::uint64_t> fixed;
    recent.fix_origins([&](const Record& record, Recent::Origin& origin) {
      fixed.insert(record.sequence);
      origin.wall_ns = static_cast<std::int64_t>(100 * record.sequence);
    });
    return fixed;
  };
  for (const std::uint64_t end : {11, 12, 13}) push(end);
  CHECK_FALSE(recent.origin(0).fixed);
  CHECK(fix() == std::multiset<std::uint64_t>{11, 12, 13});
  CHECK(fix().empty());
  for (const std::uint64_t end : {14, 15, 16}) push(end);
  CHECK(fix() == std::multiset<std::uint64_t>{14, 15, 16});
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(recent.origin(i).fixed);
    CHECK(recent.origin(i).wall_ns == static_cast<std::int64_t>(1600 - 100 * i));
  }
}

TEST_CASE("Recent: ends that are more than a quarter of the clock's range apart are in order") {
  Recent recent(3);
  const std::uint64_t quarter = std::uint64_t{1} << 62;
  for (const std::uint64_t end : {quarter + 500, std::uint64_t{100}, quarter + 600}) {
    recent.push(ended_at(end, end), 0, 1);
    recent.end_run(1);
  }
  CHECK(recent.record(0).end() == quarter + 600);
  CHECK(recent.record(1).end() == quarter + 500);
  CHECK(recent.record(2).end() == 100);
}

TEST_CASE("Recent: a list of ten takes this much memory, also after it had another length") {
  Recent recent(10);
  // 46 places of a record and its origin, 56 keys, 46 free places.
  CHECK(recent.bytes() == 46 * (64 + 48) + 56 * 16 + 46 * 4);
  CHECK(Recent(1).bytes() == 19 * (64 + 48) + 20 * 16 + 19 * 4);
}
