#include "tests/ring/fuzz/fixed_world.h"

namespace ringside::fuzz {

Instant fixed_instant() asm("__wrap__ZN8ringside12read_instantEv");
Instant fixed_instant() { return instant_at(kStartNs + kSecond); }

ClockChoice fixed_clock() asm("__wrap__ZN8ringside12choose_clockEv");
ClockChoice fixed_clock() { return {ClockKind::tsc, kTicksPerSecond}; }

BootId fixed_boot() asm("__wrap__ZN8ringside15current_boot_idEv");
BootId fixed_boot() { return kBoot; }

std::uint64_t fixed_namespace() asm("__wrap__ZN8ringside18self_pid_namespaceEv");
std::uint64_t fixed_namespace() { return kPidNamespace; }

}  // namespace ringside::fuzz
