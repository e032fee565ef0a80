// What a traced operation costs its thread, in nanoseconds above the floor of two clock reads.

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

#include "producer/ringside.hpp"
#include "tools/bench/bare_lane.h"
#include "tools/bench/harness.h"
#include "tools/bench/own_ring.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

// Stands for the work of the operation. The compiler may assume nothing across it.
inline void work() { asm volatile("" ::: "memory"); }

// Operations in a measurement: half a lane. A round writes about four such batches without a pause,
// so a reader may be lapped. The work is therefore taken from the writers' totals.
constexpr int kBatch = 2000;

double ns_of(std::uint64_t ticks, double ticks_per_ns) {
  return static_cast<double>(ticks) / ticks_per_ns / kBatch;
}

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

// What is timed. Each variant has its own batch.
enum Variant : std::size_t {
  kFloor,
  kBare,
  kOperation,
  kContext,
  kStages,
  kChained,
  kSampled,
  kOff,
  kEmpty,
  kVariants
};
using Round = std::array<double, kVariants>;   // ns for one call

class RecordCost {
 public:
  RecordCost(double ticks_per_ns, std::atomic<std::uint32_t>* switches)
      : scale_(ticks_per_ns), switches_(switches) {}

  Round measure() {
    Round round{};
    // The thread has slept, so its code and stack are cold. Warm them: cold is not measured here.
    timed(scale_, [](int) { work(); });
    for (int i = 0; i < 100; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
    // The first variant after the rest finds colder caches. So the variants take turns in being
    // first.
    for (std::size_t i = 0; i < kVariants; ++i) {
      const std::size_t variant = (first_ + i) % kVariants;
      round[variant] = run(static_cast<Variant>(variant));
    }
    ++first_;
    return round;
  }

 private:
  double run(Variant variant) {
    std::atomic<std::uint32_t>& state = switches_[chat::SEND_MESSAGE.value];
    switch (variant) {
      case kFloor:
        return timed(scale_, [](int) {
          const std::uint64_t a = detail::now_ticks();
          work();
          const std::uint64_t b = detail::now_ticks();
          asm volatile("" ::"r"(b - a) : "memory");
        });
      case kBare:
        return timed(scale_, [this](int) {
          const std::uint64_t a = detail::now_ticks();
          work();
          bare_.write(a, detail::now_ticks());
        });
      case kOperation: return timed(scale_, plain);
      case kContext:
        return timed(scale_, [](int i) {
          Operation op(chat::SEND_MESSAGE);
          op.actor(ActorKind::user, static_cast<std::uint64_t>(i));
          op.subject(SubjectKind::room, 7);
          work();
          op.finish(Outcome::ok);
        });
      case kStages:
        return timed(scale_, [](int) {
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
      case kChained: {
        Stamp last = now();
        return timed(scale_, [&last](int) {
          Operation op(chat::SEND_MESSAGE, last);
          work();
          last = op.finish(Outcome::ok);
        });
      }
      case kSampled: return switched(state, 100);
      case kOff: return switched(state, 0);
      case kEmpty: return timed(scale_, [](int) { work(); });
      case kVariants: break;
    }
    return 0;
  }
  double switched(std::atomic<std::uint32_t>& state, std::uint32_t to) {
    state.store(to, std::memory_order_relaxed);
    const double ns = timed(scale_, plain);
    state.store(1, std::memory_order_relaxed);
    return ns;
  }
  // Inlined, as in a server: a call costs more than an operation that is switched off.
  static constexpr auto plain = [](int) RINGSIDE_INLINE_LAMBDA {
    Operation op(chat::SEND_MESSAGE);
    work();
    op.finish(Outcome::ok);
  };

  double scale_;
  std::atomic<std::uint32_t>* switches_;
  BareLane bare_;
  std::size_t first_ = 0;
};

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
              pinned_words(pinned, settings.producer_cpu).c_str());
  // Only this program switches its own ring, so the constant may be cast away.
  auto* switches = const_cast<std::atomic<std::uint32_t>*>(detail::g_switches.load());
  const double scale = measured_ticks_per_ns();

  Scratch scratch;
  Program daemon(
      {settings.programs + "/ringsided", "--ring", ring, "--state-dir", scratch.file("state"),
       "--alert-log", scratch.file("alerts.log"), "--report-dir", scratch.file("reports")},
      scratch.file("daemon.log"), {}, settings.daemon_cpu);
  RecordCost cost(scale, switches);
  const double begin = monotonic_seconds();
  const int rounds = settings.smoke ? 10 : 400;
  std::vector<Round> alone;
  std::vector<Round> watched;
  poll(nullptr, 0, settings.smoke ? 300 : 2000);   // let it attach
  for (int i = 0; i < rounds; ++i) {
    // A round, then a rest of 20 ms. This makes 100,000 operations a second and more, a rate at
    // which the daemon really drains.
    daemon.signal(SIGSTOP);
    alone.push_back(cost.measure());
    daemon.signal(SIGCONT);
    poll(nullptr, 0, 20);
    watched.push_back(cost.measure());
    poll(nullptr, 0, 20);
  }
  const auto column = [](const std::vector<Round>& from, auto get) {
    std::vector<double> out;
    for (const Round& round : from) out.push_back(get(round));
    return out;
  };
  const auto above = [&](const std::vector<Round>& from, Variant what, double floors) {
    return column(from, [what, floors](const Round& r) { return r[what] - floors * r[kFloor]; });
  };
  const std::string of = "above the floor";
  results.add(figure("floor: two clock reads", "ns",
                     column(alone, [](const Round& r) { return r[kFloor]; })));
  results.add(figure("bare slot, no reader, " + of, "ns", above(alone, kBare, 1), "",
                     "64 bytes and their sequence, nothing else"));
  results.add(figure("operation, no reader, " + of, "ns", above(alone, kOperation, 1)));
  results.add(
      figure("operation, daemon attached, " + of, "ns", above(watched, kOperation, 1), "+1 (L1)"));
  results.add(figure("operation, daemon attached, above a bare slot", "ns",
                     column(watched, [](const Round& r) { return r[kOperation] - r[kBare]; })));
  results.add(figure("with actor and subject, daemon attached, " + of, "ns",
                     above(watched, kContext, 1), "+1 (L1)"));
  results.add(figure("four stages, daemon attached, above 5 clock reads", "ns",
                     above(watched, kStages, 2.5), "n+1 reads (L2)"));
  results.add(figure("starts where the last ended, above 1 clock read", "ns",
                     above(watched, kChained, 0.5)));
  results.add(figure("sampled 1 in 100, whole", "ns",
                     column(watched, [](const Round& r) { return r[kSampled] - r[kEmpty]; })));
  results.add(figure("switched off, whole", "ns",
                     column(watched, [](const Round& r) { return r[kOff] - r[kEmpty]; }),
                     "0.5 (L3)"));
  results.add(figure("daemon meanwhile, of one core", "%",
                     {daemon.cpu_seconds() / (monotonic_seconds() - begin) * 100}));
  daemon.stop();
  results.add(Reader(ring).totals("record"));
  stop();
}

}  // namespace ringside::bench
