#include "tests/ring/fuzz/spoilt_file.h"

#include <sanitizer/asan_interface.h>

namespace ringside::fuzz {
namespace {

// Enough for the longest input, and for more lanes than any ring here has.
constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostWhole = 4096;
// A reader that leaves a file that is shorter than its room is found out by AddressSanitizer. So
// much behind the end is forbidden.
constexpr std::uint64_t kForbidden = 65536;

std::unique_ptr<SpoiltRing>& made(std::size_t which) {
  static std::unique_ptr<SpoiltRing> rings[std::size(kContents)];
  return rings[which % std::size(kContents)];
}

MemoryRing& whole_file() {
  static MemoryRing memory(kMostWhole);
  return memory;
}

struct Area {
  std::uint64_t begin, bytes;
};

Area area_of(std::uint8_t which, const Segment& segment) {
  const Geometry& geometry = segment.geometry();
  switch (which % 10) {
    case 0: return {0, 256};                            // fixed part of the header
    case 1: return {256, sizeof(SegmentHeader) - 256};  // live part
    case 2: return {kControlOffset, sizeof(Control)};
    case 3: return {kGaugesOffset, 8 * sizeof(GaugeName)};
    case 4: return {kNamesOffset, sizeof(Name) * kIdCount};
    case 5: return {kErrorNamesOffset, 8 * sizeof(ErrorName)};
    case 6: return {kLaneHeadersOffset, sizeof(LaneHeader) * (geometry.lane_count + 1ULL)};
    case 7: return {geometry.processes_offset(), 4 * sizeof(ProcessEntry)};
    case 8: return {geometry.labels_offset(), sizeof(Label) * kLabelCount};
    default: return {geometry.lanes_offset(), geometry.segment_bytes() - geometry.lanes_offset()};
  }
}

}  // namespace

void SpoiltFile::make_all() {
  whole_file();
  for (std::size_t which = 0; which < std::size(kContents); ++which) {
    const auto clock = static_cast<ClockKind>(1 + which % 3);
    made(which) = std::make_unique<SpoiltRing>(kGeometries[which % 3], kContents[which], clock,
                                               0x5eed + which, kMostBytes);
  }
}

SpoiltFile::SpoiltFile(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto which = in.take<std::uint8_t>();
  flags_ = in.take<std::uint8_t>();
  std::uint64_t room = kMostBytes;
  if (which == 255) {
    const std::string_view bytes = in.take_bytes(kMostWhole);
    std::memcpy(whole_file().data(), bytes.data(), bytes.size());
    file_ = {whole_file().readers(), bytes.size(), 1};
    room = kMostWhole;
  } else {
    ring_ = made(which).get();
    std::uint64_t bytes = ring_->bytes();
    if ((flags_ & 2) != 0) bytes = in.take<std::uint32_t>() % kMostBytes;
    spoil(in);
    SegmentHeader& header = ring_->segment().header();
    if ((flags_ & 1) != 0) {
      const Geometry geometry{header.lane_count, header.lane_capacity, header.overflow_capacity};
      ring_->touch(&header, sizeof header);
      header.segment_bytes = geometry.segment_bytes();
      if (header.segment_bytes <= kMostBytes) bytes = header.segment_bytes;
    }
    file_ = ring_->file(bytes);
  }
  ASAN_POISON_MEMORY_REGION(file_.bytes + file_.count, std::min(kForbidden, room - file_.count));
}

SpoiltFile::~SpoiltFile() {
  const std::uint64_t room = ring_ != nullptr ? kMostBytes : kMostWhole;
  ASAN_UNPOISON_MEMORY_REGION(file_.bytes + file_.count, std::min(kForbidden, room - file_.count));
  if (ring_ != nullptr) ring_->restore();
}

void SpoiltFile::spoil(Input& in) {
  while (!in.empty()) {
    const Area area = area_of(in.take<std::uint8_t>(), ring_->segment());
    const std::uint64_t offset = area.begin + in.take<std::uint32_t>() % area.bytes;
    const std::string_view bytes = in.take_bytes(in.take<std::uint8_t>());
    const std::uint64_t count = std::min(bytes.size(), area.begin + area.bytes - offset);
    ring_->touch(ring_->data() + offset, count);
    std::memcpy(ring_->data() + offset, bytes.data(), count);
  }
}

}  // namespace ringside::fuzz
