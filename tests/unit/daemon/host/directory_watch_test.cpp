// Runs on the real inotify and real directories.

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "daemon/host/directory_watch.h"
#include "tests/support/temp.h"

namespace ringside {
namespace {

using test::TempDir;
using Paths = std::vector<std::string>;

void touch(const std::string& path) { std::ofstream(path) << "x"; }

bool readable(const DirectoryWatch& watch) {
  pollfd fd{watch.fd(), POLLIN, 0};
  return poll(&fd, 1, 0) == 1;
}

TEST_CASE(
    "DirectoryWatch: a wanted file that is made, linked or moved there is noticed before the call "
    "that made it returns") {
  TempDir dir;
  DirectoryWatch watch;
  watch.follow({dir.file("ring"), dir.file("other-*")});
  CHECK(watch.problem().empty());
  CHECK_FALSE(readable(watch));
  touch(dir.file("ring"));
  CHECK(readable(watch));
  CHECK(watch.take().appeared == Paths{dir.file("ring")});
  CHECK_FALSE(readable(watch));
  touch(dir.file("made"));
  std::filesystem::create_hard_link(dir.file("made"), dir.file("other-1"));
  std::filesystem::rename(dir.file("made"), dir.file("other-2"));
  const auto changes = watch.take();
  CHECK(changes.appeared == Paths{dir.file("other-1"), dir.file("other-2")});
  CHECK_FALSE(changes.unsure);
}

TEST_CASE("DirectoryWatch: what is not wanted, and what is taken away, is no news") {
  TempDir dir;
  touch(dir.file("ring"));
  DirectoryWatch watch;
  watch.follow({dir.file("ring")});
  touch(dir.file("ring"));   // written again, not created
  touch(dir.file("else"));
  std::filesystem::remove(dir.file("ring"));
  const auto changes = watch.take();
  CHECK(changes.appeared.empty());
  CHECK_FALSE(changes.unsure);
}

TEST_CASE("DirectoryWatch: one that came and went twice is told twice") {
  TempDir dir;
  DirectoryWatch watch;
  watch.follow({dir.file("ring")});
  for (int i = 0; i < 2; ++i) {
    touch(dir.file("ring"));
    std::filesystem::remove(dir.file("ring"));
  }
  CHECK(watch.take().appeared == Paths{dir.file("ring"), dir.file("ring")});
}

TEST_CASE(
    "DirectoryWatch: a directory that comes later, goes, and comes again is watched each time") {
  TempDir dir;
  DirectoryWatch watch;
  const Paths wanted{dir.file("deep/ring")};
  watch.follow(wanted);
  CHECK(watch.problem().empty());
  for (int i = 0; i < 3; ++i) {
    std::filesystem::create_directory(dir.file("deep"));
    watch.follow(wanted);
    touch(dir.file("deep/ring"));
    CHECK(watch.take().appeared == wanted);
    std::filesystem::remove_all(dir.file("deep"));
    CHECK(watch.take().unsure);
  }
  // A directory that is moved away is not watched any more.
  std::filesystem::create_directory(dir.file("deep"));
  watch.follow(wanted);
  std::filesystem::rename(dir.file("deep"), dir.file("away"));
  CHECK(watch.take().unsure);
  touch(dir.file("away/ring"));
  CHECK(watch.take().appeared.empty());
}

TEST_CASE(
    "DirectoryWatch: what is wanted can change, and two paths to one directory are both told") {
  TempDir dir;
  std::filesystem::create_directory(dir.file("real"));
  std::filesystem::create_directory_symlink(dir.file("real"), dir.file("link"));
  DirectoryWatch watch;
  watch.follow({dir.file("real/ring"), dir.file("link/ring")});
  touch(dir.file("real/ring"));
  auto appeared = watch.take().appeared;
  std::sort(appeared.begin(), appeared.end());
  CHECK(appeared == Paths{dir.file("link/ring"), dir.file("real/ring")});
  watch.follow({dir.file("real/other")});
  std::filesystem::remove(dir.file("real/ring"));
  touch(dir.file("real/ring"));
  touch(dir.file("real/other"));
  CHECK(watch.take().appeared == Paths{dir.file("real/other")});
}

TEST_CASE(
    "DirectoryWatch: more than the kernel keeps is said to be unsure, and a directory that is none "
    "is a problem") {
  TempDir dir;
  DirectoryWatch watch;
  watch.follow({dir.file("ring-*")});
  std::size_t most = 16384;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  // Two names in turn, because the kernel drops an event that equals the one just before it.
  touch(dir.file("made"));
  for (std::size_t i = 0; i <= most + 1; ++i) {
    std::filesystem::rename(dir.file(i % 2 == 0 ? "made" : "ring-1"),
                            dir.file(i % 2 == 0 ? "ring-1" : "made"));
  }
  bool unsure = false;
  while (readable(watch)) unsure = watch.take().unsure || unsure;
  CHECK(unsure);
  touch(dir.file("file"));
  watch.follow({dir.file("file/ring")});
  CHECK(watch.problem().find(dir.file("file") + ": cannot be watched") == 0);
}

}  // namespace
}  // namespace ringside
