#include <doctest/doctest.h>

#include <filesystem>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct OpenStore {
  OpenStore() { reopen(); }
  void reopen() {
    store = std::make_unique<HistoryStore>();
    std::string moved;
    const auto failure = store->open(path, {}, &moved);
    REQUIRE_MESSAGE(!failure, (failure ? failure->message : ""));
    CHECK(moved.empty());
  }
  HistorySpan read(std::int64_t begin, std::int64_t end,
                   HistoryQuery::Slots slots = HistoryQuery::Slots::minutes,
                   const std::string& ring = {}, const std::string& name = {}) const {
    HistoryResult result = read_history(path, {begin, end, slots, ring, name});
    REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
    return std::move(result.span);
  }
  TempDir directory;
  std::string path = directory.file("history.db");
  std::unique_ptr<HistoryStore> store;
  std::mt19937_64 random{seed()};
};

}  // namespace

TEST_CASE("HistoryStore: what is written is read, while the writer has it open and after") {
  OpenStore open;
  HistorySpan batch = history_minute(open.random, kHistoryBegin);
  HistorySlot event;
  event.begin_wall_s = kHistoryBegin;
  event.recorded = 3;
  event.value_sum = -17;
  batch.series.push_back(history_series("LOGIN_FAILED", {event}));
  batch.series.back().event = true;
  batch.series.back().category.clear();
  open.store->write(batch);
  for (const bool closed : {false, true}) {
    if (closed) open.store.reset();
    const HistorySpan span = open.read(kHistoryBegin, kHistoryBegin + 60);
    REQUIRE(span.series.size() == 2);
    CHECK(span.series[0].name == "SEND_MESSAGE");
    CHECK(span.series[0].ring == "chat");
    CHECK(span.series[0].category == "messages");
    CHECK(span.series[0].stage_names[3] == "database");
    CHECK(same_slot(span.series[0].slots.at(0), batch.series[0].slots[0]));
    CHECK(span.series[1].event);
    CHECK(span.series[1].slots.at(0).value_sum == -17);
    REQUIRE(span.gauges.size() == 1);
    CHECK(span.gauges[0].samples.at(0).max == 9);
    REQUIRE(span.rings.size() == 1);
    CHECK(span.rings[0].slots.at(0).observed_seconds == 60);
    // The end is exclusive, and so is what comes before the begin.
    CHECK(open.read(kHistoryBegin - 60, kHistoryBegin).series.empty());
    CHECK(open.read(kHistoryBegin + 60, kHistoryBegin + 120).series.empty());
  }
}

TEST_CASE("HistoryStore: one ring, or one name, can be asked for") {
  OpenStore open;
  HistorySpan batch = history_minute(open.random, kHistoryBegin);
  batch.series.push_back(
      history_series("SEND_MESSAGE", {history_slot(open.random, kHistoryBegin, 4)}, "other"));
  batch.series.push_back(history_series("LOGIN", {history_slot(open.random, kHistoryBegin, 5)}));
  batch.gauges.push_back({"", "load_1m_milli", {{kHistoryBegin, 1, 1, 1}}});
  batch.gauges.push_back({"other", "threads", {{kHistoryBegin, 1, 1, 1}}});
  open.store->write(batch);
  using Slots = HistoryQuery::Slots;
  const std::int64_t end = kHistoryBegin + 60;
  CHECK(open.read(kHistoryBegin, end).series.size() == 3);
  const HistorySpan of_ring = open.read(kHistoryBegin, end, Slots::minutes, "other");
  REQUIRE(of_ring.series.size() == 1);
  CHECK(of_ring.series[0].slots.at(0).recorded == 4);
  CHECK(of_ring.gauges.size() == 2);  // its own, and the host's
  CHECK(of_ring.rings.empty());
  CHECK(open.read(kHistoryBegin, end, Slots::minutes, {}, "SEND_MESSAGE").series.size() == 2);
  CHECK(open.read(kHistoryBegin, end, Slots::minutes, "chat", "LOGIN").series.size() == 1);
}

TEST_CASE("HistoryStore: a span knows the latest start or end of each server before it") {
  using Kind = HistoryMark::Kind;
  OpenStore open;
  HistorySpan batch = history_minute(open.random, kHistoryBegin, 5);
  const std::int64_t ns = kHistoryBegin * 1'000'000'000;
  batch.marks = {{ns - 3, Kind::server_start, "chat", "a"},
                 {ns - 2, Kind::server_end, "chat", "b"},
                 {ns - 1, Kind::loss, "chat", "c"},
                 {ns - 4, Kind::server_start, "other", "d"},
                 {ns, Kind::server_start, "chat", "e"}};
  open.store->write(batch);
  const HistorySpan span = open.read(kHistoryBegin, kHistoryBegin + 60);
  REQUIRE(span.marks_before.size() == 2);
  CHECK(span.marks_before[0].text == "b");
  CHECK(span.marks_before[0].kind == Kind::server_end);
  CHECK(span.marks_before[1].text == "d");
  REQUIRE(span.marks.size() == 1);
  CHECK(span.marks[0].text == "e");
}

TEST_CASE("HistoryStore: errors of one code and other outcomes stay apart, in hours too") {
  OpenStore open;
  HistorySpan batch = history_minute(open.random, kHistoryBegin, 50);
  const std::vector<HistoryError> errors = {
      {7, RecordOutcome::error, 3}, {7, RecordOutcome::timeout, 2}, {9, RecordOutcome::limited, 1}};
  batch.series[0].slots[0].errors = errors;
  batch.error_names = {{"chat", 7, "BUSY"}, {"other", 7, "OTHER"}};
  open.store->write(batch);
  batch.error_names = {{"chat", 7, "DATABASE_BUSY"}};
  batch.series.clear();
  open.store->write(batch);
  for (const auto slots : {HistoryQuery::Slots::minutes, HistoryQuery::Slots::hours}) {
    const HistorySpan span = open.read(kHistoryBegin, kHistoryBegin + 3600, slots);
    CHECK(span.series.at(0).slots.at(0).errors == errors);
    REQUIRE(span.error_names.size() == 2);
    CHECK(span.error_names[0].name == "DATABASE_BUSY");
    CHECK(span.error_names[1].ring == "other");
  }
}

TEST_CASE("HistoryStore: a minute that comes again counts once, and the fuller one stays") {
  OpenStore open;
  const HistorySpan batch = history_minute(open.random, kHistoryBegin, 50);
  open.store->write(batch);
  open.store->write(batch);
  const auto slot = [&] {
    return open.read(kHistoryBegin, kHistoryBegin + 60).series.at(0).slots.at(0);
  };
  CHECK(same_slot(slot(), batch.series[0].slots[0]));
  // A daemon that was killed may know less of it.
  open.store->write(history_minute(open.random, kHistoryBegin, 20));
  CHECK(same_slot(slot(), batch.series[0].slots[0]));
  // Records that came late make it more. The errors are those of the new row alone.
  const HistorySpan more = history_minute(open.random, kHistoryBegin, 60);
  open.reopen();
  open.store->write(more);
  CHECK(same_slot(slot(), more.series[0].slots[0]));
  // The samples of a minute under way: the last one, and the extremes of all.
  HistorySpan later;
  later.gauges.push_back({"chat", "connections", {{kHistoryBegin, 2, 1, 4}}});
  open.store->write(later);
  const HistorySample sample =
      open.read(kHistoryBegin, kHistoryBegin + 60).gauges.at(0).samples.at(0);
  CHECK(sample.last == 2);
  CHECK(sample.min == 1);
  CHECK(sample.max == 9);
}

TEST_CASE("HistoryStore: minutes that the clock went through twice stand beside each other") {
  OpenStore open;
  HistorySpan first = history_minute(open.random, kHistoryBegin, 10);
  HistorySpan second = history_minute(open.random, kHistoryBegin, 5);
  second.series[0].slots[0].again = 1;
  second.rings[0] = history_ring(kHistoryBegin, 30, 7, 1);
  open.store->write(first);
  open.store->write(second);
  const HistorySpan span = open.read(kHistoryBegin, kHistoryBegin + 60);
  REQUIRE(span.series.at(0).slots.size() == 2);
  CHECK(span.series[0].slots[0].recorded == 10);
  CHECK(span.series[0].slots[1].recorded == 5);
  CHECK(span.series[0].slots[1].again == 1);
  CHECK(span.series[0].slots[1].observed_seconds == 30);
  const HistorySpan hour =
      open.read(kHistoryBegin, kHistoryBegin + 3600, HistoryQuery::Slots::hours);
  REQUIRE(hour.series.at(0).slots.size() == 1);
  CHECK(hour.series[0].slots[0].recorded == 15);
  CHECK(hour.series[0].slots[0].observed_seconds == 90);
  CHECK(hour.rings.at(0).slots.at(0).lost == 7);
}

TEST_CASE("HistoryStore: incidents, their alerts and marks are kept, the newest state of each") {
  OpenStore open;
  constexpr std::int64_t kNsOfSecond = 1'000'000'000;
  const std::int64_t begin_ns = kHistoryBegin * kNsOfSecond;
  HistorySpan batch;
  IncidentView incident;
  incident.id = "i-1";
  incident.ring = "chat";
  incident.began_wall_ns = begin_ns + 5;
  incident.level = incident.peak = AlertLevel::critical;
  incident.symptoms = {"high_latency p95 LOGIN", "high_error_rate errors LOGIN"};
  incident.operations = {"LOGIN"};
  incident.cause.alert = AlertType::database_issue;
  incident.cause.message = "the database is locked";
  incident.cause.value = 12.5;
  incident.cause.suspect = "database";
  batch.incidents.push_back(incident);
  batch.transitions.push_back(incident.cause);
  batch.transitions[0].wall_ns = begin_ns + 5;
  batch.transitions[0].id = "a-1";
  batch.transitions[0].ring = "chat";
  batch.transitions[0].state = AlertState::firing;
  batch.transitions[0].unit = AlertUnit::per_minute;
  batch.marks.push_back({begin_ns + 1, HistoryMark::Kind::server_start, "chat", "pid 7"});
  batch.marks.push_back({begin_ns + 2, HistoryMark::Kind::reload, {}, "tick = 1s"});
  open.store->write(batch);
  incident.ended_wall_ns = begin_ns + 9 * kNsOfSecond;
  incident.failed_calls = 42;
  HistorySpan after;
  after.incidents.push_back(incident);
  open.store->write(after);
  const HistorySpan span = open.read(kHistoryBegin, kHistoryBegin + 60);
  REQUIRE(span.incidents.size() == 1);
  CHECK(span.incidents[0].failed_calls == 42);
  CHECK(span.incidents[0].over());
  CHECK(span.incidents[0].peak == AlertLevel::critical);
  CHECK(span.incidents[0].symptoms == incident.symptoms);
  CHECK(span.incidents[0].operations == incident.operations);
  CHECK(span.incidents[0].cause == incident.cause);
  REQUIRE(span.transitions.size() == 1);
  CHECK(span.transitions[0] == batch.transitions[0]);
  REQUIRE(span.marks.size() == 2);
  CHECK(span.marks[0].kind == HistoryMark::Kind::server_start);
  CHECK(span.marks[1].text == "tick = 1s");
  // It lasted from the first second to the ninth.
  CHECK(open.read(kHistoryBegin + 9, kHistoryBegin + 60).incidents.size() == 1);
  CHECK(open.read(kHistoryBegin + 10, kHistoryBegin + 60).incidents.empty());
  CHECK(open.read(kHistoryBegin - 60, kHistoryBegin).incidents.empty());
  CHECK(open.read(kHistoryBegin, kHistoryBegin + 60, HistoryQuery::Slots::minutes, "other")
            .incidents.empty());
}

TEST_CASE("HistoryStore: a batch is there whole or not at all") {
  OpenStore open;
  open.store->write(history_minute(open.random, kHistoryBegin));
  const auto size = std::filesystem::file_size(open.path);
  open.store->set_limits({48 * 3600, 90 * 86400, size + 40 * 4096});
  std::int64_t begin = kHistoryBegin;
  bool full = false;
  while (!full) {
    begin += 60;
    HistorySpan batch;
    for (int i = 0; i < 50; ++i) {
      batch.series.push_back(
          history_series("OP_" + std::to_string(i), {history_slot(open.random, begin, 100)}));
    }
    try {
      open.store->write(batch);
    } catch (const DatabaseError& error) {
      full = true;
      CHECK(error.full());
    }
    REQUIRE(begin < kHistoryBegin + 3600);
  }
  const HistorySpan span = open.read(kHistoryBegin, begin + 60);
  CHECK(span.series.at(0).slots.back().begin_wall_s == begin - 60);
  // The names of the batch that failed are asked for anew.
  open.store->set_limits({});
  HistorySpan batch;
  batch.series.push_back(history_series("OP_49", {history_slot(open.random, begin, 1)}));
  open.store->write(batch);
  CHECK(open.read(begin, begin + 60).series.at(0).name == "OP_49");
}

TEST_CASE("HistoryReader: says what is not there, not whole, or not a history") {
  TempDir directory;
  const std::string path = directory.file("history.db");
  const auto message = [&] {
    const HistoryResult result = read_history(path, {0, 1, HistoryQuery::Slots::minutes, {}, {}});
    REQUIRE(result.failure);
    return result.failure->message;
  };
  CHECK(message().find("there is no history") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
  {
    Database other(path, Database::Mode::create);
    other.script("CREATE TABLE other (x)");
  }
  CHECK(message().find("no history of Ringside") != std::string::npos);
  std::filesystem::resize_file(path, 10);
  CHECK(message().find("cannot read the history") != std::string::npos);
}

TEST_CASE("HistoryReader: reads a copy in a directory where nothing can be written") {
  OpenStore open;
  open.store->write(history_minute(open.random, kHistoryBegin));
  open.store->checkpoint();
  TempDir place;
  const std::string copy = place.file("copy.db");
  std::filesystem::copy_file(open.path, copy);
  std::filesystem::permissions(copy, std::filesystem::perms::owner_read);
  std::filesystem::permissions(
      place.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const HistoryResult result =
      read_history(copy, {kHistoryBegin, kHistoryBegin + 60, HistoryQuery::Slots::minutes, {}, {}});
  std::filesystem::permissions(place.path(), std::filesystem::perms::owner_all);
  REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
  CHECK(result.span.series.size() == 1);
}

TEST_CASE("HistoryReader: the extent of a file") {
  OpenStore open;
  CHECK(history_extent(open.path).last_wall_s == 0);
  open.store->write(history_minute(open.random, kHistoryBegin));
  open.store->write(history_minute(open.random, kHistoryBegin + 600));
  const HistoryExtent extent = history_extent(open.path);
  CHECK_FALSE(extent.failure);
  CHECK(extent.first_wall_s == kHistoryBegin);
  CHECK(extent.first_minute_wall_s == kHistoryBegin);
  CHECK(extent.last_wall_s == kHistoryBegin + 600);
  CHECK(extent.end_wall_s == kHistoryBegin + 660);
  // The server ended in the minute after its last call.
  HistorySpan later;
  later.marks = {
      {(kHistoryBegin + 661) * 1'000'000'000, HistoryMark::Kind::server_end, "chat", "closed"}};
  open.store->write(later);
  CHECK(history_extent(open.path).end_wall_s == kHistoryBegin + 720);
}

TEST_CASE("HistoryReader: a time that can't be is damage") {
  OpenStore open;
  open.store->write(history_minute(open.random, kHistoryBegin));
  for (const char* begin : {"9223372036854775807", "-60"}) {
    open.store.reset();
    Database database(open.path, Database::Mode::create);
    database.query(("UPDATE ring_minutes SET begin = " + std::string(begin)).c_str()).run();
    CHECK(history_extent(open.path).failure.has_value());
  }
}
