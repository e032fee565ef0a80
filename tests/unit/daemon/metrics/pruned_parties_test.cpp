// A table of parties against another one, which is written with sorted lists and looks at everybody
// for every question. And what a sampled figure's interval is, worked out by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "daemon/metrics/parties.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

// Four figures of one party. All are whole numbers, so that sums are exact in any order.
struct Four {
  double operations = 0, errors = 0, refused = 0, time = 0;
  void add(const Four& more) {
    operations += more.operations;
    errors += more.errors;
    refused += more.refused;
    time += more.time;
  }
  void raise_to(const Four& other) {
    operations = std::max(operations, other.operations);
    errors = std::max(errors, other.errors);
    refused = std::max(refused, other.refused);
    time = std::max(time, other.time);
  }
  double failures() const { return errors + refused; }
};
using Who = std::pair<int, std::uint64_t>;  // kind and id
struct CountedParty {
  Four counted;
  Four missed;
};

struct SlowTable {
  std::map<Who, CountedParty> parties;
  Four largest_gone;

  void count(const Who& who, const Four& what) {
    if (!parties.contains(who)) {
      parties[who].missed = largest_gone;
      if (parties.size() == 1537) {
        drop();
        if (!parties.contains(who)) parties[who].missed = largest_gone;
      }
    }
    parties[who].counted.add(what);
  }
  // The 512 largest by either figure stay, without those that equal the next one.
  void drop() {
    std::vector<double> times, failures;
    for (const auto& [who, party] : parties) {
      times.push_back(party.counted.time + party.missed.time);
      failures.push_back(party.counted.failures() + party.missed.failures());
    }
    std::sort(times.rbegin(), times.rend());
    std::sort(failures.rbegin(), failures.rend());
    for (auto at = parties.begin(); at != parties.end();) {
      Four all = at->second.counted;
      all.add(at->second.missed);
      const bool stays = all.time > times[512] || all.failures() > failures[512];
      if (!stays) largest_gone.raise_to(all);
      at = stays ? std::next(at) : parties.erase(at);
    }
  }
};

// The parties of both tables, largest first.
std::vector<std::pair<Who, CountedParty>> ranked(const SlowTable& a, const SlowTable& b,
                                                 bool by_time) {
  std::map<Who, CountedParty> both;
  for (const SlowTable* table : {&a, &b}) {
    for (const auto& [who, party] : table->parties) both[who].counted.add(party.counted);
  }
  std::vector<std::pair<Who, CountedParty>> out;
  for (auto& [who, party] : both) {
    for (const SlowTable* table : {&a, &b}) {
      const auto at = table->parties.find(who);
      party.missed.add(at != table->parties.end() ? at->second.missed : table->largest_gone);
    }
    if ((by_time ? party.counted.time : party.counted.failures()) > 0) out.emplace_back(who, party);
  }
  std::sort(out.begin(), out.end(), [&](const auto& x, const auto& y) {
    const auto rank = [&](const auto& of) {
      const Four& counted = of.second.counted;
      return std::make_tuple(-(by_time ? counted.time : counted.failures()), of.first.second,
                             of.first.first);
    };
    return rank(x) < rank(y);
  });
  return out;
}

bool exactly(const PartyTable::Figure& figure, double counted, double missed) {
  return figure.value == counted && figure.low == counted && figure.high == counted + missed;
}

// The only row of a table.
PartyTable::Row only_row(const PartyTable& table) {
  const auto rows = PartyTable::largest(table, {}, PartyTable::By::time, 5);
  REQUIRE(rows.size() == 1);
  return rows[0];
}

}  // namespace

TEST_CASE("Parties: pruned tables list the same parties, figures and bounds as lists that are sorted anew") {
  std::mt19937_64 random(seed());
  PartyTable tables[2];
  SlowTable slow[2];
  for (int step = 1; step <= 40'000; ++step) {
    const std::size_t half = random() % 3 == 0;
    // Some are frequent, most are rare. Who is frequent changes, so that some come back.
    const std::uint64_t crowd = 200 + 700 * static_cast<std::uint64_t>(step / 8000);
    const Who who{static_cast<int>(1 + random() % 2),
                  random() % 4 == 0 ? crowd + random() % 100 : random() % 3000};
    const auto time = static_cast<double>(random() % 20);
    const PartyKey key{static_cast<std::uint8_t>(who.first), who.second};
    const std::uint64_t kind = random() % 12;
    if (kind > 1) {
      tables[half].add(key, time, 1);
      slow[half].count(who, {1, 0, 0, time});
    } else {
      tables[half].add_failure(key, time, kind == 0);
      slow[half].count(who, {1, kind == 0 ? 0.0 : 1.0, kind == 0 ? 1.0 : 0.0, time});
    }
    if (step % 5000 != 0 && step != 100) continue;
    for (const bool by_time : {true, false}) {
      const auto by = by_time ? PartyTable::By::time : PartyTable::By::failures;
      const auto want = ranked(slow[0], slow[1], by_time);
      const auto got = PartyTable::largest(tables[0], tables[1], by, 10'000);
      REQUIRE(got.size() == want.size());
      bool same = true;
      for (std::size_t i = 0; i < got.size(); ++i) {
        const auto& [key_of, party] = want[i];
        same = same && got[i].key.kind == key_of.first && got[i].key.id == key_of.second &&
               exactly(got[i].operations, party.counted.operations, party.missed.operations) &&
               exactly(got[i].errors, party.counted.errors, party.missed.errors) &&
               exactly(got[i].refused, party.counted.refused, party.missed.refused) &&
               exactly(got[i].time_ns, party.counted.time, party.missed.time);
      }
      CHECK(same);
      // Of the first hundred operations few failed, and there may be less than seven.
      const std::size_t few = std::min<std::size_t>(7, want.size());
      CHECK(PartyTable::largest(tables[0], tables[1], by, 7).size() == few);
    }
  }
  CHECK(slow[0].largest_gone.time > 0);
  CHECK(slow[1].largest_gone.errors > 0);
}

TEST_CASE("Parties: 1536 are kept, with one more the 512 largest and the new one") {
  PartyTable table;
  for (std::uint64_t id = 1; id <= 1536; ++id) table.add({1, id}, static_cast<double>(id), 1);
  CHECK(PartyTable::largest(table, {}, PartyTable::By::time, 5000).size() == 1536);
  table.add({1, 1}, 0, 1);  // one that is known
  CHECK(PartyTable::largest(table, {}, PartyTable::By::time, 5000).size() == 1536);
  table.add({1, 2000}, 5, 1);
  const auto rows = PartyTable::largest(table, {}, PartyTable::By::time, 5000);
  REQUIRE(rows.size() == 513);
  CHECK(rows[0].key == PartyKey{1, 1536});
  CHECK(rows[511].key == PartyKey{1, 1025});
  CHECK(rows[511].exact());
  // It may have been one of those that were dropped, of which the largest had 1024.
  CHECK(rows[512].key == PartyKey{1, 2000});
  CHECK(exactly(rows[512].time_ns, 5, 1024));
  CHECK(exactly(rows[512].operations, 1, 2));
  CHECK(exactly(rows[512].errors, 0, 0));
}

TEST_CASE("Parties: a table has a node for each party, and its buckets") {
  PartyTable table;
  std::unordered_map<int, int> alike;
  for (int id = 0; id < 40; ++id) {
    table.add({1, static_cast<std::uint64_t>(id)}, 1, 1);
    alike[id] = 1;
  }
  // Key and figures have 112 bytes, and two words go with them.
  CHECK(table.bytes() == 40 * (112 + 16) + 8 * alike.bucket_count());
}

TEST_CASE("Parties: a sampled figure counts for what was passed over, and its bounds are these") {
  PartyTable table;
  table.expect_sampling(2, 100);
  table.expect_sampling(1, 50);  // the bounds do not become smaller
  table.add({1, 7}, 30, 0.5);
  table.add({1, 7}, 10, 1);
  const PartyTable::Row row = only_row(table);
  // Operations: 1/0.5 + 1, of variance 2^2 * 0.5. Two were counted.
  CHECK(row.operations.value == 3);
  CHECK(row.operations.low == 2);
  CHECK(row.operations.high == doctest::Approx(35.970562748477136).epsilon(1e-12));
  CHECK(row.time_ns.value == 70);
  CHECK(row.time_ns.low == 40);
  CHECK(row.time_ns.high == doctest::Approx(1687.801932010435).epsilon(1e-12));
  CHECK_FALSE(row.exact());
  // Of many terms the lower bound is the normal one.
  PartyTable many;
  many.expect_sampling(2, 100);
  for (int i = 0; i < 100; ++i) many.add({1, 7}, 1, 0.5);
  CHECK(only_row(many).operations.value == 200);
  CHECK(only_row(many).operations.low == doctest::Approx(143.4314575050762).epsilon(1e-12));
  CHECK(only_row(many).operations.high == doctest::Approx(274.7877538267963).epsilon(1e-12));
  // Two tables together: terms and variances add up, and the wider bounds hold.
  PartyTable exact;
  exact.add({1, 7}, 10, 1);
  for (const bool first : {true, false}) {
    const auto rows =
        PartyTable::largest(first ? many : exact, first ? exact : many, PartyTable::By::time, 5);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].operations.value == 201);
    CHECK(rows[0].operations.low == doctest::Approx(144.4314575050762).epsilon(1e-12));
    CHECK(rows[0].operations.high == doctest::Approx(275.7877538267963).epsilon(1e-12));
  }
  // Where nothing weighs more than one, as it is and only the bound widens.
  PartyTable one;
  one.expect_sampling(1, 1);
  one.add({1, 7}, 1, 1);
  CHECK(only_row(one).operations.high == 17);
}

TEST_CASE("Parties: a row is exact when each of its figures is") {
  const PartyTable::Figure sure{5, 5, 5};
  const PartyTable::Figure unsure{5, 4, 6};
  CHECK(PartyTable::Row{{1, 7}, sure, sure, sure, sure}.exact());
  CHECK_FALSE(PartyTable::Row{{1, 7}, unsure, sure, sure, sure}.exact());
  CHECK_FALSE(PartyTable::Row{{1, 7}, sure, unsure, sure, sure}.exact());
  CHECK_FALSE(PartyTable::Row{{1, 7}, sure, sure, unsure, sure}.exact());
  CHECK_FALSE(PartyTable::Row{{1, 7}, sure, sure, sure, unsure}.exact());
}

TEST_CASE("Parties: keys are spread by splitmix64, whose numbers are known") {
  // The first numbers of the generator with the seed 1234567. Its state grows by a constant.
  const std::uint64_t known[] = {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                 4593380528125082431U, 16408922859458223821U};
  for (std::uint64_t i = 0; i < 5; ++i)
    CHECK(PartyKeyHash{}({0, 1234567 + i * 0x9e3779b97f4a7c15U}) == known[i]);
  // The kind is in the uppermost byte of the id.
  CHECK(PartyKeyHash{}({3, 0}) == PartyKeyHash{}({0, std::uint64_t{3} << 56}));
  CHECK(PartyKeyHash{}({1, 5}) == PartyKeyHash{}({0, (std::uint64_t{1} << 56) + 5}));
}
