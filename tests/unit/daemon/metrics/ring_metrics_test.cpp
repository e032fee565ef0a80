// Lists that are derived from a ring's metrics, compared with an oracle that keeps every record.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "daemon/metrics/ring_metrics.h"
#include "daemon/metrics/ring_metrics_add.h"
#include "tests/support/later.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::kSecond;
using ringside::test::seed;

namespace {

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
    // Of failures that ended within the same two nanoseconds any one may be the last.
    const bool last = std::any_of(world.all.begin(), world.all.end(), [&](const Kept& kept) {
      return kept.outcome == std::get<2>(key) && kept.error == std::get<1>(key) &&
             "OP_" + std::to_string(kept.operation) == row.operation &&
             near(kept.end_ns, latest.at(key)->end_ns) && kept.actor == row.last_actor.id;
    });
    CHECK(last);
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
