// What is learnt of calm time, how it is kept, and latency that is judged by it.
#include <functional>

#include "tests/unit/daemon/alerts/normal_world.h"

namespace ringside {
namespace {

std::string slow_text(const std::string& p95, const std::string& threshold) {
  return "high_latency p95 warning HISTORY: p95 " + p95 +
         " over 50 calls in the last 5 s, slowest " + p95 + ", threshold " + threshold;
}

TEST_CASE("Normals: an operation of 10 us that takes 2 ms is seen, and its usual p95 is told") {
  Normal world;
  world.minutes(16);
  CHECK(world.fired() == Story{});
  world.history(2);
  world.ticks(3);
  CHECK(world.fired() == Story{slow_text("2.00 ms", "1.01 ms (usual p95 10.0 µs)")});
}

TEST_CASE("Normals: less than a quarter of an hour is no normal, and neither are too few calls") {
  Normal young;
  young.minutes(14);
  young.history(2);
  young.minutes(1);
  CHECK(young.fired() == Story{});
  Normal quiet;
  quiet.flow("HISTORY", 0.02, 0.01);  // 72 calls an hour
  quiet.ticks(5 * kHourTicks);
  quiet.flow("HISTORY", 0.02, 900);
  quiet.minutes(5);
  CHECK(quiet.fired() == Story{});
}

TEST_CASE("Normals: where five minutes have few calls, hours are learnt from") {
  Normal world;
  world.flow("HISTORY", 0.1, 0.01);
  world.ticks(3 * kHourTicks - 2);
  SeriesView& series = world.snapshot.operations[0];
  const SeriesView calm = series;
  const WindowStats slow = window_of(50, 0, 2);
  series.last_5s = series.last_15s = slow;
  world.ticks(3);  // the third lesson comes with the last one
  CHECK(world.fired() == Story{});
  series = calm;
  world.minutes(1);
  series.last_5s = series.last_15s = slow;
  world.ticks(3);
  CHECK(world.fired() == Story{slow_text("2.00 ms", "1.01 ms (usual p95 10.0 µs)")});
}

TEST_CASE("Normals: the learnt threshold is a multiple of the usual p95, and below the default") {
  Normal world;
  world.history(4);
  world.minutes(16);
  world.history(39);
  world.minutes(2);
  CHECK(world.fired() == Story{});
  world.history(42);
  world.ticks(3);
  CHECK(world.fired().size() == 1);
  Normal slow;
  slow.history(150);
  slow.minutes(16);
  slow.history(990);
  slow.minutes(1);
  CHECK(slow.fired() == Story{});
  slow.history(1100);
  slow.ticks(3);
  CHECK(slow.fired() == Story{slow_text("1.10 s", "1.00 s (default)")});
}

TEST_CASE("Normals: the learnt threshold only warns, and critical goes by the default one") {
  Normal world;
  world.minutes(16);
  world.history(1900);
  world.ticks(5);
  CHECK(world.fired() == Story{slow_text("1.90 s", "1.01 ms (usual p95 10.0 µs)")});
  world.history(2100);
  world.ticks(1);
  const Story fired = world.fired();
  REQUIRE(fired.size() == 1);
  CHECK(fired[0].starts_with("high_latency p95 critical HISTORY: "));
  CHECK(fired[0].ends_with(", threshold 2.00 s (default): risen from warning"));
}

TEST_CASE("Normals: a configured threshold comes first, then a declared one") {
  const auto fired_at_2_ms = [](const std::function<void(Normal&)>& prepare) {
    Normal world;
    prepare(world);
    world.engine.reconfigure(world.config);
    world.minutes(16);
    world.history(2);
    world.minutes(1);
    return world.fired();
  };
  CHECK(fired_at_2_ms([](Normal&) {}).size() == 1);
  CHECK(fired_at_2_ms([](Normal& w) {
          w.config.thresholds.operations["HISTORY"].response_ns = 3 * kMillisecond;
        }) == Story{});
  CHECK(fired_at_2_ms([](Normal& w) { w.config.thresholds.response_ns = 900 * kMillisecond; }) ==
        Story{});
  CHECK(fired_at_2_ms([](Normal& w) { w.config.alerts.learn = false; }) == Story{});
  CHECK(fired_at_2_ms([](Normal& w) { w.config.alerts.learnt_factor = 1000; }) == Story{});
  CHECK(fired_at_2_ms([](Normal& w) {
          w.snapshot.operations[0].declared.response_ns = 3 * kMillisecond;
        }) == Story{});
  CHECK(fired_at_2_ms([](Normal& w) {
          w.snapshot.operations[0].declared.response_ns = kMillisecond;
        }) == Story{slow_text("2.00 ms", "1.00 ms (declared)")});
  CHECK(fired_at_2_ms([](Normal& w) {
          w.snapshot.operations[0].declared.waits_for_client = true;
        }) == Story{});
}

TEST_CASE("Normals: a server that has just started is judged by the default: it is still cold") {
  Normal world;
  world.minutes(16);
  world.snapshot.rings[0].instance = "another";
  world.ticks(1);
  world.history(2);
  world.minutes(4);
  CHECK(world.fired() == Story{});
  world.minutes(2);
  CHECK(world.fired().size() == 1);
}

TEST_CASE("Normals: nothing is learnt from trouble until it has lasted for a day") {
  Normal world;
  world.minutes(16);
  world.history(2);
  world.ticks(23 * kHourTicks);
  CHECK(world.story("high_latency") == Story{"pending/warning", "firing/warning"});
  world.ticks(6 * kHourTicks);
  CHECK(world.story("high_latency") == Story{"recovering/warning", "resolved/warning"});
}

TEST_CASE("Normals: the usual p95 rises by a tenth in five minutes and halves within six hours") {
  Snapshot snapshot;
  snapshot.rings.resize(1);
  snapshot.rings[0].name = "chat";
  snapshot.rings[0].state = RingState::live;
  snapshot.rings[0].enabled = true;
  SeriesView& series = snapshot.operations.emplace_back();
  series.name = "HISTORY";
  series.ring = "chat";
  Normals normals;
  std::int64_t observed_ns = 0;
  const auto p95_after = [&](int lessons, double ms) {
    series.windows[static_cast<std::size_t>(Window::five_minutes)] = window_of(1000, 0, ms);
    for (int lesson = 0; lesson < lessons; ++lesson) {
      normals.learn(snapshot, observed_ns, [](const std::string&) { return Trouble::none; });
      observed_ns += 5 * kMinute;
    }
    return normals.operation("chat", "HISTORY")->p95_ns / 1e6;
  };
  CHECK(p95_after(2, 900) == 0);  // the first five minutes begin cold
  CHECK(p95_after(1, 1) == doctest::Approx(1).epsilon(0.02));
  CHECK(p95_after(1, 3) == doctest::Approx(3).epsilon(0.02));  // of the first ones the slowest
  CHECK_FALSE(normals.operation("chat", "HISTORY")->knows_latency());
  const double usual = p95_after(1, 2);
  CHECK(normals.operation("chat", "HISTORY")->knows_latency());
  CHECK(p95_after(1, 100) == doctest::Approx(usual * 1.1));
  CHECK(p95_after(72, 0.001) == doctest::Approx(usual * 1.1 / 2));
  CHECK(p95_after(100, 4) == doctest::Approx(4).epsilon(0.02));
}

TEST_CASE("Normals: what was learnt survives a restart, and goes on") {
  Normal world;
  world.minutes(16);
  world.restart();
  world.history(2);
  world.ticks(3);
  CHECK(world.fired().size() == 1);
}

Normals learnt(std::uint64_t rings, std::uint64_t operations) {
  Encoder out;
  out.u64(rings);
  for (std::uint64_t ring = 0; ring < rings; ++ring) {
    out.text(fmt::format("ring{}", ring));
    out.text("instance");
    for (int time = 0; time < 5; ++time) out.u64(0);
    out.real(1);
    out.real(2);
    out.u64(3);
    out.u64(operations);
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
      out.text(fmt::format("OPERATION{}", operation));
      out.real(4e3);
      out.u64(5);
      out.u64(6);
      out.real(7);
      out.real(8);
      out.u64(9);
    }
  }
  Normals normals;
  const std::string bytes = out.take();
  Decoder in(bytes);
  normals.decode(in);
  CHECK(in.at_end() == (rings <= kMostRingNormals && operations <= kMostOperationNormals));
  return normals;
}

TEST_CASE("Normals: they come back from the state as they were, up to a bound") {
  const Normals normals = learnt(3, 2);
  REQUIRE(normals.operation("ring2", "OPERATION1") != nullptr);
  CHECK(normals.operation("ring2", "OPERATION1")->p95_ns == 4e3);
  CHECK(normals.operation("ring2", "OPERATION1")->calls == UsualRate{7, 8, 9});
  Encoder out;
  normals.encode(out);
  const std::string bytes = out.take();
  Decoder in(bytes);
  Normals copy;
  copy.decode(in);
  CHECK(in.at_end());
  CHECK(copy == normals);
  learnt(kMostRingNormals, 1);
  learnt(kMostRingNormals + 1, 0);
  learnt(1, kMostOperationNormals);
  learnt(1, kMostOperationNormals + 1);
}

TEST_CASE("Normals: rates and times that nobody can have learnt are refused") {
  const auto taken = [](double rate, std::uint64_t time) {
    Encoder out;
    out.u64(1);
    out.text("chat");
    out.text("");
    out.u64(time);
    out.flag(false);
    for (int number = 0; number < 3; ++number) out.u64(0);
    out.real(0);
    out.real(rate);
    out.u64(0);
    out.u64(0);
    const std::string bytes = out.take();
    Decoder in(bytes);
    Normals normals;
    normals.decode(in);
    return in.at_end();
  };
  CHECK(taken(0, 0));
  CHECK(taken(1e18, std::uint64_t{1} << 62));
  CHECK_FALSE(taken(-1, 0));
  CHECK_FALSE(taken(2e18, 0));
  CHECK_FALSE(taken(0, (std::uint64_t{1} << 62) + 1));
}

TEST_CASE("Normals: more rings and operations than the bound are not learnt") {
  Snapshot snapshot;
  for (std::size_t i = 0; i <= kMostRingNormals; ++i) {
    RingView ring;
    ring.name = fmt::format("ring{:03}", i);
    ring.state = RingState::live;
    ring.enabled = true;
    snapshot.rings.push_back(ring);
  }
  for (std::size_t i = 0; i <= kMostOperationNormals; ++i) {
    SeriesView series;
    series.name = fmt::format("OPERATION{:04}", i);
    series.ring = "ring000";
    snapshot.operations.push_back(series);
  }
  Normals normals;
  const auto calm = [](const std::string&) { return Trouble::none; };
  normals.learn(snapshot, 0, calm);
  CHECK(normals.ring("ring255") != nullptr);
  CHECK(normals.ring("ring256") == nullptr);
  CHECK(normals.ring("ring000")->operations.size() == kMostOperationNormals);
  // A ring that is not watched any more is forgotten after a week, an operation at once.
  snapshot.rings.resize(1);
  snapshot.operations.resize(1);
  normals.learn(snapshot, 7 * kDay - 1, calm);
  CHECK(normals.ring("ring255") != nullptr);
  CHECK(normals.ring("ring000")->operations.size() == 1);
  normals.learn(snapshot, 7 * kDay, calm);
  CHECK(normals.ring("ring255") == nullptr);
}

}  // namespace
}  // namespace ringside
