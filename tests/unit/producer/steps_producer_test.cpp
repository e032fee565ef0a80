// What a server's thread does between two steps of a record, and a start that fails in a call.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "shm/names.h"
#include "tests/unit/producer/faults.h"
#include "tests/unit/producer/traced.h"

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
  for (const char* step : {"claim_taken", "claim_owned", "lane_asked", "record_begun", "words_half",
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
            return owner_state(ring->lane_header(1).owner.load()) == kNever ? 0 : 7;
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
                         "release_begun release_done leave_left leave_closed "
                         "leave_unnamed "
                     ? 0
                     : 4;
        }).exited(0));
}

TEST_CASE("StepsProducer: the hook is called where there is one") {
  reach_test_point(TestPoint::record_done);  // nobody listens
  Steps steps;
  reach_test_point(TestPoint::record_done);
  CHECK(steps.take() == "record_done ");
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

TEST_CASE("StepsProducer: who joined a ring that is not its own leaves it in its place") {
  TempDir dir;
  ProcessIdentity init = self_identity();
  init.pid = 1;
  init.start_time = process_start_time(1);
  CreateOptions options;
  options.path = dir.file("ring");
  options.geometry = {2, 64, 64};
  Failure failure;
  const auto ring = create_segment(options, init, &failure).segment;
  REQUIRE(ring != nullptr);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Setup setup = step_setup(dir);
          setup.share = true;
          enter_name(*ring, 0, {"YOURS", "", {}});
          Steps steps;
          steps.at_each([&](const std::string& at) {
            // The other process leaves, so this one is the last.
            if (at == "join_entered") ring->header().processes[0].pid.store(0);
          });
          return start(setup) ? 1 : 0;
        }).exited(0));
  CHECK(ring->header().state.load() == kSegmentClosed);
  CHECK(access(dir.file("ring").c_str(), F_OK) == 0);
}
