// Rings that have lost their name while a process has them: how /proc shows them, and what a daemon
// that starts then makes of them.

#include "daemon/rings/unnamed_ring.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/rings/ring_set.h"
#include "shm/file_descriptor.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// To follow the links in map_files takes a capability. False where the tests run without.
bool may_follow_mappings() {
  if (kEmulated) return false;
  std::error_code error;
  for (const auto& link : std::filesystem::directory_iterator("/proc/self/map_files", error))
    return static_cast<bool>(FileDescriptor(open(link.path().c_str(), O_RDONLY | O_CLOEXEC)));
  return false;
}

// Puts a tmpfs at each of the paths, for this process alone. False where that is not allowed.
bool mount_apart(const std::vector<std::string>& paths) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return false;
  return std::all_of(paths.begin(), paths.end(), [](const std::string& path) {
    return mount("none", path.c_str(), "tmpfs", 0, nullptr) == 0;
  });
}

// Maps a file without a name that has that inode. False when the folder's file system gives none.
bool map_a_file(const std::string& folder, std::uint64_t inode) {
  for (int i = 0; i < 1000; ++i) {
    const FileDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    struct stat info {};
    if (!file || fstat(file.get(), &info) != 0) return false;
    if (info.st_ino == inode && ftruncate(file.get(), 4096) == 0)
      return mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.get(), 0) != MAP_FAILED;
  }
  return false;
}

// A process that has every ring mapped that this one has. The search leaves the caller itself out.
class Keeper {
 public:
  Keeper()
      : pid_(spawn([] {
          for (;;) pause();
          return 0;
        })) {}
  ~Keeper() {
    kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  std::string pid() const { return std::to_string(pid_); }

 private:
  pid_t pid_;
};

// A ring without its name, and what is expected of it under that name.
struct UnnamedWorld {
  TempDir dir;
  std::string path = dir.file("ring");
  FollowedRing ring{path};
  RingSet set;

  void remove_name() const { std::filesystem::remove(path); }
  void configure(std::uint32_t uid, const std::string& name = "ring") {
    set.reconfigure(
        {{dir.file(name)}, {{100, 20}}, {{dir.file(name), FileOwner{uid, "irc"}}}});
  }
  // Looks as often as a search through all processes takes.
  RingView look(int when) {
    Snapshot out;
    for (int i = 0; i < 1000; ++i) set.check(tenths(when), {});
    set.for_each([&](RingFollower& follower) {
      follower.drain(tenths(when));
      follower.tick(tenths(when), out);
    });
    REQUIRE(out.rings.size() == 1);
    return out.rings[0];
  }
  // The next daemon, with what this one has saved.
  void restart(std::uint32_t uid, int when) {
    Encoder out;
    set.encode(out, tenths(when));
    const std::string saved = out.take();
    set = {};
    configure(uid);
    Decoder in(saved);
    std::string why;
    REQUIRE_MESSAGE(set.decode(in, tenths(when), 0, &why), why);
  }
  std::string held(const Keeper& keeper, const std::string& reason) const {
    return path + ": its name was removed, and pid " + keeper.pid() + " still has it: " + reason;
  }
  std::string foreign() const {
    return "belongs to user " + std::to_string(geteuid()) +
           ", expected user 4711 (irc)\n  next: if that is the server's user, name that user for "
           "this ring (ringsided: [owners])";
  }
};

}  // namespace

TEST_CASE("UnnamedRing: of all mappings those of a shared file without a name are meant") {
  const std::string line =
      "7f5e1000-7f5e9000 rw-s 00000000 00:1a 37183                      /dev/shm/#37183 (deleted)";
  const auto is_one = [](const std::string& text, const std::string& folder = "/dev/shm") {
    const auto found = unnamed_mapping(text);
    return found && found->range == "7f5e1000-7f5e9000" && found->inode == 37183 &&
           found->folder == folder;
  };
  CHECK(is_one(line));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = line;
    other.replace(other.find(from), from.size(), to);
    return other;
  };
  CHECK(is_one(changed("/#37183", "/a (deleted) b")));
  CHECK(is_one(changed("rw-s", "r--s")));
  CHECK(is_one(changed("/dev/shm/#37183", "/#37183"), ""));
  CHECK_FALSE(unnamed_mapping(changed("rw-s", "rw-p")));
  CHECK_FALSE(unnamed_mapping(changed("00000000", "00001000")));
  CHECK_FALSE(unnamed_mapping(changed(" (deleted)", "")));
  CHECK_FALSE(unnamed_mapping(changed(" 37183 ", "  ")));
  CHECK_FALSE(unnamed_mapping(changed("/dev/shm/#37183", "anon_inode:[x]")));
  CHECK_FALSE(unnamed_mapping(""));
  CHECK_FALSE(unnamed_mapping(" (deleted)"));
  CHECK_FALSE(unnamed_mapping(std::string(100, '7') + line));
}

TEST_CASE("UnnamedRing: a search in parts finds what one in a whole finds") {
  UnnamedWorld world;
  const Keeper keeper;
  const auto found_by = [&](std::size_t lines) {
    UnnamedSearch search;
    search.begin();
    while (search.read(lines)) CHECK(search.under_way());
    CHECK_FALSE(search.under_way());
    std::vector<std::string> found;
    for (const UnnamedRing& one : search.found()) {
      if (std::to_string(one.pid) != keeper.pid() || one.folder != world.dir.path()) continue;
      CHECK(one.inode == world.ring.ring->inode());
      found.push_back(one.path);
    }
    return found;
  };
  const std::vector<std::string> found = found_by(1U << 30);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("/proc/" + keeper.pid() + "/map_files/"));
  CHECK(found_by(1) == found);
  CHECK(found_by(7) == found);
}

TEST_CASE("UnnamedRing: one that is refused for its owner says so, and is read on once it is not") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.configure(geteuid());
  world.ring.write(5);
  CHECK(world.look(1).books.read == 5);
  world.ring.write(2);
  world.remove_name();
  const Keeper keeper;
  world.restart(4711, 2);
  RingView view = world.look(3);
  CHECK(view.state == RingState::refused);
  CHECK(view.problem.starts_with(world.held(keeper, world.foreign())));
  // Nothing is given up: what was saved is saved again.
  world.restart(4711, 4);
  CHECK(world.look(5).problem.starts_with(world.held(keeper, world.foreign())));
  world.configure(geteuid());
  view = world.look(6);
  CHECK(view.state == RingState::live);
  CHECK(view.instances_seen == 1);
  CHECK(figures(view.books) == BookFigures{7, 7, 0, 0, 0});
  CHECK(view.problem.starts_with(world.path + " was removed while its server (pid "));
}

TEST_CASE("UnnamedRing: where the daemon may see who has it and not open it, it says what it takes") {
  if (kEmulated) return;
  CHECK(run([] {
          if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 1;
          prctl(PR_SET_DUMPABLE, 1);  // a process that was root is hidden otherwise
          UnnamedWorld world;
          world.configure(geteuid());
          world.ring.write(5);
          if (world.look(1).books.read != 5) return 2;
          world.remove_name();
          world.restart(geteuid(), 2);
          const Keeper keeper;
          const RingView view = world.look(3);
          const std::string expected = world.held(
              keeper,
              "this user may not open it there\n  next: give the daemon CAP_CHECKPOINT_RESTORE");
          return view.state == RingState::refused && view.problem.starts_with(expected) ? 0 : 3;
        }).exited(0));
}

TEST_CASE("UnnamedRing: one that can't be read for another reason says that, and is tried again") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.configure(geteuid());
  world.ring.write(5);
  world.look(1);
  world.remove_name();
  world.restart(geteuid(), 2);
  const Keeper keeper;
  std::uint32_t& version = world.ring.ring->header().layout_version;
  version += 1;
  RingView view = world.look(3);
  CHECK(view.state == RingState::refused);
  CHECK(view.problem.starts_with(
      world.held(keeper, "layout version " + std::to_string(version) + ", this program reads ")));
  version -= 1;
  CHECK(world.look(3 + 299).state == RingState::refused);
  view = world.look(3 + 300);
  CHECK(view.state == RingState::live);
  CHECK(figures(view.books) == BookFigures{5, 5, 0, 0, 0});
}

TEST_CASE("UnnamedRing: one that is refused gives way to another ring under the name") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.configure(geteuid());
  world.ring.write(5);
  world.look(1);
  world.remove_name();
  const Keeper keeper;
  world.restart(geteuid(), 2);
  world.ring.ring->header().layout_version += 1;
  CHECK(world.look(3).state == RingState::refused);
  FollowedRing second(world.path);
  second.write(3);
  const RingView view = world.look(4);
  CHECK(view.state == RingState::live);
  CHECK(view.instances_seen == 2);
  CHECK(view.books.read == 5 + 3);
  CHECK(view.problem.starts_with(world.held(keeper, "layout version ")));
  CHECK(view.problem.find("; records written after the saved positions are lost\n  next: find out "
                          "who removed the name") != std::string::npos);
  // It was given up.
  world.ring.ring->header().layout_version -= 1;
  second.close();
  std::filesystem::remove(world.path);
  CHECK(world.look(5 + 300).state == RingState::closed);
  CHECK(world.look(5 + 600).instances_seen == 2);
}

TEST_CASE("UnnamedRing: with another ring under the name, a last try is made for one refused") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.configure(geteuid());
  world.ring.write(5);
  world.look(1);
  world.remove_name();
  const Keeper keeper;
  world.restart(geteuid(), 2);
  world.ring.ring->header().layout_version += 1;
  CHECK(world.look(3).state == RingState::refused);
  FollowedRing second(world.path);
  world.ring.ring->header().layout_version -= 1;
  world.ring.write(2);
  const RingView view = world.look(4);
  CHECK(view.instances_seen == 1);
  CHECK(figures(view.books) == BookFigures{7, 7, 0, 0, 0});
}

// Every tmpfs numbers its files anew.
TEST_CASE("UnnamedRing: a file with the ring's number on another file system is not meant") {
  if (!may_follow_mappings()) return;
  CHECK(run([] {
          const TempDir here;
          const TempDir there;
          if (!mount_apart({here.path(), there.path()})) return 0;  // not allowed here
          const std::string path = here.file("ring");
          FollowedRing ring(path);
          RingFollower before = follower_of(path);
          if (look_at_ring(before, tenths(0)).state != RingState::live) return 1;
          Encoder out;
          before.encode(out, tenths(0));
          const std::string saved = out.take();
          ring.crash();
          std::filesystem::remove(path);
          if (!map_a_file(there.path(), ring.ring->inode())) return 2;
          const Keeper keeper;
          RingFollower next = follower_of(path);
          Decoder in(saved);
          next.decode(in, tenths(0), 0);
          const RingView view = look_at_ring(next, tenths(1));
          return view.problem.starts_with("the ring that was read last is gone") ? 0 : 3;
        }).exited(0));
}

TEST_CASE("UnnamedRing: a daemon without a state finds a living server's ring that has no name") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.ring.write(5);
  world.remove_name();
  const Keeper keeper;
  world.configure(geteuid());
  RingView view = world.look(20);
  CHECK(view.state == RingState::live);
  CHECK(figures(view.books) == BookFigures{5, 5, 0, 0, 0});
  CHECK(view.problem.starts_with(world.path + " was removed while its server (pid "));
  world.ring.write(1);
  world.ring.crash();
  view = world.look(40);
  CHECK(view.state == RingState::crashed);
  CHECK(view.books.read == 6);
  // It was read.
  CHECK(world.look(1000).instances_seen == 1);
}

TEST_CASE("UnnamedRing: a daemon without a state says that the ring's owner is refused") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.remove_name();
  const Keeper keeper;
  world.configure(4711);
  RingView view = world.look(20);
  CHECK(view.state == RingState::refused);
  CHECK(view.problem.starts_with(world.held(keeper, world.foreign())));
  world.configure(geteuid());
  view = world.look(21);
  CHECK(view.state == RingState::live);
  CHECK(view.problem.find("still has it") == std::string::npos);
}

TEST_CASE("UnnamedRing: a daemon without a state looks again every 30 s") {
  if (!may_follow_mappings()) return;
  UnnamedWorld world;
  world.remove_name();
  world.configure(geteuid());
  CHECK(world.look(20).state == RingState::waiting);
  const Keeper keeper;
  CHECK(world.look(20 + 299).state == RingState::waiting);
  CHECK(world.look(20 + 300).state == RingState::live);
}

TEST_CASE("UnnamedRing: a ring of another name, of the dead, or about to be named is not meant") {
  if (!may_follow_mappings()) return;
  const auto state_of = [](const auto& change, const std::string& name, int when) {
    UnnamedWorld world;
    change(world);
    const Keeper keeper;
    world.configure(geteuid(), name);
    return world.look(when).state;
  };
  const auto remove = [](UnnamedWorld& world) { world.remove_name(); };
  CHECK(state_of(remove, "ring", 20) == RingState::live);
  CHECK(state_of(remove, "ring", 9) == RingState::waiting);
  CHECK(state_of(remove, "rin", 20) == RingState::waiting);
  CHECK(state_of(remove, "../ring", 20) == RingState::waiting);
  CHECK(state_of(
            [](UnnamedWorld& world) {
              world.remove_name();
              world.ring.ring->header().file_name[0] = '\0';
            },
            "ring", 20) == RingState::waiting);
  CHECK(state_of(
            [](UnnamedWorld& world) {
              world.remove_name();
              world.ring.crash();
            },
            "ring", 20) == RingState::waiting);
  CHECK(state_of(
            [](UnnamedWorld& world) {
              world.remove_name();
              world.ring.close();
            },
            "ring", 20) == RingState::waiting);
}
