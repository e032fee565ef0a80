// The server's work: slow, or failing.
#include "tools/simulate/kinds.h"
#include "tools/simulate/plot.h"

namespace ringside::simulate {
namespace {

Scenario slow_operation(std::uint64_t seed, double) {
  Plot plot("slow_operation", seed);
  const Op ops[] = {Op::MESSAGE_SEARCH, Op::MESSAGE_HISTORY, Op::REQUEST_USER_LIST, Op::LIST_ROOMS};
  const Op op = ops[plot.random.below(4)];
  const Ns until = plot.at + plot.minutes(3, 9);
  plot.effect(Do::slow_operation, plot.at, until, plot.random.between(1400, 4000)).op = op;
  plot.incident(plot.at, until, {"high_latency"}).op = op;
  return plot.end(until);
}

// Far below the default threshold of a second, and a hundred times its own normal.
Scenario slower_than_normal(std::uint64_t seed, double) {
  Plot plot("slower_than_normal", seed);
  const Ns until = plot.at + plot.minutes(5, 10);
  plot.effect(Do::slow_operation, plot.at, until, plot.random.between(80, 200)).op =
      Op::MESSAGE_HISTORY;
  Incident& incident = plot.incident(plot.at, until, {"high_latency"});
  incident.op = Op::MESSAGE_HISTORY;
  return plot.end(until);
}

Scenario slow_stage(std::uint64_t seed, double) {
  Plot plot("slow_stage", seed);
  const Ns until = plot.at + plot.minutes(3, 8);
  plot.effect(Do::slow_stage, plot.at, until, plot.random.between(900, 2500)).stage =
      Stage::delivery;
  plot.incident(plot.at, until, {"high_latency"});
  return plot.end(until);
}

// Around the threshold of 200 ms: over it for half a minute, below it for half a minute.
Scenario flapping(std::uint64_t seed, double) {
  Plot plot("flapping", seed);
  Ns at = plot.at;
  const Ns until = plot.at + plot.minutes(8, 14);
  while (at < until) {
    const Ns over = at + plot.seconds(20, 45);
    plot.effect(Do::slow_operation, at, over, plot.random.between(150, 260)).op = Op::SEND_MESSAGE;
    at = over + plot.seconds(20, 45);
  }
  Incident& incident = plot.incident(plot.at, at, {"high_latency"});
  incident.op = Op::SEND_MESSAGE;
  return plot.end(at);
}

Scenario failing_version(std::uint64_t seed, double) {
  Plot plot("failing_version", seed);
  const Ns until = plot.at + plot.minutes(3, 8);
  plot.effect(Do::fail_version, plot.at, until, 0.9, 2).code = Code::INTERNAL;
  plot.incident(plot.at, until, {"high_error_rate"});
  return plot.end(until);
}

Scenario failing_code(std::uint64_t seed, double) {
  Plot plot("failing_code", seed);
  const Op ops[] = {Op::MESSAGE_HISTORY, Op::SEND_MESSAGE, Op::MESSAGE_SEARCH};
  const Op op = ops[plot.random.below(3)];
  const Ns until = plot.at + plot.minutes(3, 8);
  Effect& effect = plot.effect(Do::fail, plot.at, until, plot.random.between(0.2, 0.7));
  effect.op = op;
  effect.code = op == Op::MESSAGE_SEARCH ? Code::QUERY_TIMEOUT : Code::INTERNAL;
  plot.incident(plot.at, until, {"high_error_rate"}).op = op;
  return plot.end(until);
}

// Two troubles that have nothing to do with each other.
Scenario two_at_once(std::uint64_t seed, double) {
  Plot plot("two_at_once", seed);
  const Ns until = plot.at + plot.minutes(4, 7);
  plot.effect(Do::slow_operation, plot.at, until, plot.random.between(1500, 3000)).op =
      Op::MESSAGE_SEARCH;
  plot.incident(plot.at, until, {"high_latency"}).op = Op::MESSAGE_SEARCH;
  const Ns second = plot.at + plot.minutes(1, 2);
  const Ns second_until = second + plot.minutes(1.5, 3);
  plot.effect(Do::bad_tokens, second, second_until, plot.random.between(2, 8), 3);
  plot.incident(second, second_until, {"security_threat"});
  return plot.end(std::max(until, second_until));
}

}  // namespace

std::vector<ScenarioKind> work_kinds() {
  return {
      {"slow_operation", "one operation takes seconds", Part::trouble, slow_operation},
      {"slower_than_normal", "one operation takes a hundred times its normal, and 0.2 s",
       Part::trouble, slower_than_normal},
      {"slow_stage", "the delivery of everything takes seconds", Part::trouble, slow_stage},
      {"flapping", "around the threshold's edge, for minutes", Part::trouble, flapping},
      {"failing_version", "the clients of one version fail", Part::trouble, failing_version},
      {"failing_code", "one operation fails with one code", Part::trouble, failing_code},
      {"two_at_once", "a slow operation, and rejected tokens", Part::trouble, two_at_once},
  };
}

}  // namespace ringside::simulate
