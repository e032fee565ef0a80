// Which rings a name, a path and a pattern stand for. A ring is one ring, whatever name it goes by.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/rings/ring_names.h"
#include "daemon/rings/watch.h"
#include "shm/file_descriptor.h"
#include "tests/support/later.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A ring with `records` records.
struct Server {
  std::unique_ptr<Segment> ring;
  Server(const std::string& path, int records) : ring(make_ring(path, {2, 64, 64})) {
    LaneWriter lane = claim(*ring);
    for (int i = 0; i < records; ++i)
      write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  }
  void leave() { test::leave(*ring, false); }
};

std::vector<std::string> names(const Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const RingView& ring : snapshot.rings) out.push_back(ring.name);
  return out;
}

}  // namespace

TEST_CASE("RingNames: a link of /proc is kept where the path that it shows is another directory's") {
  TempDir dir;
  const std::string removed = dir.file("place");
  std::filesystem::create_directory(removed);
  const FileDescriptor held(open(removed.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::filesystem::remove(removed);
  // The kernel shows a removed directory by this name, and anybody may create a directory with it.
  std::filesystem::create_directory(removed + " (deleted)");
  const std::string path = "/proc/self/fd/" + std::to_string(held.get()) + "/ring";
  CHECK(canonical_path(path) == path);
}

TEST_CASE(
    "RingNames: a name is a file in shared memory, a path is that file, whatever links lead to its "
    "directory") {
  TempDir dir;
  std::filesystem::create_directory(dir.file("real"));
  std::filesystem::create_directory_symlink(dir.file("real"), dir.file("link"));
  CHECK(resolve_ring("chat").path == "/dev/shm/ringside.chat");
  CHECK(resolve_ring("/dev/shm/../shm/./ringside.chat").path == "/dev/shm/ringside.chat");
  CHECK(resolve_ring(dir.file("link/ring")).path == dir.file("real/ring"));
  CHECK(resolve_ring("two words").path.empty());
  CHECK(resolve_ring("two words").problem.find("expected 1 to 64 letters") != std::string::npos);
}

TEST_CASE(
    "RingNames: only the last component is a pattern, and what was moved aside matches none") {
  CHECK(is_pattern("*"));
  CHECK(is_pattern("/tmp/ring-?"));
  CHECK(is_pattern("irc[12]"));
  CHECK_FALSE(is_pattern("/tmp/*/ring"));
  CHECK(matches(pattern_path("*"), "/dev/shm/ringside.chat"));
  CHECK(matches(pattern_path("c*"), "/dev/shm/ringside.chat"));
  CHECK_FALSE(matches(pattern_path("b*"), "/dev/shm/ringside.chat"));
  CHECK_FALSE(matches(pattern_path("*"), "/dev/shm/other"));
  CHECK_FALSE(matches(pattern_path("*"), "/dev/shm/ringside.chat.previous"));
  CHECK_FALSE(matches("/tmp/*", "/tmp/deep/ring"));
}

TEST_CASE("RingNames: one ring that is named by three paths is read and counted once") {
  TempDir dir;
  std::filesystem::create_directory(dir.file("real"));
  std::filesystem::create_directory_symlink(dir.file("real"), dir.file("link"));
  Server server(dir.file("real/ring"), 7);
  Watch watch({{dir.file("link/ring"), dir.file("real/ring"), dir.file("real/../real/ring")},
               100,
               20,
               false});
  const Snapshot snapshot = watch.tick(later(1));
  CHECK(snapshot.books.read == 7);
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("link/ring")});
  CHECK(watch.processes().size() == 1);
}

TEST_CASE(
    "RingNames: two names of one file are told by the ring's instance, and the second says so") {
  TempDir dir;
  Server server(dir.file("ring"), 7);
  std::filesystem::create_hard_link(dir.file("ring"), dir.file("other"));
  Watch watch({{dir.file("ring"), dir.file("other")}, 100, 20, false});
  watch.tick(later(1));
  const Snapshot snapshot = watch.tick(later(2));
  CHECK(snapshot.books.read == 7);
  REQUIRE(snapshot.rings.size() == 2);
  CHECK(snapshot.rings[0].state == RingState::live);
  CHECK(snapshot.rings[1].state == RingState::waiting);
  CHECK(snapshot.rings[1].problem.find("this is the ring that is followed as " +
                                       dir.file("ring")) == 0);
}

TEST_CASE(
    "RingNames: a state that was saved under one name of a ring is taken over under another") {
  TempDir dir;
  std::filesystem::create_directory(dir.file("real"));
  std::filesystem::create_directory_symlink(dir.file("real"), dir.file("link"));
  Server server(dir.file("real/ring"), 7);
  std::string saved;
  {
    Watch watch({{dir.file("link/ring")}, 100, 20, false});
    watch.tick(later(0));
    saved = watch.encode(later(0));
  }
  for (const std::string& ring : {dir.file("real/ring"), dir.file("real/*")}) {
    Watch watch({{ring}, 100, 20, false});
    std::string why;
    REQUIRE_MESSAGE(watch.decode(saved, later(1), &why), why);
    const Snapshot snapshot = watch.tick(later(1));
    CHECK(snapshot.books.read == 7);
    CHECK(names(snapshot) == std::vector<std::string>{dir.file("real/ring")});
  }
}

TEST_CASE("RingNames: a pattern follows every ring that appears, and nothing else") {
  TempDir dir;
  std::ofstream(dir.file("ring-notes")) << "these are notes about rings, not a ring";
  Watch watch({{dir.file("ring-*")}, 100, 20, false});
  Snapshot snapshot = watch.tick(later(0));
  // Without a match the pattern itself is shown, so that silence is not mistaken for health.
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-*")});
  CHECK(snapshot.rings[0].state == RingState::waiting);
  Server a(dir.file("ring-a"), 3);
  Server b(dir.file("ring-b"), 4);
  Server other(dir.file("another"), 50);
  snapshot = watch.tick(later(1));
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-a"), dir.file("ring-b")});
  CHECK(snapshot.books.read == 7);
  CHECK(watch.wanted_files() == std::vector<std::string>{dir.file("ring-*")});
  // A ring that is named as well is still one ring. The pattern ends when it is taken out.
  watch.reconfigure({{dir.file("ring-b"), dir.file("ring-*")}, 100, 20, false});
  snapshot = watch.tick(later(2));
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-b"), dir.file("ring-a")});
  CHECK(snapshot.books.read == 7);
  watch.reconfigure({{dir.file("ring-b")}, 100, 20, false});
  snapshot = watch.tick(later(3));
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-b")});
}

TEST_CASE(
    "RingNames: a ring that a pattern found and that is gone is forgotten after an hour, its books "
    "are not") {
  TempDir dir;
  Watch watch({{dir.file("ring-*")}, 100, 20, false});
  {
    Server a(dir.file("ring-a"), 3);
    watch.pass(later(0));
    a.leave();
  }
  Snapshot snapshot = watch.tick(later(1));
  CHECK(snapshot.rings[0].state == RingState::closed);
  snapshot = watch.tick(later(1 + 1700));   // 2 s each: less than an hour
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-a")});
  snapshot = watch.tick(later(1 + 1801));
  CHECK(names(snapshot) == std::vector<std::string>{dir.file("ring-*")});
  CHECK(snapshot.books.read == 3);
  CHECK(snapshot.books.balance());
  const std::string saved = watch.encode(later(1 + 1802));
  Watch next({{dir.file("ring-*")}, 100, 20, false});
  std::string why;
  REQUIRE_MESSAGE(next.decode(saved, later(1 + 1803), &why), why);
  CHECK(next.tick(later(1 + 1803)).books.read == 3);
}

TEST_CASE(
    "RingNames: a pattern follows 64 rings, says which it leaves out, and takes them when others "
    "are gone") {
  TempDir dir;
  std::vector<std::unique_ptr<Server>> servers;
  for (int i = 100; i < 166; ++i) {
    servers.push_back(std::make_unique<Server>(dir.file("ring-" + std::to_string(i)), 1));
    // ThreadSanitizer knows 64 locks a thread. Two servers leave below, with their locks.
    if (i >= 102) disown(*servers.back()->ring);
  }
  Watch watch({{dir.file("ring-*")}, 1, 1, false});
  Snapshot snapshot = watch.tick(later(0));
  REQUIRE(snapshot.rings.size() == 65);
  CHECK(snapshot.books.read == 64);
  CHECK(snapshot.rings[64].name == dir.file("ring-*"));
  CHECK(snapshot.rings[64].state == RingState::refused);
  CHECK(
      snapshot.rings[64].problem.find("more than 64 rings; not followed: " + dir.file("ring-164") +
                                      ", " + dir.file("ring-165") + "\n  next: ") == 0);
  servers[0]->leave();
  servers[1]->leave();
  watch.tick(later(1));
  snapshot = watch.tick(later(2));
  CHECK(snapshot.rings.size() == 64);
  CHECK(snapshot.books.read == 66);
  CHECK(names(snapshot).back() == dir.file("ring-165"));
}

TEST_CASE("RingNames: files that match a pattern and are gone before they are opened are counted") {
  TempDir dir;
  Watch watch({{dir.file("ring-*")}, 100, 20, false});
  watch.pass(later(0));
  watch.pass(later(1), {{dir.file("ring-a"), dir.file("ring-b"), dir.file("other")}, false});
  const Snapshot snapshot = watch.tick(later(1));
  REQUIRE(snapshot.rings.size() == 1);
  CHECK(snapshot.rings[0].problem == "2 that matched came and went before they could be read");
}

TEST_CASE(
    "RingNames: a path is as it was written where its directory can't be found, else the real "
    "one") {
  CHECK(canonical_path("/none/of/these/ring") == "/none/of/these/ring");
  // qemu-user shows another root to some calls than to others.
  if (!kEmulated) CHECK(canonical_path("/tmp/../ring") == "/ring");
  CHECK(canonical_path("/ring") == "/ring");
  CHECK(canonical_path("ring") == std::filesystem::canonical(".").string() + "/ring");
  CHECK(shown_name("/dev/shm/ringside.chat") == "chat");
  CHECK(shown_name("/dev/shm/ringside.chat/ring") == "/dev/shm/ringside.chat/ring");
  CHECK(shown_name("/dev/shm/chat") == "/dev/shm/chat");
}

TEST_CASE("RingNames: a pattern finds regular files alone, in the order of their names") {
  TempDir dir;
  for (const char* name : {"ring-c", "ring-a", "ring-d", "ring-b", "ring-e", ".ring-f", "sing-a"})
    std::ofstream(dir.file(name)) << "a file";
  std::ofstream(dir.file("ring-a.previous")) << "a file";
  std::filesystem::create_directory(dir.file("ring-directory"));
  std::filesystem::create_symlink(dir.file("ring-a"), dir.file("ring-link"));
  std::vector<std::string> found;
  for (const RingName& ring : rings_like(dir.file("*ing-?"))) {
    CHECK(ring.name == ring.path);
    CHECK(ring.problem.empty());
    found.push_back(ring.path);
  }
  CHECK(found == std::vector<std::string>{dir.file("ring-a"), dir.file("ring-b"),
                                          dir.file("ring-c"), dir.file("ring-d"),
                                          dir.file("ring-e"), dir.file("sing-a")});
  CHECK(rings_like(dir.file("ring-*")).size() == 5);
  CHECK(rings_like(dir.file("none/ring-*")).empty());
}

TEST_CASE("RingNames: a file may be a ring when it begins like one, or when nobody lets us look") {
  TempDir dir;
  const std::string path = dir.file("ring");
  CHECK_FALSE(may_be_ring(path));
  CHECK_FALSE(exists(path));
  std::ofstream(path) << "RINGSIDE";
  CHECK(may_be_ring(path));
  CHECK(exists(path));
  std::ofstream(path) << "RINGSID";
  CHECK_FALSE(may_be_ring(path));
  std::ofstream(path) << "_RINGSIDE_";
  CHECK_FALSE(may_be_ring(path));
  std::filesystem::permissions(dir.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(path, std::filesystem::perms::none);
  CHECK(run([&] {
          // Root may read everything, so become nobody. Not every root can.
          if (geteuid() == 0 && setuid(65534) != 0) return 0;
          return may_be_ring(path) ? 0 : 2;
        }).exited(0));
  std::filesystem::create_symlink(dir.file("nowhere"), dir.file("link"));
  CHECK(exists(dir.file("link")));
  CHECK_FALSE(may_be_ring(dir.file("link")));
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE(
    "Rules: a second thread, time that runs backwards and a state that comes too late end the "
    "program") {
  TempDir dir;
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  const auto dies = [&](const auto& mistake) {
    return run([&] {
             signal(SIGABRT, SIG_DFL);   // doctest has its own handler
             if (std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
             Watch watch(options);
             watch.pass(later(1));
             mistake(watch);
             return 0;
           }).killed_by(SIGABRT);
  };
  CHECK_FALSE(dies([](Watch& watch) { watch.pass(later(2)); }));
  CHECK(dies([](Watch& watch) { std::thread([&] { watch.pass(later(2)); }).join(); }));
  CHECK(dies([&](Watch& watch) { std::thread([&] { watch.reconfigure(options); }).join(); }));
  CHECK(dies([](Watch& watch) { watch.tick(later(0)); }));
  CHECK(dies([](Watch& watch) {
    std::string why;
    watch.decode(watch.encode(later(2)), later(2), &why);
  }));
}

#endif
