// When the drain thread passes, ticks and reports. No case depends on how fast the machine is: one
// that wants to see something fast looks again until it has seen it.
#include "daemon/run/drain_thread.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shm/clock.h"
#include "shm/names.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/dies.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::TempDir;
using test::until;
using Shown = std::shared_ptr<const Snapshot>;

// Counts what it is given, and says when a report came.
class CountingOutputs final : public Outputs {
 public:
  bool write_report(std::shared_ptr<const Snapshot>) override {
    report_ns = clock_ns(CLOCK_MONOTONIC);
    ++reports;
    return true;
  }
  bool save_state(SavedState saved) override {
    saved_wall_ns.push_back(saved.meta.saved_wall_ns);
    at_save();
    return true;
  }
  bool state_failed() const override { return true; }  // so each tick saves the state

  // On the drain thread, at each tick.
  std::function<void()> at_save = [] {};
  std::vector<std::int64_t> saved_wall_ns;
  std::atomic<int> reports{0};
  std::atomic<std::int64_t> report_ns{0};
};

struct Drained {
  explicit Drained(std::vector<std::string> rings = {}) {
    config.rings = {directory.file("ring")};
    if (!rings.empty()) config.rings = std::move(rings);
    config.report_interval_ns = 0;
    resolve_paths(config, {});
    monitor = std::make_unique<Monitor>(config, "test", read_instant(), outputs,
                                        std::vector<AlertSink*>{});
    thread.emplace(*monitor);
  }
  void begin(std::int64_t tick_ns) {
    thread->start({tick_ns, config.alerts.emergency_tick_ns}, [this](LastWords words) {
      last = std::move(words);
      ended = true;
    });
  }
  void start(std::int64_t tick_ns) {
    begin(tick_ns);
    until([&] { return thread->snapshot() != nullptr; });
  }
  Shown shown() const { return thread->snapshot(); }
  std::uint64_t ticks() const { return shown()->tick; }
  // The next tick after `before`, and this one.
  Shown after(const Shown& before) const {
    Shown next;
    until([&] { return (next = shown())->tick > before->tick; });
    return next;
  }
  // A report that is asked for now and made.
  Shown reported() {
    const int before = outputs.reports;
    const std::uint64_t tick = ticks();
    thread->ask_for_report();
    until([&] { return outputs.reports > before && ticks() > tick; });
    return shown();
  }

  const TempDir directory;
  const test::Said said;
  Config config;
  CountingOutputs outputs;
  LastWords last;
  std::atomic<bool> ended{false};
  std::unique_ptr<Monitor> monitor;
  std::optional<DrainThread> thread;
};

double seconds_between(const Shown& a, const Shown& b) {
  return b->daemon.uptime_seconds - a->daemon.uptime_seconds;
}

TEST_CASE("DrainThread: it ticks at the start, and then no earlier than its interval") {
  Drained drained;
  drained.start(kHour);
  Shown shown;
  while ((shown = drained.reported())->daemon.passes < 15) {}
  // Nothing but that tick and those reports made a snapshot.
  CHECK(shown->tick == 1U + static_cast<unsigned>(drained.outputs.reports));
}

TEST_CASE("DrainThread: nobody asks, so no report is made") {
  Drained drained;
  drained.start(2 * kMillisecond);
  until([&] { return drained.ticks() > 20; });
  CHECK(drained.outputs.reports == 0);
}

TEST_CASE("DrainThread: a report is made at once, not at the next pass") {
  Drained drained;
  drained.start(kHour);
  // By then the pauses of an idle daemon are 20 ms long.
  for (int i = 0; i < 10; ++i) drained.reported();
  // At the next pass each would come 20 ms after the one before.
  until([&] {
    int at_once = 0;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t asked_ns = clock_ns(CLOCK_MONOTONIC);
      drained.reported();
      if (drained.outputs.report_ns - asked_ns < 8 * kMillisecond) ++at_once;
    }
    return at_once >= 5;
  });
}

TEST_CASE("DrainThread: an idle one passes every 20 ms, hardly more often, and not only at ticks") {
  Drained drained;
  drained.start(100 * kMillisecond);
  const Shown first = drained.shown();
  Shown before = drained.after(first);
  bool between_ticks = false;
  until([&] {
    const Shown next = drained.after(before);
    between_ticks = between_ticks || next->daemon.passes - before->daemon.passes >= 4;
    before = next;
    return between_ticks;
  });
  const double pauses = seconds_between(first, before) / 0.020;
  // The pauses begin at 0.2 ms and double. Each tick cuts one short.
  const double most = pauses + 8 + 1 + static_cast<double>(before->tick - first->tick);
  CHECK(static_cast<double>(before->daemon.passes - first->daemon.passes) <= most);
}

TEST_CASE("DrainThread: it passes more often where a server writes fast") {
  Drained drained;
  auto ring = test::make_ring(drained.directory.file("ring"), {2, 1024, 64});
  test::use_nanoseconds(*ring, clock_ns(CLOCK_MONOTONIC));
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lane = test::claim(*ring);
  drained.start(20 * kMillisecond);
  until([&] { return drained.ticks() >= 5; });
  Shown before = drained.shown();
  until([&] {
    for (int i = 0; i < 512; ++i) {
      const auto start = static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC) - 1000);
      write_record(lane, test::operation(0, start, 1000));
    }
    const Shown next = drained.shown();
    const bool one_tick = next->tick == before->tick + 1;
    const std::uint64_t passes = next->daemon.passes - before->daemon.passes;
    if (next->tick != before->tick) before = next;
    return one_tick && passes >= 6;
  });
}

TEST_CASE("DrainThread: a tick that comes late does not make the next ones late") {
  Drained drained;
  drained.start(20 * kMillisecond);
  Shown before = drained.shown();
  until([&] {
    const Shown next = drained.after(before);
    const bool sooner = next->tick == before->tick + 1 && seconds_between(before, next) < 0.020;
    before = next;
    return sooner;
  });
}

TEST_CASE("DrainThread: ticks that were missed are left out") {
  Drained drained;
  drained.outputs.at_save = [&] {
    // The third tick takes as long as five.
    if (drained.outputs.saved_wall_ns.size() != 3) return;
    const std::int64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    until([&] { return clock_ns(CLOCK_MONOTONIC) - begin_ns >= 100 * kMillisecond; });
  };
  drained.start(20 * kMillisecond);
  until([&] { return drained.ticks() >= 6; });
  drained.thread->stop();
  drained.thread->join();
  const std::vector<std::int64_t>& at_ns = drained.outputs.saved_wall_ns;
  REQUIRE(at_ns.size() >= 6);
  // The wall clock may be set a little faster or slower meanwhile.
  CHECK(at_ns[3] - at_ns[2] > 99 * kMillisecond);
  // One that is late makes the next no later. Of any two intervals one is whole, unless ticks are
  // made up for.
  CHECK(at_ns[5] - at_ns[3] > 19 * kMillisecond);
}

TEST_CASE("DrainThread: an emergency makes the tick come at once, and once") {
  Drained drained;
  drained.config.alerts.emergency_tick_ns = 5 * kMillisecond;
  const auto ring = test::make_ring(drained.config.rings[0], {2, 64, 64});
  drained.start(kHour);
  REQUIRE(drained.shown()->rings.at(0).live());
  ring->header().untraced_records.store(10'000);
  until([&] { return drained.ticks() == 2; });
  const Shown shown = drained.shown();
  const auto& alerts = shown->alerts;
  CHECK(std::any_of(alerts.begin(), alerts.end(),
                    [](const AlertView& alert) { return alert.last.figure == "untraced"; }));
  Shown later;
  while ((later = drained.reported())->daemon.passes < shown->daemon.passes + 20) {}
  CHECK(later->tick == 2U + static_cast<unsigned>(drained.outputs.reports));
}

TEST_CASE("DrainThread: a new interval holds at once, and an equal one makes no tick") {
  Drained drained;
  drained.start(kHour);
  drained.thread->reconfigure(drained.config);
  for (int i = 0; i < 10; ++i) drained.reported();
  CHECK(drained.ticks() == 1U + static_cast<unsigned>(drained.outputs.reports));
  drained.config.tick_ns = 2 * kMillisecond;
  drained.thread->reconfigure(drained.config);
  const std::uint64_t ticks = drained.ticks();
  until([&] { return drained.ticks() > ticks + 5; });
}

// How often this process has mapped the file.
int mappings_of(const std::string& path) {
  const std::string maps = read_text("/proc/self/maps");
  int count = 0;
  for (std::size_t at = maps.find(path); at != std::string::npos; at = maps.find(path, at + 1))
    ++count;
  return count;
}

// Makes one ring after another until one of them was mapped by the daemon within 70 ms. Its own
// look comes every 200 ms. Each ring is made just after such a look, so without word from the
// kernel none is seen that soon but by a tick, and one with a tick in between does not count.
void until_one_is_seen_at_once(const Drained& drained, const std::string& directory) {
  const TempDir elsewhere;
  const auto alone = test::make_ring(elsewhere.file("ring"), {2, 64, 64});
  const int own = mappings_of(elsewhere.file("ring"));
  std::vector<std::unique_ptr<Segment>> rings;
  until([&] {
    const std::string path = directory + "/ring-" + std::to_string(rings.size());
    const std::uint64_t ticks = drained.ticks();
    const std::int64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    rings.push_back(test::make_ring(path, {2, 64, 64}));
    until([&] { return mappings_of(path) > own; });
    const bool at_once = clock_ns(CLOCK_MONOTONIC) - begin_ns < 70 * kMillisecond;
    // The first one may come just before a look.
    return at_once && drained.ticks() == ticks && rings.size() > 1;
  });
}

TEST_CASE("DrainThread: a ring is seen at once, also in a directory that came later") {
  const TempDir parent;
  Drained drained({parent.file("later/ring-*")});
  drained.start(300 * kMillisecond);
  std::filesystem::create_directory(parent.file("later"));
  drained.after(drained.shown());
  until_one_is_seen_at_once(drained, parent.file("later"));
}

TEST_CASE("DrainThread: a ring that a new configuration names is seen at once") {
  const TempDir parent;
  Drained drained;
  drained.start(kHour);
  drained.config.rings = {parent.file("ring-*")};
  drained.thread->reconfigure(drained.config);
  drained.reported();
  until_one_is_seen_at_once(drained, parent.path());
}

TEST_CASE("DrainThread: what a person says of an alert is answered from its thread, at once") {
  Drained drained;
  drained.start(kHour);
  AlertRequest request;
  request.action = AlertAction::silence;
  request.target = AlertTarget::matching;
  request.who = "anna";
  request.until_wall_ns = clock_ns(CLOCK_REALTIME) + kHour;
  std::atomic<int> answers{0};
  AlertAnswer answer;
  std::thread::id thread;
  for (int i = 1; i <= 2; ++i) {
    drained.thread->ask_to_handle({{request}, {}, [&](std::vector<AlertAnswer> given) {
                                     answer = std::move(given.at(0));
                                     thread = std::this_thread::get_id();
                                     ++answers;
                                   }});
    until([&] { return answers == i; });
    CHECK(answer.done);
    CHECK(answer.changed == (i == 1));
    CHECK(thread != std::this_thread::get_id());
  }
  CHECK(drained.reported()->silences.size() == 1);
}

TEST_CASE("DrainThread: what was given up meanwhile is not handled, and what follows it is") {
  Drained drained;
  drained.start(kHour);
  AlertRequest request;
  request.action = AlertAction::silence;
  request.target = AlertTarget::matching;
  request.who = "anna";
  request.until_wall_ns = clock_ns(CLOCK_REALTIME) + kHour;
  std::atomic<int> answers{0};
  std::atomic<int> given_up{0};
  drained.thread->ask_to_handle(
      {{request}, [] { return false; }, [&](const std::vector<AlertAnswer>&) { ++given_up; }});
  request.filter.operation = "LOGIN";
  drained.thread->ask_to_handle({{request, request}, {}, [&](std::vector<AlertAnswer> given) {
                                   CHECK(given.size() == 2);
                                   ++answers;
                                 }});
  until([&] { return answers == 1; });
  CHECK(given_up == 0);
  const auto silences = drained.reported()->silences;
  REQUIRE(silences.size() == 1);
  CHECK(silences[0].operation == "LOGIN");
}

TEST_CASE("DrainThread: its end hands over the last words, and shows them") {
  Drained drained;
  drained.start(kHour);
  drained.thread->stop();
  drained.thread->join();
  CHECK(drained.ended);
  CHECK(drained.last.snapshot == drained.shown());
  CHECK(drained.shown()->tick == 2);
  drained.thread->join();  // once more is harmless
}

TEST_CASE("DrainThread: one that is destroyed ends") {
  Drained drained;
  drained.start(kHour);
  drained.thread.reset();
  CHECK(drained.ended);
}

#ifdef RINGSIDE_ASSERTS

TEST_CASE("DrainThread: no interval, and a second start, end the program") {
  const auto dies = [](std::int64_t tick_ns, int starts) {
    return test::dies([&] {
      Drained drained;
      for (int i = 0; i < starts; ++i) drained.begin(tick_ns);
      drained.thread->stop();
      drained.thread->join();
    });
  };
  CHECK_FALSE(dies(1, 1));
  CHECK(dies(0, 1));
  CHECK(dies(-1, 1));
  CHECK(dies(kHour, 2));
}

#endif

}  // namespace
}  // namespace ringside
