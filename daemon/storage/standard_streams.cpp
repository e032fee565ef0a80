#include "daemon/storage/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace ringside {

void secure_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest free number, which is this one: all below it are open by now.
    const int flags = number == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", flags) < 0) {
      // There is no /dev. Open a directory instead: "/" always exists, and it can be neither read
      // nor written.
      (void)open("/", O_RDONLY | O_DIRECTORY);
    }
  }
  signal(SIGXFSZ, SIG_IGN);
}

int finish_output(const char* program, int code) {
  bool failed = std::fflush(stdout) != 0;
  int error = failed ? errno : 0;
  // An earlier write may have failed, when the buffer was full. Its errno is gone.
  failed = failed || std::ferror(stdout) != 0;
  if (!failed) {
    // Some file systems (NFS) report a failed write only at close(2), of any copy.
    const int copy = dup(STDOUT_FILENO);
    if (copy >= 0 && close(copy) != 0) {
      error = errno;
      failed = true;
    }
  }
  if (!failed) return code;
  std::fprintf(stderr, "%s: standard output: cannot write%s%s\n", program, error != 0 ? ": " : "",
               error != 0 ? std::strerror(error) : "");
  return code == 0 ? 1 : code;
}

}  // namespace ringside
