#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

std::string why_not(const std::string& path) {
  SegmentFacts facts;
  Failure failure;
  const auto segment = open_segment(path, {}, &facts, &failure);
  CHECK(segment == nullptr);
  return failure.message;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

Created create(const std::string& path, Failure* failure, bool share = false) {
  CreateOptions options;
  options.path = path;
  options.geometry = {2, 64, 64};
  options.share = share;
  return create_segment(options, self_identity(), failure);
}

}  // namespace

TEST_CASE("Segment: names become paths, and bad names are refused with what is allowed") {
  Failure failure;
  CHECK(ring_path("chat", &failure) == "/dev/shm/ringside.chat");
  CHECK(ring_path("/tmp/x", &failure) == "/tmp/x");
  CHECK(ring_path("./x", &failure) == "./x");
  CHECK(ring_path("a b", &failure).empty());
  CHECK(contains(failure.message, "expected 1 to 64 letters"));
  CHECK(ring_path("", &failure).empty());
  CHECK(ring_path(std::string(65, 'a'), &failure).empty());
}

TEST_CASE("Segment: a reader finds what the writer made") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {3, 128, 64});
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(dir.file("ring"), {}, &facts, &failure);
  REQUIRE_MESSAGE(reader != nullptr, failure.message);
  CHECK(facts.program == "test");
  CHECK(facts.geometry.lane_count == 3);
  CHECK(facts.geometry.lane_capacity == 128);
  CHECK(facts.creator_pid == static_cast<std::uint32_t>(getpid()));
  CHECK(segment_liveness(*reader, facts) == Liveness::alive);
  struct stat info {};
  stat(dir.file("ring").c_str(), &info);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("Segment: what is no ring is refused with a reason") {
  TempDir dir;
  CHECK(contains(why_not(dir.file("none")), "No such file"));
  std::ofstream(dir.file("text")) << std::string(8192, 'x');
  CHECK(contains(why_not(dir.file("text")), "is no ring"));
  std::ofstream(dir.file("short")) << "RINGSIDE";
  CHECK(contains(why_not(dir.file("short")), "only 8 bytes"));
  CHECK(contains(why_not(dir.path()), "not a regular file"));
  make_ring(dir.file("ring"), {1, 64, 64});
  symlink(dir.file("ring").c_str(), dir.file("link").c_str());
  CHECK(contains(why_not(dir.file("link")), "symbolic link"));
  mkfifo(dir.file("pipe").c_str(), 0600);
  CHECK(contains(why_not(dir.file("pipe")), "not a regular file"));
}

TEST_CASE("Segment: another version, word size, damage and truncation are told apart") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 64});
  SegmentHeader& header = ring->header();
  header.layout_version = 99;
  CHECK(contains(why_not(path), "layout version 99, this program reads 2"));
  header.layout_version = kLayoutVersion;
  header.byte_order = 0x04030201;
  CHECK(contains(why_not(path), "byte order"));
  header.byte_order = kByteOrder;
  header.lane_count = 0xffffffff;
  CHECK(contains(why_not(path), "header is damaged"));
  header.lane_count = 1;
  header.lane_capacity = 0x80000000;
  CHECK(contains(why_not(path), "header is damaged"));
  header.lane_capacity = 64;
  header.clock_kind = 77;
  CHECK(contains(why_not(path), "clock is of an unknown kind"));
  header.clock_kind = 2;
  leave(*ring, true);   // holds no lock in what is cut off
  truncate(path.c_str(), 20000);
  CHECK(contains(why_not(path), "is cut off"));
}

TEST_CASE("Segment: truncated under a live reader, the reader goes on and knows") {
  TempDir dir;
  const std::string path = dir.file("ring");
  // By a thread that has ended: a lock that we held in a truncated page would be ours to touch.
  in_another_thread([&] {
    auto ring = make_ring(path, {1, 64, 64});
    LaneWriter writer = claim(*ring);
    write_record(writer, operation(1, 1, 1));
  });
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(path, {}, &facts, &failure);
  REQUIRE(reader != nullptr);
  CHECK_FALSE(reader->broken());
  truncate(path.c_str(), 0);
  CHECK(reader->header().magic == 0);   // without the reader's handler this is SIGBUS
  LaneCursor cursor;
  read_lane(reader->slots(0), reader->lane_header(0), 64, cursor, 100, [](const Record&) {});
  CHECK(reader->broken());
}

// Under qemu-user a process learns another start time of itself than others find in /proc. Two such
// processes take each other for dead.
constexpr bool kStartTimesDiffer = kEmulated;

TEST_CASE("Segment: a living server's name is refused to a second one, and joined if both share" *
          doctest::skip(kStartTimesDiffer)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  Failure failure;
  const Ended ended = run([&] {
    if (create(dir.file("ring"), &failure).segment != nullptr) return 1;
    if (!contains(failure.message, "is in use by process")) return 2;
    const Created joined = create(dir.file("ring"), &failure, true);
    if (joined.segment == nullptr || !joined.joined) return 3;
    return joined.place.index == 1 && joined.segment->processes()[1].pid.load() == our_pid() ? 0
                                                                                             : 4;
  });
  CHECK(ended.exited(0));
}

TEST_CASE("Segment: a crashed server's ring is kept aside when the server comes back") {
  TempDir dir;
  const std::string path = dir.file("ring");
  REQUIRE(run([&] {
            Failure failure;
            const Created created = create(path, &failure);
            if (created.segment == nullptr) return 1;
            raise(SIGKILL);
            return 0;
          }).killed_by(SIGKILL));
  SegmentFacts before;
  SegmentFacts after;
  Failure failure;
  auto dead = open_segment(path, {}, &before, &failure);
  REQUIRE(dead != nullptr);
  CHECK(segment_liveness(*dead, before) == Liveness::dead);
  const auto ring = make_ring(path, {2, 64, 64});
  REQUIRE(open_segment(previous_path(path), {}, &after, &failure) != nullptr);
  CHECK(after.instance[0] == before.instance[0]);
}

TEST_CASE("Segment: leaving in order closes and removes it, and whoever has it open reads on") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {2, 64, 64});
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(path, {}, &facts, &failure);
  LaneWriter writer = claim(*ring);
  write_record(writer, operation(3, 5, 1));
  leave(*ring, false);
  CHECK(access(path.c_str(), F_OK) != 0);
  CHECK(reader->header().state.load() == kSegmentClosed);
  LaneCursor cursor;
  read_lane(reader->slots(0), reader->lane_header(0), 64, cursor, 100, [](const Record&) {});
  CHECK(cursor.read == 1);
}

TEST_CASE("Segment: a foreign file under the name is never replaced") {
  TempDir dir;
  std::ofstream(dir.file("ring")) << "somebody's notes";
  Failure failure;
  CHECK(create(dir.file("ring"), &failure).segment == nullptr);
  CHECK(contains(failure.message, "is taken by a file that is no ring"));
  std::ifstream file(dir.file("ring"));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK(text == "somebody's notes");
  symlink(dir.file("target").c_str(), dir.file("link").c_str());
  CHECK(create(dir.file("link"), &failure).segment == nullptr);
  CHECK(contains(failure.message, "symbolic link"));
  CHECK(create(dir.file("no/such/ring"), &failure).segment == nullptr);
  CHECK(contains(failure.message, "can't create a ring there"));
}

TEST_CASE("Segment: of servers that start together on one name exactly one gets it" *
          doctest::skip(kStartTimesDiffer)) {
  TempDir dir;
  const std::string path = dir.file("ring");
  // A dead ring has the name, so every server must clear it first.
  run([&] {
    Failure failure;
    create(path, &failure);
    return 0;
  });
  int go[2];
  REQUIRE(pipe(go) == 0);
  int done[2];
  REQUIRE(pipe(done) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(spawn([&] {
      char c = 0;
      close(go[1]);
      close(done[1]);
      if (read(go[0], &c, 1) != 0) return 9;
      Failure failure;
      const Created created = create(path, &failure);
      // The owner keeps the ring until all others have tried.
      if (created.segment == nullptr) return contains(failure.message, "in use") ? 1 : 8;
      return read(done[0], &c, 1) == 0 ? 0 : 7;
    }));
  }
  close(go[0]);
  close(done[0]);
  close(go[1]);
  int owners = 0;
  int refused = 0;
  // The losers end by themselves. The owner ends when it is told to.
  for (int i = 0; i < 7; ++i) {
    int status = 0;
    waitpid(-1, &status, 0);
    if (WIFEXITED(status)) (WEXITSTATUS(status) == 1 ? refused : owners) += 1;
  }
  close(done[1]);
  int status = 0;
  waitpid(-1, &status, 0);
  CHECK(refused == 7);
  CHECK(owners == 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("Names: they travel in the ring, and hostile ones are made harmless") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  CHECK(enter_name(*ring, 4, {"SEND_MESSAGE", "message", {"validation", "", "", ""}}));
  CHECK(enter_name(*ring, 4, {"SEND_MESSAGE", "message", {}}));        // the same entry again
  CHECK_FALSE(enter_name(*ring, 4, {"OTHER", "message", {}}));
  CHECK(enter_name(*ring, 5, {std::string("EVIL\n\x1b[31m"), "x", {}}));
  NameEntry entry;
  REQUIRE(read_name(*ring, 4, &entry));
  CHECK(entry.name == "SEND_MESSAGE");
  CHECK(entry.stages[0] == "validation");
  REQUIRE(read_name(*ring, 5, &entry));
  CHECK(entry.name == "EVIL??[31m");
  CHECK_FALSE(read_name(*ring, 6, &entry));
  const std::uint32_t gauge = enter_gauge(*ring, "connections");
  CHECK(enter_gauge(*ring, "connections") == gauge);
  CHECK(enter_gauge(*ring, "other") == gauge + 1);
  CHECK(enter_gauge(*ring, "with a space") == gauge + 2);
  // Names are compared as they were written, not as they are shown.
  CHECK(enter_gauge(*ring, "with a space") == gauge + 2);
  CHECK(enter_error_name(*ring, 5001, "DATABASE_BUSY"));
  std::uint16_t code = 0;
  std::string text;
  REQUIRE(read_error_name(*ring, 0, &code, &text));
  CHECK(code == 5001);
  CHECK(text == "DATABASE_BUSY");
}

TEST_CASE("Segment: a ring in memory is opened where it lies, and refused as its file would be") {
  TempDir dir;
  const auto ring = make_ring(dir.file("ring"), {2, 128, 64});
  const auto file = Mapping::memory(3'121'152);
  const int fd = open(ring->path().c_str(), O_RDONLY);
  REQUIRE(read(fd, file->data(), file->bytes()) == 3'121'152);
  close(fd);
  SegmentFacts facts;
  Failure failure;
  const auto why = [&](std::uint64_t bytes) {
    failure = {};
    CHECK(open_segment_in(file->data(), bytes, "/there", 7, &facts, &failure) == nullptr);
    return failure.message.substr(0, failure.message.find('\n'));
  };
  CHECK(why(1023) == "/there: is no ring: only 1023 bytes");
  CHECK(why(3'121'151) == "/there: is cut off: 3121151 bytes, its header says 3121152");
  CHECK(facts.creator_pid == 0);   // left alone until the ring is opened
  {
    const auto segment =
        open_segment_in(file->data(), file->bytes(), "/there", 7, &facts, &failure);
    REQUIRE(segment != nullptr);
    CHECK(reinterpret_cast<unsigned char*>(&segment->header()) == file->data());
    CHECK(segment->path() == "/there");
    CHECK(segment->inode() == 7);
    CHECK(segment->geometry().lane_capacity == 128);
    CHECK(facts.creator_pid == our_pid());
  }
  file->data()[0] = 'X';   // is still there
  CHECK(why(3'121'152) == "/there: is no ring: its first bytes are not RINGSIDE");
}
