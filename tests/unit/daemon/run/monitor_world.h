// A monitor on the test's own clock, with a ring and with outputs that keep what they are given.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/run/monitor.h"
#include "shm/names.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/said.h"

namespace ringside {

inline constexpr std::int64_t kStartWallNs = 1'732'353'355 * kSecond;  // 2024-11-23T09:15:55Z

// Takes what it is given, in order. It refuses or fails when the test says so.
class FakeOutputs final : public Outputs, public AlertSink {
 public:
  bool write_report(std::shared_ptr<const Snapshot> snapshot) override {
    if (busy) return false;
    reports.push_back(snapshot->wall_ns);
    return true;
  }
  bool save_state(SavedState saved) override {
    if (busy) return false;
    states.push_back(saved);
    order += 's';
    return true;
  }
  bool state_failed() const override { return failed; }
  void tell(const std::vector<AlertTransition>& transitions) override {
    told.insert(told.end(), transitions.begin(), transitions.end());
    order += 't';
  }

  bool busy = false;
  bool failed = false;
  std::vector<std::int64_t> reports;
  std::vector<SavedState> states;
  std::vector<AlertTransition> told;
  std::string order;  // s: a state, t: transitions
};

struct World {
  explicit World(Config given = {}) : config(std::move(given)) {
    config.rings = {directory.file("ring")};
    // The host that runs the test must raise no alerts.
    config.alerts.start_grace_ns = 0;  // its server starts with each test
    config.alerts.cpu_percent = config.alerts.memory_percent = config.alerts.load_per_cpu = {};
    config.alerts.cpu_pressure_percent = config.alerts.stall_percent = {};
    resolve_paths(config, {});
  }
  Monitor monitor() { return Monitor(config, "test", now, outputs, {&outputs}); }
  void step(std::int64_t ns) {
    now.monotonic_ns += ns;
    now.realtime_ns += ns;
    now.ticks = static_cast<std::uint64_t>(now.monotonic_ns);
  }
  void make_server() {
    ring = test::make_ring(directory.file("ring"), {2, 1024, 64});
    test::use_nanoseconds(*ring, now.monotonic_ns);
    enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
    lane = test::claim(*ring);
  }
  void send(int count, std::int64_t duration_ns) {
    for (int i = 0; i < count; ++i) {
      const auto start = static_cast<std::uint64_t>(now.monotonic_ns - duration_ns);
      write_record(lane, test::operation(0, start, duration_ns));
    }
  }
  Monitor::Published tick(Monitor& monitor) {
    step(5 * kSecond);
    return monitor.tick(now);
  }

  test::TempDir directory;
  Config config;
  FakeOutputs outputs;
  Instant now{clock_ns(CLOCK_MONOTONIC), kStartWallNs, 0};
  std::unique_ptr<Segment> ring;
  LaneWriter lane;
  test::Said said;
};

}  // namespace ringside
