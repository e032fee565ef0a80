// Fuzz target: a file under a ring's name (spoilt_file.h) is opened, and all of it is read with
// shm's own functions: names, processes, gauges, lanes, totals, clock.
#include "shm/labels.h"
#include "shm/lane_reader.h"
#include "shm/names.h"
#include "shm/processes.h"
#include "shm/words.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/spoilt_file.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// Everything that a reader of this ring may ask for lies inside its mapping.
void require_inside(const Segment& segment, std::uint64_t file_bytes) {
  const Geometry& geometry = segment.geometry();
  FUZZ_REQUIRE(geometry.valid() && geometry.segment_bytes() <= file_bytes);
  const auto* begin = reinterpret_cast<const unsigned char*>(&segment.header());
  const unsigned char* end = begin + geometry.segment_bytes();
  const auto* processes = reinterpret_cast<const unsigned char*>(segment.processes());
  for (std::uint32_t lane = 0; lane <= geometry.lane_count; ++lane) {
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(&segment.lane_header(lane) + 1) <=
                 processes);
    FUZZ_REQUIRE(processes + sizeof(ProcessEntry) * kMaxProcesses <=
                 reinterpret_cast<const unsigned char*>(segment.totals(lane)));
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(segment.totals(lane) + kIdCount) <=
                 reinterpret_cast<const unsigned char*>(segment.slots(lane)));
    FUZZ_REQUIRE(reinterpret_cast<const unsigned char*>(segment.slots(lane) +
                                                        geometry.capacity(lane)) <= end);
  }
}

void require_printable(const std::string& text, std::size_t most) {
  FUZZ_REQUIRE(text.size() <= most);
  for (const char c : text) FUZZ_REQUIRE(c > 0x20 && c < 0x7f);
}

void read_names(const Segment& segment) {
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    NameEntry name;
    if (!read_name(segment, id, &name)) continue;
    require_printable(name.name, kNameBytes);
    require_printable(name.category, kCategoryBytes);
    for (const std::string& stage : name.stages) require_printable(stage, kStageNameBytes);
  }
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    std::uint16_t code = 0;
    std::string name;
    if (read_error_name(segment, i, &code, &name)) require_printable(name, 56);
  }
}

void read_processes(const Segment& segment, const SegmentFacts& facts) {
  const ProcessesLook look = look_at_processes(segment, facts.death_marked);
  FUZZ_REQUIRE(look.entered.size() <= kMaxProcesses);
  for (const ProcessLook& one : look.entered) FUZZ_REQUIRE(one.index < kMaxProcesses);
  anybody_writes(segment);
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    std::string name;
    if (!read_gauge_name(segment, i, &name)) continue;
    require_printable(name, 48);
    gauge_value(segment, look, i);
  }
}

void read_labels(const Segment& segment) {
  const auto labels = all_labels(segment);
  FUZZ_REQUIRE(labels.size() <= kLabelCount);
  for (const LabelEntry& label : labels) FUZZ_REQUIRE(label.text.size() <= kLabelBytes);
  read_label(segment, LabelKind{1}, 7);
}

void read_lanes(const Segment& segment) {
  for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
    const LaneHeader& header = segment.lane_header(lane);
    header.life();
    if (!lane_readable(header)) continue;
    const std::uint64_t capacity = segment.geometry().capacity(lane);
    LaneCursor cursor;
    const auto take = [](const Record& record) { FUZZ_REQUIRE(believable(record)); };
    if (lane == segment.overflow_lane()) {
      read_overflow(segment.slots(lane), header, capacity, cursor, capacity, take);
    } else {
      read_lane(segment.slots(lane), header, capacity, cursor, capacity, take);
    }
    FUZZ_REQUIRE(cursor.written() == cursor.read + cursor.lost);
    lane_remainder(segment.slots(lane), header, capacity);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  SpoiltFile::make_all();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SpoiltFile spoilt(data, size);
  const MemoryFile& file = spoilt.file();
  SegmentFacts facts;
  Failure failure;
  const auto segment =
      open_segment_in(file.bytes, file.count, kWatchedPath, file.inode, &facts, &failure);
  if (segment == nullptr) {
    FUZZ_REQUIRE(failure.message.find(kWatchedPath) != std::string::npos);  // it names the file
    return 0;
  }
  require_inside(*segment, file.count);
  scale_of(&facts, read_instant()).monotonic_ns(facts.anchor_ticks);
  segment_liveness(*segment, facts);
  read_names(*segment);
  read_processes(*segment, facts);
  read_labels(*segment);
  read_lanes(*segment);
  return 0;
}
