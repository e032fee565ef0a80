// A ring of which a test holds both ends: the writer's and the reader's.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "shm/clock.h"
#include "shm/lane_claim.h"
#include "shm/lane_reader.h"
#include "shm/segment.h"

namespace ringside::test {

inline std::unique_ptr<Segment> make_ring(const std::string& path, Geometry geometry) {
  CreateOptions options;
  options.path = path;
  options.program = "test";
  options.geometry = geometry;
  Failure failure;
  Created created = create_segment(options, self_identity(), &failure);
  REQUIRE_MESSAGE(created.segment != nullptr, failure.message);
  return std::move(created.segment);
}

// Gives the ring a clock whose ticks are nanoseconds, so that a test can set the time. Only for a
// ring that nobody reads yet.
inline void use_nanoseconds(Segment& segment, std::int64_t now_ns) {
  SegmentHeader& header = segment.header();
  header.clock_kind = static_cast<std::uint32_t>(ClockKind::monotonic);
  header.ticks_per_second = 1'000'000'000;
  header.anchor_ticks = static_cast<std::uint64_t>(now_ns);
  header.anchor_monotonic_ns = now_ns;
}

inline LaneWriter claim(Segment& segment, std::uint32_t tid = 1) {
  const ClaimedLane claimed = claim_lane(segment, self_identity(), tid, "test");
  REQUIRE(claimed.result == Claim::owned);
  return claimed.writer;
}

inline Record operation(std::uint16_t id, std::uint64_t start, std::int64_t duration,
                        Outcome outcome = Outcome::ok) {
  Record record{};
  record.start = start;
  record.duration = duration;
  record.operation = id;
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.outcome = static_cast<std::uint8_t>(outcome);
  return record;
}

}  // namespace ringside::test
