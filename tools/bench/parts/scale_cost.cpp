// What an operation costs when more threads trace, when more operations are in use, and when there
// are more threads than lanes. In each round every thread measures its own floor and its own
// operations, while all other threads do the same.

#include <poll.h>

#include <atomic>
#include <barrier>
#include <cstdio>
#include <thread>

#include "tools/bench/own_ring.h"
#include "tools/bench/timing.h"

namespace ringside::bench {

namespace {

// The order of the operations. It is fixed, so that two runs do the same work, and mixed, so that
// no prefetcher sees a pattern. The constant is the length after which the order repeats.
constexpr std::size_t kOrder = 1024;

std::vector<OperationId> order_of(unsigned operations) {
  std::vector<OperationId> order(kOrder);
  std::uint64_t random = 42;
  for (OperationId& id : order) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    id.value = static_cast<std::uint16_t>((random >> 33) % operations);
  }
  return order;
}

struct Plan {
  unsigned threads = 1;
  unsigned operations = 19;
  int batch = 2000;      // operations in a measurement: half a lane, so that a reader keeps up
  int rounds = 40;
  double scale = 1;      // ticks in a nanosecond
};

// Returns the cost above the floor in ns, for each thread in each round.
std::vector<double> measure(const Plan& plan, const Settings& settings, Reader& reader,
                            bool* pinned) {
  const std::vector<OperationId> order = order_of(plan.operations);
  const unsigned processors = std::thread::hardware_concurrency();
  // If each thread has its own processor, the threads spin until all are there and so start within
  // a microsecond. If not, none may spin, because it would keep the others from running.
  const bool spin = plan.threads <= processors;
  std::atomic<unsigned> at_start{0};
  std::barrier gate(plan.threads + 1);
  std::vector<std::vector<double>> above(plan.threads);
  std::atomic<bool> all_pinned{true};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < plan.threads; ++t) {
    threads.emplace_back([&, t] {
      const int cpu = plan.threads == 1 ? settings.producer_cpu : static_cast<int>(t % processors);
      if (!pin_to(cpu)) all_pinned = false;
      const auto traced = [&](int i) {
        Operation op(order[static_cast<unsigned>(i) % kOrder]);
        op.actor(ActorKind::user, t);
        operation_body();
        op.finish(Outcome::ok);
      };
      const auto floor = [&](int i) {
        asm volatile("" ::"r"(order[static_cast<unsigned>(i) % kOrder].value), "r"(t) : "memory");
        two_clock_reads();
      };
      for (int round = 0; round < plan.rounds; ++round) {
        gate.arrive_and_wait();
        if (spin) {
          at_start.fetch_add(1);
          while (at_start.load() < plan.threads * static_cast<unsigned>(round + 1)) {
          }
        }
        // The thread has slept, so its code and stack are cold. Warm them: cold is not measured
        // here.
        for (int i = 0; i < 100; ++i) traced(i);
        const double floor_ns = ns_a_call(plan.scale, plan.batch, floor);
        above[t].push_back(ns_a_call(plan.scale, plan.batch, traced) - floor_ns);
        gate.arrive_and_wait();
      }
    });
  }
  for (int round = 0; round < plan.rounds; ++round) {
    gate.arrive_and_wait();
    gate.arrive_and_wait();
    reader.take();
    poll(nullptr, 0, 10);
  }
  for (std::thread& thread : threads) thread.join();
  *pinned = all_pinned;
  std::vector<double> all;
  for (const auto& one : above) all.insert(all.end(), one.begin(), one.end());
  return all;
}

void say_books(Reader& reader, const std::string& name, Results& results) {
  reader.take();
  results.add(reader.taken(name));
  if (reader.lost() != 0)
    results.remark(std::to_string(reader.lost()) +
                   " records were lost to the reader, expected none");
}

}  // namespace

void measure_scale(const Settings& settings, Results& results) {
  OwnRing ring("scale", {});
  if (!ring) return;
  for (unsigned id = chat::kOperationCount; id < kMaxOperations; ++id) {
    register_operation("BENCH_" + std::to_string(id), "bench");
  }
  Reader reader(ring.name());
  if (!reader) return;
  const OwnDaemon daemon(settings, ring.name());
  std::printf(
      "\nOne operation, by threads and operations (each thread pinned to processor thread mod %u; "
      "daemon attached)\n",
      std::thread::hardware_concurrency());
  Plan plan;
  plan.rounds = settings.smoke ? 3 : 60;
  plan.scale = measure_ticks_per_ns();
  const std::vector<unsigned> counts =
      settings.smoke ? std::vector<unsigned>{1, 64} : std::vector<unsigned>{1, 2, 4, 8, 16, 32, 64};
  bool all_pinned = true;
  for (const unsigned operations : {19U, 256U}) {
    for (const unsigned threads : counts) {
      plan.threads = threads;
      plan.operations = operations;
      bool pinned = false;
      const std::vector<double> above = measure(plan, settings, reader, &pinned);
      all_pinned = all_pinned && pinned;
      results.add(figure(std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
                             std::to_string(operations) + " operations, above the floor",
                         "ns", above));
    }
  }
  if (!all_pinned) results.remark("not every thread could be pinned");
  results.add(daemon.burned("daemon meanwhile, scale"));
  say_books(reader, "scale", results);
}

void measure_overflow(const Settings& settings, Results& results) {
  Setup setup;
  setup.lanes = 1;
  // More than all threads write in a round. So nothing is lost, and every drop means that two
  // writers met in a slot.
  setup.overflow_capacity = 1U << 17;
  OwnRing ring("overflow", setup);
  if (!ring) return;
  // This thread takes the only lane and keeps it.
  Operation(chat::LIST_ROOMS).finish(Outcome::ok);
  Reader reader(ring.name());
  if (!reader) return;
  const OwnDaemon daemon(settings, ring.name());
  std::printf(
      "\nOne operation of a thread that has no lane, in the shared overflow lane (daemon "
      "attached)\n");
  Plan plan;
  plan.rounds = settings.smoke ? 3 : 60;
  plan.batch = 10000;
  plan.scale = measure_ticks_per_ns();
  const std::vector<unsigned> counts =
      settings.smoke ? std::vector<unsigned>{1, 2} : std::vector<unsigned>{1, 2, 4, 8};
  for (const unsigned threads : counts) {
    plan.threads = threads;
    bool pinned = false;
    const std::vector<double> above = measure(plan, settings, reader, &pinned);
    results.add(
        figure("overflow lane, " +
                   std::string(threads == 1 ? "1 thread" : std::to_string(threads) + " threads") +
                   ", above the floor",
               "ns", above));
    if (!pinned) results.remark("not every thread could be pinned");
  }
  results.add(daemon.burned("daemon meanwhile, overflow"));
  // How often writers meet in a slot depends on chance. So each run tries the same records, but a
  // reader does not get the same ones. The work is taken from the totals.
  reader.take();
  results.add(reader.totals("overflow"));
  results.remark(std::to_string(reader.dropped()) + " dropped by writers that met in a slot, " +
                 std::to_string(reader.lost()) + " lost to the reader");
}

}  // namespace ringside::bench
