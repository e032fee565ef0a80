// What a record costs by who had its cache lines last, and at a server's pace.
//
// A reader leaves the lines that it has read shared. The writer that comes round to them a lap
// later must get them back from the reader's processor. A slot that nobody reads stays with its
// writer. So a bare slot and an operation are measured in both states, in the same round. Before
// the first state the writer goes round once by itself; before the second one a thread on the
// daemon's processor reads all lines.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tools/bench/bare_lane.h"
#include "tools/bench/own_ring.h"

namespace ringside::bench {

namespace {

enum LineState : std::size_t { kUnread, kRead, kLineStates };
constexpr const char* kStateNames[] = {"lines that nobody read", "lines that a reader read"};

// Calls of each kind in a batch. With the calls that warm up: less than a lane.
constexpr int kFlatOut = 2000;
constexpr int kPaced = 500;
constexpr double kPaceNs = 10'000;

class BothLanes {
 public:
  BothLanes(Reader* reader, int reader_cpu) : reader_(reader), reader_cpu_(reader_cpu) {}

  // Brings all lines of both lanes into that state.
  void bring_into(LineState state) {
    for (std::uint32_t i = 0; i < kDefaultCapacity; ++i) {
      write_bare();
      trace();
    }
    if (state == kUnread) return;
    std::thread([this] {
      pin_to(reader_cpu_);
      reader_->take();
      const std::uint64_t sum = bare_.read();
      asm volatile("" ::"r"(sum) : "memory");
    }).join();
    // The thread has slept.
    for (int i = 0; i < 100; ++i) {
      two_clock_reads();
      write_bare();
      trace();
    }
  }
  void write_bare() {
    const std::uint64_t begin = detail::now_ticks();
    operation_body();
    bare_.write(begin, detail::now_ticks());
  }
  void trace() const { operation_with_parties(7); }

 private:
  BareLane bare_;
  Reader* reader_;
  int reader_cpu_;
};

void measure_flat_out(BothLanes& lanes, double scale, int rounds, Results& results) {
  struct Costs {
    std::vector<double> bare, operation, apart;
  };
  std::array<Costs, kLineStates> costs;
  std::vector<double> floors;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kLineStates; ++i) {
      // The states take turns in being first.
      const std::size_t state = (i + static_cast<std::size_t>(round)) % kLineStates;
      lanes.bring_into(static_cast<LineState>(state));
      const double floor = ns_a_call(scale, kFlatOut, [](int) { two_clock_reads(); });
      const double bare = ns_a_call(scale, kFlatOut, [&](int) { lanes.write_bare(); });
      const double operation = ns_a_call(scale, kFlatOut, [&](int) { lanes.trace(); });
      floors.push_back(floor);
      costs[state].bare.push_back(bare - floor);
      costs[state].operation.push_back(operation - floor);
      costs[state].apart.push_back(operation - bare);
    }
  }
  results.add(figure("floor: two clock reads", "ns", floors));
  for (std::size_t state = 0; state < kLineStates; ++state) {
    const std::string lines = std::string(", ") + kStateNames[state];
    results.add(figure("bare slot" + lines + ", above the floor", "ns", costs[state].bare));
    results.add(figure("operation" + lines + ", above the floor", "ns", costs[state].operation));
    results.add(figure("operation" + lines + ", above a bare slot", "ns", costs[state].apart));
  }
}

enum PacedKind : std::size_t { kEmptyPair, kTwoReads, kBareSlot, kTraced, kPacedKinds };

// The mean of the fastest 99 of 100 calls, in ns. A counter may go in steps of 10 ns. A quantile of
// single calls would be one of these steps; the mean of hundreds of calls is finer.
double usual_span(std::vector<std::uint64_t>& spans, double ticks_per_ns) {
  std::sort(spans.begin(), spans.end());
  const std::size_t kept = spans.size() - spans.size() / 100;
  double sum = 0;
  for (std::size_t i = 0; i < kept; ++i) sum += static_cast<double>(spans[i]);
  spans.clear();
  return sum / static_cast<double>(kept) / ticks_per_ns;
}

// Waits for the next call's time. A call whose time has passed is not made up for.
class Pace {
 public:
  explicit Pace(double ticks) : ticks_(static_cast<std::uint64_t>(ticks)) {}
  void wait() {
    while (fenced_counter() < next_) {}
    next_ = fenced_counter() + ticks_;
  }

 private:
  std::uint64_t ticks_;
  std::uint64_t next_ = 0;
};

void measure_paced(BothLanes& lanes, int groups, Results& results) {
  using Spans = std::array<std::vector<double>, kPacedKinds>;
  const double scale = measure_ticks_per_ns(fenced_counter);
  std::vector<double> empty_pairs;
  std::vector<double> floors;
  std::array<Spans, kLineStates> above;
  std::array<std::vector<std::uint64_t>, kPacedKinds> spans;
  for (int group = 0; group < groups; ++group) {
    for (std::size_t state = 0; state < kLineStates; ++state) {
      lanes.bring_into(static_cast<LineState>(state));
      Pace pace(kPaceNs * scale);
      const auto time_next = [&](PacedKind kind, const auto& body) {
        pace.wait();
        const std::uint64_t begin = fenced_counter();
        body();
        spans[kind].push_back(fenced_counter() - begin);
      };
      for (int i = 0; i < kPaced; ++i) {
        time_next(kEmptyPair, [] {});
        time_next(kTwoReads, [] { two_clock_reads(); });
        time_next(kBareSlot, [&] { lanes.write_bare(); });
        time_next(kTraced, [&] { lanes.trace(); });
      }
      const double empty_pair = usual_span(spans[kEmptyPair], scale);
      const double floor = usual_span(spans[kTwoReads], scale);
      empty_pairs.push_back(empty_pair);
      floors.push_back(floor - empty_pair);
      for (const PacedKind kind : {kBareSlot, kTraced})
        above[state][kind].push_back(usual_span(spans[kind], scale) - floor);
    }
  }
  results.add(figure("at a pace: an empty pair of fenced reads", "ns", empty_pairs));
  results.add(figure("at a pace: floor, less the empty pair", "ns", floors));
  for (std::size_t state = 0; state < kLineStates; ++state) {
    const std::string lines = std::string(", ") + kStateNames[state] + ", above the floor";
    results.add(figure("at a pace: bare slot" + lines, "ns", above[state][kBareSlot]));
    results.add(figure("at a pace: operation" + lines, "ns", above[state][kTraced]));
  }
}

}  // namespace

void measure_lines(const Settings& settings, Results& results) {
  OwnRing ring("lines", {});
  if (!ring) return;
  Reader reader(ring.name());
  if (!reader) return;
  const bool pinned = pin_to(settings.producer_cpu);
  const int rounds = settings.smoke ? 5 : 400;
  const int groups = settings.smoke ? 3 : 40;
  std::printf(
      "\nA record by who had its cache lines last (%s; batches of %d calls, then one call each %g "
      "us in groups of %d)\n",
      pinned_words(pinned, settings.producer_cpu).c_str(),
      kFlatOut, kPaceNs / 1000, kPaced);
  const double scale = measure_ticks_per_ns();
  BothLanes lanes(&reader, settings.daemon_cpu);
  lanes.trace();  // claims the lane
  measure_flat_out(lanes, scale, rounds, results);
  measure_paced(lanes, groups, results);
  results.add(reader.totals("lines"));
}

}  // namespace ringside::bench
