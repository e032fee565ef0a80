#include "shm/clock.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "shm/clock_probe.h"
#include "shm/file_descriptor.h"

namespace ringside {

std::uint64_t monotonic_ticks() { return static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC)); }

bool invariant_tsc(Cpuid ask) {
  return ask(0x80000000).eax >= 0x80000007 && (ask(0x80000007).edx & (1U << 8)) != 0;
}

std::uint64_t hz_from_cpuid(Cpuid ask) {
  if (ask(0).eax >= 0x15) {
    // The crystal's frequency, and the counter's as a fraction of it.
    const CpuidAnswer tsc = ask(0x15);
    if (tsc.eax != 0 && tsc.ebx != 0 && tsc.ecx != 0)
      return std::uint64_t{tsc.ecx} * tsc.ebx / tsc.eax;
  }
  const bool virtual_machine = ask(1).ecx >> 31 != 0;
  if (!virtual_machine) return 0;
  const unsigned last = ask(0x40000000).eax;
  return last >= 0x40000010 && last < 0x40000100 ? std::uint64_t{ask(0x40000010).eax} * 1000 : 0;
}

std::uint64_t hz_from_factors(std::uint32_t mult, std::uint16_t shift) {
  if (mult == 0) return 0;
  const double ns_per_tick = std::ldexp(static_cast<double>(mult), -int{shift});
  return static_cast<std::uint64_t>(std::llround(1e9 / ns_per_tick));
}

// A software event that counts nothing is enough. It is allowed up to perf_event_paranoid 2.
PerfPage read_perf_page() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.exclude_kernel = 1;
  const FileDescriptor file(static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  PerfPage found{};
  if (!file) return found;
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* memory = mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return found;
  const auto* page = static_cast<const volatile perf_event_mmap_page*>(memory);
  found = {true, page->cap_user_time != 0, page->time_mult, page->time_shift};
  munmap(memory, page_bytes);
  return found;
}

ClockChoice choose_x86_clock(Cpuid ask, const std::string& source, PerfPage (*perf_page)()) {
  if (source != "tsc" || !invariant_tsc(ask)) return {};
  const PerfPage page = perf_page();
  const std::uint64_t hz = page.has_time ? hz_from_factors(page.mult, page.shift) : 0;
  return {ClockKind::tsc, hz != 0 ? hz : hz_from_cpuid(ask)};
}

ClockChoice choose_clock() {
#if defined(__x86_64__)
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  file >> source;
  const Cpuid ask = [](unsigned leaf) {
    CpuidAnswer answer;
    __cpuid(leaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
    return answer;
  };
  return choose_x86_clock(ask, source, &read_perf_page);
#elif defined(__aarch64__)
  std::uint64_t hz;
  asm("mrs %0, cntfrq_el0" : "=r"(hz));
  return {ClockKind::cntvct, hz};
#else
  return {};
#endif
}

std::uint64_t rate_today(ClockKind clock, const ClockChoice& today) {
  return clock == today.kind ? today.ticks_per_second : 0;
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

Instant fastest(const ClockReads* tries, std::size_t count) {
  const ClockReads& best = *std::min_element(
      tries, tries + count, [](const ClockReads& a, const ClockReads& b) {
        return a.after - a.before < b.after - b.before;
      });
  return {best.monotonic_ns, best.realtime_ns, best.before + (best.middle - best.before) / 2};
}

Instant read_instant() {
  ClockReads tries[8];
  for (ClockReads& one : tries) {
    one.before = hardware_ticks();
    one.monotonic_ns = clock_ns(CLOCK_MONOTONIC);
    one.middle = hardware_ticks();
    one.realtime_ns = clock_ns(CLOCK_REALTIME);
    one.after = hardware_ticks();
  }
  return fastest(tries, std::size(tries));
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
  if (baseline_ns >= (known() ? kTrustedNs : kBetterThanNothingNs)) {
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
