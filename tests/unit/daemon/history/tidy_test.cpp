// Roll-up, retention and the limit on size.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "report/model/sums.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kHour = 3600;
using Slots = HistoryQuery::Slots;

struct TidyStore {
  explicit TidyStore(const HistoryLimits& limits = {}) {
    std::string moved;
    REQUIRE_FALSE(store.open(path, limits, &moved));
  }
  HistorySpan read(std::int64_t begin, std::int64_t end, Slots slots) const {
    HistoryResult result = read_history(path, {begin, end, slots, {}, {}});
    REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
    return std::move(result.span);
  }
  void fill(std::int64_t begin, std::int64_t end, int series, std::uint64_t calls) {
    for (; begin < end; begin += 60) {
      HistorySpan batch;
      batch.rings.push_back(history_ring(begin));
      batch.gauges.push_back({"chat", "connections", {{begin, begin / 60, 1, begin / 60}}});
      for (int i = 0; i < series; ++i) {
        batch.series.push_back(
            history_series("OP_" + std::to_string(i), {history_slot(random, begin, calls)}));
      }
      store.write(batch);
    }
  }
  TempDir directory;
  std::string path = directory.file("history.db");
  HistoryStore store;
  std::mt19937_64 random{seed()};
};

}  // namespace

TEST_CASE("HistoryTidy: an hour is exactly its minutes") {
  TidyStore of;
  of.fill(kHistoryBegin, kHistoryBegin + kHour, 2, 40);
  const HistorySpan minutes = of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::minutes);
  const HistorySpan before = of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::hours);
  // Not before the hour has settled.
  of.store.tidy(kHistoryBegin + kHour + HistoryStore::kHourSettlesS - 1);
  Database database(of.path, Database::Mode::read);
  const auto hours = [&] {
    auto row = database.query("SELECT count(*) FROM hours");
    row.row();
    return row.integer();
  };
  CHECK(hours() == 0);
  of.store.tidy(kHistoryBegin + kHour + HistoryStore::kHourSettlesS);
  CHECK(hours() == 2);
  const HistorySpan after = of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::hours);
  for (const HistorySpan* span : {&before, &after}) {
    REQUIRE(span->series.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      HistorySlot sum;
      for (const HistorySlot& slot : minutes.series.at(i).slots) add_slot(sum, slot);
      sum.begin_wall_s = kHistoryBegin;
      sum.seconds = 3600;
      sum.observed_seconds = 3600;
      REQUIRE(span->series[i].slots.size() == 1);
      CHECK(same_slot(span->series[i].slots[0], sum));
    }
    REQUIRE(span->gauges.at(0).samples.size() == 1);
    const HistorySample& sample = span->gauges[0].samples[0];
    CHECK(sample.min == 1);
    CHECK(sample.last == (kHistoryBegin + kHour - 60) / 60);
    CHECK(sample.max == sample.last);
  }
}

TEST_CASE("HistoryTidy: an hour is made again when one of its minutes comes late") {
  TidyStore of;
  of.fill(kHistoryBegin, kHistoryBegin + 120, 1, 40);
  const std::int64_t settled = kHistoryBegin + kHour + HistoryStore::kHourSettlesS;
  of.store.tidy(settled);
  of.fill(kHistoryBegin + 120, kHistoryBegin + 180, 1, 7);
  of.store.tidy(settled + 60);
  const HistorySpan hour = of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::hours);
  CHECK(hour.series.at(0).slots.at(0).recorded == 87);
  CHECK(hour.rings.at(0).slots.at(0).observed_seconds == 180);
  // Minutes that are gone take nothing from it.
  of.store.set_limits({kHour, 90 * 86400, std::uint64_t{1} << 30});
  of.store.tidy(kHistoryBegin + 5 * kHour);
  CHECK(of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::minutes).series.empty());
  of.fill(kHistoryBegin + 180, kHistoryBegin + 240, 1, 9);
  of.store.tidy(kHistoryBegin + 5 * kHour);
  CHECK(of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::hours)
            .series.at(0)
            .slots.at(0)
            .recorded == 87);
}

TEST_CASE("HistoryTidy: old hours have coarser buckets, and every count") {
  TidyStore of;
  of.fill(kHistoryBegin, kHistoryBegin + kHour, 1, 400);
  const std::int64_t settled = kHistoryBegin + kHour + HistoryStore::kHourSettlesS;
  of.store.tidy(settled);
  const auto slot = [&] {
    return of.read(kHistoryBegin, kHistoryBegin + kHour, Slots::hours).series.at(0).slots.at(0);
  };
  const HistorySlot fine = slot();
  of.store.tidy(kHistoryBegin + kHour + HistoryStore::kFineHoursS);
  const HistorySlot coarse = slot();
  CHECK(coarse.latency.count() == fine.latency.count());
  CHECK(coarse.latency.buckets.size() < fine.latency.buckets.size() / 2);
  CHECK(std::abs(coarse.latency.quantile_seconds(0.95) / fine.latency.quantile_seconds(0.95) - 1) <
        0.044);
  CHECK(coarse.sum_ns == fine.sum_ns);
}

TEST_CASE("HistoryTidy: minutes and hours go when their time is over, each for itself") {
  TidyStore of({2 * kHour, 86400, std::uint64_t{1} << 30});
  of.fill(kHistoryBegin, kHistoryBegin + 2 * kHour, 1, 5);
  HistorySpan batch;
  batch.marks.push_back({kHistoryBegin * 1'000'000'000, HistoryMark::Kind::reload, {}, "x"});
  of.store.write(batch);
  of.store.tidy(kHistoryBegin + 3 * kHour);
  const auto first_minute = [&] { return history_extent(of.path).first_minute_wall_s; };
  CHECK(first_minute() == kHistoryBegin + kHour);
  CHECK(of.read(kHistoryBegin, kHistoryBegin + 2 * kHour, Slots::hours).series.at(0).slots.size() ==
        2);
  of.store.tidy(kHistoryBegin + 4 * kHour);
  CHECK(first_minute() == 0);
  const HistorySpan hours = of.read(kHistoryBegin, kHistoryBegin + 2 * kHour, Slots::hours);
  CHECK(hours.series.at(0).slots.size() == 2);
  CHECK(hours.marks.size() == 1);
  const auto removed = of.store.tidy(kHistoryBegin + 3 * 86400);
  CHECK(removed.before_wall_s == 0);  // nothing went before its time
  CHECK(history_extent(of.path).last_wall_s == 0);
  CHECK(of.read(kHistoryBegin, kHistoryBegin + 2 * kHour, Slots::hours).marks.empty());
}

TEST_CASE("HistoryTidy: a file at its limit loses the oldest, says so, and stays below it") {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 20;
  TidyStore of({48 * kHour, 90 * 86400, kLimit});
  std::int64_t removed_before = 0;
  const std::int64_t end = kHistoryBegin + 12 * kHour;
  for (std::int64_t now = kHistoryBegin; now < end; now += 600) {
    of.fill(now, now + 600, 4, 300);
    const HistoryStore::Removed removed = of.store.tidy(now + 600);
    if (removed.before_wall_s != 0) {
      CHECK(removed.before_wall_s > removed_before);
      removed_before = removed.before_wall_s;
    }
    REQUIRE(of.store.used_bytes() <= kLimit);
    REQUIRE(std::filesystem::file_size(of.path) <= kLimit);
  }
  CHECK(removed_before > kHistoryBegin);
  const HistorySpan left = of.read(kHistoryBegin, end, Slots::minutes);
  // What is left is the newest, without a gap.
  const auto& slots = left.series.at(0).slots;
  CHECK(slots.back().begin_wall_s == end - 60);
  CHECK(slots.front().begin_wall_s >= removed_before);
  CHECK(slots.back().begin_wall_s - slots.front().begin_wall_s ==
        static_cast<std::int64_t>(slots.size() - 1) * 60);
}

TEST_CASE("HistoryTidy: pages that are free are given back") {
  TidyStore of({2 * kHour, 2 * kHour, std::uint64_t{1} << 30});
  of.fill(kHistoryBegin, kHistoryBegin + 2 * kHour, 20, 100);
  of.store.checkpoint();
  const auto before = std::filesystem::file_size(of.path);
  for (int i = 0; i < 30; ++i) of.store.tidy(kHistoryBegin + 3 * 86400 + i * 60);
  CHECK(of.store.checkpoint());
  CHECK(std::filesystem::file_size(of.path) < before / 2);
}
