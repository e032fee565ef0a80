#include "tests/ring/fuzz/fixed_world.h"

#include <signal.h>

#include <cerrno>
#include <vector>

#include "daemon/rings/unnamed_ring.h"
#include "tests/ring/fuzz/files.h"

namespace ringside::fuzz {

Instant fixed_instant() asm("__wrap__ZN8ringside12read_instantEv");
Instant fixed_instant() { return instant_at(kStartNs + kSecond); }

ClockChoice fixed_clock() asm("__wrap__ZN8ringside12choose_clockEv");
ClockChoice fixed_clock() { return {ClockKind::tsc, kTicksPerSecond}; }

double fixed_rate() asm("__wrap__ZN8ringside24measure_ticks_per_secondEv");
double fixed_rate() { return static_cast<double>(kTicksPerSecond); }

BootId fixed_boot() asm("__wrap__ZN8ringside15current_boot_idEv");
BootId fixed_boot() { return kBoot; }

std::uint64_t fixed_namespace() asm("__wrap__ZN8ringside18self_pid_namespaceEv");
std::uint64_t fixed_namespace() { return kPidNamespace; }

Liveness fixed_liveness(std::uint32_t pid,
                        std::uint64_t start_time) asm("__wrap__ZN8ringside16process_livenessEjm");
Liveness fixed_liveness(std::uint32_t pid, std::uint64_t) {
  return pid == kLivingProcess ? Liveness::alive : Liveness::dead;
}

// A ring that stands under another name than the watched one has lost its name, and a living
// process has it mapped.
std::vector<UnnamedRing> fixed_unnamed_rings(std::uint64_t inode) asm(
    "__wrap__ZN8ringside18find_unnamed_ringsEm");
std::vector<UnnamedRing> fixed_unnamed_rings(std::uint64_t inode) {
  const std::string path = elsewhere(inode);
  if (path.empty()) return {};
  return {{path, kLivingProcess, inode, ""}};
}

// Nothing of this machine's /proc is found.
bool no_search(UnnamedSearch*, std::size_t) asm("__wrap__ZN8ringside13UnnamedSearch4readEm");
bool no_search(UnnamedSearch*, std::size_t) { return false; }

}  // namespace ringside::fuzz

extern "C" {

int __real_kill(pid_t pid, int signal);

// Whether a thread lives is asked with signal 0.
int __wrap_kill(pid_t pid, int signal) {
  if (signal != 0) return __real_kill(pid, signal);
  if (pid == static_cast<pid_t>(ringside::fuzz::kLivingProcess)) return 0;
  errno = ESRCH;
  return -1;
}
}
