// The slowest single operations, compared with an oracle that keeps them all.
#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>

#include "daemon/metrics/slowest.h"
#include "tests/support/random.h"
#include "tests/support/under.h"

using namespace ringside;
using ringside::test::seed;

namespace {

Slowest::Entry entry_of(std::uint64_t span_ns, std::int64_t slice, std::uint64_t sequence) {
  Slowest::Entry entry{};
  entry.span_ns = span_ns;
  entry.slice = slice;
  entry.end_ns = slice * 5'000'000'000 + static_cast<std::int64_t>(sequence % 1000);
  entry.record.duration = static_cast<std::int64_t>(span_ns);
  entry.record.sequence = sequence;
  return entry;
}

// Spans and sequences of the slowest operations that ended in (after, until], slowest first.
std::vector<std::pair<std::uint64_t, std::uint64_t>> slowest_of(std::vector<Slowest::Entry> all,
                                                                std::int64_t after,
                                                                std::int64_t until,
                                                                std::size_t wanted) {
  std::erase_if(all, [&](const Slowest::Entry& entry) {
    return entry.slice <= after || entry.slice > until;
  });
  std::sort(all.begin(), all.end(), [](const Slowest::Entry& a, const Slowest::Entry& b) {
    return std::tie(b.span_ns, b.slice, b.end_ns, b.record.sequence) <
           std::tie(a.span_ns, a.slice, a.end_ns, a.record.sequence);
  });
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (const Slowest::Entry& entry : all) {
    if (out.size() < wanted) out.emplace_back(entry.span_ns, entry.record.sequence);
  }
  return out;
}
std::vector<std::pair<std::uint64_t, std::uint64_t>> listed(
    const std::vector<Slowest::Entry>& entries) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (const Slowest::Entry& entry : entries)
    out.emplace_back(entry.span_ns, entry.record.sequence);
  return out;
}

}  // namespace

TEST_CASE("Slowest: of the last hour and since start exactly those, with late records, pauses and ties") {
  std::mt19937_64 random(seed());
  for (const std::size_t wanted : {1U, 5U, 20U}) {
    if (ringside::test::kSanitized && wanted != 5U) continue;   // a third of a minute there
    Slowest slowest(wanted);
    std::vector<Slowest::Entry> all;
    std::int64_t now = 100'000;
    std::uint64_t sequence = 0;
    for (int step = 0; step < 1500; ++step) {
      const std::int64_t by = random() % 100 == 0 ? static_cast<std::int64_t>(random() % 900) : 1;
      now += by;
      slowest.roll(now);
      for (std::uint64_t i = random() % 12; i > 0; --i) {
        std::int64_t slice = now;
        if (random() % 20 == 0) slice -= static_cast<std::int64_t>(random() % 900);   // late
        if (random() % 200 == 0) slice += 1;  // in the future
        // The spans fall for 400 steps, so each entry can rise when the older ones leave the hour.
        const std::uint64_t most =
            step % 800 < 400 ? 1'000'000U - 2000U * static_cast<unsigned>(step % 400) : 1000U;
        const Slowest::Entry entry = entry_of(random() % most, slice, ++sequence);
        // Callers offer an entry only when it is slower than the floor, or late.
        if (slice == now && entry.span_ns <= slowest.floor_ticks()) {
          all.push_back(entry);
          continue;
        }
        slowest.add(entry, now);
        all.push_back(entry);
        // The table never takes such an entry into the hour, not even when its time comes.
        if (slice > now) all.back().slice = INT64_MAX;
      }
      if (step % 13 != 0) continue;
      // Entries of one slice with equal spans are interchangeable, so only the spans are compared.
      const auto spans = [](auto list) {
        std::vector<std::uint64_t> out;
        for (const auto& [span, of] : list) out.push_back(span);
        return out;
      };
      REQUIRE(spans(listed(slowest.last_hour(now))) ==
              spans(slowest_of(all, now - Slowest::kSlices, now, wanted)));
      REQUIRE(spans(listed(slowest.since_start())) ==
              spans(slowest_of(all, INT64_MIN, INT64_MAX, wanted)));
    }
    CHECK(slowest.bytes() < 2'000'000);
  }
}

TEST_CASE("Slowest: one of thirty seconds is there since start when it has left the hour") {
  Slowest slowest(3);
  slowest.add(entry_of(30'000'000'000, 1000, 1), 1000);
  for (std::int64_t slice = 1001; slice <= 1000 + Slowest::kSlices; ++slice) {
    slowest.roll(slice);
    for (std::uint64_t i = 0; i < 5; ++i) slowest.add(entry_of(1'000'000 + i, slice, 10), slice);
    REQUIRE((slowest.last_hour(slice).front().span_ns == 30'000'000'000) ==
            (slice < 1000 + Slowest::kSlices));
  }
  CHECK(slowest.since_start().front().span_ns == 30'000'000'000);
  CHECK(slowest.since_start().size() == 3);
}

TEST_CASE("Slowest: a shorter list keeps the slowest, a longer one takes in more") {
  Slowest slowest(4);
  for (std::uint64_t i = 1; i <= 10; ++i) slowest.add(entry_of(i, 50, i), 50);
  CHECK(slowest.floor_ticks() == 7);
  slowest.resize(2);
  CHECK(listed(slowest.last_hour(50)) ==
        std::vector<std::pair<std::uint64_t, std::uint64_t>>{{10, 10}, {9, 9}});
  CHECK(slowest.floor_ticks() == 0);
  slowest.resize(5);
  slowest.add(entry_of(1, 50, 11), 50);
  CHECK(slowest.last_hour(50).size() == 3);
  CHECK(slowest.since_start().size() == 3);
}

TEST_CASE("Slowest: of equal spans the later slice, then the later end, the larger lane, the later record comes first") {
  std::mt19937_64 random(seed());
  struct Place {
    std::int64_t slice, end_ns;
    std::uint32_t lane;
    std::uint64_t sequence;
  };
  // In the order in which they are to be listed.
  const Place places[] = {{50, 7, 1, 2}, {50, 7, 1, 0}, {50, 7, 0, 4}, {50, 6, 3, 9},
                          {49, 9, 9, 9}, {49, 8, 9, 9}, {48, 99, 9, 9}};
  for (int round = 0; round < 30; ++round) {
    std::vector<std::size_t> order{0, 1, 2, 3, 4, 5, 6};
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t wanted : {7U, 4U}) {
      Slowest slowest(wanted);
      for (const std::size_t i : order) {
        Slowest::Entry entry = entry_of(100, places[i].slice, places[i].sequence);
        entry.end_ns = places[i].end_ns;
        entry.lane = places[i].lane;
        entry.instance = static_cast<std::uint32_t>(i);
        slowest.add(entry, 50);
      }
      for (const auto& list : {slowest.last_hour(50), slowest.since_start()}) {
        REQUIRE(list.size() == wanted);
        for (std::uint32_t i = 0; i < wanted; ++i) CHECK(list[i].instance == i);
      }
    }
  }
}

TEST_CASE("Slowest: the floor is the shortest of a full list of this slice, and never below zero") {
  Slowest slowest(2);
  CHECK(slowest.floor_ticks() == 0);
  slowest.add(entry_of(500, 50, 1), 50);
  CHECK(slowest.floor_ticks() == 0);  // the list is not full
  slowest.add(entry_of(900, 49, 2), 50);
  CHECK(slowest.floor_ticks() == 0);  // that one was of an earlier slice
  slowest.add(entry_of(1, 50, 3), 50);
  CHECK(slowest.floor_ticks() == 1);
  slowest.add(entry_of(300, 50, 4), 50);
  CHECK(slowest.floor_ticks() == 300);
  slowest.roll(51);
  CHECK(slowest.floor_ticks() == 0);
  // Negative spans are offered too, while there is nothing better.
  for (const std::uint64_t sequence : {5, 6}) {
    Slowest::Entry entry = entry_of(0, 51, sequence);
    entry.record.duration = -8;
    slowest.add(entry, 51);
  }
  CHECK(slowest.floor_ticks() == 0);
}

TEST_CASE("Slowest: each entry is fixed once when the clock goes away, and then sets no floor") {
  Slowest slowest(3);
  slowest.add(entry_of(70, 48, 1), 50);
  slowest.add(entry_of(80, 50, 2), 50);
  slowest.add(entry_of(90, 50, 3), 50);
  slowest.add(entry_of(60, 50, 4), 50);
  CHECK(slowest.floor_ticks() == 60);
  std::vector<std::uint64_t> fixed;
  const auto fix = [&](Slowest::Entry& entry) {
    CHECK_FALSE(entry.fixed);
    fixed.push_back(entry.record.sequence);
    entry.wall_ns = static_cast<std::int64_t>(entry.record.sequence * 100);
  };
  slowest.fix_entries(fix);
  std::sort(fixed.begin(), fixed.end());
  // One by one: of this slice, of earlier ones, of those since start.
  CHECK(fixed == std::vector<std::uint64_t>{1, 1, 2, 2, 3, 3, 4});
  CHECK(slowest.floor_ticks() == 0);
  for (const auto& list : {slowest.last_hour(50), slowest.since_start()}) {
    for (const Slowest::Entry& entry : list) {
      CHECK(entry.fixed);
      CHECK(entry.wall_ns == static_cast<std::int64_t>(entry.record.sequence * 100));
    }
  }
  fixed.clear();
  slowest.fix_entries(fix);
  CHECK(fixed.empty());
  // By the next clock: no ticks can be compared while the shortest is one of the last clock.
  slowest.add(entry_of(85, 50, 5), 50);
  CHECK(slowest.floor_ticks() == 0);
  slowest.fix_entries(fix);
  CHECK(fixed == std::vector<std::uint64_t>{5, 5});
}

TEST_CASE("Slowest: what is restored counts in the hour that it ended in, or only since start") {
  Slowest slowest(2);
  const std::int64_t now = 1000;
  slowest.restore_of_hour(entry_of(5, now + 1, 1), now);  // in the future
  slowest.restore_of_hour(entry_of(6, now, 2), now);
  slowest.restore_of_hour(entry_of(7, now - 719, 3), now);
  slowest.restore_of_hour(entry_of(8, now - 720, 4), now);  // an hour ago
  CHECK(listed(slowest.last_hour(now)) ==
        std::vector<std::pair<std::uint64_t, std::uint64_t>>{{7, 3}, {6, 2}});
  CHECK(slowest.since_start().empty());
  for (const std::uint64_t span : {4, 9, 8}) slowest.restore_since_start(entry_of(span, 1, span));
  CHECK(listed(slowest.since_start()) ==
        std::vector<std::pair<std::uint64_t, std::uint64_t>>{{9, 9}, {8, 8}});
  // They can be saved again as they are.
  std::vector<std::uint64_t> of_hour;
  slowest.add(entry_of(3, now, 7), now);
  slowest.each_of_hour(
      [&](const Slowest::Entry& entry) { of_hour.push_back(entry.record.sequence); });
  std::sort(of_hour.begin(), of_hour.end());
  CHECK(of_hour == std::vector<std::uint64_t>{2, 3, 7});
}

TEST_CASE("Slowest: what can no longer come up is given back, and the rest of an hour can be saved") {
  Slowest slowest(3);
  const auto kept = [&] {
    std::size_t count = 0;
    slowest.each_of_hour([&](const Slowest::Entry&) { ++count; });
    return count;
  };
  CHECK(slowest.bytes() == 0);
  // In each slice one that is slower than all before: only the latest three can come up.
  for (std::int64_t slice = 1; slice <= 300; ++slice) {
    slowest.roll(slice);
    slowest.add(entry_of(static_cast<std::uint64_t>(slice), slice, 1), slice);
  }
  slowest.roll(301);
  CHECK(kept() == 3);
  // Three of this hour, room for four since start, and for one in a slice.
  CHECK(slowest.bytes() == (3 + 4 + 1) * sizeof(Slowest::Entry));
  // Late ones alone are thinned out too: at most twice those that can come up, and a few.
  for (std::uint64_t i = 0; i < 1000; ++i) slowest.add(entry_of(i, 200, i), 301);
  CHECK(slowest.bytes() < 50 * sizeof(Slowest::Entry));
  CHECK(listed(slowest.last_hour(301)) ==
        std::vector<std::pair<std::uint64_t, std::uint64_t>>{{999, 999}, {998, 998}, {997, 997}});
  // An hour after their slice they have gone.
  slowest.roll(200 + Slowest::kSlices - 1);
  CHECK(kept() == 6);
  slowest.roll(200 + Slowest::kSlices);
  CHECK(kept() == 3);
  // One that is so late is not taken in, and one that has left the hour is not listed.
  slowest.roll(2000);
  CHECK(kept() == 0);
  slowest.add(entry_of(1, 2000 - Slowest::kSlices, 1), 2000);
  CHECK(kept() == 0);
  slowest.add(entry_of(1, 2000 - Slowest::kSlices + 1, 1), 2000);
  CHECK(kept() == 1);
  CHECK(slowest.last_hour(2000).size() == 1);
  CHECK(slowest.last_hour(2001).empty());
  // 1000 in each slice of an hour, twice: as many may be saved.
  CHECK(Slowest::kMostOfHour == 1'440'000);
}
