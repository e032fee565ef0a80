// An entry of the process table that one process takes or looks at, while its own process moves
// between entry and lane.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <thread>

#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/under.h"
#include "tests/unit/producer/steps_server.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A server that was started by a thread which ends with let_go(). Then nobody holds its entry.
int claims_unheld(
    const Setup& setup,
    const std::function<int(Segment& ring, Steps& steps, const std::function<void()>& let_go)>&
        body) {
  unsetenv("RINGSIDE_RING");
  auto first = std::make_unique<Held>([&] { start(setup); });
  if (!traced()) return 99;
  const auto ring = writable(setup.ring);
  Steps steps;
  return body(*ring, steps, [&] { first.reset(); });
}

bool lives(const Segment& ring, std::uint32_t index) {
  bool found = false;
  for (const ProcessLook& one : look_at_processes(ring, true).entered)
    found = found || (one.index == index && one.liveness == Liveness::alive);
  return found;
}

}  // namespace

TEST_CASE("StepsPlaces: who claims a lane while another process takes its entry keeps the entry" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          return claims_unheld(step_setup(dir), [](auto& ring, auto& steps, const auto& let_go) {
            let_go();
            // Found it held a moment ago.
            LaneOwner owner = test::owner("claims", 1);
            owner.place = {0, 1};
            bool stands = false;
            std::unique_ptr<Held> claimer;
            steps.at_each([&](const std::string& step) {
              if (step != "join_found" || claimer != nullptr) return;
              claimer = std::make_unique<Held>([&] {
                claim_lane(ring, owner);
                stands = entered_at_claim(ring, owner.place);
              });
            });
            ring.processes()[0].gauges[0].store(7);
            const ProcessPlace next = enter_process(ring, self_identity());
            steps.at_each(nullptr);
            if (claimer == nullptr || !stands) return 1;
            if (next.index != 1) return 2;
            if (!still_entered(ring, owner.place) || !lives(ring, 0)) return 3;
            return ring.processes()[0].gauges[0].load() == 7 ? 0 : 4;
          });
        }).exited(0));
}

TEST_CASE("StepsPlaces: who has lost its entry when it has claimed a lane enters anew" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          return claims_unheld(step_setup(dir), [](auto& ring, auto& steps, const auto& let_go) {
            std::unique_ptr<Held> other;
            steps.at_each([&](const std::string& step) {
              if (step != "claim_taken" || other != nullptr) return;
              let_go();
              other = std::make_unique<Held>([&] { enter_process(ring, self_identity()); });
            });
            trace(chat::SEND_MESSAGE);
            steps.at_each(nullptr);
            if (other == nullptr || entered_in(ring.processes()[0].standing) != 2) return 1;
            if (ring.lane_header(0).process.load() != process_word(1, 1)) return 2;
            return lives(ring, 1) ? 0 : 3;
          });
        }).exited(0));
}

TEST_CASE("StepsPlaces: an entry whose taker died with it half taken is left to a lane that names it" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  LaneOwner owner = test::owner("claims", 1);
  in_another_thread([&] { owner.place = enter_process(*ring, self_identity()); });
  Held claimer([&] { claim_lane(*ring, owner); });
  leave_process(*ring, our_place(*ring));
  ring->processes()[1].standing.store(standing_of(1, kPhaseFree));
  CHECK(look_at_processes(*ring, true).any() == Liveness::alive);
  CHECK(anybody_writes(*ring));
  CHECK(enter_process(*ring, self_identity()).index == 0);
  CHECK(enter_process(*ring, self_identity()).index == 2);
  CHECK(hold_process(*ring, owner.place) == Hold::lost);
  CHECK(ring->processes()[1].standing.load() == standing_of(1, kPhaseFree));
}

TEST_CASE("StepsPlaces: a ring is not taken whose process moves between entry and lane meanwhile" *
          doctest::skip(kEmulated)) {
  for (const bool to_lane : {true, false}) {
    for (int part = 0; part < kPartsRead; ++part) {
      CAPTURE(to_lane);
      CAPTURE(part);
      Server server;
      auto ring = server.create().segment;
      LaneOwner owner = test::owner();
      owner.place = our_place(*ring);
      const auto move = [&](bool there) {
        if (there) {
          REQUIRE(claim_lane(*ring, owner).result == Claim::owned);
          let_go_of_process(*ring, owner.place);
        } else {
          REQUIRE(hold_process(*ring, owner.place) == Hold::held);
          release_lane(*ring, 0);
        }
      };
      if (!to_lane) move(true);
      server.faults.pread.before([&] { move(to_lane); }, part);
      CHECK(server.refusal().compare(0, 20, "is in use by process") == 0);
      CHECK_FALSE(server.exists(".previous"));
    }
  }
}

TEST_CASE("StepsPlaces: a ring is not taken whose process moves from lane to lane meanwhile" *
          doctest::skip(kEmulated)) {
  for (int part = 0; part < kPartsRead; ++part) {
    CAPTURE(part);
    Server server;
    server.options.geometry.lane_count = 2;
    auto ring = server.create().segment;
    LaneOwner owner = test::owner();
    owner.place = our_place(*ring);
    REQUIRE(claim_lane_at(*ring, 1, owner).result == Claim::owned);
    let_go_of_process(*ring, owner.place);
    // From the last lane to the first, which was looked at before it.
    server.faults.pread.before(
        [&] {
          REQUIRE(claim_lane_at(*ring, 0, owner).result == Claim::owned);
          release_lane(*ring, 1);
        },
        part);
    CHECK(server.refusal().compare(0, 20, "is in use by process") == 0);
  }
}

TEST_CASE("StepsPlaces: a ring that a process is just entering is in use" *
          doctest::skip(kEmulated)) {
  Server server;
  auto ring = server.create().segment;
  leave_process(*ring, our_place(*ring));
  ProcessEntry& entry = ring->processes()[0];
  entry.standing.store(standing_of(1, kPhaseFree));
  {
    Held entering([&] { entry.lock.take(); });
    CHECK(server.refusal() ==
          "is in use by a process that is just entering it\n  next: give this server another ring "
          "name, or let both share it (Setup::share)");
    CHECK_FALSE(server.exists(".previous"));
    server.options.share = true;
    CHECK(server.create().joined);
    server.options.share = false;
  }
  leave_process(*ring, our_place(*ring));
  CHECK(server.create().segment != nullptr);
}
