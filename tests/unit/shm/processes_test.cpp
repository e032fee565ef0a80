// Who stands among a ring's processes, who of them lives, and what their gauges add up to. A thread
// stands for a process here: it holds an entry, and the kernel marks the entry when it ends.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/replaced.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct Table {
  TempDir dir;
  std::unique_ptr<Segment> ring;

  explicit Table(std::uint32_t lanes = 2) : ring(make_ring(dir.file("ring"), {lanes, 64, 64})) {}

  ProcessPlace enter(std::uint32_t pid) {
    ProcessIdentity identity = self_identity();
    identity.pid = pid;
    return enter_process(*ring, identity);
  }
  ProcessesLook look() { return look_at_processes(*ring, ring->header().death_marked != 0); }
  std::vector<std::uint32_t> living() {
    std::vector<std::uint32_t> pids;
    for (const ProcessLook& one : look().entered) {
      if (one.liveness == Liveness::alive) pids.push_back(one.pid);
    }
    return pids;
  }
  std::uint32_t used() { return ring->header().processes_used.load(); }
};

using Pids = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("Processes: a place is nowhere until a process has entered") {
  CHECK_FALSE(ProcessPlace{}.somewhere());
  CHECK(ProcessPlace{0, 1}.somewhere());
  CHECK(ProcessPlace{kMaxProcesses - 1, 1}.somewhere());
  CHECK_FALSE(ProcessPlace{kMaxProcesses, 1}.somewhere());
}

// Without the kernel's marks (qemu-user) pids are asked, and these pids are nobody's.
TEST_SUITE_BEGIN("processes" * doctest::skip(kEmulated));

TEST_CASE("Processes: whoever makes the ring stands in it first") {
  Table table;
  const ProcessesLook look = table.look();
  REQUIRE(look.entered.size() == 1);
  const ProcessIdentity self = self_identity();
  CHECK(look.entered[0].index == 0);
  CHECK(look.entered[0].pid == self.pid);
  CHECK(look.entered[0].start_time == self.start_time);
  CHECK(look.entered[0].pid_namespace == self.pid_namespace);
  CHECK(look.entered[0].liveness == Liveness::alive);
  CHECK(look.any() == Liveness::alive);
  CHECK(look.died == 0);
  CHECK(table.used() == 1);
}

TEST_CASE("Processes: each gets an entry of its own, and the dead leave theirs to the next") {
  Table table;
  CHECK(table.enter(101).index == 1);
  in_another_thread([&] { CHECK(table.enter(102).index == 2); });
  CHECK(table.enter(103).index == 2);
  CHECK(table.living() == Pids{our_pid(), 101, 103});
  CHECK(table.look().died == 1);
  CHECK(table.enter(104).index == 3);
  CHECK(table.used() == 4);
}

TEST_CASE("Processes: who left is neither living nor dead, and the entry is used again") {
  Table table;
  const ProcessPlace place = table.enter(101);
  leave_process(*table.ring, place);
  CHECK(table.living() == Pids{our_pid()});
  CHECK(table.look().entered.size() == 1);
  CHECK(table.look().died == 0);
  leave_process(*table.ring, place);  // twice is once
  const ProcessPlace next = table.enter(102);
  CHECK(next.index == 1);
  CHECK(next.entered == 2);
  leave_process(*table.ring, place);  // another's by now
  CHECK(table.living() == Pids{our_pid(), 102});
  CHECK(table.look().died == 0);
}

TEST_CASE("Processes: each death is counted once, also in an entry that many died in") {
  Table table;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    in_another_thread([&] { CHECK(table.enter(101).index == 1); });
    CHECK(table.look().died == i);
  }
  in_another_thread([&] { leave_process(*table.ring, table.enter(101)); });
  CHECK(table.look().died == 5);
  // Another process wrote the numbers: more may have left than entered.
  table.ring->processes()[1].left.store(100);
  CHECK(table.look().died == 0);
}

TEST_CASE("Processes: one whose first thread has ended lives as long as a lane of it does") {
  Table table;
  ProcessPlace place;
  in_another_thread([&] { place = table.enter(101); });
  CHECK(table.living() == Pids{our_pid()});
  LaneOwner owner = test::owner();
  owner.place = place;
  {
    Held thread([&] { REQUIRE(claim_lane(*table.ring, owner).lane == 0); });
    CHECK(table.living() == Pids{our_pid(), 101});
    CHECK(table.look().died == 0);
    // So nobody gets its entry.
    CHECK(table.enter(102).index == 2);
    // A lane of somebody who had the entry before says nothing about who has it now.
    table.ring->lane_header(0).process.store(process_word(1, place.entered + 1));
    CHECK(table.living() == Pids{our_pid(), 102});
    table.ring->lane_header(0).process.store(process_word(4000, place.entered));   // nowhere
    CHECK(table.living() == Pids{our_pid(), 102});
    table.ring->lane_header(0).process.store(process_word(place.index, place.entered));
  }
  CHECK(table.living() == Pids{our_pid(), 102});
  CHECK(table.look().died == 1);
}

TEST_CASE("Processes: one that moves from lane to lane is never taken for dead") {
  // Far from each other and from the ends, so that a look has time to miss each of them.
  constexpr std::uint32_t kLanes[] = {256, 768};
  Table table(1024);
  LaneOwner owner = test::owner();
  in_another_thread([&] { owner.place = table.enter(101); });
  std::atomic<std::uint64_t> moves{0};
  std::atomic<bool> enough{false};
  // At each moment it holds one of the two lanes, or both.
  std::thread mover([&] {
    claim_lane_at(*table.ring, kLanes[0], owner);
    for (int to = 1; !enough.load(); to = 1 - to) {
      claim_lane_at(*table.ring, kLanes[to], owner);
      release_lane(*table.ring, kLanes[1 - to]);
      // Stays for about as long as half a look takes, more or less.
      const std::uint64_t turns = moves.fetch_add(1, std::memory_order_relaxed) % 400;
      for (std::atomic<std::uint64_t> i{0}; i.fetch_add(1, std::memory_order_relaxed) < turns;) {
      }
    }
  });
  while (moves.load() == 0) std::this_thread::yield();
  int dead = 0;
  while (moves.load() < 200'000) dead += table.living().size() == 1 ? 1 : 0;
  enough.store(true);
  mover.join();
  CHECK(dead == 0);
}

TEST_CASE("Processes: another thread holds the entry on, unless it is somebody else's by now") {
  Table table;
  ProcessPlace place;
  in_another_thread([&] {
    place = table.enter(101);
    CHECK(hold_process(*table.ring, place) == Hold::by_another);
    let_go_of_process(*table.ring, place);
  });
  CHECK(table.living() == Pids{our_pid()});
  CHECK(still_entered(*table.ring, place));
  {
    Held stopped([&] { CHECK(table.ring->header().registry.take() == Holder::none); });
    CHECK(hold_process(*table.ring, place) == Hold::busy);
  }
  CHECK(hold_process(*table.ring, place) == Hold::held);
  CHECK(table.living() == Pids{our_pid(), 101});
  CHECK(table.look().died == 0);
  let_go_of_process(*table.ring, place);
  CHECK(table.enter(102).index == place.index);
  CHECK_FALSE(still_entered(*table.ring, place));
  CHECK(hold_process(*table.ring, place) == Hold::lost);
  CHECK(table.living() == Pids{our_pid(), 102});
  CHECK(hold_process(*table.ring, {}) == Hold::lost);
}

TEST_CASE("Processes: a gauge is the sum over the living") {
  Table table;
  const ProcessPlace place = table.enter(101);
  ProcessPlace dead;
  in_another_thread([&] { dead = table.enter(102); });
  ProcessEntry* entries = table.ring->processes();
  entries[0].gauges[3].store(5);
  entries[place.index].gauges[3].store(-7);
  entries[dead.index].gauges[3].store(180);
  entries[dead.index].gauges[63].store(180);
  CHECK(gauge_value(*table.ring, table.look(), 3) == -2);
  CHECK(gauge_value(*table.ring, table.look(), 63) == 0);
  // The next process in the dead one's entry begins at 0.
  CHECK(table.enter(103).index == dead.index);
  CHECK(gauge_value(*table.ring, table.look(), 63) == 0);
  entries[place.index].gauges[3].store(INT64_MAX);   // garbage wraps
  CHECK(gauge_value(*table.ring, table.look(), 3) == INT64_MIN + 4);
}

TEST_CASE("Processes: a table of any size that another process claims is read within its bounds") {
  Table table;
  table.ring->header().processes_used.store(0xffffffff);
  CHECK(table.living() == Pids{our_pid()});
  CHECK_FALSE(table.enter(101).somewhere());   // bytes that were never made a lock
  table.ring->header().processes_used.store(0);
  CHECK(table.look().any() == Liveness::dead);
}

TEST_CASE("Processes: who has taken an entry since the look brings no gauges into it") {
  Table table;
  ProcessPlace place;
  ProcessesLook look;
  std::atomic<std::int64_t>* gauge = nullptr;
  in_another_thread([&] {
    place = table.enter(101);
    gauge = &table.ring->processes()[place.index].gauges[3];
    gauge->store(180);
    look = table.look();
    CHECK(gauge_value(*table.ring, look, 3) == 180);
  });
  CHECK(table.enter(102).index == place.index);
  gauge->store(7);
  CHECK(gauge_value(*table.ring, look, 3) == 0);
  CHECK(gauge_value(*table.ring, table.look(), 3) == 7);
}

TEST_CASE("Processes: one that holds its entry and a lane in turn is never taken for dead") {
  // As many lanes as a look takes time for.
  Table table(1024);
  LaneOwner owner = test::owner();
  std::atomic<std::uint64_t> moves{0};
  std::atomic<bool> enough{false};
  // For about as long as half a look takes, more or less.
  const auto stay = [](std::uint64_t turns) {
    for (std::atomic<std::uint64_t> i{0}; i.fetch_add(1, std::memory_order_relaxed) < turns;) {
    }
  };
  std::thread mover([&] {
    owner.place = table.enter(101);
    while (!enough.load()) {
      const std::uint64_t turns = moves.load(std::memory_order_relaxed) % 400;
      claim_lane_at(*table.ring, 512, owner);
      let_go_of_process(*table.ring, owner.place);
      stay(400 - turns);
      hold_process(*table.ring, owner.place);
      release_lane(*table.ring, 512);
      stay(10 * turns);
      moves.fetch_add(1);
    }
  });
  while (moves.load() == 0) std::this_thread::yield();
  int dead = 0;
  while (moves.load() < 50'000) dead += table.living().size() == 1 ? 1 : 0;
  enough.store(true);
  mover.join();
  CHECK(dead == 0);
}

// ThreadSanitizer allows no thread in a forked child.
TEST_CASE("Processes: the locks of a thread that called exec, and was not the first, are not held" *
          doctest::skip(kEmulated || kSanitized)) {
  Table table;
  const Replaced child(CallsExec::another_thread, [&] {
    LaneOwner owner = test::owner("w", static_cast<std::uint32_t>(syscall(SYS_gettid)));
    owner.place = enter_process(*table.ring, self_identity());
    claim_lane(*table.ring, owner);
    claim_seat_at(*table.ring, 0, owner);
  });
  // Its number stays in the words, and the process lives on as another program.
  CHECK(table.ring->lane_header(0).owner.holder() == Holder::alive);
  CHECK(table.ring->seat(0).lock.holder() == Holder::alive);
  CHECK(table.living() == Pids{our_pid()});
  CHECK(table.look().died == 1);
  // The next process to enter finds it out, and the lane is free for all.
  CHECK(table.enter(101).index == 1);
  CHECK(table.ring->lane_header(0).owner.holder() == Holder::died);
  CHECK(table.ring->seat(0).lock.holder() == Holder::died);
  CHECK(claim_lane(*table.ring, test::owner()).lane == 1);
  CHECK(claim_lane(*table.ring, test::owner()).lane == 0);
}

TEST_CASE("Processes: a number that nobody has says nothing in another pid namespace") {
  Table table;
  const pid_t gone = spawn([] { return 0; });
  wait_for(gone);
  disown(*table.ring);
  ProcessEntry& entry = table.ring->processes()[0];
  const auto alive_with = [&](std::uint32_t word, std::uint32_t tid, std::uint64_t home) {
    entry.lock.word.store(word);
    entry.holder_tid.store(tid);
    entry.pid_namespace.store(home);
    return table.look().any() == Liveness::alive;
  };
  const auto tid = static_cast<std::uint32_t>(gone);
  const std::uint64_t here = self_identity().pid_namespace;
  CHECK_FALSE(alive_with(tid, tid, here));
  CHECK(alive_with(tid, tid, here ^ 1));
  CHECK(alive_with(tid, tid, 0));
  CHECK(alive_with(tid, tid + 1, here));   // the holder has not said who it is
  CHECK(alive_with(1, 1, here));
}

TEST_CASE("Processes: who is just entering keeps the ring alive") {
  Table table;
  leave_process(*table.ring, our_place(*table.ring));
  CHECK(table.look().any() == Liveness::dead);
  ProcessEntry& entry = table.ring->processes()[0];
  entry.standing.store(standing_of(1, kPhaseFree));
  {
    Held joining([&] { CHECK(entry.lock.take() == Holder::none); });
    CHECK(table.look().any() == Liveness::alive);
    CHECK(table.look().died == 0);
    CHECK(table.look().entered.empty());
  }
  CHECK(table.look().any() == Liveness::dead);
}

TEST_CASE("Processes: hundreds enter, and each finds its place") {
  Table table;
  for (std::uint32_t i = 1; i < 500; ++i) REQUIRE(table.enter(1000 + i).index == i);
  CHECK(table.living().size() == 500);
  CHECK(table.ring->header().processes_refused.load() == 0);
}

TEST_CASE("Processes: who holds the registry and is stopped keeps the others out for 100 ms") {
  Table table;
  {
    Held stopped([&] { CHECK(table.ring->header().registry.take() == Holder::none); });
    CHECK_FALSE(table.enter(101).somewhere());
    CHECK(table.ring->header().processes_refused.load() == 1);
  }
  // Who died with it does not.
  CHECK(table.enter(101).index == 1);
}

TEST_SUITE_END();
