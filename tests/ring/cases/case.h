// What the cases share: checks inside a child process, and namespaces or users that only root may
// have.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include "shm/segment.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

namespace ringside::test {

inline bool long_run() { return std::getenv("RINGSIDE_TEST_LONG") != nullptr; }

// doctest's checks count only in the process that runs doctest. In a child this check prints its
// line and ends the child.
#define HOLDS(fact)                                                          \
  do {                                                                       \
    if (!(fact)) {                                                           \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #fact);        \
      std::fflush(stderr);                                                   \
      _exit(1);                                                              \
    }                                                                        \
  } while (false)

// A small ring of this process.
inline Created create(const std::string& path, Failure* failure) {
  CreateOptions options;
  options.path = path;
  options.program = "test";
  options.geometry = {2, 64, 64};
  return create_segment(options, self_identity(), failure);
}

// Exit code of a child that may not make the namespaces or mounts that it needs.
inline constexpr int kNotAllowed = 77;

// Whether this process may make namespaces and mounts: CAP_SYS_ADMIN, bit 21 of its effective
// capabilities.
inline bool may_make_worlds() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("CapEff:", 0) == 0)
      return (std::stoull(line.substr(7), nullptr, 16) >> 21 & 1) != 0;
  }
  return false;
}

inline bool no(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  return false;
}

// For a child: gives it namespaces of its own. Without CAP_SYS_ADMIN this is done in a user
// namespace, if the kernel allows one.
inline bool enter_world(int namespaces) {
  if (unshare(namespaces) == 0) return true;
  const std::string uid = "0 " + std::to_string(geteuid()) + " 1";
  if (unshare(namespaces | CLONE_NEWUSER) != 0) return no("unshare");
  std::ofstream("/proc/self/uid_map") << uid;
  return true;
}

// For a child: a file system of `size`, which ends with the child. Returns its path, or an empty
// string where the kernel refuses. The path goes through a file descriptor, and the file system is
// attached to no folder. A mount was rejected: it could spread to other namespaces. In a chroot
// nothing prevents that, because "/" is no mount point there.
inline std::string small_file_system(const char* size) {
  if (!may_make_worlds() && !enter_world(CLONE_NEWNS)) return {};
  const int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
  const bool ready = context >= 0 &&
                     fsconfig(context, FSCONFIG_SET_STRING, "size", size, 0) == 0 &&
                     fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  const int mounted = ready ? fsmount(context, 0, 0) : -1;
  if (mounted < 0) {
    no("tmpfs");
    return {};
  }
  close(context);
  return "/proc/self/fd/" + std::to_string(mounted);
}

// Whether the case was shown. Where the system doesn't allow the case, a message says so. Where it
// should allow the case, the test fails.
inline bool shown(const Ended& ended) {
  if (ended.exited(kNotAllowed)) {
    if (may_make_worlds())
      FAIL("the world that this case needs was refused, although we have CAP_SYS_ADMIN");
    MESSAGE("not shown here: it needs root, or user namespaces");
    return false;
  }
  CHECK_MESSAGE(ended.exited(0), "status " << ended.status);
  return true;
}

// For a child: changes its user for good.
inline void become(unsigned uid) {
  if (setgid(uid) != 0 || setuid(uid) != 0) _exit(98);
}
inline bool is_root() {
  if (geteuid() == 0) return true;
  MESSAGE("not shown here: only root can act as several users");
  return false;
}

}  // namespace ringside::test
