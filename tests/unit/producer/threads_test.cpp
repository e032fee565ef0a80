#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include <thread>

#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("ProducerThreads: each has its lane, and a thread that ends gives it back") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 4;
  REQUIRE(serve(setup, [] {
            for (int round = 0; round < 50; ++round) {
              std::vector<std::thread> threads;
              for (int t = 0; t < 4; ++t) {
                threads.emplace_back([] {
                  for (int i = 0; i < 20; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
                });
              }
              for (std::thread& thread : threads) thread.join();
            }
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.records.size() == 50 * 4 * 20);
  CHECK_FALSE(lane_readable(reader.segment->lane_header(reader.segment->overflow_lane())));
  std::uint64_t generations = 0;
  for (std::uint32_t i = 0; i < 4; ++i)
    generations += reader.segment->lane_header(i).generation.load();
  CHECK(generations == 200);
}

TEST_CASE(
    "ProducerThreads: more threads than lanes share the overflow lane, and the totals are exact") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 2;
  REQUIRE(serve(setup, [] {
            std::atomic<int> ready{0};
            std::vector<std::thread> threads;
            for (int t = 0; t < 6; ++t) {
              threads.emplace_back([&] {
                Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
                ++ready;
                while (ready.load() < 6) std::this_thread::yield();   // all six are alive
                for (int i = 0; i < 99; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
              });
            }
            for (std::thread& thread : threads) thread.join();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 600);
  CHECK(reader.records.size() == 600);
  std::uint64_t marked = 0;
  for (const Record& record : reader.records) marked += (record.flags & kFlagOverflow) != 0;
  CHECK(marked >= 4);
}

TEST_CASE("ProducerThreads: an operation may begin on one thread and end on another") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Operation op(chat::MESSAGE_SEARCH);
            std::thread([op = std::move(op)]() mutable { op.finish(Outcome::ok); }).join();
            return 0;
          }).exited(0));
  CHECK(Reader(dir.file("ring")).records.size() == 1);
}

TEST_CASE("ProducerThreads: a lane that a signal handler claimed just before is written to") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            // The thread found no lane, then a handler came and claimed it. The thread goes on.
            detail::write_slow(detail::now_ticks(), 1,
                               pack_descriptor(chat::SEND_MESSAGE.value, Kind::operation,
                                               Outcome::ok, 0, 0),
                               0, 0, 0, 0);
            detail::count_slow(chat::SEND_MESSAGE.value);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.records.size() == 2);
  CHECK_FALSE(lane_readable(reader.segment->lane_header(reader.segment->overflow_lane())));
}

namespace {
void trace_in_handler(int) { Operation(chat::EDIT_MESSAGE).finish(Outcome::ok); }
}  // namespace

TEST_CASE(
    "ProducerThreads: a signal handler that traces while its thread is in mid-record corrupts "
    "nothing") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lane_capacity = setup.overflow_capacity = 1U << 17;
  REQUIRE(serve(setup, [] {
            struct sigaction action {};
            action.sa_handler = &trace_in_handler;
            sigaction(SIGUSR1, &action, nullptr);
            std::atomic<bool> stop{false};
            const pthread_t target = pthread_self();
            std::thread shooter([&] {
              while (!stop.load()) pthread_kill(target, SIGUSR1);
            });
            for (int i = 0; i < 50'000; ++i) {
              Operation op(chat::SEND_MESSAGE);
              op.actor(ActorKind::user, static_cast<std::uint64_t>(i));
              op.finish(Outcome::ok);
            }
            stop.store(true);
            shooter.join();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  std::uint64_t sent = 0;
  std::uint64_t handled = 0;
  bool in_order = true;
  for (const Record& record : reader.records) {
    if (record.operation == chat::SEND_MESSAGE.value) {
      in_order = in_order && record.actor == sent;
      ++sent;
    } else {
      ++handled;
    }
  }
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 50'000);
  CHECK(handled + sent <= reader.total(chat::EDIT_MESSAGE.value, &Totals::recorded) + 50'000);
  if (reader.cursors[0].lost == 0) {
    CHECK(sent == 50'000);
    CHECK(in_order);
    CHECK(handled > 0);
  }
  for (const LaneCursor& cursor : reader.cursors) CHECK(cursor.rejected == 0);
}

TEST_CASE(
    "ProducerFork: the child writes into lanes of its own, and its exit takes nothing from its "
    "parent") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            const pid_t child = fork();
            if (child == 0) {
              for (int i = 0; i < 10; ++i) Operation(chat::JOIN_ROOM).finish(Outcome::ok);
              std::exit(0);   // runs the exit handlers
            }
            int status = 0;
            waitpid(child, &status, 0);
            const pid_t idle = fork();
            if (idle == 0) std::exit(0);   // this child never traces
            waitpid(idle, &status, 0);
            for (int i = 0; i < 5; ++i) Operation(chat::LEAVE_ROOM).finish(Outcome::ok);
            return traced() ? 0 : 1;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.records.size() == 16);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) == 10);
  // Lane 0 is the parent's.
  CHECK(reader.segment->totals(0)[chat::JOIN_ROOM.value].recorded.load() == 0);
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
}
