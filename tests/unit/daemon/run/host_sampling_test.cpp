#include "daemon/run/host_sampling.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "shm/identity.h"
#include "shm/processes.h"
#include "tests/support/later.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("HostSampling: every process that shares a ring is sampled, not its creator alone") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {2, 64, 64});
  const pid_t other = spawn([] {
    pause();
    return 0;
  });
  const auto other_pid = static_cast<std::uint32_t>(other);
  ProcessIdentity identity = self_identity();
  identity.pid = other_pid;
  identity.start_time = process_start_time(other_pid);
  REQUIRE(enter_process(*ring, identity).somewhere());
  Watch watch({{path}, 100, 20, false});
  watch.pass(later(1));
  HostSampling sampling;
  sampling.sample(watch, later(1));
  kill(other, SIGKILL);
  wait_for(other);
  Snapshot snapshot;
  sampling.fill_in(snapshot);
  REQUIRE(snapshot.processes.size() == 2);
  for (const std::uint32_t pid : {static_cast<std::uint32_t>(getpid()), other_pid}) {
    CAPTURE(pid);
    const auto found =
        std::find_if(snapshot.processes.begin(), snapshot.processes.end(),
                     [&](const ProcessView& process) { return process.pid == pid; });
    REQUIRE(found != snapshot.processes.end());
    CHECK(found->ring == path);
    CHECK(found->resident_bytes.value_or(0) > 0);
  }
}

TEST_CASE("HostSampling: the host and the daemon are in it, as often as it is asked for") {
  TempDir dir;
  const Watch watch({{dir.file("ring")}, 100, 20, false});
  HostSampling sampling;
  Snapshot before;
  sampling.fill_in(before);
  CHECK_FALSE(before.host.cpus);
  CHECK_FALSE(before.daemon.cpu_seconds);
  CHECK_FALSE(before.daemon.resident_bytes);
  for (int round = 1; round <= 2; ++round) {
    sampling.sample(watch, later(round));
    Snapshot first;
    Snapshot second;
    sampling.fill_in(first);
    sampling.fill_in(second);
    for (const Snapshot* snapshot : {&first, &second}) {
      CHECK(snapshot->processes.empty());
      CHECK(snapshot->host.cpus.value_or(0) > 0);
      CHECK(snapshot->host.memory_total_bytes.value_or(0) > 0);
      CHECK(snapshot->daemon.cpu_seconds.has_value());
      CHECK(snapshot->daemon.resident_bytes.value_or(0) > 0);
      CHECK(snapshot->daemon.cpu_percent.has_value() == (round == 2));  // since the last sample
    }
  }
}
