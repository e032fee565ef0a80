// What the drain makes of records, of each kind and at each edge of its bounds, compared with a
// list of all of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "tests/support/random.h"
#include "tests/unit/daemon/metrics/stats_oracle.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kSec = 1'000'000'000;
constexpr std::int64_t kSliceLength = 5 * kSec;
constexpr std::uint16_t kIds[] = {0, 1, 255, 256, 257, 319};
constexpr const char* kNamesOfIds[] = {"A",       "operation-1", "operation-255",
                                       "event-0", "B",           "event-63"};

struct Read {
  std::size_t id;  // index of kIds
  Record record;
  std::uint32_t lane;
  std::uint64_t position;
  SeriesPart part;
};

// Drains lanes of random records.
struct Ingest {
  static constexpr RingMetricsOptions kOptions{20, 25};
  std::mt19937_64 random;
  RingMetrics metrics{kOptions};
  RingMetrics::Counts read_of{};
  std::int64_t since = 3600 * 2000 * kSec + 7 * kSec + 3;
  std::int64_t now = since + kSec;
  std::uint64_t position = 0;
  std::uint64_t late = 0;
  std::vector<Read> all;

  explicit Ingest(std::uint64_t from) : random(from) {
    metrics.observe_from(since);
    metrics.set_name(0, {"A", "", {}});
    metrics.set_name(257, {"B", "", {}});
  }

  std::int64_t one_end() {
    const std::int64_t slice = now / kSliceLength * kSliceLength;
    const std::int64_t begin = std::max(slice, since);
    const std::int64_t edges[] = {slice,
                                  slice - 1,
                                  slice - kSliceLength,
                                  slice - kSliceLength - 1,
                                  slice + kSliceLength,
                                  slice + kSliceLength - 1,
                                  now,
                                  now + kSec,
                                  now + kSec + 1,
                                  since,
                                  since - 1,
                                  now - static_cast<std::int64_t>(random() % 1000) * kSec};
    if (random() % 25 == 0) return edges[random() % std::size(edges)];
    const std::int64_t until = std::max(now - begin, std::int64_t{1});
    return std::min(now, begin + static_cast<std::int64_t>(random() >> 1) % until);
  }
  Record one_record(std::uint16_t id) {
    Record record = random_record(random);
    record.operation = id;
    record.kind = static_cast<std::uint8_t>(id < 256 ? Kind::operation : Kind::event);
    record.flags = 0;
    record.event = {};
    // Most are much alike, so that they change nothing but sums.
    if (random() % 30 != 0) {
      record.duration = 1000 + static_cast<std::int64_t>(random() % 12);
      record.outcome = 0;
    }
    if (random() % 40 == 0) record.flags |= kFlagUntimed;
    record.flags |= static_cast<std::uint16_t>(random() % 32);  // who and on what
    record.actor = random() % 5;
    record.subject = random() % 4;
    if (id >= 256) {
      record.event.value = static_cast<std::int64_t>(random() % 100) - 50;
      return record;
    }
    const StageTicks marks[] = {0,
                                1,
                                2,
                                40,
                                41,
                                (1U << 16) - 1,
                                1U << 16,
                                (1U << 17) - 1,
                                1U << 17,
                                (1U << 17) + 1,
                                pack_stage_ticks((1U << 24) - 1),
                                pack_stage_ticks(1U << 24),
                                pack_stage_ticks(1U << 24) + 1,
                                pack_stage_ticks(std::uint64_t{1} << 33),
                                kStageMask};
    const std::size_t most = random() % 50 == 0 ? std::size(marks) : random() % 8 == 0 ? 10 : 5;
    if (random() % 2 == 0) record.flags |= kFlagStages;
    if ((record.flags & kFlagStages) != 0 || random() % 20 == 0) {
      for (unsigned i = 0; i < kStageCount; ++i) record.set_stage(i, marks[random() % most]);
    }
    return record;
  }
  void drain_lane(std::uint32_t lane) {
    std::uint32_t in_batch = 0;
    for (std::uint64_t i = random() % 4 == 0 ? random() % 700 : random() % 12; i > 0; --i) {
      Read read{};
      read.id = random() % std::size(kIds);
      read.record = one_record(kIds[read.id]);
      const std::int64_t end = one_end();
      read.record.start = static_cast<std::uint64_t>(end - read.record.duration);
      read.record.sequence = 2 * ++position;
      read.lane = lane;
      read.position = position - 1;
      read.part.record = read.record;
      const std::int64_t slice = end / kSliceLength;
      read.part.slice = std::min(slice, now / kSliceLength);
      read.part.when = end < since        ? SeriesPart::When::history
                       : end > now + kSec ? SeriesPart::When::future
                                          : SeriesPart::When::slice;
      late += read.part.when == SeriesPart::When::future ||
              (read.part.when == SeriesPart::When::slice && slice < now / kSliceLength - 1);
      metrics.add(words_of(read.record), read.position, lane);
      all.push_back(read);
      if (++in_batch == RingMetrics::kBatch || random() % 100 == 0) {
        metrics.end_batch(read_of);
        in_batch = 0;
      }
    }
    metrics.end_batch(read_of);
    metrics.end_run();
  }
  void pass() {
    metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now, 1);
    for (std::uint32_t lane = 0; lane < 3; ++lane) drain_lane(lane);
  }
};

void check_series_of(const Ingest& ingest, const Snapshot& shown) {
  for (std::size_t id = 0; id < std::size(kIds); ++id) {
    CAPTURE(kNamesOfIds[id]);
    const auto& list = id < 3 ? shown.operations : shown.events;
    const auto view = std::find_if(
        list.begin(), list.end(), [&](const SeriesView& of) { return of.name == kNamesOfIds[id]; });
    std::vector<SeriesPart> parts;
    std::vector<const Read*> latest;
    for (const Read& read : ingest.all) {
      if (read.id != id) continue;
      parts.push_back(read.part);
      latest.push_back(&read);
    }
    CHECK(ingest.read_of[kIds[id]] == parts.size());
    if (parts.empty()) continue;
    REQUIRE(view != list.end());
    for (std::size_t w = 0; w < kWindows; ++w) {
      CAPTURE(w);
      check_stats(view->windows[w],
                  summed_up(parts, static_cast<Window>(w), ingest.now / kSliceLength));
    }
    std::sort(latest.begin(), latest.end(), [](const Read* a, const Read* b) {
      if (a->record.end() != b->record.end()) return a->record.end() > b->record.end();
      return a->lane != b->lane ? a->lane > b->lane : a->position > b->position;
    });
    if (latest.size() > Ingest::kOptions.last) latest.resize(Ingest::kOptions.last);
    REQUIRE(view->last.size() == latest.size());
    for (std::size_t i = 0; i < latest.size(); ++i) {
      CHECK(view->last[i].lane == latest[i]->lane);
      CHECK(view->last[i].position == latest[i]->position);
      CHECK(view->last[i].duration_ns == latest[i]->record.duration);
    }
  }
}

void check_slowest_of(const Ingest& ingest, const Snapshot& shown) {
  for (const bool of_hour : {true, false}) {
    std::vector<std::int64_t> spans;
    for (const Read& read : ingest.all) {
      if (read.id >= 3 || read.record.duration <= 0) continue;
      if (of_hour && read.part.when == SeriesPart::When::future) continue;
      spans.push_back(read.record.duration);
    }
    std::sort(spans.rbegin(), spans.rend());
    if (spans.size() > Ingest::kOptions.top) spans.resize(Ingest::kOptions.top);
    std::vector<std::int64_t> got;
    for (const RecordView& view : of_hour ? shown.slowest : shown.slowest_since_start)
      got.push_back(view.duration_ns);
    CHECK(got == spans);
  }
}

void check_parties_of(const Ingest& ingest, const Snapshot& shown) {
  using Sums = std::array<std::uint64_t, 4>;  // operations, errors, refused, time
  constexpr PartyKind kActors[] = {PartyKind::none, PartyKind::user, PartyKind::session,
                                   PartyKind::address};
  constexpr PartyKind kSubjects[] = {PartyKind::none,    PartyKind::room,    PartyKind::message,
                                     PartyKind::user,    PartyKind::address, PartyKind::unknown,
                                     PartyKind::unknown, PartyKind::unknown};
  for (const bool actors : {true, false}) {
    // By the number of its kind, because several have no name.
    std::map<std::pair<unsigned, std::uint64_t>, Sums> sums;
    for (const Read& read : ingest.all) {
      const Record& record = read.record;
      const unsigned kind = actors ? record.flags & 3U : record.flags >> 2 & 7U;
      if (read.id >= 3 || kind == 0 || read.part.when == SeriesPart::When::history) continue;
      Sums& of = sums[{kind, actors ? record.actor : record.subject}];
      ++of[0];
      of[1] += record.outcome == 1 || record.outcome == 2;
      of[2] += record.outcome > 2;
      of[3] += static_cast<std::uint64_t>(std::max<std::int64_t>(record.duration, 0));
    }
    for (const bool by_time : {true, false}) {
      std::multiset<std::tuple<PartyKind, std::uint64_t, Sums>> want, got;
      for (const auto& [key, of] : sums) {
        if ((by_time ? of[3] : of[1] + of[2]) > 0)
          want.emplace(actors ? kActors[key.first] : kSubjects[key.first], key.second, of);
      }
      for (const TopEntry& row : actors    ? by_time ? shown.actors_by_time : shown.actors_by_errors
                                 : by_time ? shown.subjects_by_time
                                           : shown.subjects_by_errors) {
        got.emplace(row.party.kind, row.party.id,
                    Sums{row.count, row.errors, row.refused, row.time_ns});
        CHECK_FALSE(row.estimated);
        CHECK(row.weight == (by_time ? row.time_ns : row.errors + row.refused));
      }
      // 28 subjects are more than the list has rows.
      CHECK(got.size() == std::min(want.size(), Ingest::kOptions.top));
      CHECK(std::includes(want.begin(), want.end(), got.begin(), got.end()));
    }
  }
}

}  // namespace

TEST_CASE(
    "Ingest: figures and lists agree with all records, plain ones and others, in batches and at "
    "every edge") {
  for (std::uint64_t round = 0; round < 2; ++round) {
    Ingest ingest(seed() + round);
    for (int step = 1; step <= 100; ++step) {
      ingest.now += static_cast<std::int64_t>(ingest.random() % 4) * kSec +
                    static_cast<std::int64_t>(ingest.random() % 1000);
      if (ingest.random() % 15 == 0) ingest.now += 20 * kSec;
      ingest.pass();
      if (step > 3 && step % 10 != 0) continue;
      Snapshot shown;
      ingest.metrics.show("r", RingMetrics::LivingById(kIdCount), {ingest.now, 0, 0, 0}, shown);
      check_series_of(ingest, shown);
      check_slowest_of(ingest, shown);
      check_parties_of(ingest, shown);
      CHECK(shown.late_records == ingest.late);
      CHECK(ingest.metrics.late_records() == ingest.late);
    }
  }
}

TEST_CASE("Ingest: a batch of stage marks of any length adds up") {
  // The longest that is plain, the shortest that is not, and spans on both sides of them.
  for (const std::uint64_t mark :
       {0xffffU, 0x10000U, 0x1ffffU, 0x20002U, 0xffff80U, 0x1000000U, 0x1000100U, 0x1ffff00U}) {
    for (unsigned marked = 0; marked < kStageCount; ++marked) {
      RingMetrics metrics({5, 1});
      RingMetrics::Counts read_of{};
      metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), 1000 * kSec, 1);
      std::uint64_t position = 0;
      const auto add = [&](std::int64_t span, std::uint64_t stage) {
        Record record{};
        record.kind = static_cast<std::uint8_t>(Kind::operation);
        record.start = static_cast<std::uint64_t>(1000 * kSec - span);
        record.duration = span;
        record.flags = kFlagStages;
        record.set_stage(marked, pack_stage_ticks(stage));
        metrics.add(words_of(record), position++, 0);
      };
      // The longest and the shortest, with a longer stage than those that follow.
      add(5000, 1U << 26);
      add(1000, 1U << 26);
      metrics.end_batch(read_of);
      for (std::uint32_t i = 0; i < RingMetrics::kBatch; ++i) add(2000, mark);
      metrics.end_batch(read_of);
      metrics.end_run();
      Snapshot shown;
      metrics.show("r", RingMetrics::LivingById(kIdCount), {1000 * kSec, 0, 0, 0}, shown);
      const StageStats& stage = shown.operations.at(0).window(Window::minute).stages[marked];
      CHECK(stage.count == 258);
      CHECK(stage.sum_ns == 2 * (std::uint64_t{1} << 26) + 256 * mark);
      CHECK(stage.max_ns == 1U << 26);
    }
  }
}

TEST_CASE("Ingest: a record that seems to be of another age is among the last, and in no window") {
  RingMetrics metrics({5, 5});
  RingMetrics::Counts read_of{};
  metrics.observe_from(999 * kSec);
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), 1000 * kSec, 1);
  Record record{};
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.start = std::uint64_t{0} - (std::uint64_t{1} << 61) - 5 * kSec;  // 73 years ago
  record.sequence = 2;
  metrics.add_alone(record, 0, read_of);
  Snapshot shown;
  metrics.show("r", RingMetrics::LivingById(kIdCount), {1000 * kSec, 0, 0, 0}, shown);
  REQUIRE(shown.operations.size() == 1);
  CHECK(shown.operations[0].last.size() == 1);
  CHECK(shown.operations[0].window(Window::since_start).recorded == 1);
  CHECK(shown.operations[0].window(Window::since_start).history == 1);
  CHECK(shown.operations[0].window(Window::hour).recorded == 0);
  CHECK(read_of[0] == 1);
}
