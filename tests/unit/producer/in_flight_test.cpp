// Which operation a lane shows while it is under way.
#include "shm/in_flight.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "tests/support/under.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Runs `body` in a traced server whose first thread has lane 0. It gets a function that says which
// operation that lane shows: its id, or -1 for none. The result is the number of the first step
// that was wrong; 0 when all were right.
using Shown = std::function<int()>;
int first_wrong(
    const std::function<void(const Shown& shown, const std::function<void(bool)>& is)>& body) {
  TempDir dir;
  const Ended ended = serve(setup_for(dir), [&] {
    if (!attach_thread()) return 98;
    SegmentFacts facts;
    Failure failure;
    const auto ring = open_segment(dir.file("ring"), {}, &facts, &failure);
    int step = 0;
    int wrong = 0;
    body(
        [&] {
          const InFlight look = in_flight_of(ring->lane_header(0));
          return look.any ? static_cast<int>(look.operation) : -1;
        },
        [&](bool right) {
          ++step;
          if (!right && wrong == 0) wrong = step;
        });
    return wrong;
  });
  return WIFEXITED(ended.status) ? WEXITSTATUS(ended.status) : -1;
}

constexpr int kNothing = -1;
constexpr int kSend = chat::SEND_MESSAGE.value;
constexpr int kJoin = chat::JOIN_ROOM.value;

}  // namespace

TEST_CASE("InFlight: a lane shows an operation from its beginning to its end") {
  CHECK(first_wrong([](const Shown& shown, const auto& is) {
          is(shown() == kNothing);
          Operation op(chat::SEND_MESSAGE);
          is(shown() == kSend);
          op.stage(chat::kDatabase);
          is(shown() == kSend);
          op.finish(Outcome::ok);
          is(shown() == kNothing);
          Operation stamped(chat::SEND_MESSAGE, now());
          is(shown() == kSend);
          stamped.finish_at(now(), Outcome::ok);
          is(shown() == kNothing);
          Operation forgotten(chat::SEND_MESSAGE);
          forgotten.abandon();
          is(shown() == kNothing);
          { const Operation unfinished(chat::SEND_MESSAGE); }
          is(shown() == kNothing);
          Operation misstamped(chat::SEND_MESSAGE, Stamp{1});
          misstamped.finish(Outcome::ok);
          is(shown() == kNothing);
        }) == 0);
}

TEST_CASE("InFlight: it shows since when") {
  TempDir dir;
  CHECK(serve(setup_for(dir), [&] {
          if (!attach_thread()) return 1;
          const Stamp arrived = now();
          const Operation op(chat::SEND_MESSAGE, arrived);
          const auto ring = writable(dir.file("ring"));
          const InFlight look = in_flight_of(ring->lane_header(0));
          return look.start == arrived.ticks ? 0 : 2;
        }).exited(0));
}

TEST_CASE("InFlight: an operation that moves is shown until it ends, on whatever thread") {
  CHECK(first_wrong([](const Shown& shown, const auto& is) {
          Operation op(chat::SEND_MESSAGE);
          auto moved = std::make_unique<Operation>(std::move(op));
          is(shown() == kSend);
          std::thread([&] {
            const Operation own(chat::JOIN_ROOM);  // of a thread whose lane is another
            is(shown() == kSend);
            moved->finish(Outcome::ok);
          }).join();
          is(shown() == kNothing);
        }) == 0);
}

TEST_CASE("InFlight: the operation that began last is shown, and only its end ends that") {
  CHECK(first_wrong([](const Shown& shown, const auto& is) {
          Operation outer(chat::SEND_MESSAGE);
          Operation inner(chat::JOIN_ROOM);
          is(shown() == kJoin);
          outer.finish(Outcome::ok);
          is(shown() == kJoin);
          inner.finish(Outcome::ok);
          is(shown() == kNothing);
        }) == 0);
}

TEST_CASE("InFlight: an operation that is switched off, or that sampling left out, is not shown") {
  TempDir dir;
  CHECK(serve(setup_for(dir), [&] {
          if (!attach_thread()) return 1;
          const auto ring = writable(dir.file("ring"));
          const auto& word = ring->lane_header(0).in_flight.start;
          ring->control().effective[chat::SEND_MESSAGE.value].store(0);
          const Operation off(chat::SEND_MESSAGE);
          if (word.load() != 0) return 2;
          ring->control().effective[chat::JOIN_ROOM.value].store(1'000'000);
          for (int i = 0; i < 100; ++i) {
            const Operation left_out(chat::JOIN_ROOM);
            if (word.load() == 0) return 0;
          }
          return 3;
        }).exited(0));
}

TEST_CASE("InFlight: a thread that claims a lane anew shows nothing of the thread before it") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 1;
  CHECK(serve(setup, [&] {
          std::unique_ptr<Operation> op;
          std::thread([&] {
            attach_thread();
            op = std::make_unique<Operation>(chat::SEND_MESSAGE);
          }).join();
          const auto ring = writable(dir.file("ring"));
          const auto& word = ring->lane_header(0).in_flight.start;
          if (word.load() == 0) return 1;
          if (!attach_thread()) return 2;
          if (word.load() != 0) return 3;
          const Operation ours(chat::JOIN_ROOM);
          const std::uint64_t shown = word.load();
          op->finish(Outcome::ok);
          return word.load() == shown && shown != 0 ? 0 : 4;
        }).exited(0));
}

TEST_CASE("InFlight: a server that is killed inside of an operation leaves it shown") {
  TempDir dir;
  serve(setup_for(dir), [&]() -> int {
    attach_thread();
    const Operation op(chat::SEND_MESSAGE);
    raise(SIGKILL);
    return 0;
  });
  const Reader reader(dir.file("ring"));
  const LaneHeader& header = reader.segment->lane_header(0);
  if (!kEmulated) CHECK(header.life() == LaneLife::dead);
  CHECK(in_flight_of(header).operation == kSend);
}
