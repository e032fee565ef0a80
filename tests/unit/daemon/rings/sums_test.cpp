// The categories, "all" and the top lists of a snapshot, over several rings. What is expected is
// computed from all records that were written.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/rings/watch.h"
#include "shm/names.h"
#include "tests/support/later.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kSumsNow = 100'000 * kSecond;

struct Written {
  std::string ring, category;
  std::uint32_t lane;
  std::uint64_t position;
  std::int64_t end_ns, duration;
  Outcome outcome;
  bool untimed;
};

// A ring of two lanes, whose server writes what it is told to.
struct SummedRing {
  std::string path;
  std::unique_ptr<Segment> ring;
  LaneWriter lanes[2];
  std::map<std::uint16_t, std::string> category_of;

  SummedRing(const std::string& file, std::int64_t born, std::uint32_t capacity = 1024)
      : path(file), ring(make_ring(file, {2, capacity, 64})) {
    use_nanoseconds(*ring, born);
    lanes[0] = claim(*ring, 1);
    lanes[1] = claim(*ring, 2);
  }
  void name(std::uint16_t id, const std::string& name, const std::string& category) {
    REQUIRE(enter_name(*ring, id, {name, category, {}}));
    category_of[id] = category;
  }
  Written write(std::uint16_t id, std::uint32_t lane, std::int64_t end_ns, std::int64_t duration,
                Outcome outcome = Outcome::ok, bool untimed = false) {
    if (untimed) duration = 0;
    const Written written{path,   category_of[id], lane,    lanes[lane].position,
                          end_ns, duration,        outcome, untimed};
    Record record = operation(id, static_cast<std::uint64_t>(end_ns - duration), duration, outcome);
    if (untimed) record.flags = kFlagUntimed;
    write_record(lanes[lane], record);
    return written;
  }
};

struct Expected {
  std::uint64_t recorded = 0, errors = 0, refused = 0, timed = 0, negative = 0, sum = 0;
  std::uint64_t least = UINT64_MAX, most = 0;
  std::array<std::uint64_t, kOutcomes> outcomes{};
  std::vector<std::uint64_t> spans;
};

Expected expected_of(const std::vector<Written>& records) {
  Expected out;
  for (const Written& one : records) {
    ++out.recorded;
    ++out.outcomes[static_cast<std::size_t>(one.outcome)];
    const std::set<Outcome> failures{Outcome::error, Outcome::timeout};
    const std::set<Outcome> refusals{Outcome::rejected, Outcome::denied, Outcome::limited};
    out.errors += failures.count(one.outcome);
    out.refused += refusals.count(one.outcome);
    if (one.untimed) continue;
    ++out.timed;
    if (one.duration < 0) ++out.negative;
    const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(0, one.duration));
    out.spans.push_back(span);
    out.sum += span;
    out.least = std::min(out.least, span);
    out.most = std::max(out.most, span);
  }
  std::sort(out.spans.begin(), out.spans.end());
  return out;
}

void check_sums(const WindowStats& stats, const std::vector<Written>& records,
                std::uint64_t skipped) {
  const Expected expected = expected_of(records);
  CHECK(stats.recorded == expected.recorded);
  CHECK(stats.skipped == skipped);
  CHECK(stats.errors == expected.errors);
  CHECK(stats.refused == expected.refused);
  CHECK(stats.timed == expected.timed);
  CHECK(stats.negative == expected.negative);
  CHECK(stats.outcomes == expected.outcomes);
  CHECK(stats.sum_ns == expected.sum);
  CHECK(stats.min_ns == expected.least);
  CHECK(stats.max_ns == expected.most);
  const auto exact = static_cast<double>(expected.spans[(expected.spans.size() - 1) / 2]);
  CHECK(stats.quantile_ns(0.5) == doctest::Approx(exact).epsilon(0.02));
}

// Latest first. Of one ring at the same instant: the larger lane, then the later position. Of two
// rings: the first ring.
void check_order(const std::vector<RecordView>& last, std::vector<Written> records) {
  std::sort(records.begin(), records.end(), [](const Written& a, const Written& b) {
    if (a.end_ns != b.end_ns) return a.end_ns > b.end_ns;
    if (a.ring != b.ring) return a.ring < b.ring;
    if (a.lane != b.lane) return a.lane > b.lane;
    return a.position > b.position;
  });
  REQUIRE(last.size() == std::min<std::size_t>(records.size(), 100));
  for (std::size_t i = 0; i < last.size(); ++i) {
    CAPTURE(i);
    CHECK(last[i].ring == records[i].ring);
    CHECK(last[i].lane == records[i].lane);
    CHECK(last[i].position == records[i].position);
  }
}

}  // namespace

TEST_CASE(
    "Sums: categories and all rings together are the sums of their records, and their latest "
    "ones") {
  TempDir dir;
  std::mt19937_64 random(seed());
  SummedRing a(dir.file("a"), kSumsNow - 3000 * kSecond);
  SummedRing b(dir.file("b"), kSumsNow - 3000 * kSecond);
  a.name(0, "SEND", "message");
  a.name(1, "EDIT", "message");
  a.name(2, "JOIN", "room");
  a.name(3, "BARE", "");
  b.name(0, "SEND", "message");
  b.name(1, "LEAVE", "room");
  std::vector<Written> before, now;
  const auto write_some = [&](std::vector<Written>& into, std::int64_t end, int count) {
    for (int i = 0; i < count; ++i) {
      const bool to_a = random() % 3 != 0;
      SummedRing& ring = to_a ? a : b;
      const auto id = static_cast<std::uint16_t>(random() % (to_a ? 4 : 2));
      // Few instants, so that many records end at the same one.
      const auto ago = static_cast<std::int64_t>(random() % 50) * 1000;
      const auto duration = static_cast<std::int64_t>(random() % 900'000) - 90'000;
      into.push_back(ring.write(id, random() % 2, end - ago, duration,
                                static_cast<Outcome>(random() % kOutcomeCount), random() % 8 == 0));
    }
  };
  write_some(before, kSumsNow - 600 * kSecond, 150);
  write_some(now, kSumsNow, 330);
  std::map<std::string, std::uint64_t> skipped;
  for (std::uint64_t n = 0; n < 5; ++n) count_only(a.lanes[0], 0);
  for (std::uint64_t n = 0; n < 7; ++n) count_only(a.lanes[0], 1);
  for (std::uint64_t n = 0; n < 11; ++n) count_only(b.lanes[0], 0);
  Watch watch({{a.path, b.path}, 100, 20, false});
  const Snapshot snapshot = watch.tick(simulated(kSumsNow));
  std::vector<Written> everything = before;
  everything.insert(everything.end(), now.begin(), now.end());
  const auto of = [](const std::vector<Written>& records, const std::string& ring,
                     const std::string& category) {
    std::vector<Written> out;
    for (const Written& one : records) {
      if (one.ring == ring && one.category == category) out.push_back(one);
    }
    return out;
  };
  const auto check_view = [&](const SeriesView& view, const std::vector<Written>& all,
                              const std::vector<Written>& latest, std::uint64_t only_counted) {
    CAPTURE(view.name);
    CAPTURE(view.ring);
    // What was counted without records has no time, so it is in no window.
    check_sums(view.window(Window::since_start), all, only_counted);
    check_sums(view.window(Window::hour), all, 0);
    check_sums(view.window(Window::five_minutes), latest, 0);
    check_sums(view.window(Window::minute), latest, 0);
    check_order(view.last, all);
    CHECK(view.server_count == all.size() + only_counted);
    CHECK(view.server_errors == expected_of(all).errors);
    CHECK(view.books.written == all.size());
    CHECK(view.books.read == all.size());
    CHECK(view.books.lost == 0);
  };
  CHECK(snapshot.all.name == "all");
  check_view(snapshot.all, everything, now, 23);
  REQUIRE(snapshot.categories.size() == 4);
  const struct {
    const SummedRing& ring;
    std::string category;
    std::uint64_t only_counted;
  } rows[] = {{a, "message", 12}, {a, "room", 0}, {b, "message", 11}, {b, "room", 0}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(snapshot.categories[i].ring == rows[i].ring.path);
    CHECK(snapshot.categories[i].name == rows[i].category);
    check_view(snapshot.categories[i], of(everything, rows[i].ring.path, rows[i].category),
               of(now, rows[i].ring.path, rows[i].category), rows[i].only_counted);
  }
}

TEST_CASE("Sums: the shortest span is that of any operation that has one, be it its only one") {
  TempDir dir;
  const auto least = [&](const std::string& file,
                         const std::vector<std::vector<std::int64_t>>& ops) {
    SummedRing ring(dir.file(file), kSumsNow - 100 * kSecond);
    std::uint16_t id = 0;
    for (const std::vector<std::int64_t>& spans : ops) {
      for (const std::int64_t span : spans)
        ring.write(id, 0, kSumsNow, span, Outcome::ok, span == 0);
      ++id;
    }
    Watch watch({{ring.path}, 100, 20, false});
    return watch.tick(simulated(kSumsNow)).all.window(Window::since_start).min_ns;
  };
  // A span of 0 stands for an operation that was not timed.
  CHECK(least("a", {{300}, {700, 800}}) == 300);
  CHECK(least("b", {{700, 800}, {300}}) == 300);
  CHECK(least("c", {{700, 300}, {0, 0}}) == 300);
  CHECK(least("d", {{0}, {500, 400}, {0}}) == 400);
}

TEST_CASE(
    "Sums: rates add up, over whatever time each ring was observed, and without its history") {
  TempDir dir;
  // Of this ring 63 records are left, one a second. What was counted earlier is history.
  SummedRing lapped(dir.file("lapped"), kSumsNow - 86'400 * kSecond, 64);
  for (int i = 199; i >= 0; --i) lapped.write(0, 0, kSumsNow - i * kSecond, 0);
  for (int i = 0; i < 9000; ++i) count_only(lapped.lanes[0], 0);
  SummedRing slow(dir.file("slow"), kSumsNow - 1000 * kSecond);
  for (int i = 0; i < 3; ++i) count_only(slow.lanes[0], 0);
  SummedRing young(dir.file("young"), kSumsNow - 20 * kSecond);
  young.name(0, "QUIET", "room");
  SummedRing old(dir.file("old"), kSumsNow - 300 * kSecond);
  old.name(0, "QUIET", "room");
  const auto all = [&](const std::vector<std::string>& paths) {
    Watch watch({paths, 100, 20, false});
    return watch.tick(simulated(kSumsNow)).all;
  };
  for (const auto& paths : {std::vector<std::string>{lapped.path, slow.path},
                            std::vector<std::string>{slow.path, lapped.path}}) {
    const WindowStats stats = all(paths).window(Window::since_start);
    CHECK(stats.count() == 9000 + 63 + 3);
    CHECK(stats.history == 9000);
    CHECK(stats.rate() == doctest::Approx(63.0 / 62 + 3.0 / 1000).epsilon(1e-9));
  }
  const WindowStats one = all({slow.path, young.path}).window(Window::since_start);
  CHECK(one.rate() == doctest::Approx(3.0 / 1000).epsilon(1e-9));
  // Without any record the longer time is shown.
  for (const auto& paths : {std::vector<std::string>{young.path, old.path},
                            std::vector<std::string>{old.path, young.path}}) {
    const WindowStats stats = all(paths).window(Window::since_start);
    CHECK(stats.rate() == 0);
    CHECK(stats.seconds == 300);
  }
}

TEST_CASE("Sums: a ring's later life is later, whatever its clock says, also among other rings") {
  TempDir dir;
  SummedRing a(dir.file("a"), kSumsNow - 9000 * kSecond);
  a.write(0, 0, kSumsNow - 4500 * kSecond, 10);
  auto b = std::make_unique<SummedRing>(dir.file("b"), kSumsNow - 9000 * kSecond);
  b->name(0, "FIRST", "");
  b->write(0, 0, kSumsNow - 4000 * kSecond, 10);
  Watch watch({{a.path, b->path}, 100, 20, false});
  watch.pass(simulated(kSumsNow));
  leave(*b->ring, false);
  watch.pass(simulated(kSumsNow + kSecond));
  b = std::make_unique<SummedRing>(dir.file("b"), kSumsNow - 9000 * kSecond);
  b->name(1, "SECOND", "");
  b->write(1, 0, kSumsNow - 5000 * kSecond, 10);
  const Snapshot snapshot = watch.tick(simulated(kSumsNow + 2 * kSecond));
  // The second life's record is later than the first's, and earlier than that of the other ring.
  REQUIRE(snapshot.all.last.size() == 3);
  CHECK(snapshot.all.last[0].operation == "operation-0");
  CHECK(snapshot.all.last[1].operation == "SECOND");
  CHECK(snapshot.all.last[2].operation == "FIRST");
}

TEST_CASE("Sums: the top lists of several rings are one list, cut to its length") {
  TempDir dir;
  SummedRing a(dir.file("a"), kSumsNow - 1000 * kSecond);
  SummedRing b(dir.file("b"), kSumsNow - 1000 * kSecond);
  for (std::int64_t n = 1; n <= 5; ++n) {
    for (SummedRing* ring : {&a, &b}) {
      // The failures and the time of n in ring b are larger than those in a, and smaller than those
      // of n + 1 in a.
      const std::int64_t weight = 2 * n + (ring == &b ? 1 : 0);
      Record record = operation(0, static_cast<std::uint64_t>(kSumsNow - weight * 1000),
                                weight * 1000, Outcome::error);
      record.actor = record.subject = static_cast<std::uint64_t>(n);
      record.flags =
          static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                     static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
      for (std::int64_t i = 0; i < weight; ++i) write_record(ring->lanes[0], record);
    }
  }
  Watch watch({{a.path, b.path}, 100, 3, false});
  const Snapshot snapshot = watch.tick(simulated(kSumsNow));
  const auto check_list = [&](const std::vector<TopEntry>& list) {
    REQUIRE(list.size() == 3);
    CHECK(list[0].ring == b.path);
    CHECK(list[0].party.id == 5);
    CHECK(list[1].ring == a.path);
    CHECK(list[1].party.id == 5);
    CHECK(list[2].ring == b.path);
    CHECK(list[2].party.id == 4);
  };
  check_list(snapshot.actors_by_errors);
  check_list(snapshot.actors_by_time);
  check_list(snapshot.subjects_by_errors);
  check_list(snapshot.subjects_by_time);
  const auto check_slowest = [](const std::vector<RecordView>& list) {
    REQUIRE(list.size() == 3);
    for (const RecordView& one : list) CHECK(one.duration_ns == 11'000);
  };
  check_slowest(snapshot.slowest);
  check_slowest(snapshot.slowest_since_start);
  CHECK(snapshot.errors.size() == 2);
  CHECK(snapshot.errors[0].ring == b.path);
  CHECK(snapshot.errors[1].ring == a.path);
}

TEST_CASE("Sums: of equal rows the first ring's comes first") {
  TempDir dir;
  std::vector<std::unique_ptr<SummedRing>> rings;
  std::vector<std::string> paths;
  for (const char* name : {"c", "a", "b"}) {
    rings.push_back(std::make_unique<SummedRing>(dir.file(name), kSumsNow - 1000 * kSecond));
    paths.push_back(rings.back()->path);
    Record record = operation(0, static_cast<std::uint64_t>(kSumsNow - 10), 10, Outcome::error);
    record.actor = 1;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    write_record(rings.back()->lanes[0], record);
  }
  Watch watch({paths, 100, 20, false});
  const Snapshot snapshot = watch.tick(simulated(kSumsNow));
  REQUIRE(snapshot.actors_by_errors.size() == 3);
  REQUIRE(snapshot.slowest.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(snapshot.actors_by_errors[i].ring == paths[i]);
    CHECK(snapshot.slowest[i].ring == paths[i]);
    CHECK(snapshot.errors[i].ring == paths[i]);
  }
}
