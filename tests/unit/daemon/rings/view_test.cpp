// What a snapshot shows of a ring, its lanes and its gauges.

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "shm/names.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kViewBorn = 100'000 * kSecond;

struct ViewedRing {
  TempDir dir;
  std::string path = dir.file("ring");
  std::unique_ptr<Segment> ring = make_ring(path, {2, 64, 128});
  RingFollower follower{{"shown", path, {}}, {{100, 20}}};
  LaneWriter lane;
  LaneWriter overflow;

  ViewedRing() {
    use_nanoseconds(*ring, kViewBorn);
    SegmentHeader& header = ring->header();
    header.instance[0] = 0x0123456789abcdef;
    header.instance[1] = 0xfedcba98;
    header.creator_pid = 4711;
    lane = claim(*ring, 77);
    overflow = claim_overflow(*ring).writer;
  }
  static Record record() { return operation(0, static_cast<std::uint64_t>(kViewBorn), 10); }
  Snapshot at(int seconds) { return look(follower, simulated(kViewBorn + seconds * kSecond)); }
};

}  // namespace

TEST_CASE("RingView: a pulse says of a ring what its snapshot says, without a tick") {
  ViewedRing world;
  const std::uint16_t breaker = kFirstEvent;
  REQUIRE(enter_name(*world.ring, breaker, {"BREAKER", "", {}}));
  for (const Outcome outcome : {Outcome::error, Outcome::ok}) {
    Record move = operation(breaker, static_cast<std::uint64_t>(kViewBorn + kSecond), 0, outcome);
    move.kind = static_cast<std::uint8_t>(Kind::event);
    move.event.value = outcome == Outcome::ok ? 2 : 1;
    write_record(world.lane, move);
  }
  for (int i = 0; i < 3; ++i) write_record(world.lane, ViewedRing::record());
  world.ring->header().untraced_records.store(44);
  const Instant now = simulated(kViewBorn + 2 * kSecond);
  world.follower.check(now, 0);
  world.follower.drain(now);
  const RingPulse pulse = world.follower.pulse(now);
  CHECK(pulse.ring == "shown");
  CHECK(pulse.state == RingState::live);
  CHECK(pulse.pid == 4711);
  CHECK(pulse.calls == 3);
  CHECK(pulse.books.read == 5);
  CHECK(pulse.untraced_records == 44);
  CHECK(pulse.breaker_opened == 1);
  CHECK(pulse.breaker_value == 2);
  CHECK_FALSE(pulse.connections);
  CHECK_FALSE(pulse.skipped);
  CHECK(pulse.stopped_pid == 0);
  const RingView shown = world.at(2).rings.at(0);
  CHECK(shown.calls == 3);
  CHECK(pulse.breaker_moved_wall_ns == shown.created_wall_ns + kSecond);
}

TEST_CASE(
    "RingView: a living ring is shown with all that its header says, a closed one with what "
    "stays") {
  ViewedRing world;
  SegmentHeader& header = world.ring->header();
  std::strcpy(header.build_id, "1.2.3");
  // As a hostile server may leave it: no NUL anywhere.
  std::memset(header.configuration_digest, 'd', sizeof header.configuration_digest);
  header.untraced_threads.store(3);
  header.untraced_records.store(44);
  header.names_refused.store(5);
  header.names_merged.store(6);
  for (std::uint32_t i = 0; i < kMisuseCount; ++i) header.misused[i].store(70 + i);
  header.processes_refused.store(8);
  world.ring->control().enabled.store(2);
  for (int i = 0; i < 3; ++i) write_record(world.lane, ViewedRing::record());
  Snapshot shown = world.at(1);
  REQUIRE(shown.rings.size() == 1);
  const RingView live = shown.rings[0];
  CHECK(live.name == "shown");
  CHECK(live.path == world.path);
  CHECK(live.program == "test");
  CHECK(live.state == RingState::live);
  CHECK(live.problem.empty());
  CHECK(live.instance == "0123456789abcdef00000000fedcba98");
  CHECK(live.pid == 4711);
  CHECK(live.created_wall_ns == (1'700'000'000 + 100'000) * kSecond);
  CHECK(live.clock == "monotonic");
  CHECK(live.ticks_per_second == 1e9);
  CHECK(live.build_id == "1.2.3");
  CHECK(live.configuration_digest == std::string(72, 'd'));
  CHECK(live.enabled);
  CHECK(live.instances_seen == 1);
  CHECK(live.crashes_seen == 0);
  CHECK(live.untraced_threads == 3);
  CHECK(live.untraced_records == 44);
  CHECK(live.names_refused == 5);
  CHECK(live.names_merged == 6);
  CHECK(live.misused == std::array<std::uint64_t, kMisuses>{70, 71, 72, 73});
  CHECK(live.restarts_seen == 0);
  CHECK(live.processes.alive == 1);
  CHECK(live.processes.entered == 1);
  CHECK(live.processes.left == 0);
  CHECK(live.processes.restarted == 0);
  CHECK(live.processes.died == 0);
  CHECK(live.processes.refused == 8);
  CHECK(live.deaths.empty());
  CHECK(live.segment_bytes == std::filesystem::file_size(world.path));
  CHECK(figures(live.books) == BookFigures{3, 3, 0, 0, 0});
  CHECK(live.losses.before_attach == 0);
  CHECK(live.losses.while_observed == std::array<std::uint64_t, kWindows>{});
  CHECK(figures(shown.books) == BookFigures{3, 3, 0, 0, 0});
  world.ring->control().enabled.store(0);
  CHECK_FALSE(world.at(2).rings[0].enabled);
  leave(*world.ring, true);
  const Snapshot after = world.at(3);
  const RingView& closed = after.rings.at(0);
  CHECK(closed.state == RingState::closed);
  CHECK(closed.program == "test");
  CHECK(closed.build_id == "1.2.3");
  CHECK(closed.instance == live.instance);
  CHECK(closed.pid == 4711);
  CHECK(closed.created_wall_ns == live.created_wall_ns);
  CHECK(closed.segment_bytes == live.segment_bytes);
  CHECK(closed.clock == "monotonic");
  CHECK(closed.untraced_threads == 0);
  CHECK(closed.misused == std::array<std::uint64_t, kMisuses>{});
  CHECK(closed.processes.alive == 0);
  CHECK(closed.processes.entered == 1);
  CHECK(closed.processes.left == 1);
  CHECK(closed.processes.died == 0);
  CHECK(figures(closed.books) == BookFigures{3, 3, 0, 0, 0});
  CHECK(after.lanes.empty());
  CHECK(after.gauges.empty());
  // Its records leave the windows as time goes on.
  const Snapshot later = world.at(300);
  CHECK(later.operations.at(0).window(Window::minute).recorded == 0);
  CHECK(later.operations[0].window(Window::hour).recorded == 3);
}

TEST_CASE("RingView: a ring that nobody has met is waited for, and shown with its names alone") {
  TempDir dir;
  RingFollower follower({"shown", dir.file("ring"), {}}, {{100, 20}});
  const RingView view = look_at_ring(follower, simulated(kViewBorn));
  CHECK(view.name == "shown");
  CHECK(view.path == dir.file("ring"));
  CHECK(view.state == RingState::waiting);
  CHECK(view.problem.empty());
  CHECK(view.instance.empty());
  CHECK(view.program.empty());
  CHECK(view.created_wall_ns == 0);
  CHECK(view.clock.empty());
  CHECK(view.instances_seen == 0);
  CHECK(view.crashes_seen == 0);
  CHECK(view.segment_bytes == 0);
  CHECK(follower.books().read == 0);
}

TEST_CASE("RingView: the lanes that were used are shown with their owners and their books") {
  ViewedRing world;
  LaneHeader& header = world.ring->lane_header(0);
  header.owner_pid.store(4712);
  header.generation.store(9);
  for (int i = 0; i < 100; ++i) write_record(world.lane, ViewedRing::record());
  for (int i = 0; i < 4; ++i) write_overflow(world.overflow, ViewedRing::record());
  world.overflow.header->head.fetch_add(2);
  const Snapshot shown = world.at(1);
  REQUIRE(shown.lanes.size() == 2);
  const LaneView& lane = shown.lanes[0];
  CHECK(lane.ring == "shown");
  CHECK(lane.lane == 0);
  CHECK_FALSE(lane.overflow);
  CHECK(lane.state == LaneView::State::owned);
  CHECK(lane.pid == 4712);
  CHECK(lane.generation == 9);
  CHECK(lane.tid == 77);
  CHECK(lane.thread == "test");
  CHECK(figures(lane.books) == BookFigures{100, 63, 37, 0, 0});
  CHECK(lane.pending == 0);
  const LaneView& overflow = shown.lanes[1];
  CHECK(overflow.ring == "shown");
  CHECK(overflow.lane == 2);
  CHECK(overflow.overflow);
  CHECK(overflow.state == LaneView::State::owned);
  CHECK(overflow.pid == 0);
  CHECK(figures(overflow.books) == BookFigures{4, 4, 0, 0, 0});
  CHECK(overflow.pending == 2);
  // A server may write anything there, also after the lane was read.
  const auto state_of = [&](std::uint32_t state, std::uint32_t word) {
    header.state.store(state);
    header.owner.word.store(word);
    Snapshot out;
    world.follower.tick(simulated(kViewBorn + kSecond), out);
    return out.lanes.at(0).state;
  };
  CHECK(state_of(kNever, 0) == LaneView::State::never);
  CHECK(state_of(kNever, 7) == LaneView::State::claiming);
  CHECK(state_of(200, 7) == LaneView::State::claiming);
  CHECK(state_of(kReady, 0) == LaneView::State::released);
  CHECK(state_of(kReady, OwnerLock::kDiedBit) == LaneView::State::dead);
}

TEST_CASE(
    "RingView: losses are of no operation until the lane is quiet, and stay known when the ring is "
    "over") {
  ViewedRing world;
  for (int i = 0; i < 100; ++i) write_record(world.lane, ViewedRing::record());
  world.lane.slots[100 & 63].sequence.store(2 * 100 + 1);  // in the middle of a record
  Snapshot shown = world.at(1);
  CHECK(shown.books.lost == 37);
  CHECK(shown.unattributed_lost == 37);
  write_record(world.lane, ViewedRing::record());
  shown = world.at(2);
  CHECK(shown.unattributed_lost == 0);
  CHECK(figures(shown.operations.at(0).books) == BookFigures{101, 64, 37, 0, 0});
  leave(*world.ring, true);
  shown = world.at(3);
  CHECK(shown.books.lost == 37);
  CHECK(shown.unattributed_lost == 0);
  CHECK(figures(shown.operations.at(0).books) == BookFigures{101, 64, 37, 0, 0});
}

TEST_CASE("RingView: a gauge is shown with its highest value since it has its name") {
  ViewedRing world;
  REQUIRE(enter_gauge(*world.ring, "rooms") == 0);
  REQUIRE(enter_gauge(*world.ring, "users") == 1);
  const auto set = [&](std::int64_t rooms, std::int64_t users) {
    world.ring->processes()[0].gauges[0].store(rooms);
    world.ring->processes()[0].gauges[1].store(users);
    return world.at(1).gauges;
  };
  const auto check_gauge = [](const GaugeView& gauge, const std::string& name, std::int64_t value,
                              std::int64_t max) {
    CHECK(gauge.ring == "shown");
    CHECK(gauge.name == name);
    CHECK(gauge.value == value);
    CHECK(gauge.max == max);
  };
  auto gauges = set(-5, 7);
  REQUIRE(gauges.size() == 2);
  check_gauge(gauges[0], "rooms", -5, -5);
  check_gauge(gauges[1], "users", 7, 7);
  gauges = set(4, 2);
  check_gauge(gauges[0], "rooms", 4, 4);
  check_gauge(gauges[1], "users", 2, 7);
  gauges = set(1, 9);
  check_gauge(gauges[0], "rooms", 1, 4);
  check_gauge(gauges[1], "users", 9, 9);
  std::memcpy(world.ring->gauge_names()[0].name, "roots", 6);  // the next server's
  gauges = set(1, 9);
  check_gauge(gauges[0], "roots", 1, 1);
}

TEST_CASE(
    "RingView: of a ring that was gone when the daemon started, only what was saved is shown") {
  ViewedRing world;
  for (int i = 0; i < 3; ++i) write_record(world.lane, ViewedRing::record());
  for (int i = 0; i < 2; ++i) write_overflow(world.overflow, ViewedRing::record());
  world.at(1);
  Encoder out;
  world.follower.encode(out, simulated(kViewBorn + kSecond));
  const std::string saved = out.take();
  std::filesystem::remove(world.path);
  RingFollower next({"shown", world.path, {}}, {{100, 20}});
  Decoder in(saved);
  const Instant now = simulated(kViewBorn + 9 * kSecond);
  next.decode(in, now, 0);
  REQUIRE(in.at_end());
  // Before it has looked.
  Snapshot shown;
  next.tick(now, shown);
  REQUIRE(shown.lanes.size() == 2);
  CHECK(shown.lanes[0].state == LaneView::State::unknown);
  CHECK_FALSE(shown.lanes[0].overflow);
  CHECK(figures(shown.lanes[0].books) == BookFigures{3, 3, 0, 0, 0});
  CHECK(shown.lanes[1].overflow);
  CHECK(figures(shown.lanes[1].books) == BookFigures{2, 2, 0, 0, 0});
  CHECK_FALSE(next.gone());
  const RingView view = look_at_ring(next, now);
  CHECK(view.instance == "0123456789abcdef00000000fedcba98");
  CHECK(view.state == RingState::waiting);
  CHECK(view.instances_seen == 1);
  CHECK(view.program.empty());
  CHECK(view.pid == 0);
  CHECK(view.created_wall_ns == 0);
  CHECK(view.clock.empty());
  CHECK(view.ticks_per_second == 0);
  CHECK(view.segment_bytes == 0);
  CHECK(figures(view.books) == BookFigures{5, 5, 0, 0, 0});
  CHECK(view.problem.starts_with(
      "the ring that was read last is gone; records written after the saved positions are lost"));
  CHECK(next.gone());
}

TEST_CASE("RingView: what came and went is said only where there is no other problem") {
  TempDir dir;
  RingFollower follower = follower_of(dir.file("ring"));
  look(follower, simulated(kViewBorn));
  CHECK(look_at_ring(follower, simulated(kViewBorn), 1).problem ==
        "1 under this name came and went before they could be read");
  std::filesystem::create_directory(dir.file("ring"));
  CHECK(look_at_ring(follower, simulated(kViewBorn))
            .problem.starts_with(dir.file("ring") + ": is no ring: not a regular file"));
  std::filesystem::remove(dir.file("ring"));
  const RingView view = look_at_ring(follower, simulated(kViewBorn));
  CHECK(view.state == RingState::waiting);
  CHECK(view.problem == "1 under this name came and went before they could be read");
}

TEST_CASE(
    "RingView: the wall clock is given with the times, as the difference to the other clock") {
  TempDir dir;
  const RingFollower follower = follower_of(dir.file("ring"));
  const RingTimes times = follower.times({5 * kSecond, 25 * kSecond, 0});
  CHECK(times.now_ns == 5 * kSecond);
  CHECK(times.wall_minus_monotonic_ns == 20 * kSecond);
  CHECK(times.observed_since_ns == 5 * kSecond);
  CHECK(times.observed_before_ns == 0);
}

TEST_CASE("RingView: a lane shows what its thread is in, and what a dead one died in") {
  ViewedRing world;
  const auto begins = [&](std::uint16_t id) {
    LaneHeader& header = *world.lane.header;
    header.in_flight.operation.store(id);
    header.in_flight.start.store(static_cast<std::uint64_t>(kViewBorn + 3 * kSecond));
  };
  const auto lane_at = [&](int seconds) { return world.at(seconds).lanes.at(0); };
  CHECK(lane_at(1).in_flight == "");
  begins(0);
  const std::int64_t born_wall_ns = simulated(kViewBorn).realtime_ns;
  CHECK(lane_at(5).in_flight == "operation-0");
  CHECK(lane_at(5).in_flight_wall_ns == born_wall_ns + 3 * kSecond);
  REQUIRE(enter_name(*world.ring, 7, {"SEND_ALL", "message", {}}));
  begins(7);
  CHECK(lane_at(6).in_flight == "SEND_ALL");
  begins(0xffff);   // nothing that a writer of the format would say
  CHECK(lane_at(6).in_flight == "operation-511");
  begins(7);
  world.lane.header->owner.word.store(OwnerLock::kDiedBit);
  const LaneView dead = lane_at(7);
  CHECK(dead.state == LaneView::State::dead);
  CHECK(dead.in_flight == "SEND_ALL");
  world.lane.header->owner.word.store(0);
  CHECK(lane_at(8).in_flight == "");   // its thread has ended in order
}

TEST_CASE("RingView: what is not recorded at each call is shown by name, in the order of ids") {
  ViewedRing world;
  REQUIRE(enter_name(*world.ring, 3, {"SEND", "", {}}));
  REQUIRE(enter_name(*world.ring, 5, {"LIST", "", {}}));
  REQUIRE(enter_name(*world.ring, kFirstEvent, {"RETRY", "", {}}));
  CHECK(world.at(1).rings.at(0).sampled.empty());
  auto& requested = world.ring->control().requested;
  requested[kFirstEvent].store(7);
  requested[3].store(10);
  requested[5].store(0);
  requested[6].store(9);  // nobody has that id
  const std::vector<SampledView> expected = {{"SEND", 10}, {"LIST", 0}, {"RETRY", 7}};
  CHECK(world.at(2).rings.at(0).sampled == expected);
  // The switch of the whole ring leaves them as they are.
  world.ring->control().enabled.store(0);
  CHECK(world.at(3).rings.at(0).sampled == expected);
}
