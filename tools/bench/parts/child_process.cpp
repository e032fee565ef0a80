#include "tools/bench/parts/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "daemon/storage/standard_streams.h"

namespace ringside::bench {

namespace {

sigset_t g_before;   // the signal mask before watch_for_interrupts(); children get it back
int g_signals = -1;
int g_interrupted = 0;

// A killed process leaves its rings behind. Their names end in its pid, or in its pid and
// .previous.
void remove_rings_of(pid_t pid) {
  const std::string ending = "-" + std::to_string(pid);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", error)) {
    std::string name = entry.path().filename();
    if (name.ends_with(".previous")) name.resize(name.size() - std::strlen(".previous"));
    if (name.find("bench-") != std::string::npos && name.ends_with(ending)) {
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

[[noreturn]] void be_the_child(void (*part)(const Settings&, Results&), const Settings& settings,
                               int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigprocmask(SIG_SETMASK, &g_before, nullptr);
  Results results;
  results.forward_to(out);
  part(settings, results);
  const int code = results.all().empty() && results.remarks().empty() ? 1 : 0;
  _exit(finish_output("ringside-bench", code));
}

}  // namespace

void watch_for_interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, &g_before);
  g_signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int interrupted() { return g_interrupted; }

void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  sigprocmask(SIG_SETMASK, &g_before, nullptr);
  raise(signal);
  _exit(128 + signal);
}

bool run_in_child(void (*part)(const Settings&, Results&), const Settings& settings,
                  Results& results) {
  if (g_interrupted != 0) return false;
  std::fflush(stdout);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    std::perror("ringside-bench: pipe");
    return false;
  }
  const pid_t child = fork();
  if (child < 0) {
    std::perror("ringside-bench: fork");
    return false;
  }
  if (child == 0) {
    close(ends[0]);
    be_the_child(part, settings, ends[1]);
  }
  close(ends[1]);
  std::string text;
  for (;;) {
    pollfd wait[2] = {{ends[0], POLLIN, 0}, {g_signals, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) break;
    if ((wait[1].revents & POLLIN) != 0) {
      signalfd_siginfo info{};
      if (read(g_signals, &info, sizeof info) == sizeof info) {
        g_interrupted = static_cast<int>(info.ssi_signo);
        break;
      }
    }
    if ((wait[0].revents & (POLLIN | POLLHUP)) != 0) {
      char buffer[4096];
      const ssize_t got = read(ends[0], buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(ends[0]);
  // The kernel ends the programs that the child started, through PR_SET_PDEATHSIG.
  if (g_interrupted != 0) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  remove_rings_of(child);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    results.take(text.substr(begin, end - begin));
  }
  if (g_interrupted != 0) return false;
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "ringside-bench: this part ended by signal %d (%s)\n", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace ringside::bench
