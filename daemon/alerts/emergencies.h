// Emergencies: a server that died or is stuck, an open breaker, a flood of losses, a ring that is
// refused. Their figures are read from a pulse, so that they are noticed between two ticks.
//
//   every second   AlertEngine::urgent(pulse)   is one of them over a critical level, and new?
//                                               then the tick comes at once
//   every tick     read_figures(snapshot)       the same figures, by the same code, among all
//   others
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/alerts/alert_rules.h"
#include "report/model/pulse.h"

namespace ringside {

// A server that has been silent for less is not stuck, however many calls were usual.
inline constexpr std::int64_t kLeastSilenceNs = 3 * kSecond;
// A process that was stopped for less is not: somebody looks at it with a debugger's tool.
inline constexpr std::int64_t kLeastStopNs = kSecond;

// What a pulse would say of that ring.
RingPulse pulse_of(const Snapshot& snapshot, const RingView& ring);

// Notes how long no call has completed, and how long a process has been stopped. `passed_ns` is the
// time since the last call, 0 at the first.
void note_progress(const std::vector<RingPulse>& rings, std::int64_t passed_ns, RuleMemory& memory);

// Notes at a tick what is usual, unless the server is silent. `all` is the sum of the ring's
// operations.
void note_usual(const RingPulse& ring, const SeriesView& all, double tick_seconds,
                RuleMemory::Progress& progress);

RuleMemory::Ring counts_of(const RingPulse& ring);

// A restarted server begins with its breaker closed and records nothing about that, so only moves
// of its present life count. How often it opened is counted from the records: one that opened and
// closed between two ticks is not missed.
Reading breaker_of(const RingPulse& ring, const RuleMemory& memory);
Reading crash_of(const RingPulse& ring, const RuleMemory& memory);
// A stopped process; or connections, and no call that completes, where calls were usual.
Reading stuck_of(const RingPulse& ring, const RuleMemory& memory);
Reading refused_of(const RingPulse& ring);
// Each ring by itself: a sum over rings would move when a ring comes or goes. None for a ring that
// was not there at the last tick: what it lost by then is no news.
std::vector<Reading> losses_of(const RingPulse& ring, const Config& config,
                               const RuleMemory& memory);

// All of these, judged.
std::vector<Reading> read_emergencies(const Pulse& pulse, const Config& config,
                                      const RuleMemory& memory);

}  // namespace ringside
