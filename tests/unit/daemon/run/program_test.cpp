// ringsided as a program: flags, exit codes, signals.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/support/process.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/pipe.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::TempDir;

class Program {
 public:
  // `out` is its standard output, if that is not to be in output().
  Program(const TempDir& directory, std::vector<std::string> arguments, int out = -1)
      : output_(directory.file("output")) {
    arguments.insert(arguments.begin(), RINGSIDED);
    pid_ = test::spawn([&] {
      const int fd = open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(out != -1 ? out : fd, STDOUT_FILENO);
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
  bool has_ended() {
    if (waitpid(pid_, &status_, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
  }
  test::Ended how() const { return {status_}; }
  std::string output() const { return read_text(output_); }
  int said(const std::string& text) const {
    const std::string all = output();
    int count = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1))
      ++count;
    return count;
  }
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
  int status_ = 0;
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
    const std::string& last = arguments.back();
    CAPTURE(last);
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
  CHECK(daemon.said("info: stopped in order; state and reports are written\n") == 1);
  CHECK(daemon.said("cannot change while the daemon runs") == 0);
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

TEST_CASE("Program: how much it says is as configured, at the start and after a reload") {
  const TempDir directory;
  const std::string config = directory.file("ringsided.toml");
  write_text(config, "log_level = \"warning\"\n");
  auto arguments = daemon_arguments(directory);
  arguments.insert(arguments.end(), {"--config", config});
  Program daemon(directory, arguments);
  test::until([&] { return std::filesystem::exists(directory.file("state/state")); });
  write_text(config, "log_level = \"info\"\n");
  daemon.signal(SIGHUP);
  daemon.says("info: configuration reloaded, logs reopened\n");
  write_text(config, "log_level = \"error\"\n");
  daemon.signal(SIGHUP);
  daemon.signal(SIGUSR1);  // the higher number is obeyed later
  test::until([&] { return std::filesystem::exists(directory.file("state/reports/report.json")); });
  daemon.signal(SIGTERM);
  CHECK(daemon.ended().exited(0));
  CHECK(daemon.said(" started; ") == 0);
  CHECK(daemon.said("configuration reloaded") == 1);
  CHECK(daemon.said("stopped in order") == 0);
}

TEST_CASE("Program: a configuration that is refused still opens the logs anew") {
  const TempDir directory;
  const std::string config = directory.file("ringsided.toml");
  write_text(config, "");
  auto arguments = daemon_arguments(directory);
  arguments.insert(arguments.end(), {"--config", config});
  Program daemon(directory, arguments);
  daemon.says(" started; ");
  const std::string log = directory.file("state/alerts.log");
  std::filesystem::rename(log, log + ".1");
  write_text(config, "log_leve = 1\n");
  daemon.signal(SIGHUP);
  test::until([&] { return std::filesystem::exists(log); });
}

TEST_CASE("Program: a reload leaves the state where it is, and says so") {
  const TempDir directory;
  const std::string config = directory.file("ringsided.toml");
  const std::string old_place = directory.file("old");
  const std::string new_place = directory.file("new");
  write_text(config, "[state]\ndirectory = \"" + old_place + "\"\n");
  Program daemon(directory, {"--ring", directory.file("ring"), "--config", config});
  daemon.says(" started; ");
  write_text(config, "[state]\ndirectory = \"" + new_place + "\"\n");
  daemon.signal(SIGHUP);
  daemon.says("warning: state.directory cannot change while the daemon runs: " + old_place +
              " stays\n  next: restart the daemon for " + new_place + "\n");
  daemon.signal(SIGTERM);
  CHECK(daemon.ended().exited(0));
  CHECK(std::filesystem::exists(old_place + "/state"));
  CHECK_FALSE(std::filesystem::exists(new_place + "/state"));
}

TEST_CASE("Program: an end that cannot write everything is 1, and says what is missing") {
  const TempDir directory;
  Program daemon(directory, daemon_arguments(directory));
  daemon.says(" started; ");
  test::until([&] { return std::filesystem::exists(directory.file("state/state")); });
  test::until([&] {
    std::error_code error;  // the daemon may have a file of that name for a moment
    std::filesystem::create_directories(directory.file("state/state.tmp/in the way"), error);
    return !error;
  });
  daemon.signal(SIGTERM);
  CHECK(daemon.ended().exited(1));
  CHECK(daemon.said("error: stopped, but not everything could be written: the state\n") == 1);
  CHECK(daemon.said("stopped in order") == 0);
}

TEST_CASE("Program: a second signal does not wait for what hangs") {
  const TempDir directory;
  write_text(directory.file("ring"), "no ring, which raises an alert");
  const test::CopiedPipe stalled;
  stalled.fill();
  auto arguments = daemon_arguments(directory);
  arguments.insert(arguments.end(), {"--alert-log", "-"});
  // A daemon that stops at once waits for none of its threads. ThreadSanitizer calls that a leak.
  const char* options = std::getenv("TSAN_OPTIONS");
  const std::string before = options != nullptr ? options : "";
  setenv("TSAN_OPTIONS", (before + ":report_thread_leaks=0").c_str(), 1);
  Program daemon(directory, arguments, stalled.into());
  daemon.says(": refused: ");  // the tick that says so has raised the alert
  test::until([&] {
    daemon.signal(SIGTERM);
    return daemon.has_ended();
  });
  INFO(daemon.output());
  CHECK(daemon.how().exited(1));
  CHECK(daemon.said("error: stopped at once by a second signal; state and reports may not be "
                    "written\n") == 1);
  CHECK(daemon.said("stopped, but not") == 0);
}

}  // namespace
}  // namespace ringside
