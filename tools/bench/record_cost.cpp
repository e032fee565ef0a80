// What a traced operation costs its thread, as nanoseconds above the floor of two clock reads.

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "producer/ringside.hpp"
#include "tools/bench/harness.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

// Stands for whatever the operation does: the compiler may assume nothing across it.
inline void work() { asm volatile("" ::: "memory"); }

constexpr int kBatch = 2000;   // operations a measurement: half a lane, so that no reader is lapped

double ns_of(std::uint64_t ticks, double ticks_per_ns) { return static_cast<double>(ticks) / ticks_per_ns / kBatch; }

template <typename Body>
double timed(double ticks_per_ns, const Body& body) {
  const std::uint64_t begin = detail::now_ticks();
  for (int i = 0; i < kBatch; ++i) body(i);
  return ns_of(detail::now_ticks() - begin, ticks_per_ns);
}

double measured_ticks_per_ns() {
  const std::uint64_t ticks = detail::now_ticks();
  const double begin = monotonic_seconds();
  poll(nullptr, 0, 100);
  return static_cast<double>(detail::now_ticks() - ticks) / ((monotonic_seconds() - begin) * 1e9);
}

struct Round {
  double floor = 0, operation = 0, context = 0, stages = 0, chained = 0, off = 0, sampled = 0;
};

Round measure_round(double scale, std::atomic<std::uint32_t>* switches) {
  Round round;
  const std::uint16_t id = chat::SEND_MESSAGE.value;
  // The thread has slept: its code and stack are cold, and that is not what is measured.
  timed(scale, [](int) { work(); });
  for (int i = 0; i < 100; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
  round.floor = timed(scale, [](int) {
    const std::uint64_t a = detail::now_ticks();
    work();
    const std::uint64_t b = detail::now_ticks();
    asm volatile("" ::"r"(b - a) : "memory");
  });
  round.operation = timed(scale, [](int) {
    Operation op(chat::SEND_MESSAGE);
    work();
    op.finish(Outcome::ok);
  });
  round.context = timed(scale, [](int i) {
    Operation op(chat::SEND_MESSAGE);
    op.actor(ActorKind::user, static_cast<std::uint64_t>(i));
    op.subject(SubjectKind::room, 7);
    work();
    op.finish(Outcome::ok);
  });
  round.stages = timed(scale, [](int) {
    Operation op(chat::SEND_MESSAGE);
    work();
    op.stage(chat::kValidation);
    work();
    op.stage(chat::kSecurity);
    work();
    op.stage(chat::kDatabase);
    work();
    op.finish_stage(chat::kDelivery, Outcome::ok);
  });
  Stamp last = now();
  round.chained = timed(scale, [&last](int) {
    Operation op(chat::SEND_MESSAGE, last);
    work();
    last = op.finish(Outcome::ok);
  });
  switches[id].store(100, std::memory_order_relaxed);
  round.sampled = timed(scale, [](int) {
    Operation op(chat::SEND_MESSAGE);
    work();
    op.finish(Outcome::ok);
  });
  switches[id].store(0, std::memory_order_relaxed);
  // Against the same loop without an operation: what is left is what the two switches cost.
  const double empty = timed(scale, [](int) { work(); });
  round.off = timed(scale, [](int) {
    Operation op(chat::SEND_MESSAGE);
    work();
    op.finish(Outcome::ok);
  }) - empty;
  switches[id].store(1, std::memory_order_relaxed);
  return round;
}

}  // namespace

void measure_record_cost(const Settings& settings, Results& results) {
  const std::string ring = "bench-" + std::to_string(getpid());
  Setup setup;
  setup.program = "ringside-bench";
  setup.ring = ring;
  unsetenv("RINGSIDE_RING");
  if (!start(setup)) {
    std::fprintf(stderr, "ringside-bench: %s\n", why_untraced().c_str());
    return;
  }
  const bool pinned = pin_to(settings.producer_cpu);
  std::printf("\nCost of a record on the thread that writes it (%s)\n",
              pinned ? ("pinned to processor " + std::to_string(settings.producer_cpu)).c_str() : "not pinned");
  // Only this program switches its own ring, so the constant may be cast away.
  auto* switches = const_cast<std::atomic<std::uint32_t>*>(detail::g_switches.load());
  const double scale = measured_ticks_per_ns();

  Scratch scratch;
  Program daemon({settings.programs + "/ringsided", "--ring", ring, "--state-dir", scratch.file("state"),
                  "--alert-log", scratch.file("alerts.log"), "--report-dir", scratch.file("reports")},
                 scratch.file("daemon.log"), {}, settings.daemon_cpu);
  const int rounds = settings.smoke ? 10 : 400;
  std::vector<Round> alone;
  std::vector<Round> watched;
  poll(nullptr, 0, settings.smoke ? 300 : 2000);   // let it attach
  for (int i = 0; i < rounds; ++i) {
    // A batch, then a rest: 100,000 operations a second and more, at which the daemon really drains.
    daemon.signal(SIGSTOP);
    alone.push_back(measure_round(scale, switches));
    daemon.signal(SIGCONT);
    poll(nullptr, 0, 20);
    watched.push_back(measure_round(scale, switches));
    poll(nullptr, 0, 20);
  }
  const auto column = [](const std::vector<Round>& from, auto get) {
    std::vector<double> out;
    for (const Round& round : from) out.push_back(get(round));
    return out;
  };
  const auto above = [&](const std::vector<Round>& from, double Round::*what, double floors) {
    return column(from, [what, floors](const Round& r) { return r.*what - floors * r.floor; });
  };
  const std::string of = "above the floor";
  results.add(figure("floor: two clock reads", "ns", column(alone, [](const Round& r) { return r.floor; })));
  results.add(figure("operation, no reader, " + of, "ns", above(alone, &Round::operation, 1)));
  results.add(figure("operation, daemon attached, " + of, "ns", above(watched, &Round::operation, 1), "+1 (L1)"));
  results.add(figure("with actor and subject, daemon attached, " + of, "ns", above(watched, &Round::context, 1), "+1 (L1)"));
  results.add(figure("four stages, daemon attached, above 5 clock reads", "ns", above(watched, &Round::stages, 2.5), "n+1 reads (L2)"));
  results.add(figure("starts where the last ended, above 1 clock read", "ns", above(watched, &Round::chained, 0.5)));
  results.add(figure("sampled 1 in 100, whole", "ns", column(watched, [](const Round& r) { return r.sampled; })));
  results.add(figure("switched off, whole", "ns", column(watched, [](const Round& r) { return r.off; }), "0.5 (L3)"));
  daemon.stop();
  stop();
}

}  // namespace ringside::bench
