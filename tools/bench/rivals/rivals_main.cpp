// ringside-bench-rivals, which `ringside-bench --part rivals` runs. The contestants take turns
// within each round: the floor, Ringside with the daemon attached, and every rival whose package
// was installed when this program was built.

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "daemon/storage/standard_streams.h"
#include "tools/bench/rivals/rival.h"

namespace ringside::bench {

namespace {

class Floor : public TimedRival<Floor> {
 public:
  Floor() : TimedRival("floor: two clock reads") {}
  void record(const Payload& payload) {
    asm volatile("" ::"r"(payload.end - payload.start) : "memory");
  }
};

// Ringside with the same fields, through the interface that servers use.
class Ringside : public Rival {
 public:
  explicit Ringside(Reader& reader) : Rival("Ringside"), reader_(reader) {}
  double batch(double ticks_per_ns) override {
    return ns_a_call(ticks_per_ns, kRivalBatch, [this](int) { call(); });
  }
  void single(Spans& spans) override {
    time_one(spans, [this] { call(); });
  }
  // A reader beside the daemon, so that Ringside's records are checked like those of the rivals.
  void drain() override { reader_.take(); }
  bool taken(std::uint64_t* count, std::uint64_t* checksum) const override {
    const Work work = reader_.taken("");
    *count = work.count;
    *checksum = work.checksum;
    return true;
  }
  bool dropped(std::uint64_t* count) const override {
    *count = reader_.lost();
    return true;
  }

 private:
  void call() {
    Operation op(OperationId{static_cast<std::uint16_t>(calls_ % 19)});
    op.actor(ActorKind::user, calls_++);
    op.subject(SubjectKind::room, 7);
    operation_body();
    op.finish(Outcome::ok);
  }

  Reader& reader_;
};

// A thread that empties all rivals in turn, each millisecond.
class Consumer {
 public:
  Consumer(const std::vector<std::unique_ptr<Rival>>& rivals, int cpu) {
    thread_ = std::thread([this, &rivals, cpu] {
      pinned_ = pin_to(cpu);
      while (!end_.load()) {
        for (const auto& rival : rivals) rival->drain();
        ++passes_;
        poll(nullptr, 0, 1);
      }
    });
  }
  ~Consumer() {
    if (thread_.joinable()) stop();
  }
  void stop() {
    end_ = true;
    thread_.join();
  }
  bool pinned() const { return pinned_; }
  // Waits until the consumer has come round twice. What was written before is then taken out.
  void wait() const {
    const std::uint64_t passes = passes_.load();
    while (passes_.load() < passes + 2) poll(nullptr, 0, 1);
  }

 private:
  std::atomic<bool> end_{false};
  std::atomic<bool> pinned_{false};
  std::atomic<std::uint64_t> passes_{0};
  std::thread thread_;
};

void add_rivals(const RivalSettings& settings, bool lttng,
                std::vector<std::unique_ptr<Rival>>& rivals, Results& results) {
  const auto add = [&](const char* name, std::unique_ptr<Rival> rival) {
    if (rival != nullptr) {
      rivals.push_back(std::move(rival));
    } else {
      results.remark(std::string(name) + ": not measured (see above)");
    }
  };
  const auto missing = [&](const char* name, const char* package) {
    results.remark(std::string(name) + ": not built, package " + package + " is missing");
  };
  (void)missing;
#if RINGSIDE_HAVE_LTTNG
  if (lttng) add("LTTng-UST", make_lttng(settings));
#else
  (void)lttng;
  missing("LTTng-UST", "liblttng-ust-dev");
#endif
  add("spdlog", make_spdlog(settings));
#if RINGSIDE_HAVE_PROMETHEUS
  add("prometheus-cpp", make_prometheus(settings));
#else
  missing("prometheus-cpp", "prometheus-cpp-dev");
#endif
  add("Boost.Interprocess message_queue", make_message_queue(settings));
  add("Boost.Lockfree spsc_queue", make_lockfree_spsc(settings));
  add("Boost.Lockfree queue", make_lockfree_queue(settings));
#if RINGSIDE_HAVE_MOODYCAMEL
  add("moodycamel", make_moodycamel(settings));
#else
  missing("moodycamel", "libconcurrentqueue-dev");
#endif
}

int compare(const Settings& settings, const std::string& scratch, bool lttng, Results& results) {
  OwnRing ring("rivals", {});
  if (!ring) return 1;
  Reader reader(ring.name());
  if (!reader) return 1;
  const OwnDaemon daemon(settings, ring.name());
  const double scale = measure_ticks_per_ns();

  std::vector<std::unique_ptr<Rival>> rivals;
  rivals.push_back(std::make_unique<Floor>());
  rivals.push_back(std::make_unique<Ringside>(reader));
  add_rivals({settings, scratch, scale}, lttng, rivals, results);
  Consumer consumer(rivals, settings.daemon_cpu);
  const bool pinned = pin_to(settings.producer_cpu);
  consumer.wait();
  std::printf(
      "  (writer %s, consumer and daemons %s; queues of %zu records, emptied each ms; batches of "
      "%d)\n",
      pinned_words(pinned, settings.producer_cpu).c_str(),
      pinned_words(consumer.pinned(), settings.daemon_cpu).c_str(),
      kQueueCapacity, kRivalBatch);

  const std::size_t count = rivals.size();
  std::vector<std::vector<double>> above(count);
  std::vector<double> floors;
  std::vector<CallTimes> tails(count);
  for (std::size_t i = 0; i < count; ++i) tails[i].name = rivals[i]->name();
  Spans thrown_away;

  const int rounds = settings.smoke ? 5 : 200;
  std::vector<double> costs(count);
  for (int round = 0; round < rounds; ++round) {
    // The first one changes with each round, so that a drift within the round favours nobody.
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % count;
      for (int warm = 0; warm < 100; ++warm) rivals[i]->single(thrown_away);
      costs[i] = rivals[i]->batch(scale);
      consumer.wait();   // so that no rival pays for draining what the one before it has left
    }
    floors.push_back(costs[0]);
    for (std::size_t i = 0; i < count; ++i) above[i].push_back(costs[i] - costs[0]);
  }

  const int groups = settings.smoke ? 2 : 10;
  const int rounds_a_group = settings.smoke ? 2 : 20;
  constexpr int kCalls = 1000;
  for (int group = 0; group < groups; ++group) {
    for (int round = 0; round < rounds_a_group; ++round) {
      for (int call = -100; call < kCalls; ++call) {
        for (std::size_t i = 0; i < count; ++i)
          rivals[i]->single(call < 0 ? thrown_away : tails[i].spans);
      }
      consumer.wait();
    }
    for (CallTimes& tail : tails) tail.end_group(scale);
  }
  consumer.stop();

  results.add(figure(rivals[0]->name(), "ns", floors));
  for (std::size_t i = 1; i < count; ++i)
    results.add(figure(rivals[i]->name() + ", above", "ns", above[i]));
  std::printf("  Tails of the single call, %d calls each:\n", groups * rounds_a_group * kCalls);
  add_whole(tails[0], results);
  for (std::size_t i = 1; i < count; ++i) add_above(tails[i], tails[0], results);
  results.add(daemon.burned("daemon meanwhile, rivals"));
  for (std::size_t i = 1; i < count; ++i) {
    rivals[i]->finish();
    std::uint64_t taken = 0;
    std::uint64_t checksum = 0;
    std::uint64_t dropped = 0;
    if (rivals[i]->taken(&taken, &checksum)) results.add(Work{rivals[i]->name(), taken, checksum});
    const bool tells = rivals[i]->dropped(&dropped);
    if (tells && dropped == 0) continue;
    results.remark(
        rivals[i]->name() + ": " + std::to_string(rivals[i]->offered()) + " calls, " +
        (tells ? std::to_string(dropped) + " dropped" : "does not tell how many it dropped"));
  }
  return 0;
}

}  // namespace

}  // namespace ringside::bench

int main(int argc, char** argv) {
  using namespace ringside::bench;
  ringside::secure_streams();
  if (argc != 7) {
    std::fprintf(
        stderr,
        "ringside-bench-rivals: is run by ringside-bench\n  next: ringside-bench --part rivals\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Settings settings;
  settings.producer_cpu = std::stoi(argv[2]);
  settings.daemon_cpu = std::stoi(argv[3]);
  settings.smoke = std::string(argv[4]) == "smoke";
  settings.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  Scratch::lie_in(argv[6]);
  const Scratch scratch;
  Results results;
  results.forward_to(std::stoi(argv[1]));
  const int code = compare(settings, scratch.file(""), std::string(argv[5]) == "lttng", results);
  return ringside::finish_output("ringside-bench-rivals", code);
}
