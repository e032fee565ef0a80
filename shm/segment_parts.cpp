#include "shm/segment_parts.h"

#include <algorithm>

#include "shm/lane_reader.h"

namespace ringside {

std::vector<SegmentPart> parts_with_memory(const Segment& segment) {
  const Geometry& geometry = segment.geometry();
  const SegmentHeader& header = segment.header();
  const std::uint32_t processes =
      std::min(header.processes_used.load(std::memory_order_acquire), kMaxProcesses);
  std::vector<SegmentPart> parts = {
      {0, geometry.processes_offset() + sizeof(ProcessEntry) * std::uint64_t{processes}}};
  if (header.labels_state.load(std::memory_order_acquire) == kLabelsReady)
    parts.push_back({geometry.labels_offset(), sizeof(Label) * std::uint64_t{kLabelCount}});
  for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
    if (!lane_readable(segment.lane_header(lane))) continue;
    parts.push_back({geometry.block_offset(lane), Geometry::block_bytes(geometry.capacity(lane))});
  }
  return parts;
}

}  // namespace ringside
