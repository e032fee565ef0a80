// How much longer than usual a single call can take.

#include <cstdio>

#include "tools/bench/own_ring.h"
#include "tools/bench/call_times.h"

namespace ringside::bench {

void measure_tails(const Settings& settings, Results& results) {
  OwnRing ring("tails", {});
  if (!ring) return;
  Reader reader(ring.name());
  if (!reader) return;
  const OwnDaemon daemon(settings, ring.name());
  const bool pinned = pin_to(settings.producer_cpu);
  const int groups = settings.smoke ? 3 : 20;
  const int rounds = settings.smoke ? 5 : 20;
  // Calls of each kind in a round. Three kinds write records: with warming up 3300, less than a
  // lane.
  constexpr int kCalls = 1000;
  std::printf(
      "\nTails of a single call (%s; daemon attached; %d calls each, quantiles of groups of %d)\n",
      pinned_words(pinned, settings.producer_cpu).c_str(),
      groups * rounds * kCalls, rounds * kCalls);
  const double scale = measure_ticks_per_ns();
  CallTimes timer{"the timer alone", {}, {}};
  CallTimes floor{"floor: two clock reads", {}, {}};
  CallTimes operation{"operation with actor and subject", {}, {}};
  CallTimes stages{"operation with four stages", {}, {}};
  CallTimes event{"event", {}, {}};
  CallTimes* const all[] = {&timer, &floor, &operation, &stages, &event};
  for (CallTimes* tail : all) tail->spans.reserve(static_cast<std::size_t>(rounds) * kCalls);
  for (int group = 0; group < groups; ++group) {
    for (int round = 0; round < rounds; ++round) {
      // After the pause the first hundred calls find code and stack cold. They are not counted.
      for (int i = -100; i < kCalls; ++i) {
        Spans thrown_away;
        const auto spans = [&](CallTimes& tail) -> Spans& {
          return i < 0 ? thrown_away : tail.spans;
        };
        time_one(spans(timer), [] {});
        time_one(spans(floor), [] { two_clock_reads(); });
        time_one(spans(operation), [i] { operation_with_parties(i); });
        time_one(spans(stages), [] {
          Operation op(chat::SEND_MESSAGE);
          op.stage(chat::kValidation);
          op.stage(chat::kSecurity);
          op.stage(chat::kDatabase);
          op.finish_stage(chat::kDelivery, Outcome::ok);
        });
        time_one(spans(event), [i] {
          Event what;
          what.value = i;
          ringside::event(chat::RETRY, what);
        });
      }
      reader.take();
      poll(nullptr, 0, 20);   // the daemon drains
    }
    for (CallTimes* tail : all) tail->end_group(scale);
  }
  results.remark("above: the floor's same quantile, of the same group, taken off");
  add_whole(timer, results);
  add_whole(floor, results);
  add_above(operation, floor, results);
  add_above(stages, floor, results);
  add_above(event, floor, results);
  results.add(daemon.burned("daemon meanwhile, tails"));
  results.add(reader.taken("tails"));
  if (reader.lost() != 0)
    results.remark(std::to_string(reader.lost()) +
                   " records were lost to the reader, expected none");
}

}  // namespace ringside::bench
