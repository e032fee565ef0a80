// Who a process is, and whether it still lives: the parsers in values, the rest with processes.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

#include "shm/identity.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

std::string stat_text(char state, int threads) {
  return std::string("12 (a) b) ") + state + " 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 " +
         std::to_string(threads) + " 0 98765 1 1";
}

BootId boot(std::uint64_t first, std::uint64_t second) { return {{first, second}}; }

}  // namespace

TEST_CASE("Identity: a zombie has ended, unless other threads of it run on") {
  CHECK(ended_in_stat(stat_text('Z', 1)));
  CHECK(ended_in_stat(stat_text('X', 1)));
  CHECK(ended_in_stat(stat_text('Z', 0)));
  CHECK_FALSE(ended_in_stat(stat_text('Z', 2)));
  CHECK_FALSE(ended_in_stat(stat_text('X', 2)));
  CHECK_FALSE(ended_in_stat(stat_text('S', 1)));
  CHECK_FALSE(ended_in_stat(stat_text('R', 0)));
  // A text that ends before its state says nothing of it, whatever lies behind the text.
  CHECK(ended_in_stat(std::string_view("1 (x) Z", 7)));
  CHECK_FALSE(ended_in_stat(std::string_view("1 (x) Z", 6)));
  CHECK_FALSE(ended_in_stat("1 (x)"));
  CHECK_FALSE(ended_in_stat("12 S Z"));
}

TEST_CASE("Identity: the start time is field 22 and nothing else") {
  CHECK(start_time_from_stat(stat_text('S', 7)) == 98765);
  // The 22nd field may be the last one.
  CHECK(start_time_from_stat("1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22") == 22);
  CHECK(start_time_from_stat("1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21") == 0);
  CHECK(start_time_from_stat("1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 x") == 0);
  CHECK(start_time_from_stat("") == 0);
}

TEST_CASE("Identity: a process is judged by pid and start time") {
  const ProcessIdentity self = self_identity();
  CHECK(self.pid == static_cast<std::uint32_t>(getpid()));
  CHECK(process_liveness(self.pid, 0) == Liveness::alive);
  CHECK(process_liveness(1, 0) == Liveness::alive);
  // Numbers that are no pids mean groups or everybody to kill().
  CHECK(process_liveness(0, 0) == Liveness::dead);
  CHECK(process_liveness(0xffffffff, 0) == Liveness::dead);
  CHECK(process_liveness(0x80000000, 0) == Liveness::dead);
  // A child that has ended and was not waited for is a zombie. Its pid still answers.
  int told[2];
  REQUIRE(pipe(told) == 0);
  const pid_t child = spawn([&] {
    const std::uint64_t start_time = self_identity().start_time;
    return write(told[1], &start_time, sizeof start_time) == sizeof start_time ? 0 : 1;
  });
  const auto pid = static_cast<std::uint32_t>(child);
  std::uint64_t start_time = 0;
  REQUIRE(read(told[0], &start_time, sizeof start_time) == sizeof start_time);
  close(told[0]);
  close(told[1]);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  if (!kEmulated) CHECK(process_start_time(pid) == start_time);
  if (!kEmulated) CHECK(process_liveness(pid, start_time) == Liveness::dead);
  CHECK(process_liveness(pid, 0) == Liveness::alive);
  wait_for(child);
  CHECK(process_liveness(pid, 0) == Liveness::dead);
  CHECK(process_start_time(pid) == 0);
}

TEST_CASE("Identity: a process of another user lives, though no signal may be sent to it") {
  if (geteuid() != 0) return;  // then all processes of the others are such ones
  const pid_t parent = getpid();
  CHECK(run([&] {
          if (setuid(65'534) != 0) return 1;
          return process_liveness(static_cast<std::uint32_t>(parent), 0) == Liveness::alive ? 0 : 2;
        }).exited(0));
}

TEST_CASE("Identity: where /proc is not there nothing is known, and nobody is called dead") {
  if (geteuid() != 0 || kEmulated) return;
  TempDir dir;
  const ProcessIdentity parent = self_identity();
  CHECK(run([&] {
          if (chroot(dir.path().c_str()) != 0) return 0;  // not allowed here
          const ProcessIdentity self = self_identity();
          if (self.start_time != 0 || self.pid_namespace != 0) return 1;
          const BootId id = current_boot_id();
          if (id.words[0] != 0 || id.words[1] != 0) return 2;
          if (process_liveness(parent.pid, parent.start_time) != Liveness::unknown) return 3;
          return process_liveness(parent.pid, 0) == Liveness::alive ? 0 : 4;
        }).exited(0));
}

TEST_CASE("Identity: the pid namespace is the number of its file in /proc") {
  struct stat info {};
  REQUIRE(stat("/proc/self/ns/pid", &info) == 0);
  CHECK(self_pid_namespace() == info.st_ino);
  CHECK(self_identity().pid_namespace == info.st_ino);
}

TEST_CASE("Identity: a boot id is its 32 digits, whatever stands between and behind them") {
  const auto is = [](std::string_view text, std::uint64_t first, std::uint64_t second) {
    const BootId id = boot_id_from_text(text);
    return id.words[0] == first && id.words[1] == second;
  };
  CHECK(is("01234567-89ab-cdef-fedc-ba9876543210\n", 0x0123456789abcdef, 0xfedcba9876543210));
  // The characters beside the digits in the character set are none.
  CHECK(is("/:`gAF0123456789abcdeffedcba9876543210", 0x0123456789abcdef, 0xfedcba9876543210));
  CHECK(is("01234567-89ab-cdef-fedc-ba9876543210-77", 0x0123456789abcdef, 0xfedcba9876543210));
  CHECK(is("9f", 0x9f, 0));
  CHECK(is("", 0, 0));
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  file >> text;
  REQUIRE(text.size() == 36);
  for (const std::size_t hyphen : {23U, 18U, 13U, 8U}) text.erase(hyphen, 1);
  const BootId id = current_boot_id();
  CHECK(id.words[0] == std::stoull(text.substr(0, 16), nullptr, 16));
  CHECK(id.words[1] == std::stoull(text.substr(16), nullptr, 16));
}

TEST_CASE("Identity: a boot id is known by either of its words, and another one by either") {
  CHECK(other_boot(boot(1, 0), boot(2, 0)));
  CHECK(other_boot(boot(0, 1), boot(0, 2)));
  CHECK(other_boot(boot(1, 5), boot(1, 6)));
  CHECK(other_boot(boot(7, 3), boot(8, 3)));
  CHECK_FALSE(other_boot(boot(0, 1), boot(0, 1)));
  CHECK_FALSE(other_boot(boot(0, 0), boot(0, 2)));
  CHECK_FALSE(other_boot(boot(3, 0), boot(0, 0)));
}
