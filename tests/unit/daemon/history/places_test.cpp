// Where a history may lie: odd paths, links, directories in which nothing can be written.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"

using namespace ringside;
using namespace ringside::test;

namespace fs = std::filesystem;

namespace {

void open_and_write(HistoryStore& store, const std::string& path) {
  std::mt19937_64 random(7);
  std::string moved;
  const auto failure = store.open(path, {}, &moved);
  REQUIRE_MESSAGE(!failure, (failure ? failure->message : ""));
  store.write(history_minute(random, kHistoryBegin));
}

HistoryResult minute_of(const std::string& path) {
  return read_history(path,
                      {kHistoryBegin, kHistoryBegin + 60, HistoryQuery::Slots::minutes, {}, {}});
}

// As a user who is not root: root can write anywhere.
bool holds_for_others(const std::function<bool()>& what) {
  return run([&] {
           if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 2;
           return what() ? 0 : 1;
         })
      .exited(0);
}

void allow(const std::string& directory, unsigned mode) {
  fs::permissions(directory, static_cast<fs::perms>(mode));
}

}  // namespace

TEST_CASE("HistoryPlaces: a path may begin with two slashes, and have what a URI gives a meaning") {
  TempDir directory;
  const std::string path = "/" + directory.file("a?b#c%20d.db");
  HistoryStore store;
  open_and_write(store, path);
  CHECK(fs::exists(directory.file("a?b#c%20d.db")));
  const HistoryResult result = minute_of(path);
  REQUIRE_MESSAGE(!result.failure, (result.failure ? result.failure->message : ""));
  CHECK(result.span.series.size() == 1);
}

TEST_CASE("HistoryPlaces: through a link the journal is read, too") {
  TempDir directory;
  TempDir other;
  HistoryStore store;
  open_and_write(store, directory.file("history.db"));
  REQUIRE(store.journal_bytes() > 0);
  fs::create_symlink(directory.file("history.db"), other.file("link.db"));
  allow(directory.path(), 0755);
  allow(other.path(), 0555);
  CHECK(holds_for_others([&] {
    const HistoryResult result = minute_of(other.file("link.db"));
    return !result.failure && result.span.series.size() == 1;
  }));
  allow(other.path(), 0700);
}

TEST_CASE("HistoryPlaces: a copy with a journal that can't be read says what to do") {
  TempDir directory;
  TempDir other;
  HistoryStore store;
  open_and_write(store, directory.file("history.db"));
  for (const char* suffix : {"", "-wal"})
    fs::copy_file(directory.file("history.db") + suffix, other.file("copy.db") + suffix);
  allow(other.path(), 0555);
  CHECK(holds_for_others([&] {
    const HistoryResult result = minute_of(other.file("copy.db"));
    return result.failure &&
           result.failure->message.find("copy both to a directory that you may write") !=
               std::string::npos;
  }));
  allow(other.path(), 0700);
  CHECK(minute_of(other.file("copy.db")).span.series.size() == 1);
}
