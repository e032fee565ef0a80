// LTTng-UST: a tracepoint in a session that is recording. The session is the benchmark's
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
  // Nothing is measured that is not recorded.
  const double deadline = monotonic_seconds() + 5;
  while (!lttng_ust_tracepoint_enabled(ringside_bench, operation)) {
    if (monotonic_seconds() > deadline) return nullptr;
    poll(nullptr, 0, 10);
  }
  return std::make_unique<Lttng>();
}

}  // namespace ringside::bench
