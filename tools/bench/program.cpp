#include "tools/bench/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/bench/harness.h"

namespace ringside::bench {

namespace {
void pause_ms(int ms) { poll(nullptr, 0, ms); }
}  // namespace

Program::Program(const std::vector<std::string>& command, const std::string& output,
                 const std::vector<std::pair<std::string, std::string>>& environment, int cpu) {
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(fd, 1);
  dup2(fd, 2);
  if (cpu >= 0) pin_to(cpu);
  for (const auto& [name, value] : environment) {
    if (value.empty()) {
      unsetenv(name.c_str());
    } else {
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  std::perror(argv[0]);
  _exit(127);
}

Program::~Program() {
  if (!ended_) stop(2);
}

void Program::signal(int number) const {
  if (!ended_) kill(pid_, number);
}

std::optional<int> Program::wait(double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (!ended_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      ended_ = true;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (monotonic_seconds() > deadline) return std::nullopt;
    pause_ms(2);
  }
  return std::nullopt;
}

int Program::stop(double seconds) {
  signal(SIGCONT);
  signal(SIGTERM);
  if (const auto code = wait(seconds)) return *code;
  signal(SIGKILL);
  wait(10);
  return -1;
}

double Program::cpu_seconds() const {
  const std::string stat = read_text("/proc/" + std::to_string(pid_) + "/stat");
  const std::size_t at = stat.rfind(')');
  if (at == std::string::npos) return 0;
  std::istringstream in(stat.substr(at + 1));
  std::string skip;
  for (int field = 3; field < 14; ++field) in >> skip;
  double user = 0;
  double system = 0;
  in >> user >> system;
  // schedstat counts in nanoseconds, stat in ticks of 10 ms. But schedstat of a process counts its
  // main thread alone, so the tasks are added up.
  double ns = 0;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", error)) {
    std::istringstream line(read_text(task.path().string() + "/schedstat"));
    double run = 0;
    line >> run;
    ns += run;
  }
  return ns > 0 ? ns / 1e9 : (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::size_t resident_bytes_of(pid_t pid) {
  std::istringstream in(read_text("/proc/" + std::to_string(pid) + "/statm"));
  std::size_t total = 0;
  std::size_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t Program::resident_bytes() const { return resident_bytes_of(pid_); }

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string program_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const std::string file = folder + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

bool wait_for_file(const std::string& path, double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (monotonic_seconds() < deadline) {
    if (!read_text(path).empty()) return true;
    pause_ms(5);
  }
  return false;
}

namespace {
std::string& scratch_base() {
  static std::string base = "/tmp";
  return base;
}
}  // namespace

Scratch::Scratch() {
  path_ = scratch_base() + "/ringside-bench-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::perror(path_.c_str());
}
void Scratch::lie_in(const std::string& folder) { scratch_base() = folder; }
const std::string& Scratch::holder() { return scratch_base(); }
Scratch::~Scratch() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace ringside::bench
