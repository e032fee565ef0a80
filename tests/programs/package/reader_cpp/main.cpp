// A reader of your own, outside Ringside's tree. It prints what a ring has counted, one name a
// line.
//
//   reader_cpp NAME-OR-PATH
//   SEND_MESSAGE count=4 errors=1
//
// It maps the ring read-only; the server does not notice it.

#include <cstdint>
#include <iostream>
#include <memory>

#include <ringside/shm/lane_reader.h>
#include <ringside/shm/names.h>
#include <ringside/shm/segment.h>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: reader_cpp NAME-OR-PATH\n";
    return 2;
  }
  ringside::Failure failure;
  ringside::SegmentFacts facts;
  const std::string path = ringside::ring_path(argv[1], &failure);
  std::unique_ptr<ringside::Segment> ring;
  if (!path.empty()) ring = ringside::open_segment(path, {}, &facts, &failure);
  if (ring == nullptr) {
    std::cerr << "reader_cpp: " << failure.message << "\n";
    return 1;
  }

  std::uint64_t count[ringside::kIdCount] = {}, errors[ringside::kIdCount] = {};
  for (std::uint32_t lane = 0; lane <= facts.geometry.lane_count; ++lane) {
    // A lane without an owner has no memory yet; touching it would allocate its pages.
    if (!ringside::lane_readable(ring->lane_header(lane))) continue;
    ringside::TotalsCopy totals;
    ringside::copy_totals(ring->totals(lane), totals);
    for (std::uint32_t id = 0; id < ringside::kIdCount; ++id) {
      count[id] += totals.entries[id].recorded + totals.entries[id].skipped;
      errors[id] += totals.entries[id].errors;
    }
  }
  for (std::uint32_t id = 0; id < ringside::kIdCount; ++id) {
    ringside::NameEntry name;
    if (count[id] == 0 || !ringside::read_name(*ring, static_cast<std::uint16_t>(id), &name))
      continue;
    std::cout << name.name << " count=" << count[id] << " errors=" << errors[id] << "\n";
  }
  return 0;
}
