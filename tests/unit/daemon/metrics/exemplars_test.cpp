// Operations that stand for others in graphs, and sums that never fall.
#include <doctest/doctest.h>

#include <memory>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"

using namespace ringside;

namespace {

constexpr std::int64_t kExemplarSecond = 1'000'000'000;
constexpr std::int64_t kExemplarBegin = 1000 * kExemplarSecond;  // the begin of a slice
constexpr std::int64_t kExemplarToWall = 5'000'000 * kExemplarSecond;
const TickScale kExemplarScale(ClockKind::monotonic, 0, 0, 0);

struct ExemplarRing {
  std::unique_ptr<RingMetrics> metrics = std::make_unique<RingMetrics>(RingMetricsOptions{});
  RingMetrics::Counts read_of{};
  std::uint64_t position = 0;

  ExemplarRing() {
    metrics->observe_from(kExemplarBegin);
    at(kExemplarBegin, 1);
    metrics->set_name(0, {"SEND", {}, {}});
    metrics->set_name(kFirstEvent, {"EVENT", {}, {}});
  }
  void at(std::int64_t now_ns, std::uint32_t instance) {
    metrics->set_time(kExemplarScale, now_ns, instance);
  }
  // Returns the record's position.
  std::uint64_t add(std::int64_t end_ns, std::int64_t span_ns, std::uint32_t lane = 3,
                    std::uint16_t id = 0, std::uint8_t flags = 0) {
    Record record{};
    record.sequence = 2 * (position + 1);
    record.start = static_cast<std::uint64_t>(end_ns - span_ns);
    record.duration = span_ns;
    record.operation = id;
    record.kind = static_cast<std::uint8_t>(id < kFirstEvent ? Kind::operation : Kind::event);
    record.flags = flags;
    metrics->add_alone(record, lane, read_of);
    return position++;
  }
  SeriesView shown(std::int64_t now_ns, std::int64_t to_wall = kExemplarToWall) {
    Snapshot snapshot;
    metrics->show("chat", RingMetrics::LivingById(kIdCount), {now_ns, to_wall, kExemplarBegin, 0},
                  snapshot);
    REQUIRE(snapshot.operations.size() == 1);
    for (const SeriesView& event : snapshot.events) CHECK(event.exemplars.empty());
    return snapshot.operations[0];
  }
};

}  // namespace

TEST_CASE("Exemplars: of each octave the latest that was the longest of its slice so far") {
  ExemplarRing ring;
  ring.at(kExemplarBegin + 4 * kExemplarSecond, 1);
  const std::uint64_t first = ring.add(kExemplarBegin + kExemplarSecond, 1'000);
  ring.add(kExemplarBegin + kExemplarSecond + 1, 900);  // shorter
  const std::uint64_t longer = ring.add(kExemplarBegin + kExemplarSecond + 2, 5'000'000, 7);
  ring.add(kExemplarBegin + kExemplarSecond + 3, 4'999'999);
  ring.add(kExemplarBegin + kExemplarSecond + 4, 6'000'000, 3, kFirstEvent);  // an event
  ring.add(kExemplarBegin + kExemplarSecond + 5, 7'000'000, 3, 0, kFlagUntimed);
  const std::vector<ExemplarView> shown =
      ring.shown(kExemplarBegin + 4 * kExemplarSecond).exemplars;
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].position == first);
  CHECK(shown[0].span_ns == 1'000);
  CHECK(shown[0].lane == 3);
  CHECK(shown[1].position == longer);
  CHECK(shown[1].lane == 7);
  CHECK(shown[1].span_ns == 5'000'000);
  CHECK(shown[1].end_wall_ns == kExemplarBegin + kExemplarSecond + 2 + kExemplarToWall);

  // The next slice has a longest of its own. It takes the place of the one of its octave alone.
  ring.at(kExemplarBegin + 6 * kExemplarSecond, 1);
  const std::uint64_t next = ring.add(kExemplarBegin + 5 * kExemplarSecond + 1, 5'100'000);
  const std::vector<ExemplarView> later =
      ring.shown(kExemplarBegin + 6 * kExemplarSecond).exemplars;
  REQUIRE(later.size() == 2);
  CHECK(later[0].position == first);
  CHECK(later[1].position == next);
}

TEST_CASE("Exemplars: a record that ended earlier takes no place of a later one") {
  ExemplarRing ring;
  ring.at(kExemplarBegin + 4 * kExemplarSecond, 1);
  const std::uint64_t later = ring.add(kExemplarBegin + 2 * kExemplarSecond, 1'000'000);
  ring.add(kExemplarBegin + kExemplarSecond, 1'000'001, 4);  // of another lane
  const auto shown = ring.shown(kExemplarBegin + 4 * kExemplarSecond).exemplars;
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].position == later);
}

TEST_CASE("Exemplars: a bound belongs to the octave below it, and the longest have a place") {
  ExemplarRing ring;
  ring.at(kExemplarBegin + 4 * kExemplarSecond, 1);
  ring.add(kExemplarBegin + kExemplarSecond, 1);
  ring.add(kExemplarBegin + kExemplarSecond,
           kExemplarSecond);  // 1 s is the upper bound of its octave
  ring.add(kExemplarBegin + kExemplarSecond, kExemplarSecond + 1);
  ring.add(kExemplarBegin + kExemplarSecond, 2'000'000 * kExemplarSecond);
  CHECK(ring.shown(kExemplarBegin + 4 * kExemplarSecond).exemplars.size() == 4);
}

TEST_CASE("Exemplars: a slewed clock does not move them, and a new ring has none of the old") {
  ExemplarRing ring;
  ring.at(kExemplarBegin + 4 * kExemplarSecond, 1);
  ring.add(kExemplarBegin + kExemplarSecond, 1'000);
  const auto wall = ring.shown(kExemplarBegin + 4 * kExemplarSecond).exemplars.at(0).end_wall_ns;
  CHECK(ring.shown(kExemplarBegin + 4 * kExemplarSecond, kExemplarToWall + 12'345)
            .exemplars.at(0)
            .end_wall_ns == wall);
  ring.metrics->end_clock(kExemplarToWall);
  ring.at(kExemplarBegin + 5 * kExemplarSecond, 2);
  CHECK(ring.shown(kExemplarBegin + 5 * kExemplarSecond).exemplars.empty());
  const std::uint64_t anew = ring.add(kExemplarBegin + 4 * kExemplarSecond, 1'000);
  (void)anew;
}

TEST_CASE("Sums: a better known clock does not make a sum fall that was shown") {
  ExemplarRing ring;
  const TickScale fast(ClockKind::tsc, 1'000'000'000, static_cast<std::uint64_t>(kExemplarBegin),
                       kExemplarBegin);
  const TickScale better(ClockKind::tsc, 1'000'010'000, static_cast<std::uint64_t>(kExemplarBegin),
                         kExemplarBegin);
  ring.metrics->set_time(fast, kExemplarBegin + 4 * kExemplarSecond, 1);
  ring.add(kExemplarBegin + 3 * kExemplarSecond, 2 * kExemplarSecond);
  const auto sum = [&](std::int64_t now_ns) {
    return ring.shown(now_ns).window(Window::since_start).sum_ns;
  };
  const std::uint64_t before = sum(kExemplarBegin + 4 * kExemplarSecond);
  CHECK(before == 2 * kExemplarSecond);
  ring.metrics->set_time(better, kExemplarBegin + 4 * kExemplarSecond + 1, 1);
  CHECK(ring.shown(kExemplarBegin + 4 * kExemplarSecond + 1).window(Window::minute).sum_ns <
        before);
  CHECK(sum(kExemplarBegin + 4 * kExemplarSecond + 1) == before);
  ring.add(kExemplarBegin + 3 * kExemplarSecond + 5, kExemplarSecond);
  CHECK(sum(kExemplarBegin + 4 * kExemplarSecond + 1) > before + kExemplarSecond / 2);
}
