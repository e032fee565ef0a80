// A ring of which a test holds both ends: the writer's and the reader's.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

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

// A thread of this process that claims a lane, as readers are told.
inline LaneOwner owner(const char* thread_name = "test", std::uint32_t tid = 1) {
  LaneOwner owner;
  owner.process = self_identity();
  owner.tid = tid;
  owner.thread_name = thread_name;
  return owner;
}

inline std::uint32_t our_pid() { return static_cast<std::uint32_t>(getpid()); }

// Where this process stands among the ring's processes.
inline ProcessPlace our_place(const Segment& segment) {
  for (std::uint32_t i = 0; i < segment.header().processes_used.load(); ++i) {
    const ProcessEntry& entry = segment.processes()[i];
    const std::uint64_t standing = entry.standing.load();
    if (entry.pid.load() == our_pid() && phase_in(standing) == kPhaseEntered)
      return {i, entered_in(standing)};
  }
  return {};
}
inline void leave(Segment& segment, bool keep) {
  leave_segment(segment, our_place(segment), keep);
}

// Gives back what this thread holds of the ring, and leaves it looking as if another thread held
// it. For a ring that is cut off or scribbled over: the list of locks that a thread holds lies in
// the locks.
inline void disown(Segment& segment) {
  const auto disown_lock = [&](OwnerLock& lock) {
    if (segment.give_back(lock)) lock.word.store(1);
  };
  for (std::uint32_t i = 0; i < segment.header().processes_used.load(); ++i)
    disown_lock(segment.processes()[i].lock);
  for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i)
    disown_lock(segment.lane_header(i).owner);
}

// All processes of the ring die, as far as any reader can tell.
inline void crash(Segment& segment) {
  for (std::uint32_t i = 0; i < segment.header().processes_used.load(); ++i) {
    ProcessEntry& entry = segment.processes()[i];
    entry.lock.word.store(OwnerLock::kDiedBit);
    entry.pid.store(0);   // where the kernel marks nobody
  }
}
// The value of a gauge that the only process of a ring has written, whether it lives or not.
inline std::int64_t gauge_of(const Segment& segment, std::uint32_t index) {
  return segment.processes()[0].gauges[index].load();
}

// Runs it in a thread of its own that ends. What it locked, the kernel marks: its owner is dead.
template <typename Body>
void in_another_thread(const Body& body) {
  std::thread(body).join();
}

inline LaneWriter claim(Segment& segment, std::uint32_t tid = 1) {
  const ClaimedLane claimed = claim_lane(segment, owner("test", tid));
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
