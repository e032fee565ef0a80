#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "tools/load/schedule.h"

using namespace ringside::load;

namespace {
bool same(const Plan& a, const Plan& b) {
  return a.number == b.number && a.op == b.op && a.client == b.client &&
         a.by_password == b.by_password && a.intended_ns == b.intended_ns && a.draw == b.draw;
}
}  // namespace

TEST_CASE("Schedule: one seed gives one sequence, another seed another") {
  Schedule one(7, default_mix(), 40, 500);
  Schedule again(7, default_mix(), 40, 500);
  Schedule other(8, default_mix(), 40, 500);
  int differences = 0;
  for (int i = 0; i < 5000; ++i) {
    const Plan plan = one.next();
    REQUIRE(same(plan, again.next()));
    if (plan.op != other.next().op) ++differences;
  }
  CHECK(differences > 1000);
}

TEST_CASE("Schedule: an operation can be computed without those before it") {
  Schedule schedule(3, default_mix(), 25, 100);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Plan plan = schedule.next();
    plan.intended_ns = 0;
    REQUIRE(same(plan, schedule.at(i)));
  }
}

TEST_CASE("Schedule: operations come as often as their weights say") {
  const Mix mix = default_mix();
  Schedule schedule(1, mix, 40, 500);
  constexpr int kDraws = 200'000;
  std::array<int, kOpCount> seen{};
  for (int i = 0; i < kDraws; ++i) ++seen[index_of(schedule.next().op)];
  for (std::size_t i = 0; i < kOpCount; ++i) {
    INFO(name_of(static_cast<Op>(i)));
    const double expected = kDraws * mix.weights[i] / mix.total();
    CHECK(std::abs(seen[i] - expected) < 5 * std::sqrt(expected));
  }
}

TEST_CASE("Schedule: a weight of 0 is never drawn, also at the end of the table") {
  Mix mix = default_mix();
  std::string error;
  REQUIRE(parse_mix("all=0,LIST_ROOMS=1,JOIN_ROOM=1", mix, error));
  Schedule schedule(1, mix, 4, 0);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Op op = schedule.at(i).op;
    REQUIRE((op == Op::LIST_ROOMS || op == Op::JOIN_ROOM));
  }
}

TEST_CASE("Schedule: the open loop keeps its rate, with the gaps of independent users") {
  Schedule schedule(5, default_mix(), 40, 1000);
  constexpr int kCount = 100'000;
  std::int64_t before = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const Plan plan = schedule.next();
    REQUIRE(plan.intended_ns >= before);
    const double gap_ms = 1e-6 * static_cast<double>(plan.intended_ns - before);
    squares += gap_ms * gap_ms;
    before = plan.intended_ns;
  }
  CHECK(1e-9 * static_cast<double>(before) == doctest::Approx(kCount / 1000.0).epsilon(0.02));
  // The second moment of an exponential gap of 1 ms.
  CHECK(squares / kCount == doctest::Approx(2.0).epsilon(0.05));
}

TEST_CASE("Schedule: passwords are hashed at the door, and nothing else is sent from there") {
  Schedule schedule(9, default_mix(), 200, 1000);
  const std::uint32_t first_door = 200 - schedule.doors();
  REQUIRE(schedule.doors() == 3);
  for (int i = 0; i < 50'000; ++i) {
    const Plan plan = schedule.next();
    const bool hashes = plan.op == Op::REGISTRATION || plan.by_password;
    REQUIRE((plan.client >= first_door) == hashes);
    REQUIRE(plan.client < 200);
  }
}

TEST_CASE("Schedule: in the closed loop everyone has a turn") {
  const Schedule schedule(9, default_mix(), 7, 0);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(schedule.at(i).client == i % 7);
}
