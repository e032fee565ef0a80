// Signal handlers that fork, or end their process, inside of what their thread was doing.
#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/held.h"
#include "tests/support/under.h"
#include "tests/unit/producer/steps_server.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("StepsFork: a process that ends in a handler inside of a lock's call leaves the locks alone" *
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
// child's handler returns when its parent has written 100 records more; then `in_child` runs. 0
// when all is well.
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
