// How long a single call of a thread that finds no lane can take, where 1,024 lanes belong to
// another thread. It looks at one of them with each record.

#include <atomic>
#include <cstdio>
#include <thread>

#include "tools/bench/call_times.h"
#include "tools/bench/own_ring.h"

namespace ringside::bench {

namespace {

constexpr std::uint32_t kLanes = 1024;

// A thread that holds every lane of a ring while it lives.
class Holder {
 public:
  explicit Holder(const std::string& ring) {
    thread_ = std::thread([this, ring] {
      Failure failure;
      SegmentFacts facts;
      OpenOptions options;
      options.writable = true;
      const auto segment = open_segment(ring_path(ring, &failure), options, &facts, &failure);
      LaneOwner owner;
      owner.process = self_identity();
      owner.tid = 1;
      std::uint32_t held = 0;
      while (segment != nullptr && claim_lane(*segment, owner).result == Claim::owned) ++held;
      held_.store(held + 1);
      held_.notify_one();
      ended_.wait(false);
    });
    held_.wait(0);
  }
  ~Holder() {
    ended_.store(true);
    ended_.notify_one();
    thread_.join();
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  std::uint32_t held() const { return held_.load() - 1; }

 private:
  std::thread thread_;
  std::atomic<std::uint32_t> held_{0};   // lanes, plus 1 when there are no more
  std::atomic<bool> ended_{false};
};

}  // namespace

void measure_laneless(const Settings& settings, Results& results) {
  Setup setup;
  setup.lanes = kLanes;
  setup.lane_capacity = kMinCapacity;
  OwnRing ring("laneless", setup);
  if (!ring) return;
  const Holder holder(ring.name());
  if (holder.held() != kLanes) {
    std::fprintf(stderr, "ringside-bench: %u of %u lanes could be held\n", holder.held(), kLanes);
    return;
  }
  Reader reader(ring.name());
  if (!reader) return;
  const OwnDaemon daemon(settings, ring.name());
  const bool pinned = pin_to(settings.producer_cpu);
  const int groups = settings.smoke ? 3 : 20;
  const int rounds = settings.smoke ? 5 : 20;
  constexpr int kCalls = 1000;   // of each kind in a round
  std::printf(
      "\nTails of a single call of a thread that has no lane, of %u held ones (%s)\n", kLanes,
      pinned_words(pinned, settings.producer_cpu).c_str());
  const double scale = measure_ticks_per_ns();
  CallTimes floor{"without a lane, floor", {}, {}};
  CallTimes operation{"operation without a lane", {}, {}};
  for (int group = 0; group < groups; ++group) {
    for (int round = 0; round < rounds; ++round) {
      for (int i = -100; i < kCalls; ++i) {
        Spans thrown_away;
        const auto spans = [&](CallTimes& kind) -> Spans& {
          return i < 0 ? thrown_away : kind.spans;
        };
        time_one(spans(floor), [] { two_clock_reads(); });
        time_one(spans(operation), [i] { operation_with_parties(i); });
      }
      reader.take();
      poll(nullptr, 0, 20);   // the daemon drains
    }
    floor.end_group(scale);
    operation.end_group(scale);
  }
  add_whole(floor, results);
  add_above(operation, floor, results);
  results.add(daemon.burned("daemon meanwhile, without a lane"));
  results.add(reader.taken("laneless"));
}

}  // namespace ringside::bench
