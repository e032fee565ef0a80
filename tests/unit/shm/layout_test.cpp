// The numbers of the format. shm/README.md states them, and programs that were built before this
// one use them. So every expected value here is written out.
#include <doctest/doctest.h>

#include <cstdint>

#include "shm/layout.h"
#include "shm/segment.h"

using namespace ringside;

TEST_CASE("Layout: ids, capacities, sizes and clocks have the numbers of the format") {
  CHECK(kInvalidId == 511);
  CHECK(kMaxCapacity == 1'048'576);
  CHECK(kMaxSegmentBytes == 4'294'967'296);
  CHECK(kSettling == 0xffffffffffffffff);
  CHECK(static_cast<std::uint32_t>(ClockKind::tsc) == 1);
  CHECK(static_cast<std::uint32_t>(ClockKind::monotonic) == 2);
  CHECK(static_cast<std::uint32_t>(ClockKind::cntvct) == 3);
}

TEST_CASE("Layout: fields that nobody reads keep the size that the format gives them") {
  CHECK(sizeof(SegmentHeader::program) == 48);
  CHECK(sizeof(SegmentHeader::file_name) == 76);
  CHECK(sizeof(SegmentHeader::build_id) == 48);
  CHECK(sizeof(SegmentHeader::configuration_digest) == 72);
  CHECK(sizeof(SegmentHeader::reserved_live) == 32);
  CHECK(sizeof(GaugeName::name) == 48);
  CHECK(sizeof(Name::reserved) == 24);
  CHECK(sizeof(ErrorName::name) == 56);
  CHECK(sizeof(EventFields::reserved) == 6);
}

TEST_CASE("Layout: a capacity is a power of two from 64 to 1048576") {
  for (std::uint32_t capacity = 64; capacity <= 1'048'576; capacity *= 2) {
    CAPTURE(capacity);
    CHECK(Geometry::capacity_valid(capacity));
    CHECK_FALSE(Geometry::capacity_valid(capacity + 1));
    CHECK_FALSE(Geometry::capacity_valid(capacity - 1));
  }
  for (const std::uint32_t capacity : {0U, 1U, 2U, 32U, 96U, 2'097'152U, 0x80000000U}) {
    CAPTURE(capacity);
    CHECK_FALSE(Geometry::capacity_valid(capacity));
  }
}

TEST_CASE("Layout: a geometry has 1 to 4096 lanes, valid capacities and 4 GiB at most") {
  CHECK(Geometry{1, 64, 64}.valid());
  CHECK(Geometry{4096, 64, 64}.valid());
  CHECK_FALSE(Geometry{0, 64, 64}.valid());
  CHECK_FALSE(Geometry{4097, 64, 64}.valid());
  CHECK_FALSE(Geometry{1, 65, 64}.valid());
  CHECK_FALSE(Geometry{1, 64, 65}.valid());
  CHECK(Geometry{2022, 32'768, 262'144}.valid());
  CHECK_FALSE(Geometry{2024, 32'768, 262'144}.valid());
}

TEST_CASE("Layout: processes begin on the page after the last lane header, and lanes after them") {
  CHECK(Geometry{1, 64, 64}.processes_offset() == 167'936);
  CHECK(Geometry{20, 64, 64}.processes_offset() == 167'936);
  CHECK(Geometry{21, 64, 64}.processes_offset() == 172'032);
  // 63 lanes and the overflow lane fill their page to the last byte.
  CHECK(Geometry{63, 64, 64}.processes_offset() == 176'128);
  CHECK(Geometry{64, 64, 64}.processes_offset() == 180'224);
  CHECK(Geometry{4096, 64, 64}.processes_offset() == 954'368);
  CHECK(Geometry{1, 64, 64}.labels_offset() == 167'936 + 2'621'440);
  CHECK(Geometry{1, 64, 64}.lanes_offset() == 167'936 + 2'621'440 + 262'144);
  CHECK(Geometry::block_bytes(64) == 20'480);
  CHECK(Geometry::block_bytes(4096) == 278'528);
  CHECK(Geometry::block_bytes(1'048'576) == 67'125'248);
  const Geometry geometry{3, 128, 64};
  CHECK(geometry.block_offset(0) == 3'051'520);
  CHECK(geometry.block_offset(1) == 3'076'096);
  CHECK(geometry.block_offset(3) == 3'125'248);
  CHECK(geometry.segment_bytes() == 3'145'728);
  CHECK(geometry.capacity(0) == 128);
  CHECK(geometry.capacity(2) == 128);
  CHECK(geometry.capacity(3) == 64);
  CHECK(Geometry{}.segment_bytes() == 21'168'128);
}

TEST_CASE("Layout: what nobody has filled in is zero, and the file's mode is its owner's alone") {
  const SegmentFacts facts;
  CHECK(facts.creator_pid == 0);
  CHECK(facts.creator_start_time == 0);
  CHECK(sizeof facts.instance == sizeof(SegmentHeader::instance));
  CHECK(facts.instance[0] == 0);
  CHECK(facts.instance[1] == 0);
  CHECK(sizeof facts.boot_id.words == 16);
  CHECK(facts.boot_id.words[0] == 0);
  CHECK(facts.boot_id.words[1] == 0);
  CHECK(facts.pid_namespace == 0);
  CHECK(facts.ticks_per_second == 0);
  CHECK(facts.anchor_ticks == 0);
  CHECK(facts.anchor_monotonic_ns == 0);
  CHECK(facts.anchor_realtime_ns == 0);
  const ProcessIdentity nobody;
  CHECK(nobody.pid == 0);
  CHECK(nobody.start_time == 0);
  CHECK(nobody.pid_namespace == 0);
  CHECK(Failure{}.error_number == 0);
  CHECK(CreateOptions{}.mode == 0600);
  CHECK_FALSE(CreateOptions{}.share);
  CHECK_FALSE(Created{}.joined);
  CHECK_FALSE(OpenOptions{}.writable);
  CHECK_FALSE(OpenOptions{}.any_owner);
}
