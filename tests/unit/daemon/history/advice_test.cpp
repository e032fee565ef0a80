// Advice in the history: given, given again, over, followed; and the looks that write it.
#include <doctest/doctest.h>

#include <string>

#include "daemon/history/advice_looks.h"
#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "daemon/history/schema.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"
#include "tests/unit/daemon/history/version1.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kHourOfNs = 3'600'000'000'000;
constexpr std::int64_t kLooksBegin = kHistoryBegin * 1'000'000'000;
const AdviceKey kTail{AdviceKind::tail, "chat", "SEND_MESSAGE"};

class Advised {
 public:
  Advised() {
    std::string moved;
    REQUIRE_FALSE(store.open(path, {}, &moved));
  }
  // A look at that hour. Above 10 it is suggested.
  void look(double hour, double figure, const AdviceKey& key = kTail) {
    AdviceLook one{key,    kLooksBegin + static_cast<std::int64_t>(hour * 3600) * 1'000'000'000,
                   figure, figure > 10,
                   {},     {},
                   {}};
    if (one.said) one.what = "do it, " + std::to_string(static_cast<int>(figure));
    store.write({}, {one});
  }
  void mark(double hour, HistoryMark::Kind kind, const char* text, const char* ring = "chat") {
    HistorySpan batch;
    batch.marks.push_back(
        {kLooksBegin + static_cast<std::int64_t>(hour * 3600) * 1'000'000'000, kind, ring, text});
    store.write(batch);
  }
  std::vector<HistoryAdvice> read(double begin_hour = 0, double end_hour = 1000) {
    HistoryQuery query;
    query.begin_wall_s = kHistoryBegin + static_cast<std::int64_t>(begin_hour * 3600);
    query.end_wall_s = kHistoryBegin + static_cast<std::int64_t>(end_hour * 3600);
    const HistoryResult result = read_history(path, query);
    REQUIRE_FALSE(result.failure);
    return result.span.advice;
  }
  TempDir directory;
  std::string path = directory.file("history.db");
  HistoryStore store;
};

}  // namespace

TEST_CASE("HistoryAdvice: one row from when it was first given until it was last") {
  Advised advised;
  advised.look(0, 30);
  advised.look(1, 20);
  advised.look(2, 40);
  const auto list = advised.read();
  REQUIRE(list.size() == 1);
  CHECK(list[0].key == kTail);
  CHECK(list[0].first_ns == kLooksBegin);
  CHECK(list[0].last_ns == kLooksBegin + 2 * kHourOfNs);
  CHECK(list[0].first_figure == 30);
  CHECK(list[0].last_figure == 40);
  CHECK(list[0].what == "do it, 40");
  CHECK(list[0].absent_looks == 0);
  // What is below the limit from the start was never advice.
  advised.look(3, 5, {AdviceKind::stage, {}, "database"});
  CHECK(advised.read().size() == 1);
}

TEST_CASE("HistoryAdvice: two looks without it are its end, and the deploy near it is told") {
  Advised advised;
  advised.look(0, 30);
  advised.mark(0.4, HistoryMark::Kind::server_start, "chatd");
  advised.mark(0.4, HistoryMark::Kind::deploy, "build 2, before 1");
  advised.mark(0.5, HistoryMark::Kind::reload, "tick = 2", "");
  advised.mark(0.6, HistoryMark::Kind::deploy, "another server's", "other");
  advised.look(1, 6);
  CHECK(advised.read().at(0).absent_looks == 1);
  CHECK(advised.read().at(0).change.wall_ns == 0);
  advised.look(2, 5);
  const HistoryAdvice over = advised.read().at(0);
  CHECK(over.absent_looks == 2);
  CHECK(over.absent_since_ns == kLooksBegin + kHourOfNs);
  CHECK(over.absent_ns == kLooksBegin + 2 * kHourOfNs);
  CHECK(over.absent_figure == 5);
  CHECK(over.change.kind == "deploy");
  CHECK(over.change.text == "build 2, before 1");
  CHECK(over.last_figure == 30);
}

TEST_CASE("HistoryAdvice: a deploy from before it was first given may be its cause, not its end") {
  Advised advised;
  advised.mark(0.5, HistoryMark::Kind::deploy, "the slow build");
  advised.look(1, 30);
  advised.look(2, 5);
  advised.look(3, 5);
  CHECK(advised.read().at(0).change.wall_ns == 0);
  advised.mark(1.5, HistoryMark::Kind::deploy, "the mended build");
  CHECK(advised.read().at(0).change.text == "the mended build");
}

TEST_CASE("HistoryAdvice: of one ring alone nothing is told that all rings made") {
  Advised advised;
  advised.look(0, 30);
  advised.look(0, 30, {AdviceKind::stage, {}, "database"});
  advised.look(0, 30, {AdviceKind::tail, "other", "SEND_MESSAGE"});
  HistoryQuery query;
  query.begin_wall_s = kHistoryBegin;
  query.end_wall_s = kHistoryBegin + 3600;
  query.ring = "chat";
  const HistoryResult result = read_history(advised.path, query);
  REQUIRE(result.span.advice.size() == 1);
  CHECK(result.span.advice[0].key == kTail);
}

TEST_CASE("HistoryAdvice: a reload ends advice about thresholds, and no other") {
  Advised advised;
  const AdviceKey tight{AdviceKind::tight, "chat", "SEARCH"};
  for (const AdviceKey& key : {kTail, tight}) advised.look(0, 30, key);
  advised.mark(0.5, HistoryMark::Kind::reload, "thresholds", "");
  for (const double hour : {1.0, 2.0}) {
    for (const AdviceKey& key : {kTail, tight}) advised.look(hour, 1, key);
  }
  for (const HistoryAdvice& one : advised.read())
    CHECK(one.change.kind == (one.key == tight ? "reload" : ""));
}

TEST_CASE("HistoryAdvice: what comes again within two days is the same, and later another") {
  Advised advised;
  advised.look(0, 30);
  advised.look(8, 5);
  advised.look(9, 5);
  advised.look(24, 30);
  CHECK(advised.read().size() == 1);
  CHECK(advised.read()[0].absent_looks == 0);
  CHECK(advised.read()[0].absent_ns == 0);
  CHECK(advised.store.open_advice(kLooksBegin + 71 * kHourOfNs).size() == 1);
  CHECK(advised.store.open_advice(kLooksBegin + 73 * kHourOfNs).empty());
  advised.look(73, 30);
  const auto list = advised.read();
  REQUIRE(list.size() == 2);
  CHECK(list[1].first_ns == kLooksBegin + 73 * kHourOfNs);
  CHECK(advised.store.open_advice(kLooksBegin + 74 * kHourOfNs).size() == 1);
}

TEST_CASE("HistoryAdvice: a clock that is set back makes no advice older than it is") {
  Advised advised;
  advised.look(10, 30);
  advised.look(4, 20);
  const auto list = advised.read();
  REQUIRE(list.size() == 1);
  CHECK(list[0].first_ns == kLooksBegin + 10 * kHourOfNs);
  CHECK(list[0].last_ns == kLooksBegin + 10 * kHourOfNs);
  CHECK(list[0].last_figure == 20);
}

TEST_CASE("HistoryAdvice: a span has what was given before its end, and a week after it was over") {
  Advised advised;
  advised.look(10, 30);
  CHECK(advised.read(0, 10).empty());
  CHECK(advised.read(0, 11).size() == 1);
  CHECK(advised.read(10 + 7 * 24, 1000).size() == 1);
  CHECK(advised.read(11 + 7 * 24, 1000).empty());
  HistoryLimits limits;
  limits.keep_hours_s = 5 * 86'400;
  advised.store.set_limits(limits);
  advised.mark(0, HistoryMark::Kind::reload, "old", "");
  advised.store.tidy(kHistoryBegin + 20 * 86'400);
  CHECK(advised.read().empty());
}

TEST_CASE("HistoryAdvice: a look reads the days of an operation whose threshold is doubtful") {
  Advised advised;
  std::mt19937_64 random(seed());
  for (int minute = 0; minute < 30 * 60; minute += 2)
    advised.store.write(history_minute(random, kHistoryBegin + minute * 60, 60));
  Snapshot snapshot;
  snapshot.wall_ns = kLooksBegin + 30 * kHourOfNs;
  snapshot.rings.emplace_back().name = "chat";
  SeriesView& send = snapshot.operations.emplace_back();
  send.ring = "chat";
  send.name = "SEND_MESSAGE";
  const HistorySlot now = history_slot(random, 0, 2000);
  for (WindowStats& stats : send.windows) {
    stats.recorded = stats.timed = 2000;
    stats.sum_ns = now.sum_ns;
    stats.max_ns = now.max_ns;
    stats.latency = now.latency;
  }
  snapshot.all.windows = send.windows;
  // Calls take 2.5 ms in the middle.
  snapshot.thresholds.operations["SEND_MESSAGE"] = {1'000'000, -1};
  const auto looks = advice_of(snapshot, advised.path, {});
  const auto tight = std::find_if(looks.begin(), looks.end(), [](const AdviceLook& look) {
    return look.key == AdviceKey{AdviceKind::tight, "chat", "SEND_MESSAGE"};
  });
  REQUIRE(tight != looks.end());
  CHECK(tight->said);
  CHECK(tight->evidence.find("of 30 hours") != std::string::npos);
  // Of a history that can't be read, only what the snapshot says.
  for (const AdviceLook& look : advice_of(snapshot, "/nowhere/history.db", {}))
    CHECK(look.key.kind != AdviceKind::tight);
  // Followed: it is open, so its days are read, and it is not suggested again.
  snapshot.thresholds.operations["SEND_MESSAGE"] = {500'000'000, -1};
  const auto after = advice_of(snapshot, advised.path, {tight->key});
  const auto over = std::find_if(after.begin(), after.end(),
                                 [&](const AdviceLook& look) { return look.key == tight->key; });
  REQUIRE(over != after.end());
  CHECK_FALSE(over->said);
  CHECK(over->figure == 0);
}

TEST_CASE("HistoryMigration: a file of version 2 gets its room for advice, and loses nothing") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  make_version1(path);
  {
    Database database(path, Database::Mode::create);
    REQUIRE_FALSE(prepare_schema(database, path, history_migrations().first(1), 2));
    database.script(
        "INSERT INTO builds VALUES ('chat', 1800000000000000000, 'build 1', 'digest 1');");
  }
  HistoryStore store;
  std::string moved;
  REQUIRE_FALSE(store.open(path, {}, &moved));
  CHECK(moved.empty());
  store.write({}, {{kTail, kLooksBegin, 30, true, "do it", {}, {}}});
  HistoryQuery query;
  query.begin_wall_s = kHistoryBegin;
  query.end_wall_s = kHistoryBegin + 7200;
  const HistoryResult result = read_history(path, query);
  REQUIRE_FALSE(result.failure);
  CHECK(result.span.builds.at(0).build_id == "build 1");
  CHECK(result.span.advice.at(0).what == "do it");
  CHECK(result.span.series.size() == 2);
}
