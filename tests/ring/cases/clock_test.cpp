// Case 15, clocks: clocks are set, machines are suspended or rebooted, and ends come before starts.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "daemon/rings/watch.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "shm/names.h"
#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kHz = 2.6e9;

// A machine whose clocks the test sets.
struct Machine {
  Instant now{5'000 * kSecond, 1'700'000'000 * kSecond, 77'000'000'000'000};
  void run(std::int64_t ns) {
    now.monotonic_ns += ns;
    now.realtime_ns += ns;
    now.ticks += static_cast<std::uint64_t>(static_cast<double>(ns) * kHz / 1e9);
  }
  // CLOCK_MONOTONIC stands still and the counter goes on, as under a paused virtual machine.
  void suspend(std::int64_t ns) {
    now.realtime_ns += ns;
    now.ticks += static_cast<std::uint64_t>(static_cast<double>(ns) * kHz / 1e9);
  }
};

// A ring that counts this machine's ticks.
std::unique_ptr<Segment> ring_of(const Machine& machine, const std::string& path,
                                 std::uint64_t stated_hz, ClockKind kind = ClockKind::tsc) {
  auto ring = make_ring(path, {1, 4096, 64});
  SegmentHeader& header = ring->header();
  header.clock_kind = static_cast<std::uint32_t>(kind);
  header.ticks_per_second = stated_hz;
  header.anchor_ticks = machine.now.ticks;
  header.anchor_monotonic_ns = machine.now.monotonic_ns;
  header.anchor_realtime_ns = machine.now.realtime_ns;
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  return ring;
}

const SeriesView& only(const Snapshot& snapshot) {
  REQUIRE(snapshot.operations.size() == 1);
  return snapshot.operations[0];
}

// `by` allows for the error of two conversions in double precision.
bool near(std::int64_t a, std::int64_t b, std::int64_t by = 100'000) {
  return a - b <= by && b - a <= by;
}

}  // namespace

TEST_CASE(
    "Case15: a counter that went on while the machine was suspended, or began anew, does not bend "
    "time") {
  for (const std::uint64_t stated : {std::uint64_t{2'600'000'000}, std::uint64_t{0}}) {
    CAPTURE(stated);
    Machine machine;
    TickScale scale(ClockKind::tsc, stated, machine.now.ticks, machine.now.monotonic_ns);
    const auto run = [&] {
      for (int i = 0; i < 50; ++i) {
        machine.run(kSecond / 5);
        scale.sync(machine.now);
        CHECK(scale.ticks_per_second() == doctest::Approx(kHz).epsilon(1e-6));
        CHECK(scale.monotonic_ns(machine.now.ticks) == machine.now.monotonic_ns);
        CHECK(scale.span_ns(2'600'000) == doctest::Approx(1'000'000).epsilon(1e-5));
      }
    };
    run();
    machine.suspend(3600 * kSecond);
    run();
    machine.now.ticks = 1'000;   // as after a suspension to disk
    run();
  }
}

TEST_CASE("Case15: after a suspension records are in their place again, and none is missing") {
  TempDir dir;
  Machine machine;
  // A counter that this computer does not have. The rate that the kernel states is that of another
  // counter.
  const bool arm = choose_clock().kind == ClockKind::cntvct;
  const ClockKind other = arm ? ClockKind::tsc : ClockKind::cntvct;
  auto ring = ring_of(machine, dir.file("ring"), 0, other);
  LaneWriter lane = claim(*ring);
  Watch watch({{dir.file("ring")}, 100, 20, false});
  const auto serve_a_minute = [&] {
    Snapshot snapshot;
    for (int i = 0; i < 60; ++i) {
      machine.run(kSecond);
      write_record(lane, operation(0, machine.now.ticks - 2'600'000, 2'600'000));
      snapshot = watch.tick(machine.now);
    }
    return snapshot;
  };
  serve_a_minute();
  machine.suspend(3600 * kSecond);
  const Snapshot snapshot = serve_a_minute();
  CHECK(snapshot.books.written == 120);
  CHECK(snapshot.books.read == 120);
  CHECK(snapshot.late_records == 0);
  CHECK(only(snapshot).window(Window::since_start).recorded == 120);
  // Windows measure the time that the machine ran, not the time that it slept.
  CHECK(only(snapshot).window(Window::five_minutes).recorded == 120);
  CHECK(near(only(snapshot).last[0].start_wall_ns, machine.now.realtime_ns - 1'000'000));
  CHECK(near(only(snapshot).last[0].duration_ns, 1'000'000, 100));
  // A record from before the suspension keeps the wall time of its end.
  CHECK(near(only(snapshot).last[60].start_wall_ns,
             machine.now.realtime_ns - 3660 * kSecond - 1'000'000));
}

TEST_CASE("Case15: wall time follows a clock that is set forth or back, and no window moves") {
  for (const std::int64_t step : {3600 * kSecond, -7200 * kSecond}) {
    CAPTURE(step);
    TempDir dir;
    Machine machine;
    auto ring = ring_of(machine, dir.file("ring"), 2'600'000'000);
    LaneWriter lane = claim(*ring);
    Watch watch({{dir.file("ring")}, 100, 20, false});
    const auto serve = [&] {
      machine.run(kSecond);
      write_record(lane, operation(0, machine.now.ticks - 2'600'000, 2'600'000));
      return watch.tick(machine.now);
    };
    for (int i = 0; i < 10; ++i) serve();
    machine.now.realtime_ns += step;
    const Snapshot snapshot = serve();
    CHECK(only(snapshot).window(Window::minute).recorded == 11);
    CHECK(only(snapshot).window(Window::minute).negative == 0);
    CHECK(snapshot.late_records == 0);
    CHECK(near(only(snapshot).last[0].start_wall_ns, machine.now.realtime_ns - 1'000'000));
    CHECK(near(only(snapshot).last[5].start_wall_ns,
               machine.now.realtime_ns - 5 * kSecond - 1'000'000));
    CHECK(near(snapshot.rings[0].created_wall_ns, machine.now.realtime_ns - 11 * kSecond));
  }
}

TEST_CASE("Case15: a ring of an earlier boot is read by its own clock, at its own wall times") {
  for (const ClockKind kind : {ClockKind::tsc, ClockKind::monotonic}) {
    CAPTURE(clock_name(kind));
    TempDir dir;
    Machine before;
    auto ring = ring_of(before, dir.file("ring"), 1'000'000'000);   // slower than today's machine
    SegmentHeader& header = ring->header();
    header.clock_kind = static_cast<std::uint32_t>(kind);
    header.boot_id[0] ^= 1;
    LaneWriter lane = claim(*ring);
    // Twenty minutes with one record a minute.
    for (int i = 1; i <= 20; ++i) {
      write_record(lane,
                   operation(0, header.anchor_ticks + static_cast<std::uint64_t>(i * 60 * kSecond),
                             5'000'000));
    }
    // The machine comes back half an hour after the ring was made. Both its clocks begin anew.
    const Instant today{40 * kSecond, before.now.realtime_ns + 1800 * kSecond, 123'456'789};
    Instant later = today;
    later.monotonic_ns += kSecond;
    later.realtime_ns += kSecond;
    later.ticks += static_cast<std::uint64_t>(kHz);
    Watch watch({{dir.file("ring")}, 100, 20, false});
    watch.tick(today);
    for (const Instant& now : {today, later}) {
      const Snapshot snapshot = watch.tick(now);
      CHECK(snapshot.rings[0].state == RingState::crashed);
      CHECK(snapshot.books.read == 20);
      CHECK(near(snapshot.rings[0].created_wall_ns, before.now.realtime_ns));
      REQUIRE(only(snapshot).last.size() == 20);
      for (std::size_t i = 0; i < 20; ++i) {
        CHECK(near(only(snapshot).last[i].start_wall_ns,
                   before.now.realtime_ns + static_cast<std::int64_t>(20 - i) * 60 * kSecond));
        CHECK(only(snapshot).last[i].duration_ns == 5'000'000);
      }
      CHECK(only(snapshot).window(Window::since_start).recorded == 20);
      CHECK(only(snapshot).window(Window::hour).recorded == 20);
      CHECK(only(snapshot).window(Window::five_minutes).recorded == 0);
      CHECK(only(snapshot).window(Window::hour).max_ns == 5'000'000);
    }
    // The next daemon gets the same times from the state.
    const std::string saved = watch.encode(later);
    Watch next({{dir.file("ring")}, 100, 20, false});
    std::string why;
    REQUIRE(next.decode(saved, later, &why));
    next.tick(later);
    const Snapshot snapshot = next.tick(later);
    CHECK(snapshot.books.read == 20);
    CHECK(near(only(snapshot).last[0].start_wall_ns, before.now.realtime_ns + 1200 * kSecond));
    CHECK(near(snapshot.rings[0].created_wall_ns, before.now.realtime_ns));
  }
}

TEST_CASE(
    "Case15: a ring of an earlier boot that states no rate is read by the rate of today's "
    "counter") {
  const double rate = measure_ticks_per_second();
  TempDir dir;
  Machine before;
  auto ring = ring_of(before, dir.file("ring"), 0);
  ring->header().boot_id[0] ^= 1;
  LaneWriter lane = claim(*ring);
  for (int i = 1; i <= 20; ++i) {
    write_record(
        lane, operation(0, ring->header().anchor_ticks + static_cast<std::uint64_t>(i * 60 * rate),
                        static_cast<std::int64_t>(rate / 100)));
  }
  const Instant today{40 * kSecond, before.now.realtime_ns + 1800 * kSecond, 123'456'789};
  Watch watch({{dir.file("ring")}, 100, 20, false});
  watch.tick(today);
  const Snapshot snapshot = watch.tick(today);
  CHECK(snapshot.books.read == 20);
  REQUIRE(only(snapshot).last.size() == 20);
  // The kernel's rate, or that of a second measurement, may differ from ours by a thousandth.
  CHECK(near(only(snapshot).last[0].start_wall_ns, before.now.realtime_ns + 1200 * kSecond,
             2 * kSecond));
  CHECK(near(only(snapshot).last[0].duration_ns, 10'000'000, 20'000));
}

TEST_CASE(
    "Case15: an end before its start is counted as a negative span, from the producer to the "
    "report") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [] {
            const Stamp early = now();
            const Stamp late{early.ticks + 1'000'000};
            Operation(chat::SEND_MESSAGE, late).finish_at(early, Outcome::ok);
            Operation(chat::SEND_MESSAGE, early).finish_at(late, Outcome::ok);
            event_since(chat::RECOVERY, {early.ticks + (std::uint64_t{1} << 31)});
            Operation staged(chat::JOIN_ROOM, {early.ticks + (std::uint64_t{1} << 31)});
            // A stage that "ended" before the operation began adds nothing.
            staged.stage(chat::kDatabase);
            staged.finish_at({early.ticks + (std::uint64_t{1} << 31) + 7}, Outcome::ok);
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 4);
  CHECK(reader.records[0].duration == -1'000'000);
  CHECK(reader.records[1].duration == 1'000'000);
  CHECK(reader.records[2].duration < 0);
  CHECK(reader.records[3].stage(chat::kDatabase) == 0);

  Watch watch({{dir.file("ring")}, 100, 20, false});
  watch.tick(read_instant());
  const Snapshot snapshot = watch.tick(read_instant());
  CHECK(snapshot.books.read == 4);
  CHECK(snapshot.books.rejected == 0);
  const auto report = nlohmann::json::parse(render_json(Report(snapshot)));
  std::uint64_t negative = 0;
  bool span_is_shown = false;
  for (const char* group : {"operations", "events"}) {
    for (const auto& series : report[group]) {
      const std::string all = series.dump();
      negative += series["windows"]["since_start"]["negative"].get<std::uint64_t>();
      span_is_shown = span_is_shown || all.find("\"duration_ns\":-") != std::string::npos;
    }
  }
  CHECK(negative == 2);
  CHECK(span_is_shown);
  CHECK(render_text(Report(snapshot)).find("2 negative spans: the clock went back") !=
        std::string::npos);
}
