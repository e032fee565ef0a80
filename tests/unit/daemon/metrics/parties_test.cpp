// Who takes the time and who fails, compared with an oracle that keeps a map of everybody.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "daemon/metrics/parties.h"
#include "daemon/metrics/sampler.h"
#include "tests/support/random.h"
#include "tests/support/under.h"

using namespace ringside;
using ringside::test::seed;

namespace {

struct Truth {
  double operations = 0, errors = 0, refused = 0, time_ns = 0;
};
using Everybody = std::map<std::uint64_t, Truth>;

bool inside(const PartyTable::Figure& figure, double truth) {
  return figure.low <= truth && truth <= figure.high && figure.low <= figure.value &&
         figure.value <= figure.high;
}
bool inside(const PartyTable::Row& row, const Truth& truth) {
  return inside(row.operations, truth.operations) && inside(row.errors, truth.errors) &&
         inside(row.refused, truth.refused) && inside(row.time_ns, truth.time_ns);
}

// One record of a stream: its actor and its duration.
struct OneRecord {
  std::uint64_t actor;
  std::uint64_t ns;
};
using Shape = std::function<OneRecord(std::mt19937_64&, int)>;

double uniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
}
std::uint64_t zipf(std::mt19937_64& random) {
  return static_cast<std::uint64_t>(1 / uniform(random)) % 3000;
}
std::uint64_t lognormal(std::mt19937_64& random, double median_ns) {
  const double normal =
      std::sqrt(-2 * std::log(uniform(random))) * std::cos(6.283185307179586 * uniform(random));
  return static_cast<std::uint64_t>(median_ns * std::exp(normal));
}

const std::map<std::string, Shape> kShapes = {
    {"zipf actors",
     [](auto& random, int) {
       return OneRecord{zipf(random), lognormal(random, 1e5)};
     }},
    {"one heavy actor among a crowd",
     [](auto& random, int) {
       const bool heavy = random() % 3 == 0;
       return OneRecord{heavy ? 1 : 2 + random() % 400, lognormal(random, heavy ? 3e5 : 1e5)};
     }},
    {"durations that depend on the actor",
     [](auto& random, int) {
       const std::uint64_t actor = random() % 100;
       return OneRecord{actor, lognormal(random, 1e3 * std::pow(1.1, static_cast<double>(actor)))};
     }},
    {"few long ones among many short",
     [](auto& random, int i) {
       const std::uint64_t actor = random() % 50;
       return OneRecord{actor, i % 997 == 0 ? 500'000'000 : 1000 + random() % 100};
     }},
    {"many alike",
     [](auto& random, int) {
       return OneRecord{random() % 53,
                        random() % 7 == 0 ? 200'000 + random() % 100'000 : random() % 20'000};
     }},
    {"in turns, with a period",
     [](auto&, int i) {
       return OneRecord{static_cast<std::uint64_t>(i % 64), i % 64 == 7 ? 90'000U : 30'000U};
     }},
    {"all of no length",
     [](auto& random, int) {
       return OneRecord{random() % 40, 0};
     }},
};

}  // namespace

TEST_CASE("Parties: few are counted exactly, and ranked by time and by failures") {
  PartyTable a;
  PartyTable b;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    for (std::uint64_t i = 0; i < id; ++i) {
      PartyTable& table = i % 2 == 0 ? a : b;
      if (i % 3 == 0 && id < 50) {
        table.add_failure({1, id}, 10, i % 2 == 1);
      } else {
        table.add({1, id}, 10, 1);
      }
    }
  }
  const auto by_time = PartyTable::largest(a, b, PartyTable::By::time, 5);
  REQUIRE(by_time.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(by_time[i].key.id == 100 - i);
    CHECK(by_time[i].time_ns.value == 10.0 * static_cast<double>(100 - i));
    CHECK(by_time[i].operations.value == static_cast<double>(100 - i));
    CHECK(by_time[i].errors.value == 0);
    CHECK(by_time[i].exact());
  }
  const auto by_failures = PartyTable::largest(a, b, PartyTable::By::failures, 100);
  REQUIRE(by_failures.size() == 49);   // actors without a failure are not listed
  CHECK(by_failures[0].key.id == 49);
  CHECK(by_failures[0].errors.value == 9);
  CHECK(by_failures[0].refused.value == 8);
  CHECK(by_failures[0].operations.value == 49);
  CHECK(by_failures[0].exact());
}

TEST_CASE("Parties: kind and id together say who it is") {
  PartyTable table;
  const PartyTable none;
  table.add({1, 7}, 10, 1);
  table.add({2, 7}, 20, 1);
  const auto rows = PartyTable::largest(table, none, PartyTable::By::time, 5);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == PartyKey{2, 7});
  CHECK(rows[1].key == PartyKey{1, 7});
}

TEST_CASE("Parties: of a table that was pruned every printed figure lies between its bounds") {
  std::mt19937_64 random(seed());
  PartyTable halves[2];
  Everybody truth;
  const int records = 300'000;
  for (int i = 0; i < records; ++i) {
    // A few heavy actors in a crowd. Actor 500 is light in the first half and heavy in the second.
    std::uint64_t id = random() % 10 == 0 ? random() % 20 : 1000 + random() % 100'000;
    if (i > records / 2 && random() % 20 == 0) id = 500;
    if (i < records / 2 && random() % 2000 == 0) id = 500;
    const double ns = static_cast<double>(1 + random() % 100);
    PartyTable& half = halves[i < records / 3 ? 1 : 0];
    Truth& of = truth[id];
    of.operations += 1;
    of.time_ns += ns;
    switch (random() % 30) {
      case 0: half.add_failure({2, id}, ns, false); of.errors += 1; break;
      case 1: half.add_failure({2, id}, ns, true); of.refused += 1; break;
      default: half.add({2, id}, ns, 1);
    }
  }
  int estimates = 0;
  for (const auto by : {PartyTable::By::time, PartyTable::By::failures}) {
    const auto rows = PartyTable::largest(halves[0], halves[1], by, 21);
    REQUIRE(rows.size() == 21);
    for (const auto& row : rows) {
      CAPTURE(row.key.id);
      CHECK((row.key.id < 20 || row.key.id == 500));
      CHECK(inside(row, truth[row.key.id]));
      // The table counted what it shows. The truth can only be more.
      CHECK(row.time_ns.low == row.time_ns.value);
      estimates += !row.exact();
    }
  }
  CHECK(estimates > 0);   // actor 500, which was pruned while it was light
  CHECK(halves[0].bytes() < 400'000);
}

// Arithmetic, and much of it: qemu or a sanitizer changes nothing, and takes a minute.
TEST_CASE("Parties: estimates are right on average, and their intervals hold in 95 of 100 trials" *
          doctest::skip(test::kEmulated || test::kSanitized)) {
  const std::uint64_t first_seed = seed();
  constexpr int kTrials = 100;
  constexpr int kRecords = 60'000;
  for (const auto& [called, shape] : kShapes) {
    const std::string name = called;
    CAPTURE(name);
    int held = 0;
    // For the parties that the first trial lists: sums of their errors, and of the squared errors.
    std::map<std::uint64_t, std::array<double, 4>> bias;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::mt19937_64 random(first_seed + static_cast<std::uint64_t>(trial));
      Sampler sampler(random(), 200);
      PartyTable table;
      Everybody truth;
      for (int i = 0; i < kRecords; ++i) {
        const OneRecord record = shape(random, i);
        const auto ns = static_cast<double>(record.ns);
        Truth& of = truth[record.actor];
        of.operations += 1;
        of.time_ns += ns;
        if (random() % 200 == 0) {
          of.errors += 1;
          table.add_failure({1, record.actor}, ns, false);
        } else if (sampler.looks_at(record.ns)) {
          const double probability = sampler.looked_at(record.ns);
          table.expect_sampling(sampler.most_operations(), sampler.most_ticks());
          table.add({1, record.actor}, ns, probability);
        }
      }
      const PartyTable none;
      bool all_hold = true;
      for (const auto by : {PartyTable::By::time, PartyTable::By::failures}) {
        for (const auto& row : PartyTable::largest(table, none, by, 20)) {
          all_hold = all_hold && inside(row, truth[row.key.id]) &&
                     row.errors.value == truth[row.key.id].errors &&
                     row.errors.low == row.errors.high;
        }
      }
      held += all_hold;
      for (const auto& row : PartyTable::largest(table, none, PartyTable::By::time, 1000)) {
        if (trial > 0 && !bias.contains(row.key.id)) continue;
        if (trial == 0 && bias.size() >= 20) break;
        std::array<double, 4>& of = bias[row.key.id];
        const double operations = row.operations.value - truth[row.key.id].operations;
        const double time = row.time_ns.value - truth[row.key.id].time_ns;
        of[0] += operations;
        of[1] += operations * operations;
        of[2] += time;
        of[3] += time * time;
      }
    }
    CHECK(held >= 95);
    for (const auto& [party, of] : bias) {
      const std::uint64_t id = party;
      CAPTURE(id);
      // Forty sums of a hundred terms each: chance puts none of them 4.5 deviations off.
      CHECK(std::abs(of[0]) <= 4.5 * std::sqrt(of[1]));
      CHECK(std::abs(of[2]) <= 4.5 * std::sqrt(of[3]));
    }
  }
}

TEST_CASE("Sampler: all records are looked at until there are too many, then one in 128, then one in 512") {
  Sampler sampler;
  std::uint64_t looked_at = 0;
  std::uint64_t records = 0;
  const auto run = [&](std::uint64_t count) {
    looked_at = 0;
    for (std::uint64_t i = 0; i < count; ++i, ++records) {
      if (!sampler.looks_at(900 + records % 200)) continue;
      sampler.looked_at(900 + records % 200);
      ++looked_at;
    }
  };
  run(Sampler::kExact);
  CHECK(looked_at == Sampler::kExact);
  run(1'000'000);
  CHECK(looked_at == doctest::Approx(1'000'000.0 / 128).epsilon(0.05));
  run(1'700'000);   // the rest of the first 20,000
  run(4'000'000);
  CHECK(looked_at == doctest::Approx(4'000'000.0 / 512).epsilon(0.05));
  CHECK(sampler.passes_over());
  sampler.restart();
  run(100);
  CHECK(looked_at == 100);
  CHECK_FALSE(sampler.passes_over());
}

TEST_CASE("Sampler: the same records are looked at in every run") {
  Sampler a;
  Sampler b;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const bool one = a.looks_at(i % 777);
    REQUIRE(one == b.looks_at(i % 777));
    if (!one) continue;
    a.looked_at(i % 777);
    b.looked_at(i % 777);
  }
}
