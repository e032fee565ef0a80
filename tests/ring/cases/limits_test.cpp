// Cases 31, 33 and 36: what a hardened server forbids, programs with raised privileges, slow
// places.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <filesystem>
#include <thread>

#include "shm/clock_probe.h"
#include "tests/ring/cases/case.h"
#include "tests/support/filter.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// All that start, stop and records ask of the kernel, and the C library for them.
// producer/DEPLOYMENT.md has the list. Each is in systemd's @system-service and in the default
// filter of containers.
Filter calls_of_a_server() {
  Filter filter;
  for (const long call :
       {SYS_openat, SYS_read, SYS_pread64, SYS_close, SYS_newfstatat, SYS_fstat, SYS_fstatfs,
        SYS_faccessat, SYS_flock, SYS_fchown, SYS_fchmod, SYS_ftruncate, SYS_fallocate, SYS_linkat,
        SYS_mmap, SYS_munmap, SYS_madvise, SYS_futex, SYS_prctl, SYS_gettid, SYS_getpid,
        SYS_geteuid, SYS_get_robust_list, SYS_kill, SYS_prlimit64, SYS_getrandom,
        SYS_clock_nanosleep, SYS_clock_gettime, SYS_brk,
#ifdef SYS_unlink
        SYS_access, SYS_rename, SYS_unlink,
#endif
        SYS_renameat, SYS_renameat2, SYS_unlinkat})
    filter.allows(call);
  return filter;
}
// What the test needs besides: threads, and an end.
Filter& with_threads(Filter& filter) {
  for (const long call : {SYS_clone3, SYS_clone, SYS_mprotect, SYS_set_robust_list, SYS_rseq,
                          SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_exit, SYS_exit_group,
                          SYS_write})
    filter.allows(call);
  return filter;
}

}  // namespace

TEST_CASE("Case31: start, records and stop live under a filter that kills whatever they need not" *
          doctest::skip(kSanitized || kEmulated)) {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 1;
  if (is_root()) setup.group = "root";
  // A dead ring is in the way.
  REQUIRE(run([&] {
            Failure failure;
            return create(dir.file("ring"), &failure).segment != nullptr ? 0 : 1;
          }).exited(0));
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          Filter filter = calls_of_a_server();
          HOLDS(with_threads(filter).enter(true));
          HOLDS(start(setup));
          register_gauge("connections").set(1);
          register_operation("MINE", "");
          Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
          std::thread([] { Operation(chat::SEND_MESSAGE).finish(Outcome::ok); }).join();
          stop();
          return 0;
        }).exited(0));
  CHECK(Reader(dir.file("ring")).total(chat::SEND_MESSAGE.value, &Totals::recorded) == 2);
}

TEST_CASE("Case31: a filter that kills perf_event_open does not kill start") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          HOLDS(Filter().kills(SYS_perf_event_open).enter());
          HOLDS(start(setup_for(dir)));
          // What asks for the clock on a machine whose counter is vouched for, too.
          choose_x86_clock(
              [](unsigned leaf) { return CpuidAnswer{leaf | 0xffU, 0, 0, 1U << 8}; }, "tsc");
          return 0;
        }).exited(0));
}

TEST_CASE("Case31: a limit on the size of files is told, not run into") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          const rlimit limit{4 << 20, 4 << 20};
          HOLDS(setrlimit(RLIMIT_FSIZE, &limit) == 0);
          HOLDS(!start(setup_for(dir)));
          HOLDS(contains(why_untraced(), "this process may write files of 4194304 (RLIMIT_FSIZE)"));
          HOLDS(contains(why_untraced(), "\n  next: raise the limit (ulimit -f, or LimitFSIZE= "));
          // A ring that fits is made, and its lanes need no more.
          Setup small = setup_for(dir);
          small.lanes = 2;
          small.lane_capacity = small.overflow_capacity = 64;
          HOLDS(start(small));
          Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
          return 0;
        }).exited(0));
}

TEST_CASE("Case33: a set-user-ID program does not obey who starts it, and says so") {
  if (!is_root()) return;
  TempDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string server = dir.file("server");
  std::filesystem::copy_file(here / "ringside_cases_server", server);
  REQUIRE(chmod(server.c_str(), 04755) == 0);
  int told[2];
  REQUIRE(pipe(told) == 0);
  const pid_t child = spawn([&] {
    become(65'534);
    dup2(told[1], 1);
    setenv("RINGSIDE_RING", dir.file("ring").c_str(), 1);
    execl(server.c_str(), server.c_str(), "plain", nullptr);
    return 1;
  });
  close(told[1]);
  std::string said;
  char byte = 0;
  while (!contains(said, "Setup::ring") && !contains(said, "traced\n") &&
         read(told[0], &byte, 1) == 1)
    said += byte;
  kill(child, SIGKILL);
  wait_for(child);
  close(told[0]);
  CHECK(said ==
        "not traced: RINGSIDE_RING is ignored in a program that runs with raised privileges\n"
        "  next: set Setup::ring");
  CHECK(access(dir.file("ring").c_str(), F_OK) != 0);
}

TEST_CASE("Case36: a ring on a disk is traced into, and said to be slow at times") {
  TempDir disk;
  struct statfs place {};
  REQUIRE(statfs(disk.path().c_str(), &place) == 0);
  const bool is_disk = static_cast<unsigned>(place.f_type) != 0x01021994;
  if (!is_disk) MESSAGE("not shown here: the temporary directory is no disk");
  const auto remarks_of = [](const std::string& ring) {
    std::string said;
    int told[2];
    REQUIRE(pipe(told) == 0);
    const pid_t child = spawn([&] {
      unsetenv("RINGSIDE_RING");
      Setup setup;
      setup.ring = ring;
      HOLDS(remarks().empty());
      HOLDS(start(setup));
      const std::string text = remarks();
      HOLDS(write(told[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
      stop();
      HOLDS(remarks().empty());
      return 0;
    });
    close(told[1]);
    char byte = 0;
    while (read(told[0], &byte, 1) == 1) said += byte;
    close(told[0]);
    CHECK(wait_for(child).exited(0));
    return said;
  };
  if (is_disk) {
    const std::string said = remarks_of(disk.file("ring"));
    CHECK(contains(said, disk.file("ring") + ": is on a disk (file system "));
    CHECK(contains(said,
                   "\n  next: use a ring name, which is in /dev/shm, or a folder on a tmpfs"));
  }
  TempDir memory("/dev/shm");
  CHECK(remarks_of(memory.file("ring")).empty());
}
