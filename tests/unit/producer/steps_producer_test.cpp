// What a server's thread does between two steps of a record, and a start that fails in a call.
#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "shm/names.h"
#include "shm/processes.h"
#include "tests/support/held.h"
#include "tests/support/ring.h"
#include "tests/unit/producer/faults.h"
#include "tests/unit/producer/traced.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

Setup step_setup(const TempDir& dir) {
  Setup setup;
  setup.ring = dir.file("ring");
  setup.lanes = 2;
  setup.lane_capacity = setup.overflow_capacity = 64;
  setup.keep = true;
  return setup;
}

void trace(OperationId id) { Operation(id).finish(Outcome::ok); }

}  // namespace

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

TEST_CASE("StepsProducer: who claims a lane while another process takes its entry keeps the entry" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          return claims_unheld(step_setup(dir), [](Segment& ring, Steps& steps, const auto& let_go) {
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

TEST_CASE("StepsProducer: who has lost its entry when it has claimed a lane enters anew" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  CHECK(run([&] {
          return claims_unheld(step_setup(dir), [](Segment& ring, Steps& steps, const auto& let_go) {
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

TEST_CASE("StepsProducer: an entry whose taker died with it half taken is left to a lane that names it" *
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

TEST_CASE("StepsProducer: a process that ends in a handler inside of a lock's call leaves the locks alone" *
          doctest::skip(kEmulated)) {
  for (Fault Faults::*call : {&Faults::trylock, &Faults::unlock}) {
    const bool takes = call == &Faults::trylock;
    CAPTURE(takes);
    TempDir dir;
    CHECK(run([&] {
            unsetenv("RINGSIDE_RING");
            Faults faults;
            Steps steps;
            bool left = false;
            std::unique_ptr<Segment> ring;
            std::thread([&] {
              if (!start(step_setup(dir))) return;
              ring = writable(dir.file("ring"));
              if (!takes) trace(chat::SEND_MESSAGE);
              (faults.*call).before([&] {
                stop();
                const ProcessEntry& entry = ring->processes()[0];
                left = entry.standing.load() == standing_of(1, kPhaseLeft) &&
                       entry.lock.holder() == Holder::alive && (faults.*call).calls() == 1;
              });
              if (takes) trace(chat::SEND_MESSAGE);
            }).join();
            if (!left) return 1;
            // The kernel has marked what the thread still held.
            return ring->processes()[0].lock.holder() == Holder::died ? 0 : 2;
          }).exited(0));
  }
}

namespace {

// Forks in a handler when this thread comes to the step, in its first record or the second. The
// child's handler returns when its parent has written 100 records more; then `in_child` runs. 0 when
// all is well.
int forks_at(const std::string& step, const Setup& setup, const std::function<int()>& in_child) {
  unsetenv("RINGSIDE_RING");
  Steps steps;
  int go[2];
  if (!start(setup) || pipe(go) != 0) return 1;
  const auto ring = writable(setup.ring);
  std::unique_ptr<Held> other;   // has the only lane
  if (step.compare(0, 8, "overflow") == 0)
    other = std::make_unique<Held>([&] { claim_lane(*ring, owner()); });
  if (step.compare(0, 5, "claim") != 0) trace(chat::SEND_MESSAGE);
  pid_t child = -1;
  steps.at_each([&](const std::string& at) {
    if (at != step || child >= 0) return;
    child = fork();
    if (child != 0) return;
    close(go[1]);
    char none;
    while (read(go[0], &none, 1) > 0) {}
  });
  trace(chat::SEND_MESSAGE);
  steps.at_each(nullptr);
  if (child == 0) {
    for (int i = 0; i < 5; ++i) trace(chat::SEND_MESSAGE);
    _exit(in_child());
  }
  for (int i = 0; i < 100; ++i) trace(chat::SEND_MESSAGE);
  close(go[1]);
  if (child < 0 || !wait_for(child).exited(0)) return 2;
  trace(chat::SEND_MESSAGE);
  return 0;
}

Setup deep_setup(const TempDir& dir) {
  Setup setup = step_setup(dir);
  setup.lane_capacity = setup.overflow_capacity = 256;
  return setup;
}

}  // namespace

TEST_CASE("StepsFork: a child that returns into its parent's record or claim leaves the ring alone" *
          doctest::skip(kEmulated)) {
  for (const std::string step :
       {"record_begun", "words_half", "record_unpublished", "record_published", "claim_taken",
        "claim_settled", "overflow_reserved", "overflow_announced", "overflow_taken"}) {
    CAPTURE(step);
    TempDir dir;
    Setup setup = deep_setup(dir);
    const bool overflow = step.compare(0, 8, "overflow") == 0;
    const std::uint64_t records = step.compare(0, 5, "claim") == 0 ? 102 : 103;
    setup.lanes = 1;
    Setup own = setup;
    own.ring = dir.file("own");
    const auto in_child = [&] {
      if (traced()) return 1;
      if (why_untraced().find("forked this process") == std::string::npos) return 2;
      if (!start(own) || !traced()) return 3;
      trace(chat::JOIN_ROOM);
      Reader reader(own.ring);
      return reader.records.size() == 1 && reader.cursors[0].read == 1 ? 0 : 4;
    };
    CHECK(run([&] { return forks_at(step, setup, in_child); }).exited(0));
    Reader reader(setup.ring);
    CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == records);
    CHECK(reader.records.size() == records);
    CHECK(reader.segment->lane_header(overflow).head.load() == records);
    for (const LaneCursor& cursor : reader.cursors) CHECK(cursor.rejected == 0);
  }
}

TEST_CASE("StepsFork: a child that was forked just before its parent's lane is closed writes elsewhere" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  const Setup setup = deep_setup(dir);
  CHECK(run([&] { return forks_at("lane_asked", setup, [] { return traced() ? 0 : 1; }); })
            .exited(0));
  const Reader reader(setup.ring);
  CHECK(reader.records.size() == 103);
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 103);
  CHECK(reader.segment->lane_header(0).head.load() == 103);
}

TEST_CASE("StepsFork: who starts anew traces into the new ring, also where it had a lane in the old one" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  const Setup setup = step_setup(dir);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          if (!start(setup)) return 1;
          return run([&] {
                   Faults faults;
                   const auto ring = writable(setup.ring);
                   {
                     // So it has a lane, and stands nowhere.
                     Held stopped([&] { ring->header().registry.take(); });
                     trace(chat::SEND_MESSAGE);
                   }
                   if (ring->lane_header(0).process.load() != process_word(kMaxProcesses, 0))
                     return 2;
                   ring->header().state.store(kSegmentClosed);
                   Setup again = setup;
                   again.ring = dir.file("own");
                   if (!start(again)) return 3;
                   trace(chat::SEND_MESSAGE);
                   return Reader(again.ring).records.size() == 1 ? 0 : 4;
                 }).exited(0)
                     ? 0
                     : 5;
        }).exited(0));
}
