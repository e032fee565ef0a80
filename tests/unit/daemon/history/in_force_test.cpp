// What was in force when: configurations and what servers declare, written and read back.
#include <doctest/doctest.h>

#include <string>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "daemon/history/schema.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kNs = 1'000'000'000;

HistoryConfiguration configured(std::int64_t at_s, const std::string& changed,
                                std::int64_t response_ns) {
  HistoryConfiguration one{at_s * kNs, "all\n" + changed, changed, {}};
  one.thresholds.response_ns = response_ns;
  one.thresholds.error_percent = 2.5;
  one.thresholds.memory_bytes = 77;
  one.thresholds.connections = 78;
  one.thresholds.min_samples = 79;
  one.thresholds.operations = {{"EDIT", {0, 1.5}}, {"SEND", {5, -1}}, {"NONE", {}}};
  return one;
}

class Kept {
 public:
  Kept() {
    std::string moved;
    REQUIRE_FALSE(store.open(path, {}, &moved));
  }
  void write(const HistorySpan& batch) { store.write(batch); }
  HistorySpan read(std::int64_t begin_s, std::int64_t end_s, const std::string& ring = {}) {
    HistoryQuery query;
    query.begin_wall_s = begin_s;
    query.end_wall_s = end_s;
    query.ring = ring;
    const HistoryResult result = read_history(path, query);
    REQUIRE_FALSE(result.failure);
    return result.span;
  }

  TempDir directory;
  std::string path = directory.file("history.db");
  HistoryStore store;
};

HistorySpan told(const HistoryConfiguration& one) {
  HistorySpan batch;
  batch.configurations = {one};
  return batch;
}

HistorySpan told(const HistoryDeclared& one) {
  HistorySpan batch;
  batch.declared = {one};
  return batch;
}

}  // namespace

TEST_CASE("HistoryInForce: a configuration comes back whole, for the time in which it held") {
  Kept kept;
  const HistoryConfiguration first = configured(1000, "a = 1\n", 10);
  const HistoryConfiguration second = configured(2000, "", 20);
  kept.write(told(first));
  kept.write(told(first));
  kept.write(told(second));
  const auto at = [&](std::int64_t begin, std::int64_t end) {
    std::string times;
    for (const HistoryConfiguration& one : kept.read(begin, end).configurations) {
      times += std::to_string(one.wall_ns / kNs) + " ";
      CHECK(one.says_the_same(one.wall_ns == first.wall_ns ? first : second));
    }
    return times;
  };
  CHECK(at(0, 1000).empty());
  CHECK(at(0, 1001) == "1000 ");
  CHECK(at(1500, 1600) == "1000 ");
  CHECK(at(1500, 2500) == "1000 2000 ");
  CHECK(at(2000, 2500) == "2000 ");
  CHECK(at(9000, 9500) == "2000 ");
}

TEST_CASE("HistoryInForce: the same again is no new row, also after the file was closed") {
  Kept kept;
  kept.write(told(configured(1000, "a = 1\n", 10)));
  HistoryStore next;
  std::string moved;
  kept.store.close();
  REQUIRE_FALSE(next.open(kept.path, {}, &moved));
  next.write(told(configured(3000, "a = 1\n", 10)));
  next.write(told(configured(4000, "a = 1\n", 11)));
  next.write(told(HistoryDeclared{3000 * kNs, "chat", "SEND", 5}));
  const HistorySpan span = kept.read(0, 5000);
  REQUIRE(span.configurations.size() == 2);
  CHECK(span.configurations[0].wall_ns == 1000 * kNs);
  CHECK(span.configurations[1].wall_ns == 4000 * kNs);
  CHECK(span.declared.size() == 1);
}

TEST_CASE("HistoryInForce: what a server declares has its time, and its ring") {
  Kept kept;
  kept.write(told(HistoryDeclared{1000 * kNs, "chat", "SEND", 0}));
  kept.write(told(HistoryDeclared{2000 * kNs, "chat", "SEND", 5}));
  kept.write(told(HistoryDeclared{2500 * kNs, "chat", "SEND", 5}));
  kept.write(told(HistoryDeclared{2500 * kNs, "other", "SEND", 6}));
  CHECK(kept.read(1000, 1500).declared.at(0).response_ns == 0);
  const HistorySpan span = kept.read(3000, 3060);
  REQUIRE(span.declared.size() == 2);
  CHECK(span.declared[0].response_ns == 5);
  CHECK(span.declared[0].wall_ns == 2000 * kNs);
  CHECK(span.declared[1].ring == "other");
  CHECK(kept.read(0, 9000, "other").declared.size() == 1);
}

TEST_CASE("HistoryInForce: another build, or another configuration, is a deploy and marked once") {
  Kept kept;
  const auto started = [&](std::int64_t at_s, const std::string& build, const std::string& digest,
                           const std::string& ring = "chat") {
    HistorySpan batch;
    batch.builds = {{at_s * kNs, ring, build, digest}};
    kept.write(batch);
    kept.write(batch);
  };
  const auto marks = [&] {
    std::string text;
    for (const HistoryMark& mark : kept.read(0, 9000).marks) {
      text += std::to_string(mark.wall_ns / kNs) + " " + name_of(mark.kind) + " " + mark.ring +
              ": " + mark.text + "\n";
    }
    return text;
  };
  started(1000, "", "");  // the first one that the history sees follows nothing
  started(1000, "x", "", "other");
  CHECK(marks().empty());
  started(2000, "1.0", "");
  CHECK(marks() == "2000 deploy chat: build 1.0, before none given\n");
  // Also when no daemon was there while the server was replaced.
  kept.store.close();
  std::string moved;
  REQUIRE_FALSE(kept.store.open(kept.path, {}, &moved));
  started(2500, "1.0", "");
  started(3000, "1.1\n", "aa");
  started(4000, "1.1\n", "");
  CHECK(marks() ==
        "2000 deploy chat: build 1.0, before none given\n"
        "3000 deploy chat: build 1.1\\n, before 1.0; configuration aa, before none given\n"
        "4000 deploy chat: configuration none given, before aa\n");
  const HistorySpan span = kept.read(2900, 3500, "chat");
  REQUIRE(span.builds.size() == 2);
  CHECK(span.builds[0].build_id == "1.0");
  CHECK(span.builds[1].configuration_digest == "aa");
  CHECK(kept.read(0, 1500, "other").builds.at(0).build_id == "x");
}

TEST_CASE("HistoryInForce: a clock that was ahead and is set back leaves no false deploy") {
  Kept kept;
  const auto open_again = [&] {
    kept.store.close();
    std::string moved;
    REQUIRE_FALSE(kept.store.open(kept.path, {}, &moved));
  };
  const auto tell = [&](std::int64_t at_s, const std::string& build) {
    HistorySpan batch;
    batch.builds = {{at_s * kNs, "chat", build, ""}};
    batch.declared = {{at_s * kNs, "chat", "SEND", at_s}};
    batch.configurations = {configured(at_s, build, at_s)};
    kept.write(batch);
  };
  const auto deploys = [&] {
    std::string text;
    for (const HistoryMark& mark : kept.read(0, 900'000).marks)
      text += std::to_string(mark.wall_ns / kNs) + ": " + mark.text + "\n";
    return text;
  };
  tell(1000, "1");
  tell(90'000, "2");  // a day ahead
  tell(4000, "3");
  tell(5000, "4");
  const std::string all =
      "4000: build 3, before 2\n5000: build 4, before 3\n90000: build 2, before 1\n";
  CHECK(deploys() == all);
  // The next daemon sees the same server.
  open_again();
  tell(5000, "4");
  CHECK(deploys() == all);
  // What was of tomorrow comes into force neither now nor tomorrow.
  for (const std::int64_t at : {6000, 95'000}) {
    const HistorySpan span = kept.read(at, at + 60);
    REQUIRE(span.builds.size() == 1);
    CHECK(span.builds[0].build_id == "4");
    REQUIRE(span.declared.size() == 1);
    CHECK(span.declared[0].response_ns == 5000);
    REQUIRE(span.configurations.size() == 1);
    CHECK(span.configurations[0].changed == "4");
  }
  // The server did not change while the clock was ahead: what it is holds from now on.
  tell(91'000, "5");
  open_again();
  tell(7000, "5");
  CHECK(kept.read(8000, 8060).builds.at(0).build_id == "5");
  CHECK(kept.read(8000, 8060).configurations.at(0).thresholds.operations.size() == 3);
  CHECK(deploys() == all + "91000: build 5, before 4\n");
}

TEST_CASE("HistoryInForce: a batch that failed is written by the next one") {
  Kept kept;
  HistorySpan batch = told(configured(1000, "a = 1\n", 10));
  {
    Database blocker(kept.path, Database::Mode::create);
    Transaction holds(blocker, Transaction::Mode::write);
    CHECK_THROWS_AS(kept.write(batch), DatabaseError);
  }
  kept.write(batch);
  CHECK(kept.read(0, 2000).configurations.size() == 1);
}

TEST_CASE("HistoryInForce: what holds outlives the days that are removed, what is over does not") {
  Kept kept;
  constexpr std::int64_t kDay = 86400;
  const std::int64_t today = kHistoryBegin / kDay * kDay;
  for (const std::int64_t day : {9, 8, 3}) {
    const std::int64_t at = today - day * kDay;
    HistorySpan batch = told(configured(at, std::to_string(day), day));
    batch.declared = {{at * kNs, "chat", "SEND", day}};
    batch.builds = {{at * kNs, "chat", std::to_string(day), ""}};
    batch.marks = {{at * kNs, HistoryMark::Kind::reload, {}, "x"}};
    kept.write(batch);
  }
  HistoryLimits limits;
  limits.keep_hours_s = 5 * kDay;
  kept.store.set_limits(limits);
  kept.store.tidy(today);
  const HistorySpan span = kept.read(0, today);
  REQUIRE(span.configurations.size() == 2);
  CHECK(span.configurations[0].changed == "8");
  CHECK(span.configurations[0].thresholds.operations.at("SEND").response_ns == 5);
  REQUIRE(span.declared.size() == 2);
  CHECK(span.declared[0].response_ns == 8);
  REQUIRE(span.builds.size() == 2);
  CHECK(span.builds[0].build_id == "8");
  Database database(kept.path, Database::Mode::read);
  CHECK(database.pragma("user_version") == kHistoryVersion);
  auto row = database.query("SELECT COUNT(DISTINCT wall_ns) FROM operation_thresholds");
  REQUIRE(row.row());
  CHECK(row.integer() == 2);
}

TEST_CASE("HistoryInForce: the one that held longest, and the later of two that held as long") {
  std::vector<HistoryConfiguration> all(3);
  all[0].wall_ns = 100;
  all[1].wall_ns = 200;
  all[2].wall_ns = 250;
  CHECK(longest_in_force(all, 150, 260) == 1);  // 50, 50, 10
  CHECK(longest_in_force(all, 149, 260) == 0);  // 51, 50, 10
  CHECK(longest_in_force(all, 0, 160) == 0);
  CHECK(longest_in_force(all, 300, 400) == 2);
  CHECK(longest_in_force(all, 150, 350) == 2);
}
