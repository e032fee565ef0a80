#include "shm/clock.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ringside {

std::uint64_t monotonic_ticks() { return static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC)); }

#if defined(__x86_64__)
namespace {

bool cpu_has_invariant_tsc() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

bool kernel_runs_on_tsc() {
  std::ifstream source("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  return source >> name && name == "tsc";
}

// The page behind any perf event says how the kernel converts the counter: ns = ticks * mult >>
// shift. A software event that counts nothing is enough. It is allowed up to perf_event_paranoid 2.
std::uint64_t frequency_from_perf_page() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  const long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return 0;
  std::uint64_t hz = 0;
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* memory = mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, static_cast<int>(fd), 0);
  if (memory != MAP_FAILED) {
    const auto* page = static_cast<const volatile perf_event_mmap_page*>(memory);
    if (page->cap_user_time != 0 && page->time_mult != 0) {
      const double ns_per_tick =
          std::ldexp(static_cast<double>(page->time_mult), -int{page->time_shift});
      hz = static_cast<std::uint64_t>(std::llround(1e9 / ns_per_tick));
    }
    munmap(memory, page_bytes);
  }
  close(static_cast<int>(fd));
  return hz;
}

// Intel's leaf 0x15, and the leaf that hypervisors share (0x40000010: kHz).
std::uint64_t frequency_from_cpuid() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0x15, &a, &b, &c, &d) != 0 && a != 0 && b != 0 && c != 0) {
    return std::uint64_t{c} * b / a;
  }
  if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1U << 31)) != 0) {
    __cpuid(0x40000000, a, b, c, d);
    if (a >= 0x40000010 && a < 0x40000100) {
      __cpuid(0x40000010, a, b, c, d);
      return std::uint64_t{a} * 1000;
    }
  }
  return 0;
}

}  // namespace
#endif

ClockChoice choose_clock() {
#if defined(__x86_64__)
  if (cpu_has_invariant_tsc() && kernel_runs_on_tsc()) {
    const std::uint64_t hz = frequency_from_perf_page();
    return {ClockKind::tsc, hz != 0 ? hz : frequency_from_cpuid()};
  }
  return {ClockKind::monotonic, 1'000'000'000};
#elif defined(__aarch64__)
  std::uint64_t hz;
  asm("mrs %0, cntfrq_el0" : "=r"(hz));
  return {ClockKind::cntvct, hz};
#else
  return {ClockKind::monotonic, 1'000'000'000};
#endif
}

const char* clock_name(ClockKind kind) {
  switch (kind) {
    case ClockKind::tsc: return "tsc";
    case ClockKind::monotonic: return "monotonic";
    case ClockKind::cntvct: return "cntvct";
  }
  return "unknown";
}

bool clock_known(std::uint32_t kind) { return kind >= 1 && kind <= 3; }

Instant read_instant() {
  Instant best;
  std::uint64_t best_span = std::numeric_limits<std::uint64_t>::max();
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::uint64_t before = hardware_ticks();
    const std::int64_t monotonic = clock_ns(CLOCK_MONOTONIC);
    const std::uint64_t middle = hardware_ticks();
    const std::int64_t realtime = clock_ns(CLOCK_REALTIME);
    const std::uint64_t after = hardware_ticks();
    if (after - before < best_span) {
      best_span = after - before;
      best = {monotonic, realtime, before + (middle - before) / 2};
    }
  }
  return best;
}

double measure_ticks_per_second() {
  const Instant begin = read_instant();
  Instant end = begin;
  while (end.monotonic_ns - begin.monotonic_ns < 20'000'000) {
    const timespec rest{0, 20'000'000 - (end.monotonic_ns - begin.monotonic_ns)};
    nanosleep(&rest, nullptr);
    end = read_instant();
  }
  return static_cast<double>(end.ticks - begin.ticks) * 1e9 /
         static_cast<double>(end.monotonic_ns - begin.monotonic_ns);
}

TickScale::TickScale(ClockKind kind, std::uint64_t ticks_per_second, std::uint64_t anchor_ticks,
                     std::int64_t anchor_monotonic_ns)
    : kind_(kind),
      ticks_per_second_(kind == ClockKind::monotonic ? 1e9 : static_cast<double>(ticks_per_second)),
      stated_(ticks_per_second_),
      birth_ticks_(anchor_ticks),
      birth_ns_(anchor_monotonic_ns),
      anchor_ticks_(anchor_ticks),
      anchor_ns_(anchor_monotonic_ns) {}

void TickScale::sync(const Instant& now) {
  if (frozen_) return;
  if (kind_ == ClockKind::monotonic) {
    anchor_ticks_ = static_cast<std::uint64_t>(now.monotonic_ns);
    anchor_ns_ = now.monotonic_ns;
    return;
  }
  // The two ends of a baseline are each good to about 100 ns.
  constexpr std::int64_t kTrustedNs = 100'000'000;
  constexpr std::int64_t kBetterThanNothingNs = 1'000'000;
  const std::int64_t since_ns = subtract_ns(now.monotonic_ns, anchor_ns_);
  if (known() && since_ns >= kBetterThanNothingNs) {
    const double expected = static_cast<double>(since_ns) * ticks_per_second_ / 1e9;
    const auto moved = static_cast<double>(static_cast<std::int64_t>(now.ticks - anchor_ticks_));
    if (std::abs(moved - expected) > 0.01 * expected) {
      birth_ticks_ = now.ticks;
      birth_ns_ = now.monotonic_ns;
    }
  }
  const std::int64_t baseline_ns = subtract_ns(now.monotonic_ns, birth_ns_);
  const auto ticks = static_cast<std::int64_t>(now.ticks - birth_ticks_);
  if (ticks > 0 && baseline_ns >= (known() ? kTrustedNs : kBetterThanNothingNs)) {
    const double measured = static_cast<double>(ticks) * 1e9 / static_cast<double>(baseline_ns);
    // An anchor that is garbage, or from before a suspend, must not bend time. Where the kernel
    // stated a frequency, the measurement may only correct it, by as much as clock discipline can
    // do (0.1 %). No counter runs slower than 1 kHz or faster than 1 THz.
    const bool possible = measured > 1e3 && measured < 1e12;
    if (possible && (stated_ <= 0 || std::abs(measured / stated_ - 1) < 1e-3))
      ticks_per_second_ = measured;
  }
  anchor_ticks_ = now.ticks;
  anchor_ns_ = now.monotonic_ns;
}

namespace {
constexpr double kLimit = 9.2e18;   // what fits 63 bits, with room
}  // namespace

std::int64_t TickScale::span_ns(std::int64_t ticks) const {
  if (kind_ == ClockKind::monotonic) return ticks;
  if (ticks_per_second_ <= 0) return 0;
  const double ns = static_cast<double>(ticks) * 1e9 / ticks_per_second_;
  return static_cast<std::int64_t>(std::clamp(ns, -kLimit, kLimit));
}

std::int64_t TickScale::monotonic_ns(std::uint64_t ticks) const {
  const std::int64_t span = span_ns(static_cast<std::int64_t>(ticks - anchor_ticks_));
  return add_ns(anchor_ns_, span);
}

std::uint64_t TickScale::ticks_from_ns(std::int64_t monotonic_ns) const {
  if (kind_ == ClockKind::monotonic) {
    return anchor_ticks_ + static_cast<std::uint64_t>(monotonic_ns) -
           static_cast<std::uint64_t>(anchor_ns_);
  }
  const double ticks =
      static_cast<double>(subtract_ns(monotonic_ns, anchor_ns_)) * ticks_per_second_ / 1e9;
  return anchor_ticks_ +
         static_cast<std::uint64_t>(static_cast<std::int64_t>(std::clamp(ticks, -kLimit, kLimit)));
}

}  // namespace ringside
