// Which clock a machine has, from the answers of machines that are not here.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "shm/clock_probe.h"
#include "shm/file_descriptor.h"
#include "tests/support/process.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// What the machine of a test answers. Questions that it does not know get zeros.
struct Machine {
  unsigned last_leaf = 0x16;
  CpuidAnswer features{};     // leaf 1
  CpuidAnswer crystal{};      // leaf 0x15
  unsigned last_virtual = 0;  // leaf 0x40000000
  unsigned virtual_khz = 0;   // leaf 0x40000010
  unsigned last_extended = 0x80000008;
  unsigned power = 1U << 8;  // leaf 0x80000007
};
Machine g_machine;

CpuidAnswer answer_of(unsigned leaf) {
  switch (leaf) {
    case 0: return {g_machine.last_leaf, 0, 0, 0};
    case 1: return g_machine.features;
    case 0x15: return g_machine.crystal;
    case 0x40000000: return {g_machine.last_virtual, 0, 0, 0};
    case 0x40000010: return {g_machine.virtual_khz, 0, 0, 0};
    case 0x80000000: return {g_machine.last_extended, 0, 0, 0};
    case 0x80000007: return {0, 0, 0, g_machine.power};
    default: return {};
  }
}

std::uint64_t hz_of(const Machine& machine) {
  g_machine = machine;
  return hz_from_cpuid(&answer_of);
}

Machine virtual_machine(unsigned last, unsigned khz) {
  Machine machine;
  machine.features.ecx = 1U << 31;
  machine.last_virtual = last;
  machine.virtual_khz = khz;
  return machine;
}

}  // namespace

TEST_CASE(
    "ClockProbe: the time stamp counter is invariant where leaf 0x80000007 says so in bit 8") {
  g_machine = {};
  CHECK(invariant_tsc(&answer_of));
  g_machine.power = ~(1U << 8);
  CHECK_FALSE(invariant_tsc(&answer_of));
  g_machine = {};
  g_machine.last_extended = 0x80000007;
  CHECK(invariant_tsc(&answer_of));
  g_machine.last_extended = 0x80000006;
  CHECK_FALSE(invariant_tsc(&answer_of));
}

TEST_CASE("ClockProbe: the crystal's frequency and a fraction give the counter's") {
  Machine machine;
  machine.crystal = {2, 176, 24'000'000, 0};
  CHECK(hz_of(machine) == 2'112'000'000);
  machine.last_leaf = 0x15;
  CHECK(hz_of(machine) == 2'112'000'000);
  machine.last_leaf = 0x14;
  CHECK(hz_of(machine) == 0);
  // Any of the three may be missing. 1 is not.
  for (const CpuidAnswer crystal : {CpuidAnswer{0, 176, 24'000'000, 0},
                                    CpuidAnswer{2, 0, 24'000'000, 0}, CpuidAnswer{2, 176, 0, 0}}) {
    machine = virtual_machine(0x40000010, 2'600'000);
    machine.crystal = crystal;
    CHECK(hz_of(machine) == 2'600'000'000);
  }
  machine.crystal = {1, 176, 24'000'000, 0};
  CHECK(hz_of(machine) == 4'224'000'000);
  machine.crystal = {2, 1, 24'000'000, 0};
  CHECK(hz_of(machine) == 12'000'000);
  machine.crystal = {2, 8, 1, 0};
  CHECK(hz_of(machine) == 4);
}

TEST_CASE("ClockProbe: a hypervisor states kHz in a leaf of its own, where it has that leaf") {
  CHECK(hz_of(virtual_machine(0x40000010, 2'600'000)) == 2'600'000'000);
  CHECK(hz_of(virtual_machine(0x400000ff, 1)) == 1000);
  CHECK(hz_of(virtual_machine(0x4000000f, 2'600'000)) == 0);
  CHECK(hz_of(virtual_machine(0x40000100, 2'600'000)) == 0);
  Machine bare = virtual_machine(0x40000010, 2'600'000);
  bare.features.ecx = 0x7fffffff;
  CHECK(hz_of(bare) == 0);
}

TEST_CASE("ClockProbe: the counter is the clock where processor and kernel vouch for it") {
  g_machine = virtual_machine(0x40000010, 2'600'000);
  ClockChoice choice = choose_x86_clock(&answer_of, "tsc");
  CHECK(choice.kind == ClockKind::tsc);
  CHECK(choice.ticks_per_second == 2'600'000'000);
  for (const char* source : {"kvm-clock", "hpet", ""}) {
    choice = choose_x86_clock(&answer_of, source);
    CHECK(choice.kind == ClockKind::monotonic);
    CHECK(choice.ticks_per_second == 1'000'000'000);
  }
  // A processor that states no rate: readers measure it.
  g_machine = {};
  choice = choose_x86_clock(&answer_of, "tsc");
  CHECK(choice.kind == ClockKind::tsc);
  CHECK(choice.ticks_per_second == 0);
  g_machine.power = 0;
  CHECK(choose_x86_clock(&answer_of, "tsc").kind == ClockKind::monotonic);
}

TEST_CASE("ClockProbe: what a read of the system's clock takes is measured") {
  const std::int64_t cost_ns = monotonic_cost_ns();
  CHECK(cost_ns >= 0);
  CHECK(cost_ns < 100'000);
}

TEST_CASE("ClockProbe: a ring that states no rate has today's, if today's clock is its own") {
  CHECK(rate_today(ClockKind::tsc, {ClockKind::tsc, 5}) == 5);
  CHECK(rate_today(ClockKind::tsc, {ClockKind::monotonic, 5}) == 0);
}

TEST_CASE("ClockProbe: of several tries the fastest counts, in the middle of its first two reads") {
  const ClockReads tries[] = {
      {1000, 11, 1100, 21, 1300}, {2000, 12, 2100, 22, 2200}, {3000, 13, 3050, 23, 3200}};
  const Instant best = fastest(tries, 3);
  CHECK(best.ticks == 2050);
  CHECK(best.monotonic_ns == 12);
  CHECK(best.realtime_ns == 22);
  CHECK(fastest(tries, 1).ticks == 1050);
  // A counter passes its own end.
  const ClockReads wraps[] = {{1000, 1, 1100, 1, 1300}, {~std::uint64_t{0} - 9, 2, 10, 2, 90}};
  CHECK(fastest(wraps, 2).ticks == 0);
}

TEST_CASE("ClockProbe: all clocks of an instant are read now") {
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t ticks_before = hardware_ticks();
    const std::int64_t monotonic_before = clock_ns(CLOCK_MONOTONIC);
    const std::int64_t realtime_before = clock_ns(CLOCK_REALTIME);
    const Instant now = read_instant();
    CHECK(now.ticks >= ticks_before);
    CHECK(now.ticks <= hardware_ticks());
    CHECK(now.monotonic_ns >= monotonic_before);
    CHECK(now.monotonic_ns <= clock_ns(CLOCK_MONOTONIC));
    CHECK(now.realtime_ns >= realtime_before);
    CHECK(now.realtime_ns <= clock_ns(CLOCK_REALTIME));
  }
}

TEST_CASE("ClockProbe: a clock is read in whole nanoseconds, as ticks too") {
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
    timespec before{};
    timespec after{};
    clock_gettime(clock, &before);
    const std::int64_t ns = clock_ns(clock);
    clock_gettime(clock, &after);
    const std::int64_t second = ns / 1'000'000'000;
    const std::int64_t rest = ns % 1'000'000'000;
    CHECK((second > before.tv_sec || (second == before.tv_sec && rest >= before.tv_nsec)));
    CHECK((second < after.tv_sec || (second == after.tv_sec && rest <= after.tv_nsec)));
  }
  const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
  const auto ticks = static_cast<std::int64_t>(read_ticks(ClockKind::monotonic));
  CHECK(ticks >= before);
  CHECK(ticks <= clock_ns(CLOCK_MONOTONIC));
  // The processor may read its counter a little early or late.
  const auto counter = static_cast<std::int64_t>(hardware_ticks());
  CHECK(std::abs(static_cast<std::int64_t>(read_ticks(ClockKind::tsc)) - counter) < 1'000'000'000);
}

TEST_CASE("ClockProbe: the counter's rate is measured over 20 ms, which the thread sleeps") {
  timespec cpu_before{};
  timespec cpu_after{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_before);
  const Instant begin = read_instant();
  const double measured = measure_ticks_per_second();
  const Instant end = read_instant();
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_after);
  const double expected = static_cast<double>(end.ticks - begin.ticks) * 1e9 /
                          static_cast<double>(end.monotonic_ns - begin.monotonic_ns);
  CHECK(std::abs(measured / expected - 1) < 0.01);
  CHECK(end.monotonic_ns - begin.monotonic_ns >= 20'000'000);
  CHECK(end.monotonic_ns - begin.monotonic_ns < 900'000'000);
  const std::int64_t cpu_ns = (cpu_after.tv_sec - cpu_before.tv_sec) * 1'000'000'000 +
                              cpu_after.tv_nsec - cpu_before.tv_nsec;
  CHECK(cpu_ns < 10'000'000);
}

TEST_CASE("ClockProbe: the kinds of clock that the format knows are 1, 2 and 3") {
  CHECK_FALSE(clock_known(0));
  CHECK(clock_known(1));
  CHECK(clock_known(2));
  CHECK(clock_known(3));
  CHECK_FALSE(clock_known(4));
  CHECK(std::string(clock_name(ClockKind::tsc)) == "tsc");
  CHECK(std::string(clock_name(ClockKind::monotonic)) == "monotonic");
  CHECK(std::string(clock_name(ClockKind::cntvct)) == "cntvct");
  CHECK(std::string(clock_name(static_cast<ClockKind>(9))) == "unknown");
}

TEST_CASE("ClockProbe: this machine's clock is the one that its kernel uses") {
#if defined(__x86_64__)
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  file >> source;
  CHECK((choose_clock().kind == ClockKind::tsc) == (source == "tsc"));
#elif defined(__aarch64__)
  CHECK(choose_clock().kind == ClockKind::cntvct);
#endif
}

TEST_CASE("FileDescriptor: every open file is closed once, the one with number 0 too") {
  const FileDescriptor none(-1);
  CHECK(!none);
  CHECK(run([] {
          close(0);
          {
            const FileDescriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
            if (!file || file.get() != 0 || fcntl(0, F_GETFD) < 0) return 1;
          }
          return fcntl(0, F_GETFD) < 0 ? 0 : 2;
        }).exited(0));
}
