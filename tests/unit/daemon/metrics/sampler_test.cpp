// Which records are looked at, and with which probability: numbers worked out by hand. That the
// estimates are right on average is in parties_test.cpp.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "daemon/metrics/sampler.h"

using namespace ringside;

namespace {

void look_at_all(Sampler& sampler, std::uint64_t ticks, int count) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(sampler.looks_at(ticks));
    CHECK(sampler.looked_at(ticks) == 1);
  }
}

}  // namespace

TEST_CASE("Sampler: the steps follow from the mean of the records, and probabilities from the steps") {
  Sampler sampler(1, 4);
  CHECK_FALSE(sampler.passes_over());
  CHECK(sampler.most_operations() == 0);
  CHECK(sampler.most_ticks() == 0);
  look_at_all(sampler, 70, 3);
  CHECK_FALSE(sampler.passes_over());
  look_at_all(sampler, 190, 1);
  CHECK(sampler.passes_over());
  // The mean is 100. A step is 2 * 128 of it, so of two bases, one in 128 records is hit.
  CHECK(sampler.most_ticks() == 25'600);
  CHECK(sampler.most_operations() == doctest::Approx(256.5003255207522).epsilon(1e-12));
  CHECK(sampler.looked_at(100) == doctest::Approx(0.007782061739756485).epsilon(1e-12));
  // The same again, from the start.
  sampler.restart();
  CHECK_FALSE(sampler.passes_over());
  CHECK(sampler.most_ticks() == 0);
  look_at_all(sampler, 100, 4);
  CHECK(sampler.most_ticks() == 25'600);
  // The next step is 2 * 512 of the mean of those that were hit, each weighted: 87.5.
  for (const std::uint64_t ticks : {50, 50, 150, 150}) {
    CHECK(sampler.most_ticks() == 25'600);
    sampler.looked_at(ticks);
  }
  CHECK(sampler.most_ticks() == doctest::Approx(89'646.82536715211).epsilon(1e-12));
  CHECK(sampler.most_operations() == doctest::Approx(1030.9233609550972).epsilon(1e-12));
  // From then on the step only follows the mean.
  for (int i = 0; i < 4; ++i) sampler.looked_at(200);
  CHECK(sampler.most_ticks() == doctest::Approx(200 * 1024).epsilon(1e-12));
}

TEST_CASE("Sampler: records of no length are all looked at too, at first and after each restart") {
  Sampler sampler(1, 10);
  look_at_all(sampler, 0, 7);
  sampler.restart();
  look_at_all(sampler, 0, 9);
  CHECK_FALSE(sampler.passes_over());
  look_at_all(sampler, 0, 1);
  // Their mean counts as one tick.
  CHECK(sampler.most_ticks() == 256);
  for (int i = 0; i < 2000; ++i) {
    if (sampler.looks_at(0)) sampler.looked_at(0);
  }
  CHECK(sampler.passes_over());
  sampler.restart();
  look_at_all(sampler, 0, 10);
}

TEST_CASE("Sampler: what was looked at before a restart has no part in the next step") {
  Sampler sampler(1, 3);
  look_at_all(sampler, 1'000'000, 2);
  sampler.restart();
  look_at_all(sampler, 100, 3);
  CHECK(sampler.most_ticks() == 25'600);
}

TEST_CASE("Sampler: a replay looks at exactly these records") {
  Sampler sampler;
  look_at_all(sampler, 1000, Sampler::kExact);
  std::vector<int> chosen;
  for (int i = 0; chosen.size() < 8; ++i) {
    if (!sampler.looks_at(1000)) continue;
    sampler.looked_at(1000);
    chosen.push_back(i);
  }
  CHECK(chosen == std::vector<int>{35, 93, 130, 386, 400, 703, 774, 901});
}
