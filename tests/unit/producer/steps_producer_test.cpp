// What a server's thread does between two steps of a record, and a start that fails in a call.
#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include "shm/names.h"
#include "shm/processes.h"
#include "tests/support/ring.h"
#include "tests/unit/producer/faults.h"
#include "tests/unit/producer/steps_server.h"
#include "tests/unit/producer/traced.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "StepsProducer: a handler that traces during a record or a claim uses the overflow lane") {
  // At which step of the first record, and of the second, the handler comes.
  for (const char* step : {"claim_taken", "claim_ready", "lane_asked", "record_begun", "words_half",
                           "record_published"}) {
    CAPTURE(std::string(step));
    TempDir dir;
    CHECK(run([&] {
            unsetenv("RINGSIDE_RING");
            Steps steps;
            if (!start(step_setup(dir))) return 1;
            const auto ring = writable(dir.file("ring"));
            bool inside = false;
            int handled = 0;
            steps.at_each([&](const std::string& at) {
              if (inside || at != step) return;
              inside = true;
              errno = 77;
              trace(chat::EDIT_MESSAGE);
              if (errno != 77) _exit(9);
              inside = false;
              ++handled;
            });
            trace(chat::SEND_MESSAGE);
            trace(chat::SEND_MESSAGE);
            count(chat::RETRY);
            steps.at_each(nullptr);
            if (handled == 0) return 2;
            const Totals* own = ring->totals(0);
            if (own[chat::SEND_MESSAGE.value].recorded.load() != 2) return 3;
            if (own[chat::RETRY.value].skipped.load() != 1) return 4;
            // Found open and not closed yet, the lane takes the handler's record, too.
            const std::uint64_t there = own[chat::EDIT_MESSAGE.value].recorded.load();
            const bool open = std::string(step) == "lane_asked";
            if (there != (open ? static_cast<std::uint64_t>(handled) : 0)) return 5;
            LaneCursor cursor;
            std::uint64_t seen = 0;
            read_lane(ring->slots(0), ring->lane_header(0), 64, cursor, 100,
                      [&](const Record& record) {
                        seen += record.operation == chat::SEND_MESSAGE.value;
                      });
            if (seen != 2 || cursor.lost != 0) return 6;
            // No second lane was claimed.
            return ring->lane_header(1).life() == LaneLife::never ? 0 : 7;
          }).exited(0));
  }
}

TEST_CASE("StepsProducer: a record in an open lane has one step before those of the record") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          if (!start(step_setup(dir))) return 1;
          trace(chat::SEND_MESSAGE);
          Steps steps;
          trace(chat::SEND_MESSAGE);
          if (steps.take() !=
              "lane_asked record_begun words_half totals_half record_unpublished record_published "
              "record_done ")
            return 2;
          count(chat::RETRY);
          if (steps.take() != "lane_asked ") return 3;
          stop();
          return steps.take() ==
                         "release_begun release_done leave_left leave_marked leave_closed "
                         "leave_unnamed "
                     ? 0
                     : 4;
        }).exited(0));
}

TEST_CASE("StepsProducer: no step of a start, a first record or a stop ends a cancelled thread") {
  for (const int type : {PTHREAD_CANCEL_DEFERRED, PTHREAD_CANCEL_ASYNCHRONOUS}) {
    TempDir dir;
    CHECK(run([&] {
            unsetenv("RINGSIDE_RING");
            Steps steps;
            int left = 0;
            steps.at_each([&](const std::string&) {
              pthread_cancel(pthread_self());
              pthread_testcancel();
              ++left;
            });
            const Setup setup = step_setup(dir);
            struct Work {
              const Setup& setup;
              int type;
              bool done;
            } work{setup, type, false};
            const auto main = [](void* argument) -> void* {
              Work& todo = *static_cast<Work*>(argument);
              pthread_setcanceltype(todo.type, nullptr);
              if (!start(todo.setup)) return nullptr;
              pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
              register_event("MINE");
              trace(chat::SEND_MESSAGE);
              stop();
              todo.done = true;
              pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
              pthread_testcancel();
              return nullptr;
            };
            pthread_t thread;
            void* result = nullptr;
            if (pthread_create(&thread, nullptr, main, &work) != 0) return 1;
            if (pthread_join(thread, &result) != 0 || result != PTHREAD_CANCELED) return 2;
            return work.done && left > 10 ? 0 : 3;
          }).exited(0));
  }
}

#if defined(__x86_64__)
TEST_CASE("StepsProducer: a clock that takes too long to read is refused unless it is wanted") {
  if (choose_clock().kind != ClockKind::monotonic) {
    MESSAGE("not shown here: this machine's clock is its time stamp counter");
    return;
  }
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Faults faults;
          faults.clock_takes_ns = 2000;
          Setup setup = step_setup(dir);
          if (start(setup)) return 1;
          const std::string why = why_untraced();
          if (why.find(": a read of the system's clock takes 2") == std::string::npos) return 2;
          if (why.find("or trace all the same: RINGSIDE_SLOW_CLOCK=1") == std::string::npos)
            return 3;
          setenv("RINGSIDE_SLOW_CLOCK", "1", 1);
          if (!start(setup)) return 4;
          return remarks().find(" ns here (clock source ") != std::string::npos ? 0 : 5;
        }).exited(0));
  CHECK(run([&] {
          unsetenv("RINGSIDE_SLOW_CLOCK");
          Faults faults;
          faults.clock_takes_ns = 2000;
          Setup setup = step_setup(dir);
          setup.slow_clock = true;
          return start(setup) ? 0 : 1;
        }).exited(0));
}
#endif

TEST_CASE("StepsProducer: the hook is called where there is one") {
  reach_test_point(TestPoint::record_done);  // nobody listens
  Steps steps;
  reach_test_point(TestPoint::record_done);
  CHECK(steps.take() == "record_done ");
}

TEST_CASE("StepsProducer: a child that is forked as start begins may start itself") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Setup own = step_setup(dir);
          own.ring = dir.file("child");
          bool child_started = false;
          Faults faults;
          faults.before_key_create = [&] {
            std::thread([&] {
              child_started = run([&] { return start(own) && traced() ? 0 : 1; }).exited(0);
            }).join();
          };
          return start(step_setup(dir)) && child_started ? 0 : 1;
        }).exited(0));
}

TEST_CASE(
    "StepsProducer: without a thread key, fork handlers or an exit handler nothing is traced") {
  for (Fault Faults::*call : {&Faults::key_create, &Faults::at_fork, &Faults::at_exit}) {
    TempDir dir;
    CHECK(run([&] {
            unsetenv("RINGSIDE_RING");
            Faults faults;
            (faults.*call).arm(EAGAIN);
            if (start(step_setup(dir)) || traced()) return 1;
            if (access(dir.file("ring").c_str(), F_OK) == 0) return 2;
            return why_untraced() ==
                           "no thread key or exit handler was to be had\n  next: see the "
                           "process's limits"
                       ? 0
                       : 3;
          }).exited(0));
  }
}

TEST_CASE("StepsProducer: who joined a ring that is not its own leaves it in its place" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CreateOptions options;
  options.path = dir.file("ring");
  options.geometry = {2, 64, 64};
  Failure failure;
  const auto ring = create_segment(options, self_identity(), &failure).segment;
  REQUIRE(ring != nullptr);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Setup setup = step_setup(dir);
          setup.share = true;
          enter_name(*ring, 0, {"YOURS", "", {}});
          Steps steps;
          steps.at_each([&](const std::string& at) {
            // The other process leaves, so this one is the last.
            if (at == "join_entered")
              ring->processes()[0].standing.store(standing_of(1, kPhaseLeft));
          });
          return start(setup) ? 1 : 0;
        }).exited(0));
  CHECK(ring->header().state.load() == kSegmentClosed);
  CHECK(access(dir.file("ring").c_str(), F_OK) == 0);
}

TEST_CASE("StepsProducer: a ring that a process enters while the last one closes it stays open") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  ProcessPlace late;
  Steps steps;
  steps.at_each([&](const std::string& step) {
    if (step != "leave_marked" || late.somewhere()) return;
    late = enter_process(*ring, self_identity());
    CHECK(entered_closed_ring(*ring));
  });
  leave(*ring, false);
  CHECK(ring->header().state.load() == kSegmentReady);
  CHECK(std::filesystem::exists(dir.file("ring")));
  // It came too late, and leaves again.
  leave_process(*ring, late);
  CHECK(close_if_left(*ring));
  CHECK(ring->header().state.load() == kSegmentClosed);
}

TEST_CASE("StepsProducer: a child that enters a ring just after its parent closed it says so, and starts anew") {
  TempDir dir;
  const Setup setup = step_setup(dir);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          if (!start(setup)) return 1;
          return run([&] {
                   // The parent has closed the ring between the child's look at it and its entry.
                   Steps steps;
                   const auto ring = writable(setup.ring);
                   steps.at_each([&](const std::string& step) {
                     if (step == "join_taken") ring->header().state.store(kSegmentClosed);
                   });
                   trace(chat::SEND_MESSAGE);
                   steps.at_each(nullptr);
                   if (traced()) return 3;
                   if (why_untraced().find("has closed the ring") == std::string::npos) return 4;
                   Setup again = setup;
                   again.ring = dir.file("own");
                   if (!start(again)) return 5;
                   trace(chat::SEND_MESSAGE);
                   return 0;
                 }).exited(0)
                     ? 0
                     : 6;
        }).exited(0));
}
