// Fuzz target: a file under a ring's name. It is opened, and everything that `ringside list`,
// `inspect` and `tail` read of it is shown.
//
//   byte 0   which ring is spoilt (kContents), or 255: the rest is the whole file
//   byte 1   flags: 1 sizes that fit the counts (else the header may contradict itself),
//            2 another length of the file, 4 JSON, 8 list, 16 tail
//   2..5     the length, with flag 2
//   then     patches: area, offset in it (4), bytes (1), the bytes
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "shm/segment_check.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tools/ringside/commands/commands.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

constexpr const char* kName = "ringside.spoilt";
// Reading a hole of a file allocates it. A few MiB are enough to reach all code.
constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 20;

SpoiltRing& ring_of(std::size_t which) {
  static std::unique_ptr<SpoiltRing> rings[std::size(kContents)];
  which %= std::size(rings);
  auto& ring = rings[which];
  if (ring == nullptr) {
    const auto clock = static_cast<ClockKind>(1 + which % 3);
    ring = std::make_unique<SpoiltRing>(Scratch::file("ring" + std::to_string(which)),
                                        kGeometries[which % 3], kContents[which], clock,
                                        0x5eed + which);
  }
  return *ring;
}

struct Area {
  std::uint64_t begin, bytes;
};

Area area_of(std::uint8_t which, const Segment& segment) {
  const std::uint64_t all = segment.geometry().segment_bytes();
  const std::uint64_t lanes = segment.geometry().lanes_offset();
  switch (which % 8) {
    case 0: return {0, 256};                                       // fixed part of the header
    case 1: return {256, sizeof(SegmentHeader) - 256};             // live part
    case 2: return {kControlOffset, sizeof(Control)};
    case 3: return {kGaugesOffset, 8 * sizeof(Gauge)};
    case 4: return {kNamesOffset, sizeof(Name) * kIdCount};
    case 5: return {kErrorNamesOffset, 8 * sizeof(ErrorName)};
    case 6:
      return {kLaneHeadersOffset,
              sizeof(LaneHeader) * (segment.geometry().lane_count + std::uint64_t{1})};
    default: return {lanes, all - lanes};
  }
}

void spoil(SpoiltRing& ring, Input& in) {
  while (!in.empty()) {
    const Area area = area_of(in.take<std::uint8_t>(), ring.segment());
    const std::uint64_t offset = area.begin + in.take<std::uint32_t>() % area.bytes;
    const std::string_view bytes = in.take_bytes(in.take<std::uint8_t>());
    std::memcpy(ring.data() + offset, bytes.data(),
                std::min(bytes.size(), area.begin + area.bytes - offset));
  }
}

// Everything that a reader of this ring may ask for lies inside its mapping.
void require_inside(const Segment& segment, std::uint64_t file_bytes) {
  const Geometry& geometry = segment.geometry();
  FUZZ_REQUIRE(geometry.valid() && geometry.segment_bytes() <= file_bytes);
  const auto* begin = reinterpret_cast<const unsigned char*>(&segment.header());
  const unsigned char* end = begin + geometry.segment_bytes();
  for (std::uint32_t lane = 0; lane <= geometry.lane_count; ++lane) {
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(&segment.lane_header(lane) + 1) <=
                 reinterpret_cast<const unsigned char*>(segment.totals(0)));
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(segment.totals(lane) + kIdCount) <=
                 reinterpret_cast<const unsigned char*>(segment.slots(lane)));
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(segment.slots(lane) +
                                                        geometry.capacity(lane)) <= end);
  }
}

void read_ring(const std::string& path, std::uint64_t file_bytes, unsigned flags) {
  SegmentFacts facts;
  Failure failure;
  OpenOptions options;
  options.any_owner = true;
  const auto segment = open_segment(path, options, &facts, &failure);
  if (segment == nullptr) {
    FUZZ_REQUIRE(failure.message.find(path) != std::string::npos);   // it names the file
    return;
  }
  require_inside(*segment, file_bytes);
  segment_liveness(*segment, facts);
  tool::InspectOptions inspect;
  inspect.json = (flags & 4) != 0;
  FUZZ_REQUIRE(tool::inspect(path, inspect) == 0);
  if ((flags & 8) != 0) FUZZ_REQUIRE(tool::list(path.substr(0, path.rfind('/'))) == 0);
  if ((flags & 16) != 0) {
    tool::TailOptions tail;
    tail.follow = false;
    FUZZ_REQUIRE(tool::tail(path, tail) == 0);
  }
  // A file that is as long as its header says is never read behind its end.
  FUZZ_REQUIRE(!segment->broken());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // The tool formats its output, and nobody sees it.
  return std::freopen("/dev/null", "w", stdout) != nullptr ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto which = in.take<std::uint8_t>();
  const auto flags = in.take<std::uint8_t>();
  const std::string path = Scratch::file(kName);
  if (which == 255) {
    const std::string_view bytes = in.take_bytes(size);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    read_ring(path, bytes.size(), flags);
    unlink(path.c_str());
    return 0;
  }
  SpoiltRing& ring = ring_of(which);
  std::uint64_t bytes = ring.bytes();
  if ((flags & 2) != 0) bytes = in.take<std::uint32_t>() % kMostBytes;
  spoil(ring, in);
  SegmentHeader& header = ring.segment().header();
  if ((flags & 1) != 0) {
    const Geometry geometry{header.lane_count, header.lane_capacity, header.overflow_capacity};
    header.segment_bytes = geometry.segment_bytes();
    if (header.segment_bytes <= kMostBytes) bytes = header.segment_bytes;
  }
  FUZZ_REQUIRE(truncate(ring.segment().path().c_str(), static_cast<off_t>(bytes)) == 0);
  FUZZ_REQUIRE(link(ring.segment().path().c_str(), path.c_str()) == 0);
  read_ring(path, bytes, flags);
  unlink(path.c_str());
  ring.restore();
  return 0;
}
