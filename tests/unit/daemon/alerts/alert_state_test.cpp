// The engine's saved state, byte by byte, and states that no engine wrote.
#include "daemon/alerts/alert_engine.h"
#include "daemon/storage/codec.h"
#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {
namespace {

constexpr std::uint64_t kMostObserved = std::uint64_t{1} << 62;

// The head of a state: observed time, last id, and forgotten transitions.
Encoder head_of_state(std::uint64_t observed_ns = 0) {
  Encoder out;
  out.u64(observed_ns);
  out.u64(0);
  out.u64(0);
  return out;
}

// A transition in the fewest bytes: 30.
void put_smallest_transition(Encoder& out) {
  for (int number = 0; number < 8; ++number) out.u64(0);
  out.real(0);
  out.real(0);
  for (int number = 0; number < 6; ++number) out.u64(0);
}

// Nothing else: no alert that is over, was cleared or fired before, no incident (no failed calls
// remembered, none over, none open), no acknowledgement, no silence, nothing is learnt, there is no
// process and no thread, and no objective (its time, the wall clock, and how many there are).
constexpr int kOtherLists = 14;
void put_nothing_else(Encoder& out) {
  for (int list = 0; list < kOtherLists; ++list) out.u64(0);
}

bool taken(Encoder& state) {
  AlertEngine engine{Config{}};
  return engine.decode(state.take(), nullptr);
}

TEST_CASE("AlertState: a new engine's state") {
  Encoder expected = head_of_state();
  expected.u64(0);  // rings
  expected.u64(0);  // transitions
  expected.u64(0);  // episodes
  put_nothing_else(expected);
  CHECK(AlertEngine(Config{}).encode() == expected.take());
}

TEST_CASE("AlertState: a state with one episode has every field in its place") {
  World world;
  world.config.alerts.latency = Levels::of(LevelBounds{1, 0.75}, std::nullopt, LevelBounds{4, 3});
  world.engine.reconfigure(world.config);
  world.snapshot.rings[0].books.lost = 6;
  world.snapshot.rings[0].books.rejected = 7;
  world.snapshot.rings[0].crashes_seen = 8;
  world.snapshot.rings[0].untraced_records = 9;
  world.snapshot.rings[0].books.torn = 10;
  world.event("BREAKER", 1);
  world.snapshot.events[0].windows[static_cast<std::size_t>(Window::since_start)].errors = 11;
  world.snapshot.errors.resize(1);
  world.snapshot.errors[0].name = "DATABASE_BUSY";
  world.snapshot.errors[0].ring = "chat";
  world.snapshot.errors[0].count[static_cast<std::size_t>(Window::since_start)] = 12;
  world.tick();
  world.operation("SEND_MESSAGE", 100, 0, 250);
  world.tick();
  world.operation("SEND_MESSAGE", 100, 0, 1000);
  world.tick();

  const std::int64_t began_wall_ns = 1'732'356'965'000'000'000;
  const std::string text = "p95 250 ms over 100 calls in the last 5 s, slowest 250 ms";
  const auto put_pending = [&](Encoder& out) {
    out.i64(began_wall_ns);
    out.text("6741ab65");
    out.u64(0);  // high_latency
    out.u64(1);  // warning
    out.u64(0);  // pending
    out.text("SEND_MESSAGE");
    out.text("p95");
    out.text("chat");
    out.real(250);
    out.real(200);
    out.u64(0);  // ms
    out.text(text + ", threshold 200 ms (configured): fires when 3 of 5 ticks are over");
    out.text("");  // no suspect
    out.text("");  // no incident
    out.flag(false);  // of this alert alone
    out.flag(false);  // not silenced
  };
  Encoder expected;
  expected.u64(10'000'000'000);  // observed: two ticks after the first
  expected.u64(0x6741ab65);
  expected.u64(0);  // forgotten
  expected.u64(1);  // one ring
  expected.text("chat");
  for (const std::uint64_t count : {8, 9, 6, 10, 7, 11, 12}) expected.u64(count);
  expected.u64(1);  // one transition
  put_pending(expected);
  expected.u64(1);  // one episode
  expected.text("6741ab65");
  expected.u64(0);  // the reading: high_latency
  expected.text("p95");
  expected.text("SEND_MESSAGE");
  expected.text("chat");
  expected.real(1000);
  expected.u64(0);  // ms
  expected.flag(false);
  expected.flag(false);  // no information
  expected.flag(true);
  expected.real(200);
  expected.real(150);
  expected.flag(false);  // not critical
  expected.flag(true);
  expected.real(800);
  expected.real(600);
  expected.text("p95 1.00 s over 100 calls in the last 5 s, slowest 1.00 s");
  expected.u64(0);  // pending
  expected.u64(1);  // warning
  for (const std::uint64_t bits : {0b11, 0b11, 0b01, 0b01}) expected.u64(bits);
  expected.flag(true);  // information: has no bounds, so it is below since the first tick
  expected.u64(5'000'000'000);
  expected.flag(false);  // warning
  expected.flag(true);   // critical has no bounds either
  expected.u64(5'000'000'000);
  expected.flag(false);         // emergency: below at the first tick, not at the second
  expected.u64(5'000'000'000);  // began
  expected.i64(began_wall_ns);
  expected.real(1000);
  expected.flag(false);
  expected.flag(false);
  put_pending(expected);
  expected.text("");                                     // it does not return
  for (int list = 0; list < 3; ++list) expected.u64(0);  // none over, cleared or fired before
  expected.u64(1);  // failed calls of one ring
  expected.text("chat");
  expected.u64(0);
  expected.u64(0);  // no incident is over
  expected.u64(0);  // none is open
  expected.u64(0);  // none acknowledged
  expected.u64(0);  // none silenced
  expected.u64(1);  // what is normal of one ring
  expected.text("chat");
  expected.text("");             // its instance
  expected.u64(0);               // since the beginning
  expected.flag(false);          // no trouble
  expected.u64(0);               // since the beginning
  expected.u64(10'000'000'000);  // seen at the last tick
  expected.u64(static_cast<std::uint64_t>(began_wall_ns + 5'000'000'000));
  expected.real(0);  // no rate
  expected.real(0);
  expected.u64(0);
  expected.u64(0);  // its tracing is off, so nothing is learnt of its operations
  expected.u64(0);  // no process
  expected.u64(0);  // no thread at an operation
  expected.u64(10'000'000'000);  // the objectives' time
  expected.i64(1'732'356'970'000'000'000);
  expected.u64(0);  // no objective
  const std::string bytes = expected.take();
  CHECK(world.engine.encode() == bytes);

  // It comes back with all of that, and goes on from there.
  AlertEngine copy(world.config);
  REQUIRE(copy.decode(bytes, nullptr));
  CHECK(copy.encode() == bytes);
  const auto firing = episodes_in(copy.evaluate(world.snapshot, 1, world.wall_ns + 1));
  REQUIRE(firing.size() == 1);
  CHECK(firing[0].id == "6741ab65");
  CHECK(firing[0].state == AlertState::firing);
  CHECK(firing[0].level == AlertLevel::emergency);
}

TEST_CASE("AlertState: a gap without data is saved as well") {
  World world;
  world.operation("SEND_MESSAGE", 100, 0, 250);
  world.ticks(3);
  world.snapshot.operations.clear();
  world.ticks(2);
  world.restart();
  world.log.clear();
  world.ticks(719);  // the first tick after a restart adds no time
  CHECK(world.log.empty());
  world.ticks(1);
  CHECK(world.story("high_latency") == Story{"resolved/warning"});
}

TEST_CASE("AlertState: observed time is taken up to 146 years") {
  for (const std::uint64_t observed_ns : {std::uint64_t{0}, std::uint64_t{1}, kMostObserved}) {
    Encoder state = head_of_state(observed_ns);
    for (int list = 0; list < 3 + kOtherLists; ++list) state.u64(0);
    CHECK(taken(state));
  }
  for (const std::uint64_t observed_ns : {kMostObserved + 1, ~std::uint64_t{0}}) {
    Encoder state = head_of_state(observed_ns);
    for (int list = 0; list < 3 + kOtherLists; ++list) state.u64(0);
    CHECK_FALSE(taken(state));
  }
}

TEST_CASE("AlertState: lists of the smallest entries are taken up to what an engine can have") {
  const auto with_rings = [](int rings) {
    Encoder state = head_of_state();
    state.u64(static_cast<std::uint64_t>(rings));
    for (int i = 0; i < 8 * rings; ++i) state.u64(0);
    state.u64(0);
    state.u64(0);
    put_nothing_else(state);
    return taken(state);
  };
  CHECK(with_rings(3));
  CHECK(with_rings(65'536));
  CHECK_FALSE(with_rings(65'537));
  const auto with_transitions = [](int transitions) {
    Encoder state = head_of_state();
    state.u64(0);
    state.u64(static_cast<std::uint64_t>(transitions));
    for (int i = 0; i < transitions; ++i) put_smallest_transition(state);
    state.u64(0);
    put_nothing_else(state);
    return taken(state);
  };
  CHECK(with_transitions(3));
  CHECK(with_transitions(200));
  CHECK_FALSE(with_transitions(201));
  const auto with_episodes = [](int episodes) {
    Encoder state = head_of_state();
    state.u64(0);
    state.u64(0);
    state.u64(static_cast<std::uint64_t>(episodes));
    for (int i = 0; i < episodes; ++i) {
      for (int number = 0; number < 5; ++number) state.u64(0);  // id, alert, figure, names
      state.real(0);
      for (int number = 0; number < 7; ++number) state.u64(0);   // unit, certain, bounds, text
      for (int number = 0; number < 12; ++number) state.u64(0);  // state to began_wall_ns
      state.real(0);
      state.flag(false);
      state.flag(false);
      put_smallest_transition(state);
      state.text("");  // returns
    }
    put_nothing_else(state);
    return taken(state);
  };
  CHECK(with_episodes(1));
  CHECK(with_episodes(100));
}

TEST_CASE("AlertState: what no enumerator has is refused, wherever it stands") {
  // The smallest episode with one number in it that is too high. The places are those of its
  // alert, unit, state and level, and of its transition's alert, level, state and unit.
  const auto refused_with = [](int place, std::uint64_t number) {
    int next = 0;
    Encoder state = head_of_state();
    const auto put = [&](std::uint64_t usual) { state.u64(next++ == place ? number : usual); };
    state.u64(0);
    state.u64(0);
    state.u64(1);
    state.text("id");
    put(0);  // alert
    for (int text = 0; text < 3; ++text) state.text("");
    state.real(0);
    put(0);  // unit
    for (int flag = 0; flag < 5; ++flag) state.flag(false);
    state.text("");
    put(0);  // state
    put(0);  // level
    for (int bits = 0; bits < 4; ++bits) state.u64(0);
    for (int since = 0; since < 4; ++since) state.flag(false);
    state.u64(0);
    state.i64(0);
    state.real(0);
    state.flag(false);
    state.flag(false);
    state.i64(0);
    state.text("");
    for (int number_of_it = 0; number_of_it < 3; ++number_of_it) put(0);  // alert, level, state
    for (int text = 0; text < 3; ++text) state.text("");
    state.real(0);
    state.real(0);
    put(0);  // unit
    for (int text = 0; text < 3; ++text) state.text("");
    for (int flag = 0; flag < 2; ++flag) state.flag(false);
    state.text("");  // returns
    put_nothing_else(state);
    CHECK(next == 8);
    return !taken(state);
  };
  const std::uint64_t counts[] = {11, 15, 4, 4, 11, 4, 4, 15};
  for (int place = 0; place < 8; ++place) {
    CAPTURE(place);
    CHECK_FALSE(refused_with(place, counts[place] - 1));
    CHECK(refused_with(place, counts[place]));
  }
}

}  // namespace
}  // namespace ringside
