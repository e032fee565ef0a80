// Cases 12 and 13: who has a ring's name, and who only wants it.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "daemon/rings/watch.h"
#include "tests/ring/cases/case.h"
#include "tests/support/ring.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr unsigned kServer = 54321;    // users that no account has
constexpr unsigned kStranger = 54322;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// As in /dev/shm, everybody may create a file in the folder, and only its owner may remove it.
void make_sticky(const TempDir& dir) { REQUIRE(chmod(dir.path().c_str(), 01777) == 0); }

std::uint64_t inode_of(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_ino) : 0;
}

}  // namespace

TEST_CASE("Case13: a name that another user has taken stays his, and the server is told whose it is") {
  if (!is_root()) return;
  TempDir dir;
  make_sticky(dir);
  const std::string taken = dir.file("taken");
  const std::string fake = dir.file("fake");
  const std::string link = dir.file("link");
  const std::string victim = dir.file("victim");
  // A dead ring of ours, for the stranger to copy.
  run([&] {
    Failure failure;
    create(dir.file("dead"), &failure);
    return 0;
  });
  REQUIRE(chmod(dir.file("dead").c_str(), 0644) == 0);
  std::ofstream(victim) << "not for strangers";
  REQUIRE(run([&] {
            become(kStranger);
            std::ofstream(taken) << "mine";
            chmod(taken.c_str(), 0666);
            std::ofstream(fake, std::ios::binary) << text_of(dir.file("dead"));
            chmod(fake.c_str(), 0666);
            return symlink(victim.c_str(), link.c_str());
          }).exited(0));

  const std::string his =
      "is taken by user " + std::to_string(kStranger) +
      ", expected user 0\n  next: if its server has ended, remove it";
  for (const std::string& path : {taken, fake, link}) {
    CAPTURE(path);
    const std::uint64_t inode = inode_of(path);
    const std::string before = text_of(path);
    Failure failure;
    CHECK(create(path, &failure).segment == nullptr);
    CHECK(contains(failure.message,
                   path == link ? "is a symbolic link, which is not followed" : his));
    CHECK(inode_of(path) == inode);
    CHECK(text_of(path) == before);
    // A reader refuses it too.
    SegmentFacts facts;
    CHECK(open_segment(path, {}, &facts, &failure) == nullptr);
    CHECK(contains(failure.message, path == link ? "is a symbolic link" : "belongs to user"));
  }
  CHECK(text_of(victim) == "not for strangers");
  // The other way round: the server has no rights on the name.
  REQUIRE(chmod(dir.file("dead").c_str(), 0600) == 0);
  CHECK(run([&] {
          become(kServer);
          Failure failure;
          HOLDS(create(dir.file("dead"), &failure).segment == nullptr);
          HOLDS(contains(failure.message, "is taken by user 0, expected user "));
          return 0;
        }).exited(0));
}

TEST_CASE("Case13: whoever stands where a dead ring is to be kept does not keep its server from tracing") {
  if (!is_root()) return;
  for (const bool directory : {false, true}) {
    CAPTURE(directory);
    TempDir dir;
    make_sticky(dir);
    const std::string path = dir.file("ring");
    const std::string before = previous_path(path);
    REQUIRE(run([&] {
              become(kServer);
              Failure failure;
              HOLDS(create(path, &failure).segment != nullptr);
              raise(SIGKILL);
              return 0;
            }).killed_by(SIGKILL));
    REQUIRE(run([&] {
              become(kStranger);
              if (directory) return mkdir(before.c_str(), 0777);
              std::ofstream(before) << "in the way";
              return 0;
            }).exited(0));
    const std::uint64_t his = inode_of(before);
    CHECK(run([&] {
            become(kServer);
            Failure failure;
            const Created again = create(path, &failure);
            if (again.segment == nullptr) std::fprintf(stderr, "%s\n", failure.message.c_str());
            return again.segment != nullptr ? 0 : 1;
          }).exited(0));
    CHECK(inode_of(before) == his);
  }
}

TEST_CASE("Case13: nor does he keep a daemon that comes back from the ring that is there now") {
  if (!is_root()) return;
  TempDir dir;
  const std::string path = dir.file("ring");
  std::string saved;
  const Instant now = read_instant();
  {
    auto ring = make_ring(path, {1, 64, 64});
    use_nanoseconds(*ring, now.monotonic_ns);
    LaneWriter lane = claim(*ring);
    write_record(lane, operation(0, ring->header().anchor_ticks, 10));
    Watch watch({{path}, 100, 20, false});
    CHECK(watch.tick(now).books.read == 1);
    saved = watch.encode(now);
  }
  REQUIRE(unlink(path.c_str()) == 0);
  auto ring = make_ring(path, {1, 64, 64});
  use_nanoseconds(*ring, now.monotonic_ns);
  LaneWriter lane = claim(*ring);
  for (int i = 0; i < 3; ++i) write_record(lane, operation(0, ring->header().anchor_ticks, 10));
  std::ofstream(previous_path(path)) << text_of(path);
  REQUIRE(chown(previous_path(path).c_str(), kStranger, kStranger) == 0);
  Watch watch({{path}, 100, 20, false});
  std::string why;
  REQUIRE(watch.decode(saved, now, &why));
  const Snapshot snapshot = watch.tick(read_instant());
  CHECK(snapshot.rings.at(0).state == RingState::live);
  CHECK(snapshot.books.read == 4);
}

TEST_CASE("Case12: a reader that holds a dead ring's lock costs the next server a second and its tracing, not its life") {
  TempDir dir;
  const std::string path = dir.file("ring");
  run([&] {
    Failure failure;
    create(path, &failure);
    return 0;
  });
  const std::uint64_t inode = inode_of(path);
  int fd = open(path.c_str(), O_RDONLY);
  REQUIRE(flock(fd, LOCK_EX) == 0);
  Failure failure;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(create(path, &failure).segment == nullptr);
  // 1 s of waiting, and the rest for a machine under load.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  CHECK(contains(failure.message,
                 "is held locked by another process\n  next: find out which (lslocks)"));
  CHECK(inode_of(path) == inode);
  close(fd);

  auto ring = create(path, &failure).segment;
  REQUIRE(ring != nullptr);
  fd = open(path.c_str(), O_RDONLY);
  REQUIRE(flock(fd, LOCK_EX) == 0);
  leave(*ring, false);
  CHECK(ring->header().state.load() == kSegmentClosed);
  CHECK(access(path.c_str(), F_OK) == 0);   // the name stays, and the next server clears it
  close(fd);
  CHECK(create(path, &failure).segment != nullptr);
  // This is the dead ring of above. A closed ring is not kept.
  CHECK(access(previous_path(path).c_str(), F_OK) == 0);
}

TEST_CASE("Case12: while servers start, leave and are killed on one name, an open finds a whole ring or none") {
  TempDir dir;
  const std::string path = dir.file("ring");
  int end[2];
  REQUIRE(pipe2(end, O_NONBLOCK) == 0);
  const auto over = [&] {
    char c;
    return read(end[0], &c, 1) == 0;
  };
  std::vector<pid_t> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(spawn([&, i] {
      close(end[1]);
      while (!over()) {
        if (i == 2) {   // each of these children ends by SIGKILL, mostly in the middle of its work
          const pid_t child = spawn([&] {
            for (;;) {
              Failure failure;
              const Created made = create(path, &failure);
              if (made.segment != nullptr) leave(*made.segment, false);
            }
            return 0;
          });
          const timespec moment{0, 3'000'000};
          nanosleep(&moment, nullptr);   // not a wait: it sets the moment of the kill
          kill(child, SIGKILL);
          wait_for(child);
          continue;
        }
        Failure failure;
        const Created made = create(path, &failure);
        if (made.segment == nullptr) {
          HOLDS(contains(failure.message, "is in use by process") ||
                contains(failure.message, "keep taking this name"));
          continue;
        }
        // Nobody's clearing up removes the ring while its server lives.
        for (int look = 0; look < 3; ++look) {
          HOLDS(inode_of(path) == made.segment->inode());
          sched_yield();
        }
        leave(*made.segment, false);
      }
      return 0;
    }));
  }
  close(end[0]);
  int found = 0;
  int absent = 0;
  const int wanted = kSanitized ? 300 : 2'000;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  while ((found < wanted || absent == 0) && std::chrono::steady_clock::now() < deadline) {
    SegmentFacts facts;
    Failure failure;
    const auto ring = open_segment(path, {}, &facts, &failure);
    if (ring == nullptr) {
      // The name is absent. The open never finds "no ring", "cut off" or "damaged".
      REQUIRE_MESSAGE(failure.error_number == ENOENT, failure.message);
      ++absent;
      continue;
    }
    ++found;
    const SegmentHeader& header = ring->header();
    REQUIRE((header.state.load() == kSegmentReady || header.state.load() == kSegmentClosed));
    REQUIRE(facts.program == "test");
    REQUIRE(ring->control().effective[0].load() == 1);
    REQUIRE_FALSE(ring->broken());
  }
  close(end[1]);
  for (const pid_t server : servers) CHECK(wait_for(server).exited(0));
  CHECK(found >= wanted);
  CHECK(absent > 0);
  MESSAGE(found << " rings opened, " << absent << " times there was none");
}
