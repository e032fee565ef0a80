// Who a process is, and whether it still lives. A pid is reused. A pid with its start time is not.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside {

struct ProcessIdentity {
  std::uint32_t pid = 0;
  std::uint64_t start_time = 0;     // field 22 of /proc/PID/stat, clock ticks after boot; 0 unknown
  std::uint64_t pid_namespace = 0;  // inode of /proc/self/ns/pid; 0 unknown
};

// This process. Read from /proc at each call: after a fork the answer is the child's.
ProcessIdentity self_identity();

// Field 22 of the text of a /proc/PID/stat; 0 when the text isn't one. The command's name in it may
// hold anything, spaces and parentheses included.
std::uint64_t start_time_from_stat(std::string_view stat);
// Whether it is the text of a process that runs no more. A zombie writes nothing. But a process
// whose main thread ended first is shown as one while its other threads run.
bool ended_in_stat(std::string_view stat);

// The start time of a living process. 0 when there is no such process, or /proc doesn't say.
std::uint64_t process_start_time(std::uint32_t pid);

enum class Liveness { alive, dead, unknown };

// Whether the process with that pid and start time is alive. `unknown` when /proc cannot tell. A
// start time of 0 matches any. Only meaningful in the pid namespace that the pid is from.
Liveness process_liveness(std::uint32_t pid, std::uint64_t start_time);

std::uint64_t self_pid_namespace();

// The kernel's boot id, as two words; zeros when it can't be read.
struct BootId {
  std::uint64_t words[2] = {0, 0};
};
BootId current_boot_id();
// The id in such a text: its first 32 digits, whatever stands between them.
BootId boot_id_from_text(std::string_view text);
// False when either is not known: a sandbox that hides the boot id is not another boot.
bool other_boot(const BootId& a, const BootId& b);

}  // namespace ringside
