// The slowest single operations, compared with an oracle that keeps them all.
#include <doctest/doctest.h>

#include <algorithm>
#include <tuple>

#include "daemon/metrics/slowest.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

Slowest::Entry entry_of(std::uint64_t span_ns, std::int64_t slice, std::uint64_t sequence) {
  Slowest::Entry entry;
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
