#include "shm/clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
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

ClockChoice choose_x86_clock(Cpuid ask, const std::string& source) {
  if (source != "tsc" || !invariant_tsc(ask)) return {};
  return {ClockKind::tsc, hz_from_cpuid(ask)};
}

std::string clock_source() {
  const FileDescriptor file(
      open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
           O_RDONLY | O_CLOEXEC));
  char text[32];
  const ssize_t got = file ? read(file.get(), text, sizeof text) : 0;
  std::string source(text, static_cast<std::size_t>(got > 0 ? got : 0));
  return source.substr(0, source.find_first_of(" \n"));
}

std::int64_t monotonic_cost_ns() {
  constexpr std::size_t kReads = 64;
  std::int64_t costs[kReads];
  std::int64_t before = clock_ns(CLOCK_MONOTONIC);
  for (std::int64_t& cost : costs) {
    const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
    cost = now - before;
    before = now;
  }
  std::nth_element(costs, costs + kReads / 2, costs + kReads);
  return costs[kReads / 2];
}

ClockChoice choose_clock() {
#if defined(__x86_64__)
  const Cpuid ask = [](unsigned leaf) {
    CpuidAnswer answer;
    __cpuid(leaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
    return answer;
  };
  return choose_x86_clock(ask, clock_source());
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
