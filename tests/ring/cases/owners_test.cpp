// Cases 8 and 10, owners: pids that are used again, namespaces that hide pids, claimers that die or
// race.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"
#include "tests/support/random.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Case08: a crashed server whose pid has come back holds its name no longer" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  const std::string path = dir.file("ring");
  REQUIRE(run([&] {
            Failure failure;
            const Created made = create(path, &failure);
            raise(SIGKILL);
            return 0;
          }).killed_by(SIGKILL));
  const ProcessIdentity self = self_identity();
  SegmentFacts facts;
  Failure failure;
  OpenOptions writable;
  writable.writable = true;
  auto ring = open_segment(path, writable, &facts, &failure);
  REQUIRE(ring != nullptr);
  // The entry has our pid and our start time, as if the dead server's pid had come back.
  ProcessEntry& entry = ring->processes()[0];
  entry.pid.store(self.pid);
  entry.start_time.store(self.start_time);
  CHECK(segment_liveness(*ring, facts) == Liveness::dead);
  CHECK(run([&] { return create(path, &failure).segment != nullptr ? 0 : 1; }).exited(0));
  CHECK(access(previous_path(path).c_str(), F_OK) == 0);
}

TEST_CASE("Case08: the lanes of a dead process are inherited by a later one of the same pid" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  in_another_thread([&] {
    LaneWriter writer = claim(*ring);
    write_record(writer, operation(1, 0, 1));
  });
  const ClaimedLane heir = claim_lane(*ring, owner("heir"));
  REQUIRE(heir.result == Claim::owned);
  CHECK(heir.writer.position == 1);
  CHECK(claim_lane(*ring, owner("late")).result == Claim::none_free);
}

TEST_CASE("Case08: a child in a pid namespace of its own has a lane of its own and closes nobody's ring") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 2;
  const Ended ended = run([&] {
    unsetenv("RINGSIDE_RING");
    HOLDS(start(setup));
    Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
    // The parent's pid does not exist in the child's namespace.
    if (!enter_world(CLONE_NEWPID)) return kNotAllowed;
    const Ended child = run(
        [] {
          for (int i = 0; i < 10; ++i) Operation(chat::JOIN_ROOM).finish(Outcome::ok);
          return getpid() == 1 ? 0 : 1;
        },
        true);
    HOLDS(child.exited(0));
    SegmentFacts facts;
    Failure failure;
    const auto ring = open_segment(setup.ring, {}, &facts, &failure);
    HOLDS(ring != nullptr);
    HOLDS(ring->header().state.load() == kSegmentReady);
    HOLDS(ring->lane_header(0).owner_pid.load() == our_pid());
    HOLDS(ring->lane_header(1).owner_pid.load() == 1);
    HOLDS(ring->lane_header(1).life() == LaneLife::released);
    for (int i = 0; i < 5; ++i) Operation(chat::LEAVE_ROOM).finish(Outcome::ok);
    stop();
    return 0;
  });
  if (!shown(ended)) return;
  const Reader reader(dir.file("ring"));
  CHECK(reader.segment->lane_header(0).head.load() == 6);
  CHECK(reader.segment->lane_header(1).head.load() == 10);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) == 10);
  CHECK(reader.records.size() == 16);
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
}

TEST_CASE("Case10: a claimer that dies before its lane has memory leaves it to the next one" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  // The state of a lane between the claim and the allocation.
  in_another_thread([&] { CHECK(ring->lane_header(0).owner.take() == Holder::none); });
  CHECK_FALSE(lane_readable(ring->lane_header(0)));
  LaneWriter writer = claim(*ring);
  CHECK(writer.position == 0);
  for (int i = 0; i < 100; ++i) write_record(writer, operation(1, 0, 1));
  LaneCursor cursor;
  read_lane(ring->slots(0), ring->lane_header(0), 64, cursor, 1000, [](const Record&) {});
  CHECK(cursor.read + cursor.lost == 100);
  CHECK(ring->lane_header(0).torn.load() == 0);
}

namespace {

// Shared memory of the processes of the next case, beside the ring.
struct Ledger {
  std::atomic<std::uint32_t> holder[2];      // the life that has the lane; 0 is nobody
  std::atomic<bool> doomed[100'000];         // by life: its process is about to be killed
  std::atomic<std::uint32_t> lives;
  std::atomic<std::uint32_t> claims, inherited, intrusions;
};

// Claims, writes and releases until it is killed.
[[noreturn]] void live(Segment& ring, Ledger& ledger, std::uint32_t life) {
  std::mt19937_64 random(life);
  const LaneOwner self = owner("churn", life);
  for (;;) {
    ClaimedLane claimed = claim_lane(ring, self);
    if (claimed.result != Claim::owned) {
      sched_yield();
      continue;
    }
    const std::uint32_t before = ledger.holder[claimed.lane].exchange(life);
    ledger.claims.fetch_add(1);
    if (before != 0) {
      if (!ledger.doomed[before].load()) ledger.intrusions.fetch_add(1);
      ledger.inherited.fetch_add(1);
    }
    for (std::uint64_t i = 0; i <= random() % 3'000; ++i)
      write_record(claimed.writer, operation(1, life, 1));
    std::uint32_t mine = life;
    if (!ledger.holder[claimed.lane].compare_exchange_strong(mine, 0))
      ledger.intrusions.fetch_add(1);
    release_lane(ring, claimed.lane);
  }
}

}  // namespace

TEST_CASE("Case10: however many claim the lanes of the killed, each lane has one owner and its books hold") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  void* memory =
      mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& ledger = *new (memory) Ledger{};
  std::mt19937_64 random(seed());
  struct Child {
    pid_t pid;
    std::uint32_t life;
  };
  std::vector<Child> children;
  const auto bear = [&] {
    const std::uint32_t life = ledger.lives.fetch_add(1) + 1;
    children.push_back({spawn([&]() -> int { live(*ring, ledger, life); }), life});
  };
  for (int i = 0; i < 4; ++i) bear();
  std::uint64_t kills = 0;
  // Runs until enough processes have died while they held a lane.
  const std::uint32_t wanted = long_run() ? 2'000 : kSanitized ? 30 : 100;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  while (ledger.inherited.load() < wanted && std::chrono::steady_clock::now() < deadline) {
    const std::size_t victim = random() % children.size();
    const std::uint32_t claims = ledger.claims.load();
    while (ledger.claims.load() < claims + random() % 50 &&
           std::chrono::steady_clock::now() < deadline)
      sched_yield();
    ledger.doomed[children[victim].life].store(true);
    kill(children[victim].pid, SIGKILL);
    CHECK(wait_for(children[victim].pid).killed_by(SIGKILL));
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(victim));
    ++kills;
    bear();
  }
  for (const Child& child : children) {
    ledger.doomed[child.life].store(true);
    kill(child.pid, SIGKILL);
    wait_for(child.pid);
    ++kills;
  }
  MESSAGE(kills << " killed, " << ledger.claims.load() << " claims, " << ledger.inherited.load()
                << " of the dead");
  CHECK(ledger.inherited.load() >= wanted);
  CHECK(ledger.intrusions.load() == 0);
  // Both lanes can be claimed again. The claim settles what the dead left unfinished.
  for (int i = 0; i < 2; ++i) claim(*ring);
  for (std::uint32_t lane = 0; lane < 2; ++lane) {
    const LaneHeader& header = ring->lane_header(lane);
    const std::uint64_t head = header.head.load();
    const std::uint64_t recorded = ring->totals(lane)[1].recorded.load();
    CHECK(recorded >= head);
    CHECK(recorded - head <= header.torn.load());   // counted, then killed before the publication
    CHECK(header.torn.load() <= kills);
    LaneCursor cursor;
    read_lane(ring->slots(lane), header, 64, cursor, ~std::uint64_t{0}, [](const Record&) {});
    CHECK(cursor.read + cursor.lost == head);
    CHECK(cursor.rejected == 0);
  }
  munmap(memory, sizeof(Ledger));
}
