// The part "rivals": starts what the rivals need, and the program that contains them.
//
// The rivals have their own program (rivals_main.cpp), because LTTng's library starts threads in
// every process that is linked with it.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "tools/bench/harness.h"
#include "tools/bench/rivals/lttng_session.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

// Set even if LTTng cannot record: its library leaves files too, and the destructor removes them.
std::optional<LttngSession> g_session;

bool recording() { return g_session && g_session->why_not().empty(); }

}  // namespace

// Runs in the benchmark's own process, which outlives the part's process. So the session ends in
// order, whatever happens to the part.
void prepare_rivals(const Settings& settings, Results& results) {
#if RINGSIDE_HAVE_LTTNG
  g_session.emplace(settings.daemon_cpu);
  if (!recording()) results.remark("LTTng-UST: not measured, " + g_session->why_not());
#else
  (void)settings;
  (void)results;
#endif
}

void clean_up_rivals(Results& results, bool whole) {
  if (!g_session) return;
  if (whole && recording()) {
    const long long events = g_session->events();
    results.remark(
        events < 0
            ? "LTTng-UST: how many events the trace holds is not known; next: install babeltrace2"
            : "LTTng-UST: " + std::to_string(events) + " events in the trace");
  }
  g_session.reset();
}

void measure_rivals(const Settings& settings, Results& results) {
  std::printf("\nBeside us: the same 64 bytes of an operation, each with its own consumer\n");
  if (recording()) std::printf("  (LTTng-UST: %s)\n", LttngSession::parameters());
  std::fflush(stdout);
  const int out = results.forwards_to();
  fcntl(out, F_SETFD, 0);
  // Makes the library wait for the session daemon before main() begins, but only if we record.
  setenv("LTTNG_UST_REGISTER_TIMEOUT", recording() ? "10000" : "0", 1);
  const std::string path = settings.programs + "/ringside-bench-rivals";
  execl(path.c_str(), path.c_str(), std::to_string(out).c_str(),
        std::to_string(settings.producer_cpu).c_str(), std::to_string(settings.daemon_cpu).c_str(),
        settings.smoke ? "smoke" : "full", recording() ? "lttng" : "-", Scratch::holder().c_str(),
        static_cast<char*>(nullptr));
  std::perror(path.c_str());
  _exit(1);
}

}  // namespace ringside::bench
