// What a look at a ring shows, in a form that a test compares at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/rings/ring_follower.h"
#include "report/model/books.h"
#include "tests/support/later.h"
#include "tests/support/ring.h"

namespace ringside::test {

// Written, read, lost, torn, rejected.
using BookFigures = std::array<std::uint64_t, 5>;

inline BookFigures figures(const Books& books) {
  return {books.written, books.read, books.lost, books.torn, books.rejected};
}

// Checks, drains and shows, as at a tick.
inline Snapshot look(RingFollower& follower, const Instant& now, std::uint64_t appeared = 0) {
  follower.check(now, appeared);
  follower.drain(now);
  Snapshot out;
  follower.tick(now, out);
  return out;
}
inline RingView look_at_ring(RingFollower& follower, const Instant& now,
                             std::uint64_t appeared = 0) {
  return look(follower, now, appeared).rings.at(0);
}

inline RingFollower follower_of(const std::string& path) {
  return RingFollower({path, path, {}}, {{100, 20}});
}

inline constexpr std::int64_t kFollowBegin = 100'000 * kSecond;
inline constexpr std::int64_t kTenth = kSecond / 10;

inline Instant tenths(int n) { return simulated(kFollowBegin + n * kTenth); }

// A ring that was made at kFollowBegin, with one lane.
struct FollowedRing {
  std::unique_ptr<Segment> ring;
  LaneWriter lane;

  explicit FollowedRing(const std::string& path, std::uint32_t capacity = 64)
      : ring(make_ring(path, {1, capacity, 64})) {
    use_nanoseconds(*ring, kFollowBegin);
    lane = claim(*ring);
  }
  void write(int count, std::uint16_t id = 0) {
    for (int i = 0; i < count; ++i)
      write_record(lane, operation(id, static_cast<std::uint64_t>(kFollowBegin), 10));
  }
  void crash() { test::crash(*ring); }
  void close() { leave(*ring, true); }
  RingInstance instance() const { return {ring->header().instance[0], ring->header().instance[1]}; }
};

}  // namespace ringside::test
