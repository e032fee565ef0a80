// Creating, joining, opening and leaving a ring where a system call fails, or where another process
// comes between two of them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shm/processes.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/producer/faults.h"
#include "tests/unit/producer/steps_server.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kWholeSecond = 1'000'000'000;

}  // namespace

TEST_CASE("StepsCreate: a ring gets its name when everything else of it is there") {
  Server server;
  Steps steps;
  bool early = false;
  steps.at_each([&](const std::string& step) {
    early = early || (server.exists() && step != "create_named");
  });
  auto ring = server.create().segment;
  REQUIRE(ring != nullptr);
  CHECK(steps.take() ==
        "create_sized create_filled join_taken join_entered create_whole create_named ");
  CHECK_FALSE(early);
  std::vector<std::uint32_t> seen;
  steps.at_each([&](const std::string&) {
    seen.push_back(phase_in(ring->processes()[0].standing.load()) == kPhaseEntered ? 1 : 0);
    seen.push_back(ring->header().state.load());
    seen.push_back(server.exists() ? 1 : 0);
  });
  leave(*ring, false);
  CHECK(steps.take() == "leave_left leave_marked leave_closed leave_unnamed ");
  CHECK(seen == std::vector<std::uint32_t>{0, 1, 1, 0, 2, 1, 0, 2, 1, 0, 2, 0});
}

TEST_CASE("StepsCreate: a dead ring is out of the way before the next one is made" *
          doctest::skip(kEmulated)) {
  Server server;
  server.create_dead();
  Steps steps;
  REQUIRE(server.create().segment != nullptr);
  CHECK(steps.take() ==
        "create_cleared create_sized create_filled join_taken join_entered create_whole "
        "create_named ");
  CHECK(server.exists(".previous"));
}

TEST_CASE("StepsCreate: an entry is filled before it says whose it is, and the last one's gauges are gone" *
          doctest::skip(kEmulated)) {
  Server server;
  auto ring = server.create().segment;
  ProcessEntry& entry = ring->processes()[0];
  leave(*ring, true);
  entry.standing.store(standing_of(1, kPhaseEntered));   // as if it had died
  entry.gauges[9].store(180);
  Steps steps;
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string&) {
    seen.insert(seen.end(),
                {entry.standing.load(), static_cast<std::uint64_t>(entry.gauges[9].load())});
  });
  ProcessIdentity self = server.self;
  self.pid = 77;
  CHECK(enter_process(*ring, self).index == 0);
  CHECK(steps.take() == "join_found join_taken join_entered ");
  CHECK(seen == std::vector<std::uint64_t>{standing_of(1, kPhaseEntered), 180,  //
                                           standing_of(1, kPhaseFree), 180,     //
                                           standing_of(2, kPhaseEntered), 0});
  CHECK(entry.pid.load() == 77);
}

TEST_CASE("StepsCreate: a name that can't be looked at is refused with the reason" *
          doctest::skip(kEmulated)) {
  Server server;
  server.create_dead();
  server.faults.fstat.arm(EIO);
  CHECK(server.refusal() == "can't stat: Input/output error");
  server.faults.open.arm(EMFILE, 0, 1, "/ring");
  CHECK(server.refusal() ==
        "is taken and can't be opened: Too many open files\n"
        "  next: find out who created it, or choose another ring name");
  const std::string locked =
      "is held locked by another process\n"
      "  next: find out which (lslocks), end it, or choose another ring name";
  server.faults.flock.arm(ENOLCK);
  CHECK(server.refusal() == locked);
  CHECK(server.failure.error_number == 0);
  CHECK(server.faults.slept_ns == 0);
  // Who holds the lock is waited for, a second in all.
  server.faults.flock.arm(EWOULDBLOCK, 0, 1000);
  CHECK(server.refusal() == locked);
  CHECK(server.faults.slept_ns == kWholeSecond);
  for (const int passing : {EWOULDBLOCK, EINTR}) {
    server.faults.slept_ns = 0;
    server.faults.flock.arm(passing, 0, 3);
    CHECK(server.create_dead());
    CHECK(server.faults.slept_ns == 30'000'000);
  }
}

TEST_CASE("StepsCreate: a name that changes while it is looked at is looked at again" *
          doctest::skip(kEmulated)) {
  Server server;
  server.create();
  server.faults.flock.before([&] { std::filesystem::remove(server.path); });
  CHECK(server.create().segment != nullptr);
  CHECK_FALSE(server.exists(".previous"));
  // Another file stands there after the lock.
  server.faults.flock.before([&] {
    std::filesystem::remove(server.path);
    std::ofstream(server.path) << "somebody's notes";
  });
  CHECK(server.refusal().compare(0, 43, "is taken by a file that is no ring (16 byte") == 0);
  std::filesystem::remove(server.path);
  // It is shorter than it was a moment ago: the header, or lane headers and processes, of which
  // each is read before and after the other.
  for (int part = 0; part < kPartsRead; ++part) {
    CAPTURE(part);
    server.create_dead();
    server.faults.pread.arm(EIO, part);
    CHECK(server.create_dead());
    CHECK(server.faults.pread.calls() == part + 1 + kPartsRead);
  }
  server.faults.pread.arm(EIO, 0, 1000);
  CHECK(server.refusal() ==
        "other servers keep taking this name\n  next: give each server its own ring name");
  CHECK(server.failure.error_number == 0);
  CHECK(server.faults.pread.calls() == 100);
}

TEST_CASE("StepsCreate: a dead ring that can be neither moved nor removed is in the way" *
          doctest::skip(kEmulated)) {
  Server server;
  server.create_dead();
  server.faults.rename.arm(EXDEV);
  server.faults.unlink.arm(EPERM);
  CHECK(server.refusal() ==
        "is an old ring that can't be moved away: Operation not permitted\n  next: remove it");
  CHECK(server.exists());
  server.faults.rename.arm(EXDEV);
  CHECK(server.create_dead());
  CHECK_FALSE(server.exists(".previous"));
  // A closed one is only removed, and is tried once.
  auto ring = server.create().segment;
  leave(*ring, true);
  server.faults.unlink.arm(EPERM);
  CHECK(server.refusal().compare(0, 12, "is an old ri") == 0);
  CHECK(server.faults.unlink.calls() == 1);
}

TEST_CASE("StepsCreate: what a new ring can't have is told") {
  Server server;
  const std::string no_size = "can't size the ring: Input/output error";
  server.faults.fchmod.arm(EIO);
  CHECK(server.refusal() == "can't set the ring's permissions: Input/output error");
  server.options.group = "7";
  server.faults.fchown.arm(EPERM);
  CHECK(server.refusal() ==
        "can't be given to group 7: Operation not permitted\n  next: let the server's user be a "
        "member of that group, or choose one of its own (id -Gn)");
  server.options.group.clear();
  server.faults.ftruncate.arm(EIO);
  CHECK(server.refusal() == no_size);
  server.faults.fallocate.arm(ENOSPC);
  CHECK(server.refusal() ==
        "no memory for the ring: No space left on device\n  next: free space in /dev/shm (df "
        "/dev/shm), or give the container a larger one");
  for (const int error : {EOPNOTSUPP, EINVAL, ENOSYS}) {
    server.faults.fallocate.arm(error);
    const std::string refusal = server.refusal();
    CHECK(refusal.find("its file system can't set room aside for the ring: ") == 0);
    CHECK(refusal.find("\n  next: put the ring on tmpfs (/dev/shm), ext4, xfs or btrfs") !=
          std::string::npos);
  }
  server.faults.fstat.arm(EIO);
  CHECK(server.refusal() == "can't stat: Input/output error");
  server.faults.linkat.arm(EIO);
  CHECK(server.refusal() == "can't give the ring its name: Input/output error");
  CHECK_FALSE(server.exists());
  // No memory for the first process's entry.
  server.faults.madvise.arm(ENOMEM);
  CHECK(server.refusal() ==
        "no memory for the ring: Cannot allocate memory\n  next: free space in /dev/shm (df "
        "/dev/shm), or give the container a larger one");
  server.faults.fallocate.arm(EINTR);
  CHECK(server.create().segment != nullptr);
  CHECK(server.faults.fallocate.calls() == 2);
}

TEST_CASE("StepsCreate: without a mapping there is no ring" *
          doctest::skip(kEmulated)) {
  Server server;
  CHECK(run([&] {
          server.faults.mmap.arm(ENOMEM);
          if (server.refusal() != "can't map: Cannot allocate memory") return 1;
          server.create_dead();
          server.faults.mmap.arm(ENOMEM, 0, 100);   // nor for a copy of the old ring's head
          if (server.refusal().compare(0, 13, "other servers") != 0) return 4;
          server.faults.mmap.arm(ENOMEM);
          SegmentFacts facts;
          facts.creator_pid = 7;
          if (open_segment(server.path, {}, &facts, &server.failure) != nullptr) return 2;
          return facts.creator_pid == 7 ? 0 : 3;
        }).exited(0));
}

TEST_CASE("StepsCreate: without random numbers a ring's instance is its time and its pid") {
  Server server;
  server.faults.getrandom.arm(ENOSYS);
  auto ring = server.create().segment;
  REQUIRE(ring != nullptr);
  CHECK(ring->header().instance[0] ==
        static_cast<std::uint64_t>(ring->header().anchor_realtime_ns));
  CHECK(ring->header().instance[1] == server.self.pid);
}

TEST_CASE("StepsCreate: who is beaten to the name looks at it again") {
  Server server;
  server.faults.linkat.arm(EEXIST);
  Created created = server.create();
  CHECK(created.segment != nullptr);
  CHECK_FALSE(created.joined);
  CHECK(server.faults.linkat.calls() == 2);
  created = {};
  std::filesystem::remove(server.path);
  server.faults.linkat.arm(EEXIST, 0, 1000);
  CHECK(server.refusal() ==
        "other servers keep taking this name\n  next: give each server its own ring name");
  CHECK(server.faults.linkat.calls() == 100);
}

TEST_CASE("StepsCreate: a ring whose server can't be judged is in use") {
  Server server;
  auto ring = server.create().segment;
  ring->header().death_marked = 0;   // the kernel does not mark the dead: /proc is asked
  ring->processes()[0].pid.store(1);
  ring->processes()[0].start_time.store(5);
  server.faults.open.arm(EACCES, 0, 1000, "/1/stat");
  CHECK(server.refusal().compare(0, 22, "is in use by process 1") == 0);
  SegmentFacts facts;
  CHECK(run([&] {
          const auto reader = open_segment(server.path, {}, &facts, &server.failure);
          return segment_liveness(*reader, facts) == Liveness::unknown ? 0 : 1;
        }).exited(0));
}

TEST_CASE("StepsCreate: joining fails with its reason, and goes on where the ring is gone") {
  Server server;
  server.options.share = true;
  auto ring = server.create().segment;
  REQUIRE(ring != nullptr);
  const std::uint64_t instance = ring->header().instance[0];
  const std::string name = "/ring";
  // The first look at the name opens it, joining opens it again.
  server.faults.open.arm(EACCES, 1, 1, name);
  CHECK(server.refusal() == "can't be joined: Permission denied");
  server.faults.fstat.arm(EIO, 1);
  CHECK(server.refusal() == "can't be joined: Input/output error");
  server.faults.flock.arm(ENOLCK, 1);
  CHECK(server.refusal() == "can't be joined: No locks available");
  server.faults.flock.before([&] { ring->header().layout_version = 9; }, 1);
  CHECK(server.refusal().compare(0, 16, "layout version 9") == 0);
  ring->header().layout_version = kLayoutVersion;
  // It was gone for a moment. At the second look it is there.
  server.faults.open.arm(ENOENT, 1, 1, name);
  Created joined = server.create();
  REQUIRE(joined.segment != nullptr);
  CHECK(joined.joined);
  CHECK(joined.segment->header().instance[0] == instance);
  leave_segment(*joined.segment, joined.place, false);
  // Its last process left meanwhile: it is closed, or its name is.
  server.faults.flock.before([&] { ring->header().state.store(kSegmentClosed); }, 1);
  joined = server.create();
  REQUIRE(joined.segment != nullptr);
  CHECK_FALSE(joined.joined);
  CHECK(joined.segment->header().instance[0] != instance);
  joined = {};
  std::filesystem::remove(server.path);
  ring = server.create().segment;
  server.faults.flock.before([&] { std::filesystem::remove(server.path); }, 1);
  joined = server.create();
  REQUIRE(joined.segment != nullptr);
  CHECK_FALSE(joined.joined);
}

TEST_CASE("StepsCreate: who leaves without the file's lock closes the ring and leaves its name") {
  Server server;
  const auto left_with = [&](Fault& fault) {
    auto ring = server.create().segment;
    REQUIRE(ring != nullptr);
    fault.arm(EIO);
    leave(*ring, false);
    CHECK(ring->header().state.load() == kSegmentClosed);
    CHECK(server.exists());
  };
  left_with(server.faults.open);
  left_with(server.faults.fstat);
  left_with(server.faults.flock);
}

TEST_CASE("StepsCreate: a name that became another file's while the ring was closed stays") {
  Server server;
  auto ring = server.create().segment;
  Steps steps;
  steps.at_each([&](const std::string& step) {
    if (step != "leave_closed") return;
    std::filesystem::remove(server.path);
    std::ofstream(server.path) << "notes";
  });
  leave(*ring, false);
  CHECK(server.exists());
}

TEST_CASE("StepsCreate: opening a file that can't be looked at, or shrinks, is refused") {
  Server server;
  server.create();
  const auto why = [&] {
    SegmentFacts facts;
    const auto segment = open_segment(server.path, {}, &facts, &server.failure);
    return segment == nullptr ? server.failure.message.substr(server.path.size() + 2) : "";
  };
  server.faults.fstat.arm(EIO);
  CHECK(why() == "can't stat: Input/output error");
  server.faults.pread.arm(EIO);
  CHECK(why() == "was cut off while it was opened\n  next: try again");
  CHECK(server.failure.error_number == 0);
}

TEST_CASE("StepsCreate: while an entry is taken, the dead process that had it stays dead" *
          doctest::skip(kEmulated)) {
  Server server;
  auto ring = server.create().segment;
  in_another_thread([&] {
    CHECK(enter_process(*ring, server.self).index == 1);
    ring->processes()[1].gauges[9].store(180);
  });
  Steps steps;
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string&) {
    const ProcessesLook look = look_at_processes(*ring, true);
    seen.insert(seen.end(), {look.died, static_cast<std::uint64_t>(gauge_value(*ring, look, 9))});
  });
  CHECK(enter_process(*ring, server.self).index == 1);
  CHECK(steps.take() == "join_found join_taken join_entered ");
  CHECK(seen == std::vector<std::uint64_t>{1, 0, 1, 0, 1, 0});
}
