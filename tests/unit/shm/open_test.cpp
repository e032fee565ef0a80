// Opening a ring: every refusal word for word, every fact of a header.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include "shm/segment_check.h"
#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/shm/left_ring.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr char kNameARing[] =
    "\n  next: name a ring that a traced server has created (`ringside list` shows them)";

}  // namespace

TEST_CASE("Open: a ring's name has 1 to 64 plain characters, or it is a path") {
  Failure failure;
  failure.error_number = 7;
  const std::string longest(64, 'z');
  CHECK(ring_path(longest, &failure) == "/dev/shm/ringside." + longest);
  CHECK(ring_path("AZaz09._-", &failure) == "/dev/shm/ringside.AZaz09._-");
  CHECK(failure.error_number == 7);
  CHECK(ring_path(longest + "z", &failure).empty());
  CHECK(failure.error_number == 0);
  CHECK(failure.message == "ring name '" + longest +
                               "z': expected 1 to 64 letters, digits, '.', '_' or '-', or a path "
                               "with a '/'\n  next: choose another name, e.g. chat");
  for (const char* bad : {"", "a b", "\xc3\xa4", "a\n", "a:b"}) {
    failure.message.clear();
    CHECK(ring_path(bad, &failure).empty());
    CHECK_FALSE(failure.message.empty());
  }
  CHECK(ring_path(std::string(200, 'x') + "/", &failure) == std::string(200, 'x') + "/");
  CHECK(previous_path("/a/b") == "/a/b.previous");
}

TEST_CASE("Open: a failed call is told with what it was for and what to do") {
  const Failure plain = system_failure("/a", "can't open", ENOENT);
  CHECK(plain.message == "/a: can't open: No such file or directory");
  CHECK(plain.error_number == ENOENT);
  const Failure next = system_failure("/a", "can't open", EACCES, "ask");
  CHECK(next.message == "/a: can't open: Permission denied\n  next: ask");
  CHECK(next.error_number == EACCES);
}

TEST_CASE("Open: every reason why a header is refused is told word for word") {
  LeftRing ring;
  CHECK(ring.why().empty());
  const auto refused = [&](const std::function<void(SegmentHeader&)>& edit) {
    const LeftRing fresh;
    fresh.change(edit);
    return fresh.why();
  };
  CHECK(refused([](SegmentHeader& h) { h.magic ^= 1; }) ==
        std::string("is no ring: its first bytes are not RINGSIDE") + kNameARing);
  const std::string other_machine =
      "was written by a machine of another byte order or word size\n"
      "  next: inspect it on the kind of machine that wrote it";
  CHECK(refused([](SegmentHeader& h) { h.byte_order = 0x04030201; }) == other_machine);
  CHECK(refused([](SegmentHeader& h) { h.word_bits = 32; }) == other_machine);
  CHECK(refused([](SegmentHeader& h) { h.layout_version = 1; }) ==
        "layout version 1, this program reads 2\n  next: restart the server with the current "
        "library, or inspect with the ringside it was built with");
  CHECK(refused([](SegmentHeader& h) { h.layout_version = 3; }) ==
        "layout version 3, this program reads 2\n  next: use the newer ringside that the server "
        "was built with");
  CHECK(refused([](SegmentHeader& h) { h.lane_count = 0; }) ==
        "its header is damaged: 0 lanes of 128 and 64 records don't make 3121152 bytes\n"
        "  next: remove the file, or restart its server");
  CHECK(refused([](SegmentHeader& h) { ++h.segment_bytes; }) ==
        "its header is damaged: 2 lanes of 128 and 64 records don't make 3121153 bytes\n"
        "  next: remove the file, or restart its server");
  CHECK(refused([](SegmentHeader& h) { h.clock_kind = 4; }) ==
        "its clock is of an unknown kind (4)\n  next: remove the file, or restart its server");
}

TEST_CASE("Open: a ring is whole to its last byte, or it is cut off") {
  const LeftRing ring;
  const auto cut = [&](off_t bytes) {
    REQUIRE(truncate(ring.path.c_str(), bytes) == 0);
    return ring.why();
  };
  CHECK(cut(3'121'153).empty());  // what stands behind it does no harm
  CHECK(cut(3'121'152).empty());
  CHECK(cut(3'121'151) ==
        "is cut off: 3121151 bytes, its header says 3121152\n"
        "  next: remove the file, or restart its server");
  CHECK(cut(1024) ==
        "is cut off: 1024 bytes, its header says 3121152\n"
        "  next: remove the file, or restart its server");
  CHECK(cut(1023) == std::string("is no ring: only 1023 bytes") + kNameARing);
  HeaderBytes header;
  const int fd = open(ring.path.c_str(), O_RDONLY);
  CHECK_FALSE(read_header(fd, &header));
  close(fd);
}

TEST_CASE("Open: files that are none, links and other things are refused word for word") {
  LeftRing ring;
  const std::string file = ring.path;
  ring.path = ring.dir.file("none");
  CHECK(ring.why() == std::string("can't open: No such file or directory") + kNameARing);
  ring.path = file + "/below";
  CHECK(ring.why() == "can't open: Not a directory");
  ring.path = ring.dir.file("link");
  REQUIRE(symlink(file.c_str(), ring.path.c_str()) == 0);
  CHECK(ring.why() ==
        "is a symbolic link, which is not followed\n  next: name the ring's own file");
  ring.path = ring.dir.path();
  CHECK(ring.why() == std::string("is no ring: not a regular file") + kNameARing);
}

TEST_CASE("Open: the facts of a header are those that stand in it") {
  const LeftRing ring;
  ring.change([](SegmentHeader& h) {
    h.creator_pid = 101;
    h.creator_start_time = 102;
    h.clock_kind = 3;
    h.instance[0] = 103;
    h.instance[1] = 104;
    h.boot_id[0] = 105;
    h.boot_id[1] = 106;
    h.pid_namespace = 107;
    h.ticks_per_second = 1'000'000'000'000;
    h.anchor_ticks = 108;
    h.anchor_monotonic_ns = 109;
    h.anchor_realtime_ns = 110;
    std::memset(h.program, 'p', sizeof h.program);  // has no end of its own
    std::memset(h.file_name, 'f', sizeof h.file_name);
  });
  SegmentFacts facts = ring.facts();
  CHECK(facts.creator_pid == 101);
  CHECK(facts.creator_start_time == 102);
  CHECK(facts.clock == ClockKind::cntvct);
  CHECK(facts.instance[0] == 103);
  CHECK(facts.instance[1] == 104);
  CHECK(facts.boot_id.words[0] == 105);
  CHECK(facts.boot_id.words[1] == 106);
  CHECK(facts.pid_namespace == 107);
  CHECK(facts.ticks_per_second == 1'000'000'000'000);
  CHECK(facts.anchor_ticks == 108);
  CHECK(facts.anchor_monotonic_ns == 109);
  CHECK(facts.anchor_realtime_ns == 110);
  CHECK(facts.program == std::string(48, 'p'));
  CHECK(facts.file_name == std::string(76, 'f'));
  CHECK(facts.geometry.lane_count == 2);
  CHECK(facts.geometry.lane_capacity == 128);
  CHECK(facts.geometry.overflow_capacity == 64);
  // No counter runs faster than 1 THz: the rate counts as unknown.
  ring.change([](SegmentHeader& h) { ++h.ticks_per_second; });
  CHECK(ring.facts().ticks_per_second == 0);
}

TEST_CASE("Open: a refused header still says who made it, as soon as it is a ring's") {
  const LeftRing ring;
  HeaderBytes bytes;
  const int fd = open(ring.path.c_str(), O_RDONLY);
  REQUIRE(read_header(fd, &bytes));
  close(fd);
  auto& header = *reinterpret_cast<SegmentHeader*>(bytes.bytes);
  header.creator_pid = 5;
  header.creator_start_time = 6;
  const auto checked = [&](std::uint64_t file_bytes) {
    SegmentFacts facts;
    Failure failure;
    const bool good = check_header(bytes.bytes, file_bytes, "x", &facts, &failure);
    CHECK(good == failure.message.empty());
    return std::make_pair(good, facts.creator_pid * 10 + facts.creator_start_time);
  };
  CHECK(checked(3'121'152) == std::make_pair(true, std::uint64_t{56}));
  CHECK(checked(3'121'151) == std::make_pair(false, std::uint64_t{56}));
  const auto damaged = [&](auto& field) {
    const auto before = field;
    field = 0;
    CHECK(checked(3'121'152) == std::make_pair(false, std::uint64_t{56}));
    field = before;
  };
  damaged(header.byte_order);
  damaged(header.layout_version);
  damaged(header.lane_count);
  damaged(header.clock_kind);
  header.magic = 0;
  CHECK(checked(3'121'152) == std::make_pair(false, std::uint64_t{0}));
}

TEST_CASE("Open: a reader's mapping is read-only, and one for control is not") {
  const LeftRing ring;
  SegmentFacts facts;
  Failure failure;
  OpenOptions options;
  options.writable = true;
  auto control = open_segment(ring.path, options, &facts, &failure);
  REQUIRE(control != nullptr);
  control->control().enabled.store(0);
  CHECK(open_segment(ring.path, {}, &facts, &failure)->control().enabled.load() == 0);
  struct stat info {};
  REQUIRE(stat(ring.path.c_str(), &info) == 0);
  CHECK(control->inode() == info.st_ino);
  CHECK(control->path() == ring.path);
}

TEST_CASE("Open: a ring of an earlier boot keeps its wall times, and one of this boot its anchor") {
  SegmentFacts facts;
  facts.anchor_realtime_ns = 1000;
  facts.anchor_monotonic_ns = 77;
  const Instant now{50, 5000, 0};
  CHECK_FALSE(move_to_this_boot(&facts, now));  // the boot is not known
  facts.boot_id = current_boot_id();
  CHECK_FALSE(move_to_this_boot(&facts, now));
  CHECK(facts.anchor_monotonic_ns == 77);
  facts.boot_id.words[0] ^= 1;
  CHECK(move_to_this_boot(&facts, now));
  // This boot began at 4950, so the ring began 3950 before it.
  CHECK(facts.anchor_monotonic_ns == -3950);
}

TEST_CASE("Open: a scale has the ring's rate, and only a past boot's unknown one is measured") {
  const Instant now = read_instant();
  SegmentFacts facts;
  facts.boot_id = current_boot_id();
  facts.clock = ClockKind::tsc;
  facts.ticks_per_second = 2'000'000'000;
  facts.anchor_ticks = now.ticks;
  facts.anchor_monotonic_ns = now.monotonic_ns;
  facts.anchor_realtime_ns = now.realtime_ns;
  SegmentFacts own = facts;
  TickScale scale = scale_of(&own, {now.monotonic_ns + 500, now.realtime_ns, now.ticks + 900});
  CHECK(scale.ticks_per_second() == 2e9);
  // The scale was synced: its anchor is that instant.
  CHECK(scale.monotonic_ns(now.ticks + 900) == now.monotonic_ns + 500);
  SegmentFacts past = facts;
  past.boot_id.words[0] ^= 1;
  scale = scale_of(&past, {now.monotonic_ns + 500, now.realtime_ns + 500, now.ticks + 900});
  CHECK(scale.ticks_per_second() == 2e9);
  // Frozen at the ring's own anchor.
  CHECK(scale.monotonic_ns(now.ticks) == past.anchor_monotonic_ns);
  SegmentFacts measured = facts;
  measured.boot_id.words[0] ^= 1;
  measured.ticks_per_second = 0;
  scale = scale_of(&measured, now);
  const Instant later = read_instant();
  if (choose_clock().kind != ClockKind::tsc) {
    CHECK(scale.ticks_per_second() ==
          doctest::Approx(static_cast<double>(later.ticks - now.ticks) * 1e9 /
                          static_cast<double>(later.monotonic_ns - now.monotonic_ns))
              .epsilon(0.02));
  }
  SegmentFacts nanoseconds = facts;
  nanoseconds.clock = ClockKind::monotonic;
  CHECK(scale_of(&nanoseconds, now).ticks_per_second() == 1e9);
}

TEST_CASE("Open: a ring lives as long as any of its processes does" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(dir.file("ring"), {}, &facts, &failure);
  REQUIRE(reader != nullptr);
  CHECK(segment_liveness(*reader, facts) == Liveness::alive);
  SegmentFacts other = facts;
  other.boot_id.words[1] ^= 1;
  CHECK(segment_liveness(*reader, other) == Liveness::dead);
  // Whose pid namespace it is says nothing.
  other = facts;
  ++other.pid_namespace;
  CHECK(segment_liveness(*reader, other) == Liveness::alive);
  ProcessPlace second;
  {
    Held another([&] { second = enter_process(*ring, self_identity()); });
    leave_process(*ring, our_place(*ring));
    CHECK(segment_liveness(*reader, facts) == Liveness::alive);
  }
  if (!kEmulated) CHECK(segment_liveness(*reader, facts) == Liveness::dead);
  leave_process(*ring, second);
  CHECK(segment_liveness(*reader, facts) == Liveness::dead);
}

TEST_CASE("Open: where the kernel marks nobody, the processes' pids and start times are asked") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  ring->header().death_marked = 0;
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(dir.file("ring"), {}, &facts, &failure);
  REQUIRE(reader != nullptr);
  CHECK_FALSE(facts.death_marked);
  ProcessEntry& entry = ring->processes()[0];
  CHECK(segment_liveness(*reader, facts) == Liveness::alive);
  ++entry.start_time;
  CHECK(segment_liveness(*reader, facts) == Liveness::dead);
  entry.pid.store(1);
  entry.start_time.store(0);
  CHECK(segment_liveness(*reader, facts) == Liveness::alive);
}
