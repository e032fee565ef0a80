// A seccomp filter for this process, for good: what a server finds in a sandbox, or on an older
// kernel.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringside::test {

class Filter {
 public:
  // The call fails with this error, for every argument, or for one value of one argument.
  Filter& fails(long call, int error) {
    when(call, {give(SECCOMP_RET_ERRNO | static_cast<unsigned>(error))});
    return *this;
  }
  Filter& fails(long call, unsigned argument, unsigned value, int error) {
    const auto low_half = static_cast<unsigned>(offsetof(seccomp_data, args) + 8 * argument);
    when(call, {load(low_half), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
                give(SECCOMP_RET_ERRNO | static_cast<unsigned>(error)), give(SECCOMP_RET_ALLOW)});
    return *this;
  }
  // The call ends the process with SIGSYS.
  Filter& kills(long call) {
    when(call, {give(SECCOMP_RET_KILL_PROCESS)});
    return *this;
  }
  Filter& allows(long call) {
    when(call, {give(SECCOMP_RET_ALLOW)});
    return *this;
  }

  // From now on. What no rule names is allowed, or ends the process.
  bool enter(bool others_are_killed = false) {
    std::vector<sock_filter> program = {load(offsetof(seccomp_data, nr))};
    program.insert(program.end(), rules_.begin(), rules_.end());
    program.push_back(give(others_are_killed ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW));
    const sock_fprog all{static_cast<unsigned short>(program.size()), program.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
  }

 private:
  static sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
  }
  static sock_filter give(unsigned verdict) { return BPF_STMT(BPF_RET | BPF_K, verdict); }
  // Every body ends with a verdict, so the number of the call is still loaded after it.
  void when(long call, const std::vector<sock_filter>& body) {
    rules_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0,
                              static_cast<unsigned char>(body.size())));
    rules_.insert(rules_.end(), body.begin(), body.end());
  }

  std::vector<sock_filter> rules_;
};

}  // namespace ringside::test
