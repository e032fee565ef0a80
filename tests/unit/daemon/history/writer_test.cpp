// The writer's thread: real files, a real limit on their size, a real reader in the way.
#include <doctest/doctest.h>

#include <filesystem>
#include <optional>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_writer.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/history/history_samples.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct WriterRun {
  explicit WriterRun(HistoryLimits limits = {}) {
    options.path = directory.file("history.db");
    options.limits = limits;
    options.retry = std::chrono::milliseconds(20);
  }
  void start() {
    const auto failure = writer.start(options);
    REQUIRE_MESSAGE(!failure, (failure ? failure->message : ""));
  }
  bool hand(std::int64_t minute, std::uint64_t calls = 50) {
    auto batch = std::make_shared<HistoryBatch>();
    batch->made_wall_s = kHistoryBegin + minute * 60 + 65;
    batch->span = history_minute(random, kHistoryBegin + minute * 60, calls);
    return writer.hand_over(std::move(batch));
  }
  std::size_t minutes() const {
    const HistoryResult result = read_history(
        options.path, {0, kHistoryBegin + 86400, HistoryQuery::Slots::minutes, {}, {}});
    return result.span.series.empty() ? 0 : result.span.series[0].slots.size();
  }
  TempDir directory;
  std::mt19937_64 random{seed()};
  HistoryOptions options;
  HistoryWriter writer;
};

// The pages behind the schema's.
void overwrite_pages(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  REQUIRE(file != nullptr);
  std::fseek(file, 4096, SEEK_SET);
  const std::string garbage(std::filesystem::file_size(path) - 4096, '\x5a');
  std::fwrite(garbage.data(), 1, garbage.size(), file);
  std::fclose(file);
}

}  // namespace

TEST_CASE("HistoryWriter: everything that was handed over is there at the end") {
  WriterRun run;
  run.start();
  for (int minute = 0; minute < 40; ++minute) CHECK(run.hand(minute));
  CHECK(run.writer.finish() == 0);
  CHECK(run.writer.written() == 40);
  CHECK(run.writer.cpu_ns() > 0);
  CHECK_FALSE(std::filesystem::exists(run.options.path + "-wal"));
  CHECK(run.minutes() == 40);
}

TEST_CASE("HistoryWriter: an incident of which nobody tells any more has ended") {
  // Its daemon lost its state, or the batch with its end was dropped.
  constexpr std::int64_t kNs = 1'000'000'000;
  WriterRun run;
  run.start();
  const auto hand = [&](std::int64_t minute, const std::vector<const char*>& lasting) {
    auto batch = std::make_shared<HistoryBatch>();
    batch->made_wall_s = kHistoryBegin + minute * 60 + 65;
    for (const char* id : lasting) {
      IncidentView& one = batch->span.incidents.emplace_back();
      one.id = id;
      one.began_wall_ns = kHistoryBegin * kNs;
      one.level = AlertLevel::warning;
      one.peak = AlertLevel::critical;
    }
    if (minute == 0) {
      AlertTransition& line = batch->span.transitions.emplace_back();
      line.id = "a-1";
      line.incident = "gone";
      line.wall_ns = (kHistoryBegin + 90) * kNs;
    }
    REQUIRE(run.writer.hand_over(std::move(batch)));
  };
  hand(0, {"gone", "silent", "lasts"});
  hand(1, {"lasts"});
  CHECK(run.writer.finish() == 0);
  const auto incidents = [&](std::int64_t begin_s) {
    std::string text;
    const HistoryResult result = read_history(
        run.options.path, {begin_s, begin_s + 60, HistoryQuery::Slots::minutes, {}, {}});
    for (const IncidentView& one : result.span.incidents) {
      text += one.id + " " + name_of(one.level) + " " +
              std::to_string(one.over() ? one.ended_wall_ns / kNs - kHistoryBegin : -1) + "; ";
    }
    return text;
  };
  CHECK(incidents(kHistoryBegin) == "gone critical 90; lasts warning -1; silent critical 0; ");
  CHECK(incidents(kHistoryBegin + 86'400) == "lasts warning -1; ");
}

TEST_CASE("HistoryWriter: what a full disk refuses waits, and is written when there is room") {
  const Said said;
  WriterRun run;
  run.start();
  run.hand(0);
  until([&] { return run.writer.written() == 1; });
  {
    const FileLimit full(1024);
    for (int minute = 1; minute < 10; ++minute) CHECK(run.hand(minute));
    until([&] { return said.count("cannot write the history") > 0; });
    CHECK(run.writer.written() == 1);
    CHECK(run.writer.failing());
  }
  until([&] { return run.writer.written() == 10; });
  until([&] { return !run.writer.failing(); });
  until([&] { return said.count("the history is written again; 0 batches were dropped") > 0; });
  CHECK(run.writer.finish() == 0);
  CHECK(run.minutes() == 10);
}

TEST_CASE("HistoryWriter: of a disk that stays full the newest hour is kept in memory") {
  const Said said;
  WriterRun run;
  run.start();
  const std::size_t handed = HistoryWriter::kMostWaiting + 10;
  {
    const FileLimit full(1024);
    for (std::size_t minute = 0; minute < handed; ++minute) {
      until([&] { return run.hand(static_cast<std::int64_t>(minute), 1); });
    }
    until([&] { return said.count("from now on the oldest are dropped") > 0; });
    until([&] { return run.writer.dropped() >= 10; });
  }
  until([&] { return run.writer.written() + run.writer.dropped() >= handed; });
  CHECK(run.writer.finish() == run.writer.dropped());
  const HistoryExtent extent = history_extent(run.options.path);
  CHECK(extent.last_wall_s == kHistoryBegin + static_cast<std::int64_t>(handed - 1) * 60);
}

TEST_CASE("HistoryWriter: a reader that stays lets the journal grow to its limit and no further") {
  const Said said;
  WriterRun run;
  run.start();
  run.hand(0);
  until([&] { return run.writer.written() == 1; });
  std::optional<Database> reader;
  reader.emplace(run.options.path, Database::Mode::read);
  std::optional<Transaction> reading;
  reading.emplace(*reader, Transaction::Mode::read);
  {
    auto row = reader->query("SELECT count(*) FROM minutes");
    REQUIRE(row.row());
  }
  const auto journal = [&] { return std::filesystem::file_size(run.options.path + "-wal"); };
  std::int64_t minute = 1;
  // Fat minutes: 400 operations each.
  while (said.count("because somebody reads the file") == 0) {
    auto batch = std::make_shared<HistoryBatch>();
    batch->made_wall_s = kHistoryBegin;  // nothing is rolled up meanwhile
    for (int i = 0; i < 400; ++i) {
      batch->span.series.push_back(history_series(
          "OP_" + std::to_string(i), {history_slot(run.random, kHistoryBegin + minute * 60, 200)}));
    }
    const std::uint64_t written = run.writer.written();
    REQUIRE(run.writer.hand_over(std::move(batch)));
    until([&] {
      return run.writer.written() > written || said.count("because somebody reads the file") > 0;
    });
    REQUIRE(++minute < 500);
  }
  CHECK(journal() < 2 * HistoryStore::kLongJournalBytes);
  const auto held = journal();
  CHECK(run.hand(600));
  const std::uint64_t written = run.writer.written();
  reading->commit();
  reading.reset();
  reader.reset();
  until([&] { return run.writer.written() > written; });
  CHECK(said.count("its journal is cut") > 0);
  CHECK(journal() < held);
  CHECK(run.writer.finish() == 0);
}

TEST_CASE("HistoryWriter: a file at its limit says in the log and in a mark what it lost") {
  const Said said;
  WriterRun run({400 * 86400, 400 * 86400, std::uint64_t{1} << 20});
  run.start();
  for (std::int64_t minute = 0; said.count("the history was at its limit of") == 0; ++minute) {
    until([&] { return run.hand(minute, 4000); });
    REQUIRE(minute < 5000);
  }
  // What the full queue refused is counted. Nothing waits any more.
  const std::uint64_t unwritten = run.writer.finish();
  CHECK(unwritten == run.writer.dropped());
  const HistoryResult result =
      read_history(run.options.path, {0, 2 * kHistoryBegin, HistoryQuery::Slots::minutes, {}, {}});
  REQUIRE_FALSE(result.span.marks.empty());
  CHECK(result.span.marks[0].kind == HistoryMark::Kind::gap);
  CHECK(result.span.marks[0].text.find("were removed") != std::string::npos);
}

TEST_CASE("HistoryWriter: a file that turns out to be damaged is moved aside, and it goes on") {
  const Said said;
  WriterRun run;
  run.start();
  for (int minute = 0; minute < 20; ++minute) run.hand(minute);
  CHECK(run.writer.finish() == 0);
  overwrite_pages(run.options.path);
  run.start();
  run.hand(30);
  until([&] { return run.writer.written() == 21; });
  CHECK(said.count("the history is damaged") > 0);
  CHECK(run.writer.finish() == 0);
  CHECK(run.minutes() == 1);
  CHECK(std::filesystem::exists(run.options.path + ".damaged"));
}

TEST_CASE("HistoryWriter: a batch with a snapshot has its advice written, beside its minute") {
  WriterRun run;
  run.start();
  Snapshot snapshot;
  snapshot.wall_ns = kHistoryBegin * 1'000'000'000;
  FailedLogins& source = snapshot.failed_by_address.emplace_back();
  source.ring = "chat";
  source.party = {PartyKind::address, 1};
  source.hour = 500;
  snapshot.rings.emplace_back().name = "chat";
  const auto hand = [&](std::int64_t minute) {
    auto batch = std::make_shared<HistoryBatch>();
    batch->made_wall_s = kHistoryBegin + minute * 60 + 65;
    batch->span = history_minute(run.random, kHistoryBegin + minute * 60);
    snapshot.wall_ns += 3'600'000'000'000;
    batch->advise_on = std::make_shared<const Snapshot>(snapshot);
    CHECK(run.writer.hand_over(std::move(batch)));
  };
  hand(0);
  until([&] { return run.writer.written() == 1; });
  snapshot.failed_by_address[0].hour = 4;
  hand(1);
  // A minute without a snapshot is no look.
  CHECK(run.hand(2));
  CHECK(run.writer.finish() == 0);
  const HistoryResult result =
      read_history(run.options.path,
                   {kHistoryBegin, kHistoryBegin + 86400, HistoryQuery::Slots::minutes, {}, {}});
  REQUIRE(result.span.advice.size() == 1);
  const HistoryAdvice& advice = result.span.advice[0];
  CHECK(advice.key == AdviceKey{AdviceKind::sources, "chat", {}});
  CHECK(advice.first_figure == 500);
  CHECK(advice.absent_looks == 1);
  CHECK(advice.absent_figure == 0);
  CHECK(run.minutes() == 3);
}

TEST_CASE("HistoryWriter: a disk that is full at the start is tried again") {
  const Said said;
  WriterRun run;
  {
    const FileLimit full(0);
    run.start();
    CHECK(said.count("it waits in memory and is tried again") == 1);
    CHECK(run.hand(0));
    CHECK(run.hand(1));
    CHECK(run.writer.written() == 0);
  }
  until([&] { return run.writer.written() == 2; });
  CHECK(said.count("the history is written again; 0 batches were dropped") == 1);
  CHECK(run.writer.finish() == 0);
  CHECK(run.minutes() == 2);
}

TEST_CASE("HistoryStore: one that can't begin anew on a full disk is not open, and can be opened") {
  WriterRun run;
  HistoryStore store;
  std::string moved;
  REQUIRE_FALSE(store.open(run.options.path, {}, &moved));
  {
    const FileLimit full(0);
    CHECK(store.begin_anew(&moved).has_value());
    CHECK_FALSE(store.is_open());
    bool passes = false;
    CHECK(store.open(run.options.path, {}, &moved, &passes).has_value());
    CHECK(passes);
  }
  REQUIRE_FALSE(store.open(run.options.path, {}, &moved));
  store.write(history_minute(run.random, kHistoryBegin));
  store.close();
  CHECK(run.minutes() == 1);
}

TEST_CASE("HistoryWriter: who holds the file's lock is what the log says to end") {
  const Said said;
  WriterRun run;
  run.start();
  CHECK(run.hand(0));
  until([&] { return run.writer.written() == 1; });
  {
    Database other(run.options.path, Database::Mode::create);
    const Transaction holds(other, Transaction::Mode::write);
    CHECK(run.hand(1));
    until([&] { return said.count("next: end the program that holds it") == 1; });
  }
  until([&] { return run.writer.written() == 2; });
  CHECK(run.writer.finish() == 0);
}
