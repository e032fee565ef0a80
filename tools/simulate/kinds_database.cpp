#include <cmath>

#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

Scenario slow_database(std::uint64_t seed, double) {
  Plot plot("slow_database", seed);
  const Ns until = plot.at + plot.minutes(3, 8);
  plot.effect(Do::slow_database, plot.at, until, plot.random.between(300, 900));
  plot.incident(plot.at, until, {"database_issue"}).aftermath = 10 * kSecondNs;
  return plot.end(until);
}

Scenario locked(Plot plot, Ns span) {
  const Ns until = plot.at + span;
  plot.effect(Do::lock_database, plot.at, until);
  plot.hard_incident(plot.at, until, {"database_issue"}).aftermath = 3 * kSecondNs;
  return plot.end(until);
}

Scenario locked_briefly(std::uint64_t seed, double) {
  Plot plot("locked_briefly", seed);
  const Ns span = plot.seconds(2, 10);
  return locked(std::move(plot), span);
}

Scenario locked_database(std::uint64_t seed, double) {
  Plot plot("locked_database", seed);
  // 10 s to 10 min, each length as likely as its double.
  const double seconds = 10 * std::exp(plot.random.part() * std::log(60.0));
  return locked(std::move(plot), ns_of(seconds));
}

// Locks of 1.7 s: the breaker opens and is closed again before the next tick.
Scenario breaker_between_ticks(std::uint64_t seed, double) {
  Plot plot("breaker_between_ticks", seed);
  constexpr Ns kTick = 5 * kSecondNs;
  Ns at = (plot.at / kTick + 1) * kTick + 150 * kMillisecond;
  const Ns from = at;
  Ns until = at;
  for (int i = 0; i < 3; ++i) {
    until = at + 1700 * kMillisecond;
    plot.effect(Do::lock_database, at, until);
    at += kTick * static_cast<Ns>(2 + plot.random.below(5));
  }
  plot.incident(from, until, {"database_issue"}).aftermath = 5 * kSecondNs;
  return plot.end(until);
}

// The disk is full: every write fails at once.
Scenario disk_full(std::uint64_t seed, double) {
  Plot plot("disk_full", seed);
  const Ns until = plot.at + plot.minutes(2, 8);
  for (const Op op : {Op::SEND_MESSAGE, Op::DIRECT_MESSAGE, Op::EDIT_MESSAGE, Op::MESSAGE_REACTIONS,
                      Op::JOIN_ROOM, Op::LEAVE_ROOM, Op::CREATE_ROOM, Op::DELETE_MESSAGE}) {
    Effect& effect = plot.effect(Do::fail, plot.at, until, 1);
    effect.op = op;
    effect.code = Code::DATABASE_ERROR;
  }
  plot.incident(plot.at, until, {"database_issue"}, AlertLevel::critical);
  return plot.end(until);
}

}  // namespace

std::vector<ScenarioKind> database_kinds() {
  return {
      {"slow_database", "every transaction takes hundreds of times as long", Part::trouble,
       slow_database},
      {"locked_briefly", "another process holds the write lock for 2 to 10 s", Part::trouble,
       locked_briefly},
      {"locked_database", "another process holds the write lock for 10 s to 10 min", Part::trouble,
       locked_database},
      {"breaker_between_ticks", "the breaker opens three times for 2 s, between ticks",
       Part::trouble, breaker_between_ticks},
      {"disk_full", "every write fails with DATABASE_ERROR", Part::trouble, disk_full},
  };
}

}  // namespace ringside::simulate
