// Slower calls, or more of the slow kind.
#include "report/analysis/mix.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <random>

#include "report/model/buckets.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

struct Calls {
  double median_s = 0.005;
  double sigma = 0.4;
  double slow_share = 0;
  double slow_factor = 8;
  double plus_s = 0;
};

Histogram draw(std::mt19937_64& engine, const Calls& calls, int count) {
  std::map<int, std::uint64_t> buckets;
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> part;
  for (int i = 0; i < count; ++i) {
    double s = calls.median_s * std::exp(calls.sigma * normal(engine));
    if (part(engine) < calls.slow_share) s *= calls.slow_factor;
    ++buckets[bucket_of(static_cast<LatencyUnits>((s + calls.plus_s) * kUnitsPerSecond))];
  }
  Histogram histogram;
  for (const auto& [index, n] : buckets)
    histogram.buckets.push_back({static_cast<std::int16_t>(index), n});
  return histogram;
}

}  // namespace

TEST_CASE("Mix: more calls of the slow kind are told from slower calls") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  std::mt19937_64 engine(seed);
  Calls before;
  before.slow_share = 0.3;
  const Histogram was = draw(engine, before, 50'000);
  for (const double share : {0.5, 0.7}) {
    Calls now = before;
    now.slow_share = share;
    const Histogram is = draw(engine, now, 5'000);
    const MixJudgement judged = judge_mix(was, is);
    INFO("moved ", judged.moved, " slower ", judged.slower);
    CHECK(judged.mix_shift(5'000));
    CHECK(judged.slow_now - judged.slow_before == doctest::Approx(share - 0.3).epsilon(0.15));
    CHECK(judged.boundary_s > 0.005);
    CHECK(judged.boundary_s < 0.040);
  }
  // Fewer slow calls make nothing slower.
  Calls fewer = before;
  fewer.slow_share = 0.1;
  CHECK_FALSE(judge_mix(was, draw(engine, fewer, 5'000)).mix_shift(5'000));
}

TEST_CASE("Mix: calls that became slower are no mix, of one kind or of two") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  std::mt19937_64 engine(seed);
  for (const double share : {0.0, 0.3}) {
    Calls before;
    before.slow_share = share;
    const Histogram was = draw(engine, before, 50'000);
    for (const double factor : {1.2, 2.0}) {
      Calls now = before;
      now.median_s *= factor;
      const MixJudgement judged = judge_mix(was, draw(engine, now, 5'000));
      INFO("share ", share, " factor ", factor, " moved ", judged.moved, " slower ", judged.slower);
      CHECK_FALSE(judged.mix_shift(5'000));
    }
    Calls now = before;
    now.plus_s = 0.003;  // each call waits for something
    CHECK_FALSE(judge_mix(was, draw(engine, now, 5'000)).mix_shift(5'000));
  }
}

TEST_CASE("Mix: a tail that grew is no kind of calls") {
  std::mt19937_64 engine(7);
  Calls before;
  before.slow_share = 0.02;
  Calls now = before;
  now.slow_share = 0.15;
  const Histogram was = draw(engine, before, 50'000);
  CHECK_FALSE(judge_mix(was, draw(engine, now, 5'000)).mix_shift(5'000));
}

TEST_CASE("Mix: nothing to compare with is no mix") {
  std::mt19937_64 engine(7);
  const Histogram some = draw(engine, {}, 100);
  CHECK_FALSE(judge_mix({}, some).mix_shift(100));
  CHECK_FALSE(judge_mix(some, {}).mix_shift(0));
}

TEST_CASE("Mix: what hardly moved is no mix, however well it would explain what was seen") {
  MixJudgement judged;
  judged.slower = 0.03;
  judged.moved = 0.01;
  judged.slow_before = 0.30;
  judged.slow_now = 0.33;
  CHECK_FALSE(judged.mix_shift(10'000));
  judged.slow_now = 0.37;
  CHECK(judged.mix_shift(10'000));
  // Fewer calls, of which chance moves more.
  CHECK_FALSE(judged.mix_shift(1'000));
}
