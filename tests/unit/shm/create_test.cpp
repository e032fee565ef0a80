// Creating a ring and joining one: the header to the byte, and every answer word for word.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "shm/clock.h"
#include "tests/unit/shm/place.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Create: a fresh header says who made the ring, when, and what it is") {
  Place place;
  place.options.program = std::string(60, 'p');
  place.options.mode = 0640;
  const Instant before = read_instant();
  const Created created = place.create();
  const Instant after = read_instant();
  REQUIRE(created.segment != nullptr);
  CHECK_FALSE(created.joined);
  const SegmentHeader& header = created.segment->header();
  const ProcessIdentity self = self_identity();
  CHECK(std::memcmp(&header, "RINGSIDE", 8) == 0);
  CHECK(header.layout_version == 1);
  CHECK(header.byte_order == 0x01020304);
  CHECK(header.word_bits == 64);
  CHECK(header.creator_pid == self.pid);
  CHECK(header.creator_start_time == self.start_time);
  CHECK(header.segment_bytes == 188'416);
  CHECK(header.lane_count == 2);
  CHECK(header.lane_capacity == 128);
  CHECK(header.overflow_capacity == 64);
  const ClockChoice clock = choose_clock();
  CHECK(header.clock_kind == static_cast<std::uint32_t>(clock.kind));
  CHECK(header.ticks_per_second == clock.ticks_per_second);
  CHECK(header.instance[0] != 0);
  CHECK(header.instance[1] > 0xffffffff);  // random, not a pid
  const BootId boot = current_boot_id();
  CHECK(header.boot_id[0] == boot.words[0]);
  CHECK(header.boot_id[1] == boot.words[1]);
  CHECK(header.pid_namespace == self.pid_namespace);
  CHECK(header.anchor_monotonic_ns >= before.monotonic_ns);
  CHECK(header.anchor_monotonic_ns <= after.monotonic_ns);
  CHECK(header.anchor_realtime_ns >= before.realtime_ns);
  CHECK(header.anchor_realtime_ns <= after.realtime_ns);
  TickScale scale(clock.kind, clock.ticks_per_second, 0, 0);
  CHECK(header.anchor_ticks >= scale.ticks_at(before));
  CHECK(header.anchor_ticks <= scale.ticks_at(after));
  CHECK(std::string(header.program) == std::string(47, 'p'));
  CHECK(header.state.load() == kSegmentReady);
  CHECK(header.processes[0].pid.load() == self.pid);
  CHECK(header.processes[0].start_time.load() == self.start_time);
  for (int i = 1; i < 32; ++i) CHECK(header.processes[i].pid.load() == 0);
  const Control& control = created.segment->control();
  CHECK(control.enabled.load() == 1);
  for (std::uint32_t id = 0; id < 512; ++id) {
    CAPTURE(id);
    CHECK(control.effective[id].load() == (id < 320 ? 1 : 0));
    CHECK(control.requested[id].load() == (id < 320 ? 1 : 0));
  }
  struct stat info {};
  REQUIRE(stat(place.options.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  CHECK(info.st_size == 188'416);
  CHECK(created.segment->inode() == info.st_ino);
  // Everything up to the first lane has its memory: 118 784 bytes, and no lane has.
  CHECK(info.st_blocks * 512 >= 118'784);
  CHECK(info.st_blocks * 512 < 118'784 + 4096);
}

TEST_CASE("Create: a setup that no ring can have is refused with what it may have") {
  Place place;
  place.options.geometry = {0, 100, 64};
  CHECK(place.refusal() ==
        "0 lanes of 100 records (overflow 64): expected 1 to 4096 lanes, and capacities that are "
        "powers of two from 64 to 1048576, 4 GiB in all\n  next: correct the setup");
  CHECK(place.failure.error_number == 0);
  CHECK_FALSE(place.exists());
}

TEST_CASE("Create: what has the name and is no ring is refused word for word, and stays") {
  Place place;
  const std::string next = "\n  next: remove it, or choose another ring name";
  std::ofstream(place.options.path) << std::string(1023, 'x');
  CHECK(place.refusal() == "is taken by a file that is no ring (1023 bytes)" + next);
  CHECK(place.failure.error_number == 0);
  std::ofstream(place.options.path) << std::string(1024, 'x');
  CHECK(place.refusal() == "is taken by a file that is no ring" + next);
  CHECK(place.failure.error_number == 0);
  CHECK(std::filesystem::file_size(place.options.path) == 1024);
  std::filesystem::remove(place.options.path);
  std::filesystem::create_directory(place.options.path);
  CHECK(place.refusal() ==
        "is taken and can't be opened: Is a directory\n"
        "  next: find out who created it, or choose another ring name");
  std::filesystem::remove(place.options.path);
  REQUIRE(mkfifo(place.options.path.c_str(), 0600) == 0);
  CHECK(place.refusal() ==
        "is taken by something that is no regular file\n"
        "  next: find out who created it, or choose another ring name");
  CHECK(place.failure.error_number == 0);
  std::filesystem::remove(place.options.path);
  std::filesystem::create_symlink("elsewhere", place.options.path);
  CHECK(place.refusal() == "is a symbolic link, which is not followed\n  next: remove the link");
  CHECK(place.failure.error_number == 0);
}

TEST_CASE("Create: another user's ring is refused, whoever made it") {
  if (geteuid() != 0) return;  // only root can give files away
  Place place;
  place.create();
  REQUIRE(chown(place.options.path.c_str(), 65'534, 65'534) == 0);
  CHECK(place.refusal() ==
        "is taken by user 65534, expected user 0\n"
        "  next: find out who created it, or choose another ring name");
  CHECK(place.failure.error_number == 0);
}

TEST_CASE("Create: a path without a folder that exists is refused, and one in the root is not") {
  Place place;
  place.options.path = place.dir.file("no/ring");
  CHECK(place.create().segment == nullptr);
  CHECK(
      place.failure.message ==
      place.dir.file("no") +
          ": can't create a ring there: No such file or directory\n"
          "  next: check that the folder exists, is writable, and is on tmpfs, ext4, xfs or btrfs");
  if (geteuid() != 0) return;
  // The folder of a file in the root is the root.
  CHECK(run([&] {
          if (chroot(place.dir.path().c_str()) != 0 || chdir("/") != 0) return 0;
          mkdir("/proc", 0700);
          place.options.path = "/ring";
          if (place.create().segment != nullptr) return 1;
          // Without /proc a nameless file gets no name. That is as far as it gets here.
          return place.failure.message ==
                         "/ring: can't give the ring its name: No such file or directory"
                     ? 0
                     : 2;
        }).exited(0));
}

TEST_CASE("Create: a living server's ring is refused with its pid, and shared by who wants to") {
  Place place;
  const Created first = place.create(init());
  REQUIRE(first.segment != nullptr);
  CHECK(place.refusal() == std::string("is in use by process 1") +
                               "\n  next: give this server another ring name, or let both share it "
                               "(Setup::share)");
  CHECK(place.failure.error_number == 0);
  place.options.share = true;
  const Created second = place.create();
  REQUIRE(second.segment != nullptr);
  CHECK(second.joined);
  CHECK(second.segment->header().processes[0].pid.load() == init().pid);
  CHECK(second.segment->header().processes[1].pid.load() == self_identity().pid);
  CHECK(second.segment->header().processes[1].start_time.load() == self_identity().start_time);
  second.segment->lane_header(0).torn.store(9);  // what is joined can be written
  CHECK(first.segment->lane_header(0).torn.load() == 9);
  for (const Geometry& geometry :
       {Geometry{3, 128, 64}, Geometry{2, 64, 64}, Geometry{2, 128, 128}}) {
    place.options.geometry = geometry;
    CHECK(place.refusal() ==
          "has 2 lanes of 128 records, this process asks for " +
              std::to_string(geometry.lane_count) + " of " +
              std::to_string(geometry.lane_capacity) +
              "\n  next: let all processes that share a ring use the same setup");
    CHECK(place.failure.error_number == 0);
  }
}

TEST_CASE("Create: a ring has 32 places for processes, and a dead one's is given on") {
  Place place;
  const Created first = place.create(init());
  REQUIRE(first.segment != nullptr);
  ProcessSlot* places = first.segment->header().processes;
  for (std::uint32_t i = 1; i < 32; ++i) {
    places[i].start_time.store(init().start_time);
    places[i].pid.store(init().pid);
  }
  place.options.share = true;
  CHECK(place.refusal() ==
        "already written by 32 processes\n  next: give some of them a ring of their own");
  CHECK(place.failure.error_number == 0);
  CHECK_FALSE(enter_process(*first.segment, self_identity()));
  // A free place is taken before a dead one's.
  places[20].pid.store(nobody().pid);
  places[25].pid.store(0);
  places[25].start_time.store(0);
  CHECK(enter_process(*first.segment, self_identity()));
  CHECK(places[25].pid.load() == self_identity().pid);
  CHECK(places[25].start_time.load() == self_identity().start_time);
  CHECK(places[20].pid.load() != self_identity().pid);
  // Who stands there already takes no second place.
  CHECK(enter_process(*first.segment, self_identity()));
  CHECK(places[20].pid.load() != self_identity().pid);
  // The same pid with another start time is another process.
  places[25].start_time.store(self_identity().start_time + 1);
  CHECK(enter_process(*first.segment, self_identity()));
  CHECK(places[20].pid.load() == self_identity().pid);
  CHECK(places[20].start_time.load() == self_identity().start_time);
}

TEST_CASE("Create: pid 1 and pid 2 hold a place like any other process") {
  Place place;
  const Created first = place.create(init());
  ProcessSlot* places = first.segment->header().processes;
  for (std::uint32_t i = 0; i < 32; ++i) {
    places[i].start_time.store(0);
    places[i].pid.store(1);
  }
  CHECK_FALSE(enter_process(*first.segment, self_identity()));
  CHECK(places[0].pid.load() == 1);
  CHECK(place.refusal() ==
        "is in use by process 1\n  next: give this server another ring name, or let both share it "
        "(Setup::share)");
}

TEST_CASE("Create: a dead server's ring is moved aside, over an older one") {
  Place place;
  for (int round = 0; round < 2; ++round) {
    const Created dead = place.create(nobody());
    REQUIRE(dead.segment != nullptr);
    const std::uint64_t instance = dead.segment->header().instance[0];
    const Created fresh = place.create();
    REQUIRE(fresh.segment != nullptr);
    CHECK(fresh.segment->header().instance[0] != instance);
    SegmentFacts facts;
    Failure failure;
    REQUIRE(open_segment(place.options.path + ".previous", {}, &facts, &failure) != nullptr);
    CHECK(facts.instance[0] == instance);
    leave_segment(*fresh.segment, self_identity(), false);
    CHECK_FALSE(place.exists());
  }
}

TEST_CASE("Create: where the dead ring can't be moved to, its records are given up") {
  Place place;
  REQUIRE(place.create(nobody()).segment != nullptr);
  std::filesystem::create_directory(place.options.path + ".previous");
  CHECK(place.create().segment != nullptr);
  CHECK(std::filesystem::is_directory(place.options.path + ".previous"));
}

TEST_CASE("Create: a closed ring is removed and not kept, though its server still runs") {
  Place place;
  const Created first = place.create();
  leave_segment(*first.segment, self_identity(), true);
  CHECK(place.exists());
  CHECK(first.segment->header().state.load() == kSegmentClosed);
  CHECK(first.segment->header().processes[0].pid.load() == 0);
  CHECK(first.segment->header().processes[0].start_time.load() == 0);
  // Somebody forgot to leave. What is closed is closed.
  first.segment->header().processes[3].start_time.store(init().start_time);
  first.segment->header().processes[3].pid.store(init().pid);
  const Created second = place.create();
  REQUIRE(second.segment != nullptr);
  CHECK(second.segment->header().instance[0] != first.segment->header().instance[0]);
  CHECK_FALSE(place.exists(".previous"));
}

TEST_CASE("Create: a ring of another boot is dead, and one of another pid namespace is not ours") {
  Place place;
  Created other = place.create();
  other.segment->header().pid_namespace += 1;
  CHECK(place.refusal() ==
        "belongs to a server in another pid namespace, which can't be seen from here\n"
        "  next: give each container a ring name or a /dev/shm of its own, or remove the file");
  CHECK(place.failure.error_number == 0);
  other.segment->header().pid_namespace = 1;
  CHECK_FALSE(place.refusal().empty());
  // Not known is not another.
  other.segment->header().pid_namespace = 0;
  CHECK(place.refusal().compare(0, 20, "is in use by process") == 0);
  // After a reboot a pid says nothing.
  other.segment->header().pid_namespace = 1;
  other.segment->header().boot_id[0] ^= 1;
  CHECK(place.create().segment != nullptr);
}

TEST_CASE("Create: a ring of another version is left while its creator lives, and moved when not") {
  Place place;
  const Created other = place.create(init());
  other.segment->header().layout_version = 2;
  CHECK(place.refusal().compare(0, 16, "layout version 2") == 0);
  other.segment->header().creator_pid = nobody().pid;
  CHECK(place.create().segment != nullptr);
  CHECK(place.exists(".previous"));
}

TEST_CASE("Create: a process that became another program by exec is not its own living server") {
  Place place;
  {
    const Created before = place.create();
      CHECK_FALSE(place.refusal().empty());  // it is in use by us
  }
  // The mapping is gone, as after execv(); pid and start time are the same.
  CHECK(place.create().segment != nullptr);
  CHECK(place.exists(".previous"));
  // Another process with the same start time is not us.
  TempDir dir;
  place.options.path = dir.file("ring");
  ProcessIdentity twin = init();
  const ProcessIdentity self = self_identity();
  place.create(twin);
  CHECK(place.refusal({self.pid, twin.start_time, self.pid_namespace})
            .compare(0, 20, "is in use by process") == 0);
}
