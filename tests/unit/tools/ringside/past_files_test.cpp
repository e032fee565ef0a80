// Which histories can be shown: old ones, of several rings, and those that are none.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/history/database.h"
#include "tests/unit/tools/ringside/past_history.h"

namespace ringside::tool::past {

TEST_CASE("PastFeed: where the minutes are gone there are whole hours, and they say so") {
  test::TempDir directory;
  const std::string path = directory.file("history.db");
  std::mt19937_64 random{test::seed()};
  std::uint64_t calls = 0;
  {
    HistoryStore store;
    std::string moved;
    HistoryLimits limits;
    limits.keep_minutes_s = 2 * 3600;
    REQUIRE(!store.open(path, limits, &moved));
    for (const std::int64_t minute : {0, 30, 59, 600}) {
      const HistorySpan batch = test::history_minute(random, kHistoryBegin + minute * 60);
      if (minute < 60) calls += batch.series[0].slots[0].count();
      store.write(batch);
    }
    store.tidy(kHistoryBegin + 11 * 3600);
  }
  top::Refusal refusal;
  const auto feed = open_feed(path, {{}, "08:30"}, refusal);
  REQUIRE_MESSAGE(feed != nullptr, refusal.message);
  const top::Picture picture = shown(*feed);
  CHECK(picture.hours);
  CHECK(begin_s(picture) == 0);
  CHECK(end_s(picture) == 3600);
  CHECK(row(picture, "SEND_MESSAGE").count == calls);
}

TEST_CASE("PastSource: a long span is read in pieces, and is the sum of its minutes") {
  test::TempDir directory;
  const std::string path = directory.file("history.db");
  std::mt19937_64 random{test::seed()};
  Histogram latency;
  WindowStats sum;
  std::uint64_t errors = 0;
  {
    HistoryStore store;
    std::string moved;
    REQUIRE(!store.open(path, {}, &moved));
    // On both sides of where pieces meet.
    for (const std::int64_t minute : {0, 1, 119, 120, 121, 239, 240, 299}) {
      const HistorySpan batch = test::history_minute(random, kHistoryBegin + minute * 60);
      const HistorySlot& slot = batch.series[0].slots[0];
      latency.merge(slot.latency);
      sum.recorded += slot.recorded;
      sum.sum_ns += slot.sum_ns;
      sum.max_ns = std::max(sum.max_ns, slot.max_ns);
      for (const HistoryError& error : slot.errors) errors += error.count;
      store.write(batch);
    }
  }
  Failure failure;
  Named named;
  named.history = path;
  const auto source = open_history(named, failure);
  REQUIRE_MESSAGE(source != nullptr, failure.message);
  for (const bool apart : {false, true}) {
    Figures figures;
    REQUIRE(!source->read({kHistoryBegin, kHistoryBegin + 5 * 3600, apart}, figures));
    REQUIRE(figures.series.size() == 1);
    const FigureSeries& one = figures.series[0];
    CHECK(one.stats.latency.buckets == latency.buckets);
    CHECK(one.stats.recorded == sum.recorded);
    CHECK(one.stats.sum_ns == sum.sum_ns);
    CHECK(one.stats.max_ns == sum.max_ns);
    CHECK(one.stats.seconds == 8 * 60);
    CHECK(figures.seconds == 8 * 60);
    CHECK(one.minutes.size() == (apart ? 8 : 0));
    std::uint64_t counted = 0;
    for (const FigureError& error : figures.errors) counted += error.count;
    CHECK(counted == errors);
  }
}

TEST_CASE("PastFeed: several rings stand beside each other, or one is chosen") {
  test::TempDir directory;
  const std::string path = directory.file("history.db");
  std::mt19937_64 random{test::seed()};
  {
    HistoryStore store;
    std::string moved;
    REQUIRE(!store.open(path, {}, &moved));
    HistorySpan batch = test::history_minute(random, kHistoryBegin, 50);
    batch.rings.push_back({"game", {{kHistoryBegin, 60, 0, 30, 4}}});
    batch.series.push_back(test::history_series(
        "SEND_MESSAGE", {test::history_slot(random, kHistoryBegin, 60)}, "game"));
    store.write(batch);
  }
  const auto picture_of = [&](const std::string& ring) {
    Failure failure;
    Named named;
    named.history = path;
    named.ring = ring;
    auto source = open_history(named, failure);
    REQUIRE_MESSAGE(source != nullptr, failure.message);
    top::Refusal refusal;
    return shown(*MinutesFeed::open(std::move(source), {}, refusal));
  };
  const top::Picture both = picture_of("");
  CHECK(row(both, "chat: SEND_MESSAGE").timed == 50);
  // Each is divided by what was seen of its own ring.
  const top::OperationRow& game = row(both, "game: SEND_MESSAGE");
  CHECK(game.rate == doctest::Approx(static_cast<double>(game.count) / 30));
  CHECK(both.counts.lost == 4);
  CHECK(row(picture_of("game"), "SEND_MESSAGE").timed == 60);
  CHECK(refused(path, "nope").find("no ring `nope`") != std::string::npos);
  CHECK(refused(path, "nope").find("it has `chat`, `game`") != std::string::npos);
}

TEST_CASE("PastFeed: what is no history is refused, and left as it is") {
  const Written written;
  CHECK(refused(written.directory.file("none.db")).find("there is no history") !=
        std::string::npos);
  const std::string half = written.directory.file("half.db");
  std::filesystem::copy_file(written.path, half);
  std::filesystem::resize_file(half, std::filesystem::file_size(half) / 2);
  const std::string half_said = refused(half);
  CHECK(half_said.find("cannot read the history") != std::string::npos);
  CHECK(half_said.find("next: read a copy that is whole") != std::string::npos);
  const std::string newer = written.directory.file("newer.db");
  std::filesystem::copy_file(written.path, newer);
  Database(newer, Database::Mode::create).script("PRAGMA user_version = 99");
  CHECK(refused(newer).find("is of version 99") != std::string::npos);
  const std::string other = written.directory.file("other.db");
  std::ofstream(other) << "no database at all, but long enough to be one "
                       << std::string(5000, 'x');
  CHECK(refused(other).find("cannot read the history") != std::string::npos);
  if (geteuid() != 0) {
    chmod(written.path.c_str(), 0);
    CHECK(refused(written.path).find("may be read") != std::string::npos);
  }
}

}  // namespace ringside::tool::past
