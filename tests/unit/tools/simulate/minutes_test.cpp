// The minutes of history that regressions are scored on, and the rivals that see them.
#include "tools/simulate/minutes.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "report/analysis/operation_watch.h"
#include "tools/simulate/regression_policy.h"

using namespace ringside;
using namespace ringside::simulate;

namespace {

// Calls, their histogram and each stage's mean of one operation, from `from` to `until`.
struct Seen {
  std::uint64_t calls = 0;
  Histogram latency;
  std::array<std::uint64_t, kStages> stage_ns{};
  double stage_mean(std::size_t stage) const {
    return static_cast<double>(stage_ns[stage]) / static_cast<double>(calls);
  }
};
Seen see(std::size_t operation, const std::vector<MinuteChange>& changes, std::int64_t from,
         std::int64_t until) {
  Minutes minutes(4, draw_operations(4), changes);
  Seen seen;
  while (minutes.wall_s() + kMinuteS < until) {
    const HistorySlot& slot = minutes.next()[operation].slots[0];
    if (minutes.wall_s() < from) continue;
    seen.calls += slot.timed;
    seen.latency.merge(slot.latency);
    for (std::size_t i = 0; i < kStages; ++i) seen.stage_ns[i] += slot.stages[i].sum_ns;
  }
  return seen;
}

constexpr std::int64_t kNoon = kMondayS + 12 * 3'600;

// One operation, whose calls take these times on average in each minute.
std::vector<RegressionWord> told(RegressionPolicy& policy, const std::vector<double>& means_ns) {
  std::vector<RegressionWord> words;
  std::int64_t at = kMondayS;
  for (const double mean : means_ns) {
    HistorySeries series;
    series.ring = "chat";
    series.name = "SEND";
    series.slots.resize(1);
    series.slots[0].begin_wall_s = at;
    series.slots[0].timed = 100;
    series.slots[0].sum_ns = static_cast<std::uint64_t>(100 * mean);
    for (const RegressionWord& word : policy.minute(at, {series})) words.push_back(word);
    at += kMinuteS;
  }
  return words;
}

std::vector<double> step(std::size_t before, std::size_t after, double factor) {
  std::vector<double> means;
  for (std::size_t i = 0; i < before + after; ++i)
    means.push_back(1e6 * (i % 2 == 0 ? 1 : 1.01) * (i < before ? 1 : factor));
  return means;
}

}  // namespace

TEST_CASE("SimulateMinutes: a seed names the same minutes, another seed others") {
  Minutes one(6, draw_operations(6), {});
  Minutes same(6, draw_operations(6), {});
  Minutes other(8, draw_operations(6), {});
  bool differs = false;
  for (int i = 0; i < 200; ++i) {
    const auto& a = one.next();
    const auto& b = same.next();
    const auto& c = other.next();
    REQUIRE(a.size() == 12);
    for (std::size_t k = 0; k < a.size(); ++k) {
      CHECK(a[k].slots[0].latency.buckets == b[k].slots[0].latency.buckets);
      CHECK(a[k].slots[0].sum_ns == b[k].slots[0].sum_ns);
      CHECK(a[k].slots[0].latency.count() == a[k].slots[0].timed);
      CHECK(a[k].slots[0].begin_wall_s == kMondayS + i * kMinuteS);
      differs = differs || a[k].slots[0].timed != c[k].slots[0].timed;
    }
  }
  CHECK(differs);
}

TEST_CASE("SimulateMinutes: nights and weekends have fewer calls") {
  const Seen noon = see(0, {}, kNoon, kNoon + 3'600);
  const Seen night = see(0, {}, kMondayS + 3 * 3'600, kMondayS + 4 * 3'600);
  const Seen weekend = see(0, {}, kNoon + 5 * kDayS, kNoon + 5 * kDayS + 3'600);
  CHECK(night.calls * 2 < noon.calls);
  CHECK(weekend.calls * 5 < noon.calls * 4);
}

TEST_CASE("SimulateMinutes: each change does what it says, to its operation, in its time") {
  const std::int64_t from = kNoon;
  const std::int64_t until = kNoon + 3'600;
  const auto median = [](const Seen& seen) { return smooth_quantile_ns(seen.latency, 0.5); };
  MinuteChange change;
  change.from = from;
  change.until = until;
  change.operation = 1;
  const Seen before = see(1, {}, from, until);
  SUBCASE("all of an operation") {
    change.factor = 2;
    const Seen now = see(1, {change}, from, until);
    CHECK(median(now) / median(before) == doctest::Approx(2).epsilon(0.08));
    CHECK(now.stage_mean(2) / before.stage_mean(2) == doctest::Approx(2).epsilon(0.1));
    // Clients wait for their answers.
    CHECK(now.calls < before.calls);
    const Seen other = see(2, {change}, from, until);
    CHECK(median(other) / median(see(2, {}, from, until)) == doctest::Approx(1).epsilon(0.08));
    const Seen later = see(1, {change}, until, until + 3'600);
    CHECK(median(later) / median(see(1, {}, until, until + 3'600)) ==
          doctest::Approx(1).epsilon(0.08));
  }
  SUBCASE("a stage") {
    change.factor = 1.3;
    change.stage = 0;
    const Seen now = see(1, {change}, from, until);
    CHECK(now.stage_mean(0) / before.stage_mean(0) == doctest::Approx(1.3).epsilon(0.08));
    CHECK(now.stage_mean(2) / before.stage_mean(2) == doctest::Approx(1).epsilon(0.08));
    CHECK(median(now) / median(before) == doctest::Approx(1.02).epsilon(0.05));
  }
  SUBCASE("traffic") {
    change.traffic_factor = 3;
    const Seen now = see(1, {change}, from, until);
    CHECK(static_cast<double>(now.calls) / static_cast<double>(before.calls) ==
          doctest::Approx(3).epsilon(0.1));
  }
  SUBCASE("the mix of calls") {
    change.operation = 8;
    change.slow_share = 0.7;
    const Seen now = see(8, {change}, from, until);
    CHECK(median(now) > 2 * median(see(8, {}, from, until)));
  }
}

TEST_CASE("SimulateRegressionRivals: two means are told ten minutes apart from sixty") {
  const auto means = make_regression_means();
  CHECK(told(*means, step(70, 70, 1.1)).empty());
  const auto again = make_regression_means();
  const auto words = told(*again, step(70, 90, 1.3));
  REQUIRE(words.size() == 2);
  CHECK(words[0].what == RegressionWord::What::slower);
  CHECK(words[0].operation == "SEND");
  CHECK(words[0].stage.empty());
  CHECK((words[0].wall_s - kMondayS) / 60 - 70 == 6);  // more than half of the ten are new
  // Sixty minutes later the new level is what it compares with.
  CHECK(words[1].what == RegressionWord::What::over);
}

TEST_CASE("SimulateRegressionRivals: the t-test needs its figures, and both limits") {
  const auto slower = make_regression_t_test();
  const auto words = told(*slower, step(40, 40, 1.2));
  REQUIRE(words.size() == 1);
  CHECK(words[0].what == RegressionWord::What::slower);
  CHECK((words[0].wall_s - kMondayS) / 60 - 40 <= 12);
  const auto little = make_regression_t_test();
  CHECK(told(*little, step(40, 40, 1.015)).empty());
  const auto back = make_regression_t_test();
  auto means = step(40, 40, 1.2);
  for (const double mean : step(40, 0, 1)) means.push_back(mean);
  const auto both = told(*back, means);
  REQUIRE(both.size() == 2);
  CHECK(both[1].what == RegressionWord::What::over);
}

TEST_CASE("Minutes: no burst of traffic falls into a calm time, and all else is the same") {
  const std::int64_t until = kMondayS + 4 * kDayS;
  const MinuteCalm calm{kMondayS + kDayS, until};
  Minutes plain(4, draw_operations(4), {});
  Minutes quiet(4, draw_operations(4), {}, {calm, 0});
  int bursts = 0;
  int in_calm = 0;
  double last = 0;
  double last_quiet = 0;
  while (plain.wall_s() + kMinuteS < until) {
    const auto calls = static_cast<double>(plain.next()[0].slots[0].timed);
    const auto calls_quiet = static_cast<double>(quiet.next()[0].slots[0].timed);
    if (plain.wall_s() < calm.from) {
      CHECK(calls == calls_quiet);
    } else {
      bursts += calls > 1.6 * last ? 1 : 0;
      in_calm += calls_quiet > 1.6 * last_quiet ? 1 : 0;
    }
    last = calls;
    last_quiet = calls_quiet;
  }
  CHECK(bursts > 0);
  CHECK(in_calm == 0);
}

TEST_CASE("Minutes: a restless server's operations are slower and faster together") {
  Minutes plain(4, draw_operations(4), {});
  Minutes restless(4, draw_operations(4), {}, {{}, 0.3});
  // Of busy operations, in the logarithm of a minute's mean: the deviation, and that of what two of
  // them do not have in common.
  const auto deviations = [](Minutes& minutes) {
    double own = 0;
    double apart = 0;
    std::array<double, 2> last{};
    int steps = 0;
    for (int minute = 0; minute < 1'440; ++minute) {
      const std::vector<HistorySeries>& batch = minutes.next();
      std::array<double, 2> now{};
      for (std::size_t i = 0; i < now.size(); ++i) {
        const HistorySlot& slot = batch[i].slots[0];
        now[i] = std::log(smooth_quantile_ns(slot.latency, 0.5));
      }
      if (minute > 0) {
        const double first = now[0] - last[0];
        const double second = now[1] - last[1];
        own += first * first;
        apart += (first - second) * (first - second) / 2;
        ++steps;
      }
      last = now;
    }
    return std::pair<double, double>{std::sqrt(own / steps), std::sqrt(apart / steps)};
  };
  const auto calm = deviations(plain);
  const auto moody = deviations(restless);
  // Steps of a minute: 0.3 sqrt(2 (1 - exp(-1/4))).
  CHECK(moody.first == doctest::Approx(0.2).epsilon(0.15));
  CHECK(calm.first < 0.08);
  CHECK(moody.second < 0.08);
}
