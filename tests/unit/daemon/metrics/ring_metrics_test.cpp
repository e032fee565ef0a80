// Lists that are derived from a ring's metrics, compared with an oracle that keeps every record.
// Over 400 lines: half of it is the oracle, which only these cases use.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBegin = 3'700'000 * kSecond + 17;
constexpr std::int64_t kWall = 1'700'000'000 * kSecond;

struct Kept {
  std::uint16_t operation;
  std::uint16_t error;
  std::uint8_t outcome;
  std::uint64_t actor, subject;
  std::int64_t end_ns, span_ns;
  std::int64_t read_at_ns;   // when the daemon read it
  int daemon;                // the daemon that read it, by number
};

// Each life of the ring has a clock of its own.
struct Clock {
  ClockKind kind = ClockKind::monotonic;
  std::int64_t rate = 1;   // ticks a nanosecond
  TickScale scale() const {
    if (kind == ClockKind::monotonic) return {kind, 0, 0, 0};
    return {kind, static_cast<std::uint64_t>(rate) * 1'000'000'000, 12345, kBegin};
  }
  std::uint64_t ticks(std::int64_t ns) const {
    if (kind == ClockKind::monotonic) return static_cast<std::uint64_t>(ns);
    return static_cast<std::uint64_t>(12345 + (ns - kBegin) * rate);
  }
};

struct World {
  RingMetricsOptions options{10, 5};
  std::unique_ptr<RingMetrics> metrics = std::make_unique<RingMetrics>(options);
  RingMetrics::Counts read_of{};
  Clock clock;
  std::uint32_t instance = 1;
  int daemon = 1;
  std::int64_t born_ns;
  std::int64_t now_ns;
  std::int64_t parties_since_ns;
  std::uint64_t position = 0;
  std::vector<Kept> all;
  std::mt19937_64 random{seed()};

  explicit World(std::int64_t begin_ns)
      : born_ns(begin_ns), now_ns(begin_ns), parties_since_ns(begin_ns) {
    metrics->observe_from(born_ns);
    name_ids();
    tick();
  }
  void name_ids() {
    metrics->forget_names();
    for (std::uint16_t id = 0; id < 4; ++id)
      metrics->set_name(id, {"OP_" + std::to_string(id), "", {}});
  }
  void tick() { metrics->set_time(clock.scale(), now_ns, instance); }

  void write(std::int64_t end_ns, std::int64_t span_ns, std::uint8_t outcome) {
    Kept kept{};
    kept.operation = static_cast<std::uint16_t>(random() % 4);
    kept.outcome = outcome;
    kept.error = outcome == 0 ? 0 : static_cast<std::uint16_t>(5000 + random() % 3);
    kept.actor = random() % 30;
    kept.subject = random() % 10;
    kept.end_ns = end_ns;
    kept.span_ns = span_ns;
    kept.read_at_ns = now_ns;
    kept.daemon = daemon;
    Record record{};
    record.sequence = 2 * ++position;
    record.start = clock.ticks(end_ns - span_ns);
    record.duration = static_cast<std::int64_t>(clock.ticks(end_ns) - record.start);
    record.operation = kept.operation;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = outcome;
    record.error = kept.error;
    record.actor = kept.actor;
    record.subject = kept.subject;
    record.flags =
        static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                   static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
    metrics->add_alone(record, 0, read_of);
    all.push_back(kept);
  }
  Snapshot show() {
    Snapshot out;
    metrics->show("ring", RingMetrics::LivingById(kIdCount), {now_ns, kWall, 0, 0}, out);
    return out;
  }
  // The daemon ends. Another one continues from what the first one saved.
  void restart() {
    Encoder out;
    metrics->encode(out, kWall);
    const std::string bytes = out.take();
    metrics = std::make_unique<RingMetrics>(options);
    Decoder in(bytes);
    metrics->decode(in, slice_of(now_ns), 0);
    REQUIRE(in.at_end());
    metrics->observe_from(metrics->observed().until_ns());   // nothing was overwritten in between
    parties_since_ns = now_ns;
    ++daemon;
    name_ids();
    tick();
  }
  // The server ends. Another one comes with another clock.
  void another_clock() {
    metrics->end_clock(kWall);
    ++instance;
    clock = clock.kind == ClockKind::monotonic ? Clock{ClockKind::tsc, 1}
                                               : Clock{};
    name_ids();
    tick();
  }
};

std::int64_t slice_at(std::int64_t ns) { return ns / (5 * kSecond); }

bool in_window(const Kept& kept, Window window, std::int64_t now_ns) {
  switch (window) {
    case Window::since_start: return true;
    case Window::minute: return slice_at(kept.end_ns) > slice_at(now_ns) - 12;
    case Window::five_minutes: return slice_at(kept.end_ns) > slice_at(now_ns) - 60;
    case Window::hour: return kept.end_ns / (60 * kSecond) > now_ns / (60 * kSecond) - 60;
  }
  return false;
}

// The conversion from ticks to nanoseconds rounds down.
bool near(std::int64_t a, std::int64_t b, std::uint64_t by = 2) {
  return static_cast<std::uint64_t>(std::abs(a - b)) <= by;
}
bool near_sum(std::uint64_t a, std::uint64_t b, std::uint64_t terms) {
  return near(static_cast<std::int64_t>(a), static_cast<std::int64_t>(b), 2 * terms + 1);
}

void check_errors(const World& world, const Snapshot& shown) {
  std::map<std::tuple<std::string, int, int>, std::array<std::uint64_t, kWindows>> counts;
  std::map<std::tuple<std::string, int, int>, const Kept*> latest;
  for (const Kept& kept : world.all) {
    if (kept.outcome == 0) continue;
    const auto key =
        std::make_tuple("OP_" + std::to_string(kept.operation), int{kept.error}, int{kept.outcome});
    for (std::size_t w = 0; w < kWindows; ++w) {
      counts[key][w] += in_window(kept, static_cast<Window>(w), world.now_ns);
    }
    const Kept*& last = latest[key];
    if (last == nullptr || kept.end_ns >= last->end_ns) last = &kept;
  }
  REQUIRE(shown.errors.size() == counts.size());
  for (const ErrorStats& row : shown.errors) {
    const auto key = std::make_tuple(row.operation, int{row.code}, static_cast<int>(row.outcome));
    CAPTURE(row.operation);
    CAPTURE(row.code);
    REQUIRE(counts.contains(key));
    CHECK(row.count == counts[key]);
    CHECK(near(row.last_wall_ns, latest[key]->end_ns + kWall));
    CHECK(row.last_actor.id == latest[key]->actor);
  }
}

void check_parties(const World& world, const Snapshot& shown) {
  struct Sums {
    std::uint64_t count = 0, errors = 0, refused = 0, time_ns = 0;
  };
  const std::int64_t half_ns = 1800 * kSecond;
  const auto check = [&](const std::vector<TopEntry>& list, std::uint64_t Kept::*who,
                         bool by_time) {
    std::map<std::uint64_t, Sums> sums;
    for (const Kept& kept : world.all) {
      if (kept.daemon != world.daemon || kept.read_at_ns / half_ns < world.now_ns / half_ns - 1)
        continue;
      Sums& of = sums[kept.*who];
      ++of.count;
      of.errors += kept.outcome == 1 || kept.outcome == 2;
      of.refused += kept.outcome > 2;
      of.time_ns += static_cast<std::uint64_t>(kept.span_ns);
    }
    std::vector<std::uint64_t> weights;
    for (const auto& [id, of] : sums) {
      const std::uint64_t weight = by_time ? of.time_ns : of.errors + of.refused;
      if (weight > 0) weights.push_back(weight);
    }
    std::sort(weights.rbegin(), weights.rend());
    REQUIRE(list.size() == std::min(weights.size(), world.options.top));
    std::set<std::uint64_t> ids;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const TopEntry& row = list[i];
      CHECK(near_sum(row.weight, weights[i], by_time ? 10'000 : 0));
      CHECK(ids.insert(row.party.id).second);
      CHECK_FALSE(row.estimated);
      const Sums& of = sums[row.party.id];
      CHECK(row.count == of.count);
      CHECK(row.errors == of.errors);
      CHECK(row.refused == of.refused);
      CHECK(near_sum(row.time_ns, of.time_ns, of.count));
      CHECK(row.time_in_ns.low == row.time_ns);
      CHECK(row.time_in_ns.high == row.time_ns);
      CHECK(row.errors_in.low == of.errors);
      CHECK(row.count_in.high == of.count);
    }
  };
  check(shown.actors_by_time, &Kept::actor, true);
  check(shown.actors_by_errors, &Kept::actor, false);
  check(shown.subjects_by_time, &Kept::subject, true);
  check(shown.subjects_by_errors, &Kept::subject, false);
  const std::int64_t begin_ns =
      std::max((world.now_ns / half_ns - 1) * half_ns, world.parties_since_ns);
  CHECK(shown.parties_seconds ==
        doctest::Approx(static_cast<double>(world.now_ns - begin_ns) / 1e9));
}

void check_slowest(const World& world, const Snapshot& shown) {
  const auto check = [&](const std::vector<RecordView>& list, std::int64_t first_slice) {
    std::vector<std::int64_t> spans;
    for (const Kept& kept : world.all) {
      if (slice_at(kept.end_ns) >= first_slice) spans.push_back(kept.span_ns);
    }
    std::sort(spans.rbegin(), spans.rend());
    if (spans.size() > world.options.top) spans.resize(world.options.top);
    REQUIRE(list.size() == spans.size());
    for (std::size_t i = 0; i < spans.size(); ++i) {
      CHECK(near(list[i].duration_ns, spans[i]));
      // The entry is one of the written records, with all its fields.
      const bool found = std::any_of(world.all.begin(), world.all.end(), [&](const Kept& kept) {
        return kept.span_ns == spans[i] &&
               near(kept.end_ns - kept.span_ns + kWall, list[i].start_wall_ns) &&
               kept.actor == list[i].actor.id && kept.subject == list[i].subject.id &&
               "OP_" + std::to_string(kept.operation) == list[i].operation &&
               kept.outcome == static_cast<std::uint8_t>(list[i].outcome);
      });
      CHECK(found);
    }
  };
  check(shown.slowest, slice_at(world.now_ns) - 719);
  check(shown.slowest_since_start, INT64_MIN);
}

void check_windows(const World& world, const Snapshot& shown) {
  for (const SeriesView& view : shown.operations) {
    for (std::size_t w = 0; w < kWindows; ++w) {
      std::uint64_t recorded = 0, errors = 0, sum_ns = 0;
      for (const Kept& kept : world.all) {
        if ("OP_" + std::to_string(kept.operation) != view.name) continue;
        if (!in_window(kept, static_cast<Window>(w), world.now_ns)) continue;
        ++recorded;
        errors += kept.outcome == 1 || kept.outcome == 2;
        sum_ns += static_cast<std::uint64_t>(kept.span_ns);
      }
      CHECK(view.windows[w].recorded == recorded);
      CHECK(view.windows[w].errors == errors);
      CHECK(near_sum(view.windows[w].sum_ns, sum_ns, recorded));
      CHECK(view.windows[w].history == 0);
    }
  }
  const double alive = static_cast<double>(world.now_ns - world.born_ns) / 1e9;
  CHECK(shown.operations.at(0).windows[0].seconds == doctest::Approx(alive));
}

}  // namespace

TEST_CASE("Metrics: lists and windows agree with all records, over late ones, pauses, reloads, restarts and clocks") {
  for (int round = 0; round < 3; ++round) {
    World world(kBegin);
    world.random.seed(seed() + static_cast<std::uint64_t>(round));
    for (int step = 1; step <= 700; ++step) {
      const std::uint64_t pause = world.random() % 40;
      world.now_ns += pause == 0 ? static_cast<std::int64_t>(world.random() % 2000) * kSecond
                                 : static_cast<std::int64_t>(world.random() % (10 * kSecond));
      world.tick();
      for (std::uint64_t i = world.random() % 6; i > 0; --i) {
        std::int64_t ago = static_cast<std::int64_t>(world.random() % 1000);
        if (world.random() % 10 == 0)
          ago = static_cast<std::int64_t>(world.random() % (1200 * kSecond));
        const std::int64_t end_ns = std::max(world.now_ns - ago, world.born_ns);
        const auto span_ns = static_cast<std::int64_t>(
            1 + world.random() % (world.random() % 9 == 0 ? 30 * kSecond : 1000));
        world.write(end_ns, span_ns,
                    static_cast<std::uint8_t>(world.random() % 3 == 0 ? world.random() % 7 : 0));
      }
      switch (world.random() % 60) {
        case 0: world.restart(); break;
        case 1: world.another_clock(); break;
        case 2: {
          // A list that is made longer takes in only later records. So the list only becomes
          // shorter here.
          world.options.top = std::max<std::size_t>(2, world.options.top - 1);
          world.metrics->reconfigure(world.options);
          break;
        }
        default: break;
      }
      // The first steps check lists that are not full.
      if (step > 5 && step % 23 != 0) continue;
      const Snapshot shown = world.show();
      check_errors(world, shown);
      check_parties(world, shown);
      check_slowest(world, shown);
      check_windows(world, shown);
    }
  }
}

TEST_CASE("Metrics: above twenty thousand records in a slice an actor's figures are marked as estimates and enclosed") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1000 * kSecond;
  metrics.observe_from(now_ns);
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  std::mt19937_64 random(seed());
  struct Sums {
    std::uint64_t count = 0, errors = 0, time_ns = 0;
  };
  std::map<std::uint64_t, Sums> truth;
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    Record record{};
    record.sequence = 2 * (i + 1);
    record.operation = static_cast<std::uint16_t>(random() % 3);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = random() % 90 == 0 ? 1 : 0;
    record.duration = static_cast<std::int64_t>(random() % 7 == 0 ? 200'000 + random() % 100'000
                                                                  : random() % 20'000);
    record.start = static_cast<std::uint64_t>(now_ns - record.duration) + i % 1000;
    record.actor = random() % 53;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    Sums& of = truth[record.actor];
    ++of.count;
    of.errors += record.outcome == 1;
    of.time_ns += static_cast<std::uint64_t>(record.duration);
    metrics.add(words_of(record), i, 0);
    if (i % RingMetrics::kBatch == RingMetrics::kBatch - 1) metrics.end_batch(read_of);
  }
  metrics.end_batch(read_of);
  metrics.end_run();
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
  for (const auto* list : {&shown.actors_by_time, &shown.actors_by_errors}) {
    REQUIRE(list->size() == 20);
    for (const TopEntry& row : *list) {
      const Sums& of = truth[row.party.id];
      CHECK(row.estimated);
      CHECK(row.errors == of.errors);
      CHECK(row.errors_in.low == of.errors);
      CHECK(row.errors_in.high == of.errors);
      CHECK(row.count_in.low <= of.count);
      CHECK(row.count_in.high >= of.count);
      CHECK(row.time_in_ns.low <= of.time_ns);
      CHECK(row.time_in_ns.high >= of.time_ns);
      // The estimates are close enough to be of use.
      CHECK(row.count == doctest::Approx(static_cast<double>(of.count)).epsilon(0.5));
      CHECK(row.count_in.high < 3 * of.count);
    }
  }
}

TEST_CASE("Metrics: stage words without their flag are not counted and not shown") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1000 * kSecond;
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  // Many records, so that the later ones are plain: neither slowest nor longest.
  for (std::uint64_t i = 0; i < 300; ++i) {
    Record record{};
    record.sequence = 2 * (i + 1);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.duration = 1000 - static_cast<std::int64_t>(i > 100 ? 100 + i % 10 : i);
    record.start = static_cast<std::uint64_t>(now_ns - record.duration);
    record.flags = i % 2 == 0 ? kFlagStages : 0;
    record.stages[1] = 40;
    metrics.add_alone(record, 0, read_of);
  }
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
  const WindowStats& minute = shown.operations.at(0).window(Window::minute);
  CHECK(minute.recorded == 300);
  CHECK(minute.stages[1].count == 150);
  CHECK(minute.stages[1].sum_ns == 150 * 40);
  for (const RecordView& record : shown.operations[0].last) {
    CHECK(record.stages_ns[1] == (record.position % 2 == 0 ? 40 : 0));
  }
}

TEST_CASE("Metrics: what ends in the future counts since start and in no window, and is not the latest error") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const std::int64_t now_ns = 1001 * kSecond;
  metrics.set_time(TickScale(ClockKind::monotonic, 0, 0, 0), now_ns, 1);
  const auto fail_at = [&](std::int64_t end_ns, std::uint64_t actor) {
    Record record{};
    record.sequence = 2;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.outcome = 1;
    record.error = 5001;
    record.start = static_cast<std::uint64_t>(end_ns);
    record.actor = actor;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    metrics.add_alone(record, 0, read_of);
  };
  fail_at(now_ns + 3600 * kSecond, 66);
  Snapshot shown;
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, kWall, 0, 0}, shown);
  REQUIRE(shown.errors.size() == 1);
  CHECK(shown.errors[0].count == std::array<std::uint64_t, kWindows>{1, 0, 0, 0});
  CHECK(shown.errors[0].last_wall_ns == 0);
  CHECK(shown.slowest.empty());
  fail_at(now_ns, 7);
  fail_at(now_ns + 2 * kSecond, 66);   // in the current slice, but still in the future
  shown = Snapshot{};
  metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, kWall, 0, 0}, shown);
  CHECK(shown.errors[0].count == std::array<std::uint64_t, kWindows>{3, 1, 1, 1});
  CHECK(shown.errors[0].last_wall_ns == now_ns + kWall);
  CHECK(shown.errors[0].last_actor.id == 7);
  const WindowStats& minute = shown.operations.at(0).window(Window::minute);
  CHECK(minute.recorded == 1);
  CHECK(shown.operations.at(0).window(Window::since_start).recorded == 3);
}

TEST_CASE("Metrics: rates are over the observed time, and what is older is history") {
  RingMetrics metrics({100, 20});
  RingMetrics::Counts read_of{};
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  std::uint64_t position = 0;
  const auto end_at = [&](std::int64_t end_ns) {
    Record record{};
    record.sequence = 2 * ++position;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.start = static_cast<std::uint64_t>(end_ns);
    record.actor = 1;
    record.flags = static_cast<std::uint16_t>(ActorKind::user);
    metrics.add_alone(record, 0, read_of);
  };
  const auto shown_at = [&](std::int64_t now_ns) {
    Snapshot out;
    metrics.show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, out);
    return out;
  };
  // The ring is a day old and holds an hour of another lane. It has been observed for 4 s.
  const std::int64_t attach_ns = 100'002 * kSecond;
  const std::int64_t since_ns = attach_ns - 4 * kSecond;
  metrics.observe_from(since_ns);
  metrics.set_time(clock, attach_ns, 1);
  for (int i = 1; i <= 36; ++i) end_at(since_ns - i * 100 * kSecond);
  for (int i = 0; i < 400; ++i) end_at(since_ns + i * kSecond / 100);
  metrics.count_skipped_since(attach_ns - 86'400 * kSecond);
  metrics.add_skipped(0, 50'000);
  Snapshot shown = shown_at(attach_ns);
  for (std::size_t w = 0; w < kWindows; ++w) {
    const WindowStats& stats = shown.operations.at(0).windows[w];
    CHECK(stats.seconds == doctest::Approx(4));
    CHECK(stats.rate() == doctest::Approx(100));
    CHECK(stats.recorded == (w == 0 ? 436 : 400));
    CHECK(stats.history == (w == 0 ? 50'036 : 0));
  }
  CHECK(shown.actors_by_time.empty());
  // The daemon is away for half an hour. What was overwritten in that time was not observed.
  const std::int64_t back_ns = attach_ns + 1800 * kSecond;
  metrics.observe_from(back_ns - kSecond);
  metrics.set_time(clock, back_ns, 1);
  for (int i = 0; i < 100; ++i) end_at(back_ns - kSecond + i * kSecond / 100);
  end_at(back_ns - 2 * kSecond);   // in the gap
  shown = shown_at(back_ns);
  const WindowStats& hour = shown.operations.at(0).window(Window::hour);
  CHECK(hour.seconds == doctest::Approx(5));
  CHECK(hour.recorded == 500);
  CHECK(hour.rate() == doctest::Approx(100));
  CHECK(shown.operations.at(0).window(Window::minute).rate() == doctest::Approx(100));
  CHECK(shown.operations.at(0).window(Window::since_start).rate() == doctest::Approx(100));
  // The daemon reads on without a gap, so all seconds count.
  metrics.observe_from(back_ns - 10);
  metrics.set_time(clock, back_ns + 10 * kSecond, 1);
  CHECK(shown_at(back_ns + 10 * kSecond).operations.at(0).window(Window::since_start).seconds ==
        doctest::Approx(15));
}

TEST_CASE("Metrics: losses are counted over the windows") {
  RingMetrics metrics({100, 20});
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  metrics.set_time(clock, 1000 * kSecond, 1);
  metrics.add_lost(5'000'000'000);
  metrics.set_time(clock, 1100 * kSecond, 1);
  metrics.add_lost(3);
  CHECK(metrics.lost() ==
        std::array<std::uint64_t, kWindows>{5'000'000'003, 3, 5'000'000'003, 5'000'000'003});
  metrics.set_time(clock, 1400 * kSecond, 1);
  CHECK(metrics.lost() == std::array<std::uint64_t, kWindows>{5'000'000'003, 0, 0, 5'000'000'003});
  metrics.set_time(clock, 5000 * kSecond, 1);
  CHECK(metrics.lost() == std::array<std::uint64_t, kWindows>{5'000'000'003, 0, 0, 0});
}

TEST_CASE("Metrics: an event's context is named as its own life of the ring named it") {
  auto metrics = std::make_unique<RingMetrics>(RingMetricsOptions{100, 20});
  RingMetrics::Counts read_of{};
  const TickScale clock(ClockKind::monotonic, 0, 0, 0);
  const std::int64_t now_ns = 1000 * kSecond;
  const auto happen = [&](std::uint64_t n) {
    Record record{};
    record.sequence = 2 * (n + 1);
    record.operation = kFirstEvent;
    record.kind = static_cast<std::uint8_t>(Kind::event);
    record.start = static_cast<std::uint64_t>(now_ns) + n;
    record.event.context = 1;
    metrics->add_alone(record, 0, read_of);
  };
  const auto contexts = [&] {
    Snapshot shown;
    metrics->show("ring", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, shown);
    std::vector<std::string> out;
    for (const RecordView& record : shown.events.at(0).last) out.push_back(record.context);
    return out;
  };
  metrics->set_time(clock, now_ns, 1);
  metrics->set_name(0, {"FIRST", "", {}});
  metrics->set_name(kFirstEvent, {"RETRY", "", {}});
  happen(0);
  CHECK(contexts() == std::vector<std::string>{"FIRST"});
  // The server restarts and enters its names in another order.
  metrics->end_clock(0);
  metrics->forget_names();
  metrics->set_time(clock, now_ns, 2);
  metrics->set_name(0, {"SECOND", "", {}});
  metrics->set_name(kFirstEvent, {"RETRY", "", {}});
  happen(1);
  CHECK(contexts() == std::vector<std::string>{"SECOND", "FIRST"});
  // The daemon restarts too, and a third server gives the id yet another name.
  Encoder out;
  metrics->encode(out, 0);
  const std::string bytes = out.take();
  metrics = std::make_unique<RingMetrics>(RingMetricsOptions{100, 20});
  Decoder in(bytes);
  metrics->decode(in, slice_of(now_ns), 0);
  REQUIRE(in.at_end());
  metrics->set_time(clock, now_ns, 3);
  metrics->set_name(0, {"THIRD", "", {}});
  CHECK(contexts() == std::vector<std::string>{"SECOND", "FIRST"});
}
