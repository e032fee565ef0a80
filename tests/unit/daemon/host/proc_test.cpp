#include <signal.h>
#include <unistd.h>

#include "daemon/host/proc_parse.h"
#include "daemon/host/system_sampler.h"
#include "shm/clock.h"
#include "shm/identity.h"
#include "tests/support/process.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

// utime 250, stime 50, 8 threads, started at 12345, 5000 resident pages.
std::string stat_text(const std::string& name, unsigned long user = 250,
                      unsigned long start = 12345) {
  return "4242 (" + name + ") S 1 4242 4242 0 -1 4194560 100 0 0 0 " + std::to_string(user) +
         " 50 0 0 20 0 8 0 " + std::to_string(start) +
         " 1000000 5000 18446744073709551615 1 1 0 0 0 0\n";
}

TEST_CASE("Proc: a process's figures are read, whatever its name holds") {
  for (const char* name : {"chatd", "a b", "x) S 1 (y", "((", "tab\there"}) {
    CAPTURE(name);
    const auto stat = parse_process_stat(stat_text(name));
    REQUIRE(stat);
    CHECK(stat->cpu_ticks == 300);
    CHECK(stat->threads == 8);
    CHECK(stat->start_time == 12345);
    CHECK(stat->resident_pages == 5000);
  }
}

TEST_CASE("Proc: a process that a signal or a debugger has stopped") {
  for (const char* state : {"R", "S", "D", "Z", "T", "t", "X", "I"}) {
    CAPTURE(state);
    std::string text = stat_text("chatd");
    text.replace(text.find(") S ") + 2, 1, state);
    const auto stat = parse_process_stat(text);
    REQUIRE(stat);
    CHECK(stat->stopped == (*state == 'T' || *state == 't'));
    CHECK(stat->cpu_ticks == 300);
  }
}

TEST_CASE("Proc: text that is cut off or no stat gives nothing") {
  const std::string whole = stat_text("chatd");
  const std::size_t last_needed = whole.find("5000 18446744073709551615");
  for (std::size_t bytes = 0; bytes <= last_needed; ++bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(parse_process_stat(whole.substr(0, bytes)));
  }
  CHECK_FALSE(parse_process_stat("no stat"));
  CHECK_FALSE(parse_process_stat("1 (a) S x x x x x x x x x x x x x x x x x x x x x x"));
}

TEST_CASE("Proc: host figures") {
  const auto cpu = parse_host_cpu("cpu  100 5 50 800 20 3 2 10 7 0\ncpu0 1 2 3\n");
  REQUIRE(cpu);
  CHECK(cpu->total == 990);
  CHECK(cpu->busy == 170);
  CHECK_FALSE(parse_host_cpu("intr 1 2 3"));
  CHECK_FALSE(parse_host_cpu("cpu 1 2"));
  CHECK_FALSE(parse_host_cpu(""));

  const auto load = parse_loadavg("0.52 1.25 10.00 3/512 12345\n");
  REQUIRE(load);
  CHECK(load->one == doctest::Approx(0.52));
  CHECK(load->fifteen == doctest::Approx(10));
  CHECK_FALSE(parse_loadavg("0.52"));

  const auto memory =
      parse_meminfo("MemTotal:       1024 kB\nMemFree: 1 kB\nMemAvailable:    256 kB\n");
  REQUIRE(memory);
  CHECK(memory->total_bytes == 1 << 20);
  CHECK(memory->available_bytes == 1 << 18);
  CHECK_FALSE(parse_meminfo("MemTotal: 1024 kB\n"));
  CHECK_FALSE(parse_meminfo("MemTotal: many kB\nMemAvailable: 1 kB"));
}

struct FakeProc {
  test::TempDir root;
  FakeProc() {
    std::filesystem::create_directories(root.file("4242/fd"));
    for (const char* fd : {"0", "1", "2"})
      write_text(root.file(("4242/fd/" + std::string(fd))), "");
    process(250, 12345);
    host(100, 900);
  }
  void process(unsigned long user, unsigned long start) {
    write_text(root.file("4242/stat"), stat_text("chatd", user, start));
  }
  void host(unsigned long busy, unsigned long idle) {
    write_text(root.file("stat"), "cpu " + std::to_string(busy) + " 0 0 " + std::to_string(idle) +
                                  " 0 0 0 0 0 0\ncpu0 0\ncpu1 0\nintr 5\n");
  }
};

TEST_CASE("Sampler: CPU is what was used between two samples") {
  FakeProc proc;
  const auto hz = static_cast<unsigned long>(sysconf(_SC_CLK_TCK));
  SystemSampler sampler(proc.root.path());
  const std::vector<SystemSampler::Target> targets = {{"chat", 4242, 12345}};
  auto first = sampler.sample(targets, 10 * 1'000'000'000LL, 200 * 1'000'000'000LL);
  REQUIRE(first.processes.size() == 1);
  CHECK_FALSE(first.processes[0].cpu_percent.has_value());   // nothing to compare with yet
  CHECK(first.processes[0].open_files == 3);
  CHECK(first.processes[0].threads == 8);
  CHECK(first.processes[0].resident_bytes ==
        5000 * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  CHECK(first.processes[0].uptime_seconds ==
        doctest::Approx(200.0 - 12345.0 / static_cast<double>(hz)));
  CHECK(first.host.cpus == 2);
  CHECK_FALSE(first.host.cpu_percent.has_value());   // nothing to compare with yet

  proc.process(250 + 5 * hz, 12345);   // five CPU seconds in ten
  proc.host(400, 1000);
  const auto second = sampler.sample(targets, 20 * 1'000'000'000LL, 210 * 1'000'000'000LL);
  REQUIRE(second.processes.size() == 1);
  CHECK(second.processes[0].cpu_percent == doctest::Approx(50));
  // Over the process's whole life: user and system time.
  CHECK(second.processes[0].cpu_seconds == doctest::Approx(5 + 300.0 / static_cast<double>(hz)));
  CHECK(second.host.cpu_percent == doctest::Approx(75));
}

TEST_CASE("Sampler: a pid that came back is another process") {
  FakeProc proc;
  SystemSampler sampler(proc.root.path());
  CHECK(sampler.sample({{"chat", 4242, 12345}}, 1'000'000'000, 0).processes.size() == 1);
  proc.process(9000, 99999);
  CHECK(sampler.sample({{"chat", 4242, 12345}}, 2'000'000'000, 0).processes.empty());
  const auto other = sampler.sample({{"chat", 4242, 99999}}, 3'000'000'000, 0);
  REQUIRE(other.processes.size() == 1);
  CHECK_FALSE(other.processes[0].cpu_percent.has_value());
}

void check_unknown(const ProcessView& process) {
  CHECK_FALSE(process.cpu_percent.has_value());
  CHECK_FALSE(process.cpu_seconds.has_value());
  CHECK_FALSE(process.resident_bytes.has_value());
  CHECK_FALSE(process.open_files.has_value());
  CHECK_FALSE(process.threads.has_value());
  CHECK_FALSE(process.uptime_seconds.has_value());
}

void check_unknown(const HostView& host) {
  CHECK_FALSE(host.cpus.has_value());
  CHECK_FALSE(host.cpu_percent.has_value());
  CHECK_FALSE(host.load_1m.has_value());
  CHECK_FALSE(host.load_5m.has_value());
  CHECK_FALSE(host.load_15m.has_value());
  CHECK_FALSE(host.memory_total_bytes.has_value());
  CHECK_FALSE(host.memory_available_bytes.has_value());
}

TEST_CASE("Sampler: where /proc says nothing, nothing is claimed") {
  const test::TempDir empty;
  SystemSampler sampler(empty.path());
  for (std::int64_t second = 1; second < 3; ++second) {
    const auto sample =
        sampler.sample({{"chat", static_cast<std::uint32_t>(getpid()), 0}, {"chat", 0x7ffffff0, 0}},
                       second * 1'000'000'000, second * 1'000'000'000);
    // This process lives, whatever /proc says. No process has the other pid.
    REQUIRE(sample.processes.size() == 1);
    CHECK(sample.processes[0].pid == static_cast<std::uint32_t>(getpid()));
    check_unknown(sample.processes[0]);
    check_unknown(sample.host);
    CHECK_FALSE(sample.own_cpu_percent.has_value());
    CHECK_FALSE(sample.own_cpu_seconds.has_value());
    CHECK_FALSE(sample.own_resident_bytes.has_value());
  }
}

TEST_CASE("Sampler: a /proc that is there and full of zeros claims nothing either") {
  const test::TempDir root;
  std::filesystem::create_directories(root.file("4242"));
  write_text(root.file("stat"), "cpu  0 0 0 0 0 0 0 0 0 0\n");
  write_text(root.file("meminfo"), "MemTotal: 0 kB\nMemAvailable: 0 kB\n");
  write_text(root.file("4242/stat"),
             "4242 (chatd) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 0 0 12345 0 0 0 0 0 0 0 0\n");
  SystemSampler sampler(root.path());
  sampler.sample({{"chat", 4242, 12345}}, 1'000'000'000, 1'000'000'000);
  const auto sample = sampler.sample({{"chat", 4242, 12345}}, 2'000'000'000, 2'000'000'000);
  REQUIRE(sample.processes.size() == 1);
  // The process used no CPU between the two samples, and that is known. Its start is after now, so
  // its uptime is unknown.
  CHECK(sample.processes[0].cpu_percent == 0);
  CHECK_FALSE(sample.processes[0].resident_bytes.has_value());
  CHECK_FALSE(sample.processes[0].threads.has_value());
  CHECK_FALSE(sample.processes[0].open_files.has_value());
  CHECK_FALSE(sample.processes[0].uptime_seconds.has_value());
  check_unknown(sample.host);
}

TEST_CASE("Sampler: another user's process has its open files counted, or they are not known") {
  // As root, a child without rights looks at this process. Otherwise this process looks at process
  // 1.
  const bool root = geteuid() == 0;
  const auto parent = static_cast<std::uint32_t>(root ? getpid() : 1);
  const auto look = [&] {
    if (root && (setgid(65534) != 0 || setuid(65534) != 0)) return 2;
    SystemSampler sampler;
    const auto sample =
        sampler.sample({{"chat", parent, 0}}, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_BOOTTIME));
    if (sample.processes.size() != 1) return 3;
    const ProcessView& process = sample.processes[0];
    if (process.open_files == std::uint64_t{0}) return 4;
    if (process.resident_bytes == std::uint64_t{0}) return 5;
    return 0;
  };
  CHECK(test::run(look).exited(0));
}

TEST_CASE("Sampler: all processes of a ring are sampled, each by itself") {
  const test::Ended ended = test::run([] {
    SystemSampler sampler;
    const pid_t child = test::spawn([] { return pause(); });
    const auto sample = sampler.sample({{"chat", static_cast<std::uint32_t>(getpid()), 0},
                                        {"chat", static_cast<std::uint32_t>(child), 0}},
                                       clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_BOOTTIME));
    kill(child, SIGKILL);
    test::wait_for(child);
    return sample.processes.size() == 2 &&
                   sample.processes[1].pid == static_cast<std::uint32_t>(child) &&
                   sample.processes[1].resident_bytes.value_or(0) > 0
               ? 0
               : 1;
  });
  CHECK(ended.exited(0));
}

TEST_CASE("Sampler: this machine and this process are seen as they are") {
  SystemSampler sampler;
  const auto pid = static_cast<std::uint32_t>(getpid());
  const SystemSampler::Target self{"self", pid, process_start_time(pid)};
  const auto sample = sampler.sample({self}, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_BOOTTIME));
  REQUIRE(sample.processes.size() == 1);
  CHECK(sample.processes[0].open_files >= 3);
  CHECK(sample.processes[0].threads >= 1);
  CHECK(sample.processes[0].uptime_seconds.value_or(-1) >= 0);
  CHECK(sample.processes[0].resident_bytes > 0);
  CHECK(sample.own_resident_bytes > 0);
  CHECK(sample.own_cpu_seconds.value_or(-1) >= 0);
  CHECK(sample.host.cpus == static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)));
  CHECK(sample.host.memory_available_bytes <= sample.host.memory_total_bytes);
}

}  // namespace
}  // namespace ringside
