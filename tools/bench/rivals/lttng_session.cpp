#include "tools/bench/rivals/lttng_session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tools/bench/harness.h"

namespace ringside::bench {

namespace {
// Files and a folder through which LTTng's libraries and its daemon meet, and which they leave
// behind: the machine's, the user's, and root's.
std::vector<std::string> meeting_places() {
  return {"/dev/shm/lttng-ust-wait-8", "/dev/shm/lttng-ust-wait-8-" + std::to_string(geteuid()),
          "/var/run/lttng"};
}
}  // namespace

const char* LttngSession::parameters() {
  return "per-user buffers, overwrite, 4 sub-buffers of 1 MiB a processor, trace files";
}

LttngSession::LttngSession(int cpu)
    : program_(program_in_path("lttng")), session_("ringside-bench-" + std::to_string(getpid())) {
  for (const std::string& file : meeting_places()) {
    if (access(file.c_str(), F_OK) != 0) left_behind_.push_back(file);
  }
  if (program_.empty()) {
    why_not_ = "the program lttng is missing; next: install the package lttng-tools";
    return;
  }
  // `lttng` keeps its state between two commands in this folder, and a daemon that is not root's is
  // found there. With our own folder we disturb nobody else's.
  setenv("LTTNG_HOME", scratch_.path().c_str(), 1);
  if (!daemon_answers() && !start_daemon(cpu)) return;
  created_ = lttng({"create", session_, "--output=" + scratch_.file("trace")});
  if (created_ &&
      lttng({"enable-channel", "--userspace", "--session=" + session_, "--overwrite",
             "--subbuf-size=1M", "--num-subbuf=4", "bench"}) &&
      lttng({"enable-event", "--userspace", "--session=" + session_, "--channel=bench",
             "ringside_bench:*"}) &&
      lttng({"start", session_})) {
    return;
  }
  why_not_ = "its session could not be had; next: look at what lttng says:\n" +
             read_text(scratch_.file("lttng.log"));
}

LttngSession::~LttngSession() {
  destroy();
  if (daemon_ > 0) end_daemon();
  unsetenv("LTTNG_HOME");
  // A folder is removed only if it is empty.
  for (const std::string& file : left_behind_) std::remove(file.c_str());
}

bool LttngSession::lttng(const std::vector<std::string>& words) const {
  std::vector<std::string> command = {program_, "--no-sessiond"};
  command.insert(command.end(), words.begin(), words.end());
  Program program(command, scratch_.file("lttng.log"));
  return program.wait(20) == 0;
}

bool LttngSession::daemon_answers() const { return lttng({"list"}); }

bool LttngSession::start_daemon(int cpu) {
  const std::string path = program_in_path("lttng-sessiond");
  if (path.empty()) {
    why_not_ = "the program lttng-sessiond is missing; next: install the package lttng-tools";
    return false;
  }
  const std::string log = scratch_.file("sessiond.log");
  daemon_ = fork();
  if (daemon_ == 0) {
    // In its own process group: Ctrl-C on the benchmark must not end the daemon before its sessions
    // are destroyed. If the benchmark is killed, the daemon gets SIGTERM and ends in order.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    pin_to(cpu);
    execl(path.c_str(), path.c_str(), "--no-kernel", static_cast<char*>(nullptr));
    _exit(127);
  }
  const double deadline = monotonic_seconds() + 10;
  while (!daemon_answers()) {
    if (monotonic_seconds() > deadline) {
      why_not_ = "lttng-sessiond does not answer; next: look at what it says:\n" + read_text(log);
      return false;
    }
    poll(nullptr, 0, 50);
  }
  return true;
}

void LttngSession::end_daemon() {
  kill(daemon_, SIGTERM);
  const double deadline = monotonic_seconds() + 10;
  while (waitpid(daemon_, nullptr, WNOHANG) == 0) {
    if (monotonic_seconds() > deadline) {
      kill(-daemon_, SIGKILL);
      waitpid(daemon_, nullptr, 0);
      break;
    }
    poll(nullptr, 0, 10);
  }
}

void LttngSession::destroy() {
  if (!created_) return;
  created_ = false;
  lttng({"destroy", session_});
}

long long LttngSession::events() {
  const std::string reader = program_in_path("babeltrace2");
  lttng({"stop", session_});
  destroy();
  if (reader.empty()) return -1;
  Program program({reader, scratch_.file("trace"), "--component=sink.utils.counter"},
                  scratch_.file("count"));
  if (program.wait(60) != 0) return -1;
  // The line is "      2000 Event messages".
  const std::string text = read_text(scratch_.file("count"));
  const std::size_t at = text.rfind(" Event message");
  if (at == std::string::npos) return -1;
  return std::strtoll(text.c_str() + text.find_last_of('\n', at) + 1, nullptr, 10);
}

}  // namespace ringside::bench
