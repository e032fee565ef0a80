// Whose lane a record is in: threads that have none, threads that end, and children of fork().
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "shm/processes.h"
#include "shm/words.h"
#include "tests/support/held.h"
#include "tests/support/under.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

Setup small_setup(const TempDir& dir, std::uint32_t lanes) {
  Setup setup = setup_for(dir);
  setup.lanes = lanes;
  setup.lane_capacity = setup.overflow_capacity = 8192;
  return setup;
}

void one(OperationId id) { Operation(id).finish(Outcome::ok); }

int g_traced_in_child = 0;
void trace_in_child() {
  if (g_traced_in_child++ == 0) one(chat::EDIT_MESSAGE);
}

pthread_key_t g_late_key;
void trace_late(void*) { one(chat::EDIT_MESSAGE); }

}  // namespace

TEST_CASE("Lanes: a thread's lane has its name, and its first call may be a count") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            std::thread([] {
              prctl(PR_SET_NAME, "fifteen letters");
              count(chat::RETRY);
              count(chat::RETRY);
            }).join();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(lane_thread_name(reader.segment->lane_header(0)) == "fifteen letters");
  CHECK(reader.segment->totals(0)[chat::RETRY.value].skipped.load() == 2);
  CHECK_FALSE(lane_readable(reader.segment->lane_header(reader.segment->overflow_lane())));
}

TEST_CASE("Lanes: without one a thread looks at one lane with each record, and counts are shared, too") {
  TempDir dir;
  REQUIRE(serve(small_setup(dir, 1), [&] {
            const auto ring = writable(dir.file("ring"));
            auto first = std::make_unique<Held>([] { one(chat::SEND_MESSAGE); });
            for (int i = 0; i < 100; ++i) one(chat::JOIN_ROOM);
            for (int i = 0; i < 57; ++i) count(chat::RETRY);
            first.reset();  // the lane is free now
            for (int i = 0; i < 10; ++i) one(chat::JOIN_ROOM);
            if (ring->totals(0)[chat::JOIN_ROOM.value].recorded.load() != 10) return 2;
            return ring->totals(1)[chat::RETRY.value].skipped.load() == 57 ? 0 : 3;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  std::uint64_t marked = 0;
  for (const Record& record : reader.records) {
    const bool overflow = (record.flags & kFlagOverflow) != 0;
    CHECK((!overflow || record.operation == chat::JOIN_ROOM.value));
    marked += overflow;
  }
  CHECK(marked == 100);
}

TEST_CASE("Lanes: without memory records are counted as untraced, and it is asked for again" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  const std::string path = dir.file("ring");
  const Setup setup = small_setup(dir, 1);
  const Geometry geometry{1, 8192, 8192};
  REQUIRE(serve(setup, [&] {
            const auto ring = writable(path);
            const SegmentHeader& header = ring->header();
            if (truncate(path.c_str(), static_cast<off_t>(geometry.block_offset(0))) != 0) return 1;
            one(chat::JOIN_ROOM);
            if (truncate(path.c_str(), static_cast<off_t>(geometry.segment_bytes())) != 0) return 2;
            for (int i = 0; i < 255; ++i) one(chat::JOIN_ROOM);
            count(chat::RETRY);
            if (header.untraced_records.load() != 257 || header.untraced_threads.load() != 1)
              return 3;
            one(chat::JOIN_ROOM);
            if (header.untraced_records.load() != 257) return 4;
            if (ring->totals(0)[chat::JOIN_ROOM.value].recorded.load() != 1) return 5;
            // Another thread finds the lane taken and the overflow lane without memory.
            if (truncate(path.c_str(), static_cast<off_t>(geometry.block_offset(1))) != 0) return 6;
            int failed = 0;
            std::thread([&] {
              one(chat::LEAVE_ROOM);
              if (header.untraced_threads.load() != 2) failed = 7;
              // In a child of this thread everything begins anew.
              const Ended child = run([&] {
                one(chat::LEAVE_ROOM);
                return header.untraced_threads.load() == 3 ? 0 : 1;
              });
              if (!child.exited(0)) failed = 8;
              if (truncate(path.c_str(), static_cast<off_t>(geometry.segment_bytes())) != 0)
                failed = 9;
              const Ended other = run([&] {
                one(chat::EDIT_MESSAGE);
                return ring->totals(1)[chat::EDIT_MESSAGE.value].recorded.load() == 1 ? 0 : 1;
              });
              if (!other.exited(0)) failed = 10;
              const std::uint64_t before = header.untraced_records.load();
              for (int i = 0; i < 4096; ++i) one(chat::LEAVE_ROOM);
              if (header.untraced_records.load() != before + 4096) failed = 11;
              one(chat::LEAVE_ROOM);
              if (header.untraced_records.load() != before + 4096) failed = 12;
              if (ring->totals(1)[chat::LEAVE_ROOM.value].recorded.load() != 1) failed = 13;
            }).join();
            return failed;
          }).exited(0));
}

TEST_CASE(
    "Lanes: what a thread traces after it has given its lane back goes to the overflow lane") {
  TempDir dir;
  REQUIRE(serve(small_setup(dir, 4), [] {
            // A key that is made after the start ends after the thread's lane.
            if (pthread_key_create(&g_late_key, &trace_late) != 0) return 1;
            std::thread([] {
              one(chat::SEND_MESSAGE);
              pthread_setspecific(g_late_key, &g_late_key);
            }).join();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 2);
  CHECK(reader.records[0].operation == chat::SEND_MESSAGE.value);
  CHECK((reader.records[0].flags & kFlagOverflow) == 0);
  CHECK(reader.records[1].operation == chat::EDIT_MESSAGE.value);
  CHECK((reader.records[1].flags & kFlagOverflow) != 0);
  CHECK(reader.segment->lane_header(0).life() == LaneLife::released);
  CHECK(reader.segment->lane_header(1).life() == LaneLife::never);
}

TEST_CASE("ProducerFork: a child is a process of its own, with its own pid, place and lane") {
  TempDir dir;
  REQUIRE(serve(small_setup(dir, 4), [&] {
            const auto ring = writable(dir.file("ring"));
            one(chat::SEND_MESSAGE);
            const pid_t child = spawn([] {
              one(chat::JOIN_ROOM);
              raise(SIGKILL);
              return 0;
            });
            if (!wait_for(child).killed_by(SIGKILL)) return 1;
            // What it left says who it was.
            const LaneHeader& header = ring->lane_header(1);
            if (!kEmulated && header.life() != LaneLife::dead) return 2;
            if (header.owner_pid.load() != static_cast<std::uint32_t>(child)) return 3;
            if (header.process.load() != process_word(1, 1)) return 8;
            if (ring->processes()[1].pid.load() != static_cast<std::uint32_t>(child)) return 4;
            if (!kEmulated && look_at_processes(*ring, true).died != 1) return 9;
            if (ring->totals(1)[chat::JOIN_ROOM.value].recorded.load() != 1) return 5;
            // Its parent goes on in its own lane.
            one(chat::SEND_MESSAGE);
            if (ring->lane_header(0).head.load() != 2) return 6;
            return lane_readable(ring->lane_header(ring->overflow_lane())) ? 7 : 0;
          }).exited(0));
}

TEST_CASE("ProducerFork: a child asks for a lane at once, though its parent had to wait for one") {
  TempDir dir;
  REQUIRE(serve(small_setup(dir, 2), [&] {
            const auto ring = writable(dir.file("ring"));
            one(chat::SEND_MESSAGE);
            auto second = std::make_unique<Held>([] { one(chat::SEND_MESSAGE); });
            int failed = 0;
            std::thread([&] {
              one(chat::LEAVE_ROOM);  // no lane is free
              second.reset();
              failed =
                  !run([&] {
                     one(chat::JOIN_ROOM);
                     return ring->totals(1)[chat::JOIN_ROOM.value].recorded.load() == 1 ? 0 : 1;
                   }).exited(0);
            }).join();
            return failed;
          }).exited(0));
}

TEST_CASE(
    "ProducerFork: what another fork handler traces in the child is not in its parent's lane") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          // Registered before the start, so it runs before the library's own.
          pthread_atfork(nullptr, nullptr, &trace_in_child);
          if (!start(setup_for(dir))) return 1;
          one(chat::SEND_MESSAGE);
          return run([] { return 0; }).exited(0) ? 0 : 2;
        }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 2);
  CHECK(reader.records[1].operation == chat::EDIT_MESSAGE.value);
  CHECK((reader.records[1].flags & kFlagOverflow) != 0);
}

TEST_CASE("ProducerFork: a child's gauges begin at 0, and readers see the sum over the living" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  REQUIRE(serve(small_setup(dir, 4), [&] {
            const auto ring = writable(dir.file("ring"));
            const auto value = [&] {
              return gauge_value(*ring, look_at_processes(*ring, true), 0);
            };
            Gauge64 connections = register_gauge("connections");
            connections.set(5);
            const Ended child = run([&] {
              if (value() != 5) return 1;
              connections.add(180);  // enters the child
              if (value() != 185 || ring->processes()[1].gauges[0].load() != 180) return 2;
              raise(SIGKILL);
              return 3;
            });
            if (!child.killed_by(SIGKILL)) return 1;
            return value() == 5 ? 0 : 2;
          }).exited(0));
}

TEST_CASE("ProducerFork: a process whose first thread has ended is held by the next that traces" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          bool started = false;
          std::thread([&] { started = start(small_setup(dir, 4)); }).join();
          if (!started) return 1;
          const auto ring = writable(dir.file("ring"));
          const OwnerLock& lock = ring->processes()[0].lock;
          if (lock.holder() != Holder::none) return 2;
          one(chat::SEND_MESSAGE);
          if (lock.holder() != Holder::alive) return 3;
          return ring->lane_header(0).process.load() == process_word(0, 1) ? 0 : 4;
        }).exited(0));
}

TEST_CASE("ProducerFork: a process whose entry another one took meanwhile enters again" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Gauge64 gauge = register_gauge("g");
          std::thread([&] {
            start(small_setup(dir, 4));
            gauge.set(7);
          }).join();
          const auto ring = writable(dir.file("ring"));
          if (enter_process(*ring, self_identity()).index != 0) return 1;
          one(chat::SEND_MESSAGE);
          if (ring->lane_header(0).process.load() != process_word(1, 1)) return 2;
          if (ring->processes()[1].gauges[0].load() != 7) return 4;
          gauge.set(8);
          return ring->processes()[1].gauges[0].load() == 8 ? 0 : 3;
        }).exited(0));
}

namespace {

// A server whose thread has started it, has set `gauge` to 7, and has ended. Nobody holds its
// entry.
int unheld(const Setup& setup,
           const std::function<int(Segment& ring, std::atomic<std::int64_t>* values[2],
                                   Gauge64 gauge)>& body) {
  unsetenv("RINGSIDE_RING");
  Gauge64 gauge = register_gauge("g");
  std::thread([&] {
    if (start(setup)) gauge.set(7);
  }).join();
  const auto ring = writable(setup.ring);
  std::atomic<std::int64_t>* values[] = {&ring->processes()[0].gauges[0],
                                         &ring->processes()[1].gauges[0]};
  if (values[0]->load() != 7) return 99;
  return body(*ring, values, gauge);
}

}  // namespace

TEST_CASE("ProducerGauges: one that is written when nobody holds the entry goes on where it was" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          return unheld(small_setup(dir, 4), [](Segment& ring, auto** values, Gauge64 gauge) {
            gauge.add(1);
            if (values[0]->load() != 8) return 1;
            if (ring.processes()[0].lock.holder() != Holder::alive) return 2;
            gauge.set(5);
            if (values[0]->load() != 5) return 3;
            std::thread([&] { gauge.add(1); }).join();
            return values[0]->load() == 6 ? 0 : 4;
          });
        }).exited(0));
}

TEST_CASE("ProducerGauges: one whose entry another process took leaves that one's values alone" *
          doctest::skip(kEmulated)) {
  for (const bool sets : {false, true}) {
    CAPTURE(sets);
    TempDir dir;
    CHECK(run([&] {
            return unheld(small_setup(dir, 4), [&](Segment& ring, auto** values, Gauge64 gauge) {
              if (enter_process(ring, self_identity()).index != 0) return 1;
              if (sets) gauge.set(8); else gauge.add(1);
              if (values[0]->load() != 0) return 2;
              return values[1]->load() == 8 ? 0 : 3;
            });
          }).exited(0));
  }
}

TEST_CASE("ProducerGauges: what is written while the entry can't be held is there later" *
          doctest::skip(kEmulated)) {
  for (const bool loses : {false, true}) {
    CAPTURE(loses);
    TempDir dir;
    CHECK(run([&] {
            return unheld(small_setup(dir, 4), [&](Segment& ring, auto** values, Gauge64 gauge) {
              {
                Held stopped([&] { ring.header().registry.take(); });
                gauge.add(100);
                gauge.set(3);
                gauge.add(1);
                if (values[0]->load() != 7) return 1;
              }
              if (loses && enter_process(ring, self_identity()).index != 0) return 2;
              for (int i = 0; i < 4096; ++i) gauge.add(0);
              if (loses && values[0]->load() != 0) return 3;
              return values[loses]->load() == 4 ? 0 : 4;
            });
          }).exited(0));
  }
}

TEST_CASE("ProducerGauges: after stop() none writes into what may be another process's entry") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Gauge64 gauge = register_gauge("g");
          if (!start(small_setup(dir, 4))) return 1;
          const auto ring = writable(dir.file("ring"));
          gauge.set(7);
          stop();
          if (enter_process(*ring, self_identity()).index != 0) return 2;
          gauge.set(8);
          gauge.add(1);
          return ring->processes()[0].gauges[0].load() == 0 ? 0 : 3;
        }).exited(0));
}

TEST_CASE("ProducerFork: a child that never traced closes nothing, though its parent was killed") {
  TempDir dir;
  int alive[2];
  REQUIRE(pipe(alive) == 0);
  const Ended server = serve(setup_for(dir), [&] {
    one(chat::SEND_MESSAGE);
    const pid_t parent = getpid();
    if (fork() == 0) {
      close(alive[0]);
      while (getppid() == parent) std::this_thread::yield();
      std::exit(0);  // runs the exit handlers
    }
    raise(SIGKILL);
    return 0;
  });
  CHECK(server.killed_by(SIGKILL));
  close(alive[1]);
  char nothing = 0;
  CHECK(read(alive[0], &nothing, 1) == 0);  // the child is gone
  close(alive[0]);
  CHECK(Reader(dir.file("ring")).segment->header().state.load() == kSegmentReady);
}
