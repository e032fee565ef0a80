// LTTng-UST: a tracepoint in a recording session. The benchmark's process holds the session
// (lttng_session.h).

#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES

#include "tools/bench/rivals/rival.h"
#include "tools/bench/rivals/rival_lttng_events.h"

namespace ringside::bench {

namespace {

class Lttng : public TimedRival<Lttng> {
 public:
  Lttng() : TimedRival("LTTng-UST tracepoint") {}
  void record(const Payload& p) {
    lttng_ust_tracepoint(ringside_bench, operation, p.start, p.end, p.id, p.outcome, p.actor,
                         p.subject, p.rest[0], p.rest[1]);
  }
};

}  // namespace

std::unique_ptr<Rival> make_lttng(const RivalSettings&) {
  // Wait until the session records the tracepoint. An unrecorded one would be too cheap.
  const double deadline = monotonic_seconds() + 5;
  while (!lttng_ust_tracepoint_enabled(ringside_bench, operation)) {
    if (monotonic_seconds() > deadline) return nullptr;
    poll(nullptr, 0, 10);
  }
  return std::make_unique<Lttng>();
}

}  // namespace ringside::bench
