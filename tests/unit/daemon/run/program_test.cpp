// ringsided as a program: flags, exit codes, signals.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <vector>

#include "tests/unit/daemon/files_of_test.h"
#include "tests/support/process.h"

namespace ringside {
namespace {

using test::TempDir;

class Program {
 public:
  Program(const TempDir& directory, std::vector<std::string> arguments)
      : output_(directory.file("output")) {
    arguments.insert(arguments.begin(), RINGSIDED);
    pid_ = test::spawn([&] {
      const int fd = open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(fd, STDOUT_FILENO);
      dup2(fd, STDERR_FILENO);
      setenv("HOME", directory.path().c_str(), 1);
      setenv("XDG_STATE_HOME", directory.path().c_str(), 1);
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      return 127;
    });
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      test::wait_for(pid_);
    }
  }
  void signal(int number) const { kill(pid_, number); }
  test::Ended ended() {
    const auto result = test::wait_for(pid_);
    pid_ = -1;
    return result;
  }
  std::string output() const { return read_text(output_); }
  void says(const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (output().find(text) == std::string::npos) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, output());
      poll(nullptr, 0, 5);
    }
  }

 private:
  std::string output_;
  pid_t pid_ = -1;
};

std::vector<std::string> daemon_arguments(const TempDir& directory) {
  return {"--ring", directory.file("ring"), "--state-dir", directory.file("state"), "--tick",
          "100ms"};
}

TEST_CASE("Program: wrong usage is 2, and says what is wrong") {
  const TempDir directory;
  write_text(directory.file("bad.toml"), "tik = 1\n[metrics]\nlast = 0\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--bogus"}, "--bogus"},
      {{"--tick", "5"}, "--tick: found \"5\", allowed: a duration"},
      {{"--tick", ""}, "--tick: found \"\", allowed: a duration"},
      {{"--ring", "two words"}, "--ring: found \"two words\""},
      {{"--config", directory.file("none.toml")}, "none.toml: cannot open"},
      {{"--config", directory.file("bad.toml"), "--check-config"}, "bad.toml:3:8: metrics.last"},
      {{"--config", directory.file("bad.toml")},
       "bad.toml:1:1: tik: found an unknown key, nearest known: tick"},
  };
  for (const auto& [arguments, said] : wrong) {
    CAPTURE(arguments.back());
    Program program(directory, arguments);
    CHECK(program.ended().exited(2));
    CHECK(program.output().find(said) != std::string::npos);
  }
}

TEST_CASE("Program: what only asks leaves with 0, and what it prints can be read back") {
  const TempDir directory;
  for (const char* flag : {"--help", "--version", "--check-config"}) {
    CAPTURE(flag);
    Program program(directory, {flag});
    CHECK(program.ended().exited(0));
    CHECK_FALSE(program.output().empty());
  }
  Program print(directory, {"--print-config"});
  CHECK(print.ended().exited(0));
  write_text(directory.file("printed.toml"), print.output());
  Program check(directory, {"--config", directory.file("printed.toml"), "--check-config"});
  CHECK(check.ended().exited(0));
}

TEST_CASE(
    "Program: SIGHUP refuses a bad configuration and takes a good one, SIGUSR1 reports, SIGTERM "
    "ends in order") {
  const TempDir directory;
  const std::string config = directory.file("ringsided.toml");
  write_text(config, "log_level = \"info\"\n");
  auto arguments = daemon_arguments(directory);
  arguments.insert(arguments.end(), {"--config", config});
  Program daemon(directory, arguments);
  daemon.says(" started; ");
  write_text(config, "log_leve = \"info\"\n");
  daemon.signal(SIGHUP);
  daemon.says("ringsided.toml:1:1: log_leve: found an unknown key, nearest known: log_level");
  daemon.says("the old one stays in force");
  write_text(config, "[reports]\nformats = [\"text\"]\n");
  daemon.signal(SIGHUP);
  daemon.says("configuration reloaded");
  daemon.signal(SIGUSR1);
  daemon.says("report written to " + directory.file("state/reports"));
  CHECK(std::filesystem::exists(directory.file("state/reports/report.txt")));
  CHECK_FALSE(std::filesystem::exists(directory.file("state/reports/report.json")));
  daemon.signal(SIGTERM);
  CHECK(daemon.ended().exited(0));
  CHECK(std::filesystem::exists(directory.file("state/state")));
}

TEST_CASE("Program: a state directory that is held, and a log that can't be opened, are 1") {
  const TempDir directory;
  Program first(directory, daemon_arguments(directory));
  first.says(" started; ");
  const TempDir other;
  Program second(other, daemon_arguments(directory));
  CHECK(second.ended().exited(1));
  CHECK(second.output().find("another daemon holds this state directory: pid ") !=
        std::string::npos);
  auto arguments = daemon_arguments(other);
  arguments.insert(arguments.end(), {"--alert-log", other.path()});
  Program third(other, arguments);
  CHECK(third.ended().exited(1));
  CHECK(third.output().find("alert log") != std::string::npos);
}

}  // namespace
}  // namespace ringside
