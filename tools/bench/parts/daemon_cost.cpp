// What the daemon costs in CPU time and memory, idle and at 100,000 records a second, and what
// memory the ring costs its server.

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "producer/ringside.hpp"
#include "tools/bench/harness.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

constexpr unsigned kThreads = 8;

// The server of this measurement: eight threads that trace at a given rate until SIGTERM. It is its
// own process, because a process can have one ring in its life.
int serve(const std::string& ring, double per_second, const std::string& ready,
          unsigned operations) {
  const std::size_t before = resident_bytes_of(getpid());
  Setup setup;
  setup.program = "ringside-bench";
  setup.ring = ring;
  if (!start(setup)) {
    std::fprintf(stderr, "ringside-bench: %s\n", why_untraced().c_str());
    return 1;
  }
  for (unsigned id = chat::kOperationCount; id < operations; ++id)
    register_operation("BENCH_" + std::to_string(id), "bench");
  // SIGTERM is blocked before threads start, so that it can end none of them. sigwait() below takes
  // it, and stop() then removes the ring.
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  std::vector<std::thread> threads;
  std::atomic<unsigned> begun{0};
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Once round the lane, so that all of its memory is touched before memory is measured.
      for (std::uint32_t i = 0; i < kDefaultCapacity; ++i) {
        Operation(chat::LIST_ROOMS).finish(Outcome::ok);
      }
      ++begun;
      const double begin = monotonic_seconds();
      double done = 0;
      for (;;) {
        poll(nullptr, 0, 5);
        const double due = (monotonic_seconds() - begin) * per_second / kThreads;
        for (; done < due; ++done) {
          Operation op(OperationId{
              static_cast<std::uint16_t>((static_cast<unsigned>(done) + t) % operations)});
          op.actor(ActorKind::user, t);
          op.stage(chat::kDatabase);
          op.finish_stage(chat::kDelivery, Outcome::ok);
        }
      }
    });
  }
  while (begun.load() < kThreads) poll(nullptr, 0, 5);
  std::FILE* file = std::fopen(ready.c_str(), "w");
  std::fprintf(file, "%zu\n", resident_bytes_of(getpid()) - before);
  std::fclose(file);
  int number = 0;
  sigwait(&end, &number);
  stop();
  _exit(0);  // ends the threads, which are still running
}

}  // namespace

int serve_for_bench(const std::string& ring, double per_second, const std::string& ready,
                    unsigned operations) {
  return serve(ring, per_second, ready, operations);
}

void measure_daemon(const Settings& settings, Results& results) {
  std::printf("\nWhat the daemon and the ring cost their machine\n");
  const double seconds = settings.smoke ? 2 : 30;
  for (const double rate : {0.0, 100'000.0}) {
    Scratch scratch;
    const std::string ring = "bench-daemon-" + std::to_string(getpid());
    Program server({"/proc/self/exe", "--serve", ring, std::to_string(rate), scratch.file("ready"),
                    std::to_string(chat::kOperationCount)},
                   scratch.file("server.log"), {{"RINGSIDE_RING", ""}});
    if (!wait_for_file(scratch.file("ready"), 20)) {
      std::fprintf(stderr, "ringside-bench: the traced process did not start: %s\n",
                   read_text(scratch.file("server.log")).c_str());
      return;
    }
    Program daemon(
        {settings.programs + "/ringsided", "--ring", ring, "--state-dir", scratch.file("state"),
         "--alert-log", scratch.file("alerts.log"), "--report-dir", scratch.file("reports")},
        scratch.file("daemon.log"));
    poll(nullptr, 0, settings.smoke ? 1000 : 6000);
    const double cpu = daemon.cpu_seconds();
    const double begin = monotonic_seconds();
    poll(nullptr, 0, static_cast<int>(seconds * 1000));
    const double share = (daemon.cpu_seconds() - cpu) / (monotonic_seconds() - begin) * 100;
    const std::string what = rate == 0 ? "daemon idle" : "daemon at 100,000 records/s";
    results.add(figure(what + ", of one core", "%", {share}, rate == 0 ? "0.2 (L5)" : "2 (L5)",
                       std::to_string(static_cast<int>(seconds)) + " s"));
    results.add(figure(what + ", resident", "MB",
                       {static_cast<double>(daemon.resident_bytes()) / 1e6}, "20 (L5)"));
    if (rate == 0) {
      results.add(figure("server, resident more for 8 threads", "MB",
                         {std::stod(read_text(scratch.file("ready"))) / 1e6}, "5 (L6)",
                         "with their stacks"));
    }
    daemon.stop();
    server.stop();
  }
}

}  // namespace ringside::bench
