// Rings of dead servers as files.
#include "daemon/storage/dead_rings.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "shm/labels.h"
#include "shm/lane_reader.h"
#include "shm/names.h"
#include "shm/segment_parts.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDayNs = 1'700'000'000 * kSecondNs;

struct Kept {
  DeadRing dead(std::int64_t wall_ns, const std::string& name = "chat") {
    const std::string path = directory.file("ring" + std::to_string(rings++));
    auto segment = test::make_ring(path, {2, 64, 64});
    enter_name(*segment, 0, {"SEND_MESSAGE", "message", {}});
    give_label(*segment, LabelKind::user, 42, "alice");
    LaneWriter lane = test::claim(*segment);
    for (std::uint64_t i = 0; i < 10; ++i) write_record(lane, test::operation(0, i, 5));
    return {name, wall_ns, std::move(segment)};
  }
  std::optional<Failure> keep(const DeadRing& ring) {
    return keep_dead_ring(files, ring, &written);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(files.directory))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }

  const test::TempDir directory;
  DeadRingFiles files{directory.file("kept"), 3, std::uint64_t{1} << 30};
  std::string written;
  int rings = 0;
};

TEST_CASE("DeadRings: the file is the ring, without the memory that it never had") {
  Kept kept;
  const DeadRing dead = kept.dead(kDayNs);
  REQUIRE_FALSE(kept.keep(dead));
  CHECK(kept.written == kept.files.directory + "/chat-20231114T221320Z.ring");
  struct stat info {};
  REQUIRE(stat(kept.written.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(static_cast<std::uint64_t>(info.st_size) == dead.segment->geometry().segment_bytes());
  // The table of processes alone is 2.6 MB, of which one entry is used.
  CHECK(info.st_blocks * 512 < info.st_size / 3);
  SegmentFacts facts;
  Failure failure;
  const auto copy = open_segment(kept.written, {}, &facts, &failure);
  REQUIRE_MESSAGE(copy != nullptr, failure.message);
  NameEntry name;
  CHECK(read_name(*copy, 0, &name));
  CHECK(name.name == "SEND_MESSAGE");
  CHECK(read_label(*copy, LabelKind::user, 42) == "alice");
  LaneCursor cursor;
  std::uint64_t sum = 0;
  read_lane(copy->slots(0), copy->lane_header(0), 64, cursor, 64,
            [&](const Record& record) { sum += record.start; });
  CHECK(cursor.read == 10);
  CHECK(sum == 45);
  CHECK(copy->totals(0)[0].recorded == 10);
  CHECK_FALSE(lane_readable(copy->lane_header(1)));
}

TEST_CASE("DeadRings: the parts are those that have memory, in their order") {
  Kept kept;
  const DeadRing dead = kept.dead(kDayNs);
  const Geometry geometry = dead.segment->geometry();
  const std::vector<SegmentPart> parts = parts_with_memory(*dead.segment);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].offset == 0);
  CHECK(parts[0].bytes == geometry.processes_offset() + sizeof(ProcessEntry));
  CHECK(parts[1].offset == geometry.labels_offset());
  CHECK(parts[2].offset == geometry.block_offset(0));
  CHECK(parts[2].bytes == Geometry::block_bytes(64));
  // However many entries a garbage header claims, they end with the table.
  dead.segment->header().processes_used.store(0xffffffff);
  CHECK(parts_with_memory(*dead.segment)[0].bytes == geometry.labels_offset());
}

TEST_CASE("DeadRings: the newest are kept, and the one just written always") {
  Kept kept;
  for (int i = 0; i < 5; ++i) REQUIRE_FALSE(kept.keep(kept.dead(kDayNs + i * kSecondNs)));
  CHECK(kept.names() == std::vector<std::string>{"chat-20231114T221322Z.ring",
                                                 "chat-20231114T221323Z.ring",
                                                 "chat-20231114T221324Z.ring"});
  // A clock that was set back.
  REQUIRE_FALSE(kept.keep(kept.dead(kDayNs - 3600 * kSecondNs, "/run/other/ring")));
  CHECK(kept.names() == std::vector<std::string>{"chat-20231114T221323Z.ring",
                                                 "chat-20231114T221324Z.ring",
                                                 "ring-20231114T211320Z.ring"});
  // Files that are none of ours stay, and what a killed daemon had begun goes.
  const std::vector<std::string> others = {"a-20231114T221320Z.x.ring", "a-20231114T2213Z.ring",
                                           "a-copy.ring", "a-copy.ring.tmp",
                                           "notes-of-the-night.txt"};
  for (const std::string& name : others) write_text(kept.files.directory + "/" + name, "x");
  write_text(kept.files.directory + "/chat-20231114T221325Z.2.ring.tmp", "half a ring");
  kept.files.keep = 1;
  REQUIRE_FALSE(kept.keep(kept.dead(kDayNs + 60 * kSecondNs)));
  std::vector<std::string> left = others;
  left.insert(left.end() - 1, "chat-20231114T221420Z.ring");
  CHECK(kept.names() == left);
}

TEST_CASE("DeadRings: two of one name that died in one second are both kept") {
  Kept kept;
  for (const char* name : {"/srv/a/ring", "/srv/b/ring"})
    REQUIRE_FALSE(kept.keep(kept.dead(kDayNs, name)));
  CHECK(kept.names() ==
        std::vector<std::string>{"ring-20231114T221320Z.2.ring", "ring-20231114T221320Z.ring"});
}

TEST_CASE("DeadRings: they stay within their size, and one that is larger is refused") {
  Kept kept;
  REQUIRE_FALSE(kept.keep(kept.dead(kDayNs)));
  struct stat info {};
  REQUIRE(stat(kept.written.c_str(), &info) == 0);
  const auto one = static_cast<std::uint64_t>(info.st_blocks) * 512;
  kept.files.most_bytes = 2 * one + one / 2;
  for (int i = 1; i < 4; ++i) REQUIRE_FALSE(kept.keep(kept.dead(kDayNs + i * kSecondNs)));
  CHECK(kept.names().size() == 2);
  kept.files.most_bytes = one / 2;
  const auto failure = kept.keep(kept.dead(kDayNs + 9 * kSecondNs));
  REQUIRE(failure.has_value());
  CHECK(failure->message.find("it is not kept\n  next: raise dead_rings.max_size") !=
        std::string::npos);
  CHECK(kept.names().size() == 2);
  kept.files.keep = 0;
  kept.written.clear();
  CHECK_FALSE(kept.keep(kept.dead(kDayNs)));
  CHECK(kept.written.empty());
}

TEST_CASE("DeadRings: a directory that cannot be made is told, and nothing is left") {
  Kept kept;
  write_text(kept.files.directory, "a file");
  CHECK(kept.keep(kept.dead(kDayNs)).has_value());
  CHECK(read_text(kept.files.directory) == "a file");
}

}  // namespace
}  // namespace ringside
