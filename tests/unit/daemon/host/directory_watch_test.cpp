// Runs on the real inotify and real directories.

#include <doctest/doctest.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "daemon/host/directory_watch.h"
#include "tests/support/process.h"
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

TEST_CASE("DirectoryWatch: following the same files again costs nothing, and loses none") {
  TempDir dir;
  DirectoryWatch watch;
  for (int i = 0; i < 3; ++i) {
    watch.follow({dir.file("ring"), dir.file("deep/ring")});
    CHECK_FALSE(readable(watch));
  }
  touch(dir.file("ring"));
  const auto changes = watch.take();
  CHECK(changes.appeared == Paths{dir.file("ring")});
  CHECK_FALSE(changes.unsure);
}

TEST_CASE("DirectoryWatch: a directory that is not wanted any more wakes nobody") {
  TempDir dir;
  std::filesystem::create_directory(dir.file("a"));
  std::filesystem::create_directory(dir.file("b"));
  DirectoryWatch watch;
  watch.follow({dir.file("a/ring"), dir.file("b/ring")});
  watch.follow({dir.file("b/ring")});
  watch.take();   // the kernel says that the watch has gone
  touch(dir.file("a/ring"));
  CHECK_FALSE(readable(watch));
  touch(dir.file("b/ring"));
  CHECK(watch.take().appeared == Paths{dir.file("b/ring")});
  // Nor does one that was moved away.
  std::filesystem::rename(dir.file("b"), dir.file("away"));
  CHECK(watch.take().unsure);
  watch.take();
  touch(dir.file("away/ring"));
  CHECK_FALSE(readable(watch));
}

TEST_CASE("DirectoryWatch: what was taken before is not told again, however many files appear") {
  TempDir dir;
  DirectoryWatch watch;
  watch.follow({dir.file("ring-*")});
  const auto make = [&](int first, int last) {
    Paths made;
    for (int i = first; i < last; ++i) {
      made.push_back(dir.file("ring-" + std::to_string(i)));
      touch(made.back());
    }
    return made;
  };
  for (const auto& [first, last] : {std::pair(0, 3), std::pair(3, 4), std::pair(4, 604)}) {
    const Paths made = make(first, last);
    CHECK(watch.take().appeared == made);
    CHECK(watch.take().appeared.empty());
  }
}

TEST_CASE("DirectoryWatch: one call takes a limited number, and the rest is there for the next") {
  std::size_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  if (most < 10000) return;   // the kernel keeps too few to show it
  TempDir dir;
  DirectoryWatch watch;
  watch.follow({dir.file("ring-1")});
  touch(dir.file("made"));
  // Two events each, of 32 bytes with their name.
  for (int i = 0; i < 4500; ++i)
    std::filesystem::rename(dir.file(i % 2 == 0 ? "made" : "ring-1"),
                            dir.file(i % 2 == 0 ? "ring-1" : "made"));
  // Sixteen rounds of 16 KiB are 8192 events: the making, then a ring for each four of the others.
  CHECK(watch.take().appeared.size() == 2048);
  CHECK(readable(watch));
  CHECK(watch.take().appeared.size() == 4500 / 2 - 2048);
  CHECK_FALSE(readable(watch));
}

TEST_CASE("DirectoryWatch: a problem is told in full, and no longer when it is mended") {
  TempDir dir;
  touch(dir.file("file"));
  DirectoryWatch watch;
  watch.follow({dir.file("file/ring"), dir.file("ring")});
  CHECK(watch.problem() == dir.file("file") +
                               ": cannot be watched; new rings in it are noticed up to 200 ms "
                               "late: Not a directory");
  touch(dir.file("ring"));
  CHECK(watch.take().appeared == Paths{dir.file("ring")});
  std::filesystem::remove(dir.file("file"));
  std::filesystem::create_directory(dir.file("file"));
  watch.follow({dir.file("file/ring")});
  CHECK(watch.problem() == "");
  touch(dir.file("file/ring"));
  CHECK(watch.take().appeared == Paths{dir.file("file/ring")});
}

TEST_CASE("DirectoryWatch: without a descriptor nothing is watched, and the problem stays") {
  const auto look = [] {
    rlimit none{0, 0};
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) return 2;
    DirectoryWatch watch;
    const std::string problem = watch.problem();
    if (!problem.starts_with("inotify: cannot be had; new rings are noticed up to 200 ms late: "))
      return 3;
    watch.follow({"/tmp/ring"});
    if (watch.problem() != problem) return 4;
    if (watch.fd() != -1) return 5;
    const auto changes = watch.take();
    return changes.appeared.empty() && !changes.unsure ? 0 : 6;
  };
  CHECK(test::run(look).exited(0));
}

TEST_CASE(
    "DirectoryWatch: a file without a directory is in the current one, one of / in the root") {
  TempDir dir;
  constexpr int kNotAllowed = 9;
  const auto look = [&] {
    if (chdir(dir.path().c_str()) != 0) return 2;
    DirectoryWatch here;
    here.follow({"ring"});
    touch("ring");
    if (here.take().appeared != Paths{"./ring"}) return 3;
    // Another root needs rights. A namespace of its own may give them.
    if (chroot(".") != 0 && (unshare(CLONE_NEWUSER) != 0 || chroot(".") != 0)) return kNotAllowed;
    DirectoryWatch root;
    root.follow({"/ring-*"});
    touch("/ring-1");
    return root.take().appeared == Paths{"/ring-1"} ? 0 : 4;
  };
  const test::Ended ended = test::run(look);
  CHECK((ended.exited(0) || ended.exited(kNotAllowed)));
}

}  // namespace
}  // namespace ringside
