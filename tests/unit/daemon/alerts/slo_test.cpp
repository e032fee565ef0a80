// What is remembered of objectives: slots, windows and burns, and how they are saved.
#include "daemon/alerts/slo.h"

#include <cmath>
#include <random>

#include "tests/support/random.h"
#include "tests/unit/daemon/alerts/slo_world.h"

namespace ringside {
namespace {

TEST_CASE("SloLedger: a window is the present slot and so many before it") {
  SloLedger ledger(7);
  CHECK(ledger.last(0) == Share{0, 0});
  ledger.add({1, 10});
  ledger.pass(8);
  ledger.add({2, 20});
  ledger.pass(10);
  ledger.add({4, 40});
  CHECK(ledger.last(0) == Share{4, 40});
  CHECK(ledger.last(1) == Share{4, 40});  // nothing came in slot 9
  CHECK(ledger.last(2) == Share{6, 60});
  CHECK(ledger.last(3) == Share{7, 70});
  CHECK(ledger.last(8639) == Share{7, 70});
  ledger.pass(9);  // back in time: passed over
  ledger.add({0, 5});
  CHECK(ledger.last(0) == Share{4, 45});
}

TEST_CASE("SloLedger: what is known of a window grows from the first slot on") {
  SloLedger ledger(100);
  CHECK(ledger.known(0) == 1);
  CHECK(ledger.known(3) == 0.25);
  ledger.pass(102);
  CHECK(ledger.known(3) == 0.75);
  ledger.pass(200);
  CHECK(ledger.known(3) == 1);
}

TEST_CASE("SloLedger: against a list of all slots, over more than 30 days and with gaps") {
  std::mt19937_64 random(test::seed());
  const auto below = [&](std::uint64_t end) { return random() % end; };
  SloLedger ledger;
  std::vector<Share> slots(1);
  for (int step = 0; step < 3000; ++step) {
    const std::size_t gap = below(12) == 0 ? below(300) : below(4);
    slots.resize(slots.size() + gap);
    ledger.pass(slots.size() - 1);
    Share share;
    share.of = below(1000);
    share.over = below(share.of + 1);
    slots.back().over += share.over;
    slots.back().of += share.of;
    ledger.add(share);
    const std::size_t back = below(kSloSlots);
    Share expected;
    for (std::size_t i = 0; i <= back && i < slots.size(); ++i) {
      expected.over += slots[slots.size() - 1 - i].over;
      expected.of += slots[slots.size() - 1 - i].of;
    }
    REQUIRE(ledger.last(back) == expected);
  }
  CHECK(slots.size() > kSloSlots);
}

TEST_CASE("SloLedger: a gap of more than 30 days empties it") {
  SloLedger ledger;
  ledger.add({5, 50});
  ledger.pass(kSloSlots - 1);
  CHECK(ledger.last(kSloSlots - 1) == Share{5, 50});
  ledger.pass(3 * kSloSlots);
  CHECK(ledger.last(kSloSlots - 1) == Share{0, 0});
}

TEST_CASE("SloMemory: time is the monotonic clock's, and the wall clock's while it was away") {
  SloMemory memory;
  memory.pass({}, 1000 * kDay, kMinute);
  CHECK(memory.time_ns == 0);
  memory.pass(kMinute, 999 * kDay, kMinute);  // the wall clock steps back
  CHECK(memory.time_ns == kMinute);
  CHECK_FALSE(memory.missed);
  memory.pass({}, 999 * kDay + 3 * kMinute, kMinute);  // a quick restart
  CHECK(memory.time_ns == 4 * kMinute);
  CHECK_FALSE(memory.missed);
  memory.pass({}, 1000 * kDay + 3 * kMinute, kMinute);  // a day away
  CHECK(memory.time_ns == kDay + 4 * kMinute);
  CHECK(memory.missed);
  memory.pass({}, 5, kMinute);  // the wall clock is wrong
  CHECK(memory.time_ns == kDay + 4 * kMinute);
  memory.pass({}, 1000 * kDay, kMinute);  // and right again: 30 days at most
  CHECK(memory.time_ns == 31 * kDay + 4 * kMinute);
  memory.pass(5 * kMinute, 1000 * kDay, kMinute);
  CHECK_FALSE(memory.missed);
  memory.pass(5 * kMinute + 1, 1000 * kDay, kMinute);  // stopped for longer than a slot
  CHECK(memory.missed);
  memory.pass(5 * kMinute + 1, 1000 * kDay, 3 * kMinute);  // or its ticks are so long
  CHECK_FALSE(memory.missed);
}

// Slots in which `share` of 100,000 calls are bad: `minutes` of them, after four good days.
SloLedger ledger_of(double share, std::size_t slots) {
  SloLedger ledger;
  for (std::uint64_t slot = 0; slot < 4 * 288; ++slot) {
    ledger.pass(slot);
    ledger.add({0, 100'000});
  }
  for (std::size_t i = 0; i < slots; ++i) {
    ledger.pass(4 * 288 + i);
    ledger.add({static_cast<std::uint64_t>(std::lround(share * 100'000)), 100'000});
  }
  return ledger;
}

TEST_CASE("SloBurn: each pair at its edges") {
  const ObjectiveConfig objective = errors_objective();
  for (const BurnRule& rule : kBurnRules) {
    CAPTURE(rule.factor);
    const double limit = rule.factor * 0.001;
    // Over both windows: a little more than the limit is over, a little less is not.
    const std::size_t full = rule.long_slots + 1;
    CHECK(burn_of(ledger_of(1.2 * limit, full), objective, rule, 3).over);
    CHECK_FALSE(burn_of(ledger_of(0.98 * limit, full), objective, rule, 3).over);
    // The short window is over, and the long one is not yet. So long it takes at twice the limit.
    std::size_t needed = 1;
    while (!burn_of(ledger_of(2 * limit, needed), objective, rule, 3).over) ++needed;
    CHECK(needed > full / 2);
    CHECK(needed <= full / 2 + full / 10 + 1);
    // The long one still is, and the short one no longer.
    SloLedger over = ledger_of(3 * limit, full);
    const std::uint64_t now = 4 * 288 + full;
    for (std::size_t i = 0; i <= rule.short_slots; ++i) {
      over.pass(now + i);
      over.add({0, 100'000});
    }
    const Burn burn = burn_of(over, objective, rule, 3);
    CHECK(burn.times > rule.factor);
    CHECK_FALSE(burn.over);
    CHECK(burn.below);
  }
}

TEST_CASE("SloBurn: few bad calls prove nothing, however many they are of the calls") {
  const ObjectiveConfig objective = errors_objective();
  const BurnRule& hour = kBurnRules[0];
  const auto over = [&](std::uint64_t bad, std::uint64_t of, double z = 3) {
    SloLedger ledger;
    ledger.pass(20);
    ledger.add({bad, of});
    return burn_of(ledger, objective, hour, z).over;
  };
  CHECK_FALSE(over(1, 3));
  CHECK_FALSE(over(9, 9));
  CHECK(over(10, 10));
  CHECK_FALSE(over(10, 690));  // 14.5 times, by chance
  CHECK(over(10, 100));
  CHECK_FALSE(over(10, 100, 30));
}

TEST_CASE("SloBurn: what is not known yet has burnt nothing") {
  SloLedger ledger;
  ledger.add({500, 10'000});  // 50 times the budget, for at most five minutes
  const ObjectiveConfig objective = errors_objective();
  const Burn hour = burn_of(ledger, objective, kBurnRules[0], 3);
  CHECK(hour.times == doctest::Approx(50.0 / 13));
  CHECK_FALSE(hour.over);
  CHECK(budget_used(ledger, objective) == doctest::Approx(50.0 / 8640));
  ledger.pass(12);
  ledger.add({500 * 12, 10'000 * 12});
  CHECK(burn_of(ledger, objective, kBurnRules[0], 3).over);
}

TEST_CASE("SloState: bytes that nobody wrote are refused, and allocate little") {
  SloMemory memory;
  memory.pass({}, kDay, kMinute);
  memory.objectives["a"].seen = {{"chat", "SEND", {1, 2}}};
  memory.objectives["a"].rings = {"chat"};
  memory.objectives["a"].ledger.add({1, 2});
  Encoder out;
  memory.encode(out);
  const std::string good = out.take();
  const auto taken = [](const std::string& bytes) {
    Decoder in(bytes);
    SloMemory copy;
    copy.decode(in);
    return in.at_end();
  };
  CHECK(taken(good));
  for (std::size_t length = 0; length < good.size(); length += length < 60 ? 1 : 97)
    CHECK_FALSE(taken(good.substr(0, length)));
  // More bad calls than calls; calls from before the first slot; more slots than time.
  std::string wrong = good;
  wrong[good.size() - 1] = 3;
  CHECK_FALSE(taken(wrong));
  wrong = good;
  wrong[good.size() - 3] = 1;
  wrong[good.size() - 4] = 1;
  CHECK_FALSE(taken(wrong));
  std::mt19937_64 random(test::seed());
  const auto below = [&](std::uint64_t end) { return random() % end; };
  for (int i = 0; i < 2000; ++i) {
    wrong = good;
    for (int flips = 0; flips < 3; ++flips)
      wrong[below(flips == 0 ? 40 : wrong.size())] = static_cast<char>(below(256));
    Decoder in(wrong);
    SloMemory copy;
    copy.decode(in);
    if (!in.at_end()) continue;
    copy.pass({}, 2 * kDay, kMinute);
    for (auto& [name, objective] : copy.objectives) {
      objective.ledger.pass(copy.slot());
      const Share all = objective.ledger.last(kSloSlots - 1);
      CHECK(all.over <= all.of);
    }
  }
}

}  // namespace
}  // namespace ringside
