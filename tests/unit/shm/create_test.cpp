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
#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/replaced.h"
#include "tests/support/under.h"
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
  CHECK(header.layout_version == 2);
  CHECK(header.byte_order == 0x01020304);
  CHECK(header.word_bits == 64);
  CHECK(header.creator_pid == self.pid);
  CHECK(header.creator_start_time == self.start_time);
  CHECK(header.segment_bytes == 3'121'152);
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
  CHECK(std::string(header.file_name) == "ring");
  CHECK(header.state.load() == kSegmentReady);
  CHECK(header.death_marked == (kEmulated ? 0 : 1));
  CHECK(created.place.index == 0);
  CHECK(created.place.entered == 1);
  CHECK(header.processes_used.load() == 1);
  CHECK(created.segment->processes()[0].pid.load() == self.pid);
  CHECK(created.segment->processes()[0].start_time.load() == self.start_time);
  CHECK(created.segment->processes()[0].lock.holder() == Holder::alive);
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
  CHECK(info.st_size == 3'121'152);
  CHECK(created.segment->inode() == info.st_ino);
  // Everything up to the processes has its memory, and the first of them: 151 552 bytes and a page.
  CHECK(info.st_blocks * 512 >= 167'936 + 4096);
  CHECK(info.st_blocks * 512 < 167'936 + 2 * 4096);
}

TEST_CASE("Create: a file's name stands in the header, whole or not at all") {
  for (const std::size_t length : {1, 75, 76, 255}) {
    CAPTURE(length);
    Place place;
    const std::string name(length, 'n');
    place.options.path = place.dir.file(name);
    const Created created = place.create();
    REQUIRE(created.segment != nullptr);
    CHECK(std::string(created.segment->header().file_name) == (length < 76 ? name : ""));
  }
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

TEST_CASE("Create: nobody but the server's user may write a ring") {
  Place place;
  for (const unsigned mode : {0660U, 0602U, 0622U}) {
    CAPTURE(mode);
    place.options.mode = mode;
    char text[8];
    std::snprintf(text, sizeof text, "%04o", mode);
    CHECK(place.refusal() == "mode " + std::string(text) +
                                 " lets others write, who could then harm this server\n"
                                 "  next: give them the right to read alone, e.g. 0640");
    CHECK_FALSE(place.exists());
  }
  place.options.mode = 0644;
  const Created ring = place.create();
  REQUIRE(ring.segment != nullptr);
  place.options.share = true;
  for (const mode_t mode : {mode_t{0664}, mode_t{0646}}) {
    REQUIRE(chmod(place.options.path.c_str(), mode) == 0);
    CHECK(place.refusal() ==
          "can be written by others, who could harm this process\n"
          "  next: take that right away (chmod go-w), or choose another ring name");
  }
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
        "  next: if its server has ended, remove it (sudo rm " +
            place.options.path +
            "); else choose another ring name, or a folder of this user's own");
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
          if (place.create().segment == nullptr) return 1;
          return access("/ring", F_OK) == 0 && access("/.ring.new", F_OK) != 0 ? 0 : 2;
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
  CHECK(second.place.index == 1);
  CHECK(second.segment->processes()[0].pid.load() == init().pid);
  CHECK(second.segment->processes()[1].pid.load() == our_pid());
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

TEST_CASE("Create: who can't be entered among the processes does not join") {
  Place place;
  const Created first = place.create();
  place.options.share = true;
  Held stopped([&] { CHECK(first.segment->header().registry.take() == Holder::none); });
  CHECK(place.refusal() ==
        "can't be joined: 4096 processes write it, memory is full, or one of them is stopped while "
        "it registers something\n"
        "  next: give this process a ring of its own, or see `ringside inspect`");
  CHECK(place.failure.error_number == 0);
}

TEST_CASE("Create: a dead server's ring is moved aside, over an older one" *
          doctest::skip(kEmulated)) {
  Place place;
  for (int round = 0; round < 2; ++round) {
    const Created dead = place.create_dead();
    REQUIRE(dead.segment != nullptr);
    const std::uint64_t instance = dead.segment->header().instance[0];
    const Created fresh = place.create();
    REQUIRE(fresh.segment != nullptr);
    CHECK(fresh.segment->header().instance[0] != instance);
    SegmentFacts facts;
    Failure failure;
    REQUIRE(open_segment(place.options.path + ".previous", {}, &facts, &failure) != nullptr);
    CHECK(facts.instance[0] == instance);
    leave_segment(*fresh.segment, fresh.place, false);
    CHECK_FALSE(place.exists());
  }
}

TEST_CASE("Create: where the dead ring can't be moved to, its records are given up" *
          doctest::skip(kEmulated)) {
  Place place;
  REQUIRE(place.create_dead().segment != nullptr);
  std::filesystem::create_directory(place.options.path + ".previous");
  CHECK(place.create().segment != nullptr);
  CHECK(std::filesystem::is_directory(place.options.path + ".previous"));
}

TEST_CASE("Create: a closed ring is removed and not kept, though its server still runs") {
  Place place;
  const Created first = place.create();
  leave(*first.segment, true);
  CHECK(place.exists());
  CHECK(first.segment->header().state.load() == kSegmentClosed);
  CHECK(phase_in(first.segment->processes()[0].standing.load()) == kPhaseLeft);
  CHECK(first.segment->processes()[0].lock.holder() == Holder::none);
  // Somebody forgot to leave. What is closed is closed.
  CHECK(enter_process(*first.segment, init()).somewhere());
  const Created second = place.create();
  REQUIRE(second.segment != nullptr);
  CHECK(second.segment->header().instance[0] != first.segment->header().instance[0]);
  CHECK_FALSE(place.exists(".previous"));
}

TEST_CASE("Create: a ring of another boot is dead, and a pid namespace decides nothing") {
  Place place;
  Created other = place.create();
  for (const std::uint64_t home : {0, 1}) {
    other.segment->header().pid_namespace = home;
    CHECK(place.refusal().compare(0, 20, "is in use by process") == 0);
  }
  // A lock of another boot is a number in a file.
  other.segment->header().boot_id[0] ^= 1;
  CHECK(place.create().segment != nullptr);
}

TEST_CASE("Create: a ring of another version is left while its creator lives, and moved when not") {
  Place place;
  const Created other = place.create(init());
  other.segment->header().layout_version = 3;
  CHECK(place.refusal().compare(0, 16, "layout version 3") == 0);
  other.segment->header().creator_pid = nobody().pid;
  CHECK(place.create().segment != nullptr);
  CHECK(place.exists(".previous"));
}

TEST_CASE("Create: a process that became another program by exec left its ring to the next" *
          doctest::skip(kEmulated)) {
  Place place;
  const Replaced child(CallsExec::first_thread, [&] { place.create(); });
  CHECK(place.create().segment != nullptr);   // its pid and start time are the same as before
  CHECK(place.exists(".previous"));
}

TEST_CASE("Create: a second copy of the library in one process neither takes nor closes the ring") {
  Place place;
  const Created first = place.create();
  CHECK(place.refusal().compare(0, 20, "is in use by process") == 0);
  place.options.share = true;
  const Created second = place.create();
  REQUIRE(second.joined);
  CHECK(second.place.index == 1);
  leave_segment(*second.segment, second.place, false);
  CHECK(first.segment->header().state.load() == kSegmentReady);
  CHECK(place.exists());
  leave_segment(*first.segment, first.place, false);
  CHECK(first.segment->header().state.load() == kSegmentClosed);
  CHECK_FALSE(place.exists());
}

TEST_CASE("Create: an old ring that is cut off is refused" * doctest::skip(kEmulated)) {
  Place place;
  in_another_thread([&] { place.create(); });
  REQUIRE(truncate(place.options.path.c_str(), 100'000) == 0);   // header, and half of the names
  CHECK(place.refusal().find("is cut off: 100000 bytes") != std::string::npos);
}
