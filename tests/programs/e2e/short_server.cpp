// short_server RECORDS PER_MS LIFE_MS [BUILD]: a server that writes RECORDS records from its first
// moment on, PER_MS of them in a millisecond. Then it says "written", lives for LIFE_MS at least,
// and leaves in order. BUILD is its build id.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "producer/ringside.hpp"

namespace {

// This sleep is the pace of the traffic. It does not wait for anything.
void sleep_until(timespec since, long ms) {
  since.tv_sec += ms / 1000;
  since.tv_nsec += ms % 1000 * 1'000'000;
  if (since.tv_nsec >= 1'000'000'000) {
    ++since.tv_sec;
    since.tv_nsec -= 1'000'000'000;
  }
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &since, nullptr) != 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const long records = std::atol(argv[1]), per_ms = std::atol(argv[2]),
             life_ms = std::atol(argv[3]);
  ringside::Setup setup;
  setup.program = "short-server";
  if (argc == 5) setup.build_id = argv[4];
  if (!ringside::start(setup)) {
    std::fprintf(stderr, "not traced: %s\n", ringside::why_untraced().c_str());
    return 1;
  }
  const ringside::OperationId id = ringside::register_operation("BURST", "short");
  timespec begun{};
  clock_gettime(CLOCK_MONOTONIC, &begun);
  for (long done = 0, ms = 0; done < records; ++ms) {
    sleep_until(begun, ms);
    for (long i = 0; i < per_ms && done < records; ++i, ++done) {
      ringside::Operation op(id);
      op.finish(ringside::Outcome::ok);
    }
  }
  std::printf("written\n");
  std::fflush(stdout);
  sleep_until(begun, life_ms);
  return 0;
}
