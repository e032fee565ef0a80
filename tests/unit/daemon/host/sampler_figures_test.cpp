// Every figure of a sample, from texts of /proc that the test writes.
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "daemon/host/proc_parse.h"
#include "daemon/host/system_sampler.h"
#include "tests/support/process.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// /proc/PID/stat up to field 26. The fields that nobody reads are 1000.
std::string process_text(std::uint64_t user, std::uint64_t system, std::uint64_t threads,
                         std::uint64_t start, std::uint64_t pages) {
  std::string text = "7 (x) S";
  for (int field = 4; field <= 26; ++field) {
    const std::map<int, std::uint64_t> own = {
        {14, user}, {15, system}, {20, threads}, {22, start}, {24, pages}};
    text += " " + (own.contains(field) ? std::to_string(own.at(field)) : "1000");
  }
  return text + "\n";
}

// A directory in place of /proc.
struct Proc {
  test::TempDir root;
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root / name).parent_path());
    write_text(root.file(name), text);
  }
  void put_host(const std::string& numbers, const std::string& cpus = "cpu0 1\n") const {
    put("stat", "cpu  " + numbers + "\n" + cpus + "intr 1\n");
  }
};

TEST_CASE("SamplerFigures: a process in every figure, at its first and at its second sample") {
  const Proc proc;
  const auto hz = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  proc.put("7/stat", process_text(3 * hz, hz, 1, 123 * hz, 1));
  proc.put("7/fd/0", "");
  SystemSampler sampler(proc.root.path());
  const std::vector<SystemSampler::Target> targets{{"ring", 7}};  // of any start
  auto sample = sampler.sample(targets, 10 * kSecondNs, 123 * kSecondNs);
  REQUIRE(sample.processes.size() == 1);
  const ProcessView& first = sample.processes[0];
  CHECK(first.ring == "ring");
  CHECK(first.pid == 7);
  CHECK(first.cpu_percent == std::nullopt);
  CHECK(first.cpu_seconds == 4.0);
  CHECK(first.resident_bytes == page);
  CHECK(first.threads == 1);
  CHECK(first.open_files == 1);
  CHECK(first.uptime_seconds == 0.0);

  proc.put("7/stat", process_text(3 * hz + hz / 2, hz + hz / 2, 2, 123 * hz, 3));
  std::filesystem::remove(proc.root.file("7/fd/0"));
  sample = sampler.sample(targets, 12 * kSecondNs, 123 * kSecondNs + kSecondNs / 2);
  REQUIRE(sample.processes.size() == 1);
  const ProcessView& second = sample.processes[0];
  CHECK(second.cpu_percent == doctest::Approx(50));  // one CPU second in two
  CHECK(second.cpu_seconds == 5.0);
  CHECK(second.resident_bytes == 3 * page);
  CHECK(second.threads == 2);
  CHECK(second.open_files == 0);
  CHECK(second.uptime_seconds == 0.5);

  // At the same instant there is no time to divide by. Going back, there is none either.
  for (const std::int64_t now_ns : {12 * kSecondNs, 11 * kSecondNs}) {
    sample = sampler.sample(targets, now_ns, 124 * kSecondNs);
    CHECK(sample.processes.at(0).cpu_percent == std::nullopt);
  }
  // CPU time that went down belongs to something else.
  proc.put("7/stat", process_text(hz, hz, 2, 123 * hz, 3));
  sample = sampler.sample(targets, 20 * kSecondNs, 130 * kSecondNs);
  CHECK(sample.processes.at(0).cpu_percent == std::nullopt);
  CHECK(sample.processes.at(0).uptime_seconds == 7.0);
}

TEST_CASE("SamplerFigures: the soft limit of open files, and the pressure on the host") {
  const Proc proc;
  proc.put("7/stat", process_text(1, 1, 1, 5, 1));
  SystemSampler sampler(proc.root.path());
  const auto sample = [&] { return sampler.sample({{"ring", 7}}, kSecondNs, kSecondNs); };
  CHECK(sample().processes.at(0).open_files_limit == std::nullopt);
  CHECK_FALSE(sample().host.cpu_pressure);
  proc.put("7/limits",
           "Limit                     Soft Limit           Hard Limit           Units     \n"
           "Max processes             63                   64                   processes \n"
           "Max open files            1024                 524288               files     \n");
  CHECK(sample().processes.at(0).open_files_limit == 1024U);
  proc.put("7/limits",
           "Max open files            unlimited            unlimited            files\n");
  CHECK(sample().processes.at(0).open_files_limit == std::nullopt);
  proc.put("pressure/cpu", "some avg10=12.50 avg60=92.49 avg300=69.17 total=6990634346\n");
  proc.put("pressure/memory",
           "some avg10=20.00 avg60=1.00 avg300=0.20 total=62276552\n"
           "full avg10=7.25 avg60=2.00 avg300=0.10 total=17250091\n");
  proc.put("pressure/io", "some avg60=1.00\nfull avg10=1.00 avg60=1.00\n");
  const HostView host = sample().host;
  REQUIRE(host.cpu_pressure);
  CHECK(host.cpu_pressure->some == 12.5);
  CHECK(host.cpu_pressure->full == 0);
  REQUIRE(host.memory_pressure);
  CHECK(host.memory_pressure->some == 20);
  CHECK(host.memory_pressure->full == 7.25);
  CHECK_FALSE(host.io_pressure);  // half of it is none
}

TEST_CASE("SamplerFigures: CPU is compared with the last sample only, and of that very process") {
  const Proc proc;
  proc.put("7/stat", process_text(100, 0, 1, 5, 1));
  SystemSampler sampler(proc.root.path());
  std::int64_t now_ns = 0;
  const auto cpu = [&](bool asked) {
    now_ns += kSecondNs;
    std::vector<SystemSampler::Target> targets;
    if (asked) targets.push_back({"ring", 7});
    const auto sample = sampler.sample(targets, now_ns, now_ns);
    return asked ? sample.processes.at(0).cpu_percent : std::nullopt;
  };
  CHECK(cpu(true) == std::nullopt);
  CHECK(cpu(true) == 0.0);
  cpu(false);
  CHECK(cpu(true) == std::nullopt);
  cpu(false);
  cpu(false);
  CHECK(cpu(true) == std::nullopt);
  CHECK(cpu(true) == 0.0);
  // Its pid comes back with a start time that differs in the highest bits alone.
  proc.put("7/stat", process_text(100, 0, 1, 5 + (std::uint64_t{1} << 32), 1));
  CHECK(cpu(true) == std::nullopt);
}

TEST_CASE("SamplerFigures: the host in every figure") {
  const Proc proc;
  SystemSampler sampler(proc.root.path());
  const auto host = [&] { return sampler.sample({}, kSecondNs, kSecondNs).host; };
  proc.put_host("100 20 30 600 50 3 4 5 6 7", "cpu0 1\ncpu1 1\ncpu2 1\n");
  proc.put("loadavg", "0.25 1.5 2.75 3/512 12345\n");
  proc.put("meminfo", "MemTotal:  2048 kB\nMemFree: 7 kB\nMemAvailable:  512 kB\nBuffers: 9 kB\n");
  const HostView view = host();
  CHECK(view.cpus == 3U);
  CHECK(view.cpu_percent == std::nullopt);
  CHECK(view.load_1m == 0.25);
  CHECK(view.load_5m == 1.5);
  CHECK(view.load_15m == 2.75);
  CHECK(view.memory_total_bytes == 2'097'152);
  CHECK(view.memory_available_bytes == 524'288);

  // Of 100 ticks more, 75 idle or waiting.
  proc.put_host("110 20 40 650 75 3 9 5 6 7");
  CHECK(host().cpu_percent == doctest::Approx(25));
  CHECK(host().cpu_percent == std::nullopt);  // no tick more
  // A single tick is enough.
  proc.put_host("111 20 40 650 75 3 9 5 6 7");
  CHECK(host().cpu_percent == 100.0);
  CHECK(host().cpus == 1U);
  // The idle time goes back: more is busy than there is. The busy time goes back: nothing is.
  proc.put_host("141 20 40 630 75 3 9 5 6 7");
  CHECK(host().cpu_percent == 100.0);
  proc.put_host("131 20 40 730 75 3 9 5 6 7");
  CHECK(host().cpu_percent == 0.0);
  // All of it goes back. From there it goes on.
  proc.put_host("1 0 0 0 0 0 0 0 0 0");
  CHECK(host().cpu_percent == std::nullopt);
  proc.put_host("2 0 0 3 0 0 0 0 0 0", "");
  const HostView last = host();
  CHECK(last.cpu_percent == doctest::Approx(25));
  CHECK(last.cpus == std::nullopt);
}

TEST_CASE("SamplerFigures: the daemon's own figures") {
  const Proc proc;
  const auto hz = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  SystemSampler sampler(proc.root.path());
  proc.put("self/stat", process_text(hz, hz, 1, 5, 1));
  const auto first = sampler.sample({}, kSecondNs, kSecondNs);
  CHECK(first.own_cpu_percent == std::nullopt);
  CHECK(first.own_cpu_seconds == 2.0);
  CHECK(first.own_resident_bytes == page);
  CHECK(first.processes.empty());
  proc.put("self/stat", process_text(hz, 2 * hz, 1, 5, 0));
  const auto second = sampler.sample({}, 5 * kSecondNs, kSecondNs);
  CHECK(second.own_cpu_percent == doctest::Approx(25));
  CHECK(second.own_cpu_seconds == 3.0);
  CHECK(second.own_resident_bytes == std::nullopt);
}

TEST_CASE("SamplerFigures: a process that /proc hides is there if the kernel says so") {
  const Proc proc;
  SystemSampler sampler(proc.root.path());
  const auto seen = [&](std::uint32_t pid) {
    const auto sample = sampler.sample({{"ring", pid}}, kSecondNs, kSecondNs);
    if (!sample.processes.empty()) {
      CHECK(sample.processes[0].ring == "ring");
      CHECK(sample.processes[0].pid == pid);
    }
    return sample.processes.size();
  };
  CHECK(seen(1) == 1);  // whoever it belongs to
  CHECK(seen(static_cast<std::uint32_t>(getpid())) == 1);
  // These stand for groups of processes, and not for one.
  CHECK(seen(0) == 0);
  CHECK(seen(0xffffffff) == 0);
  CHECK(sampler.sample({SystemSampler::Target{}}, kSecondNs, kSecondNs).processes.empty());
  // Another user's process is there as well.
  const auto parent = static_cast<std::uint32_t>(geteuid() == 0 ? getpid() : 1);
  CHECK(
      test::run([&] {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 2;
        SystemSampler other("/nonexistent");
        return other.sample({{"ring", parent}}, kSecondNs, kSecondNs).processes.size() == 1 ? 0 : 1;
      }).exited(0));
}

TEST_CASE("SamplerFigures: a directory that may not be listed counts by its size, if it has one") {
  // As root, a child without rights looks.
  const bool root = geteuid() == 0;
  const Proc proc;
  proc.put("7/stat", process_text(1, 1, 1, 1, 1));
  proc.put("8/stat", process_text(1, 1, 1, 1, 1));
  proc.put("7/fd/0", "");
  std::filesystem::create_directory_symlink("/proc/1/map_files", proc.root.file("8/fd"));
  REQUIRE(chmod(proc.root.path().c_str(), 0755) == 0);
  REQUIRE(chmod(proc.root.file("7/fd").c_str(), 0) == 0);
  const auto look = [&] {
    if (root && (setgid(65534) != 0 || setuid(65534) != 0)) return 2;
    SystemSampler sampler(proc.root.path());
    const auto sample = sampler.sample({{"ring", 7}, {"ring", 8}}, kSecondNs, kSecondNs);
    if (sample.processes.size() != 2) return 3;
    for (const ProcessView& process : sample.processes) {
      struct stat info {};
      const std::string directory = proc.root.file(std::to_string(process.pid) + "/fd");
      if (access(directory.c_str(), R_OK) == 0) continue;
      const bool known = stat(directory.c_str(), &info) == 0 && info.st_size > 0;
      const auto size = static_cast<std::uint64_t>(info.st_size);
      if (process.open_files != (known ? std::optional(size) : std::nullopt)) return 4;
    }
    return 0;
  };
  CHECK(test::run(look).exited(0));
  REQUIRE(chmod(proc.root.file("7/fd").c_str(), 0755) == 0);
}

TEST_CASE("SamplerFigures: a text that is longer than one read is whole") {
  const Proc proc;
  SystemSampler sampler(proc.root.path());
  // The last digit is the first and only byte of the second read.
  std::string text = "MemTotal: 4096 kB\n";
  const std::string last = "MemAvailable: 1234";
  text += std::string(8193 - text.size() - last.size() - 1, 'x') + "\n" + last;
  REQUIRE(text.size() == 8193);
  proc.put("meminfo", text);
  CHECK(sampler.sample({}, kSecondNs, kSecondNs).host.memory_available_bytes == 1234 * 1024);
  // The CPUs' lines go over three reads.
  std::string cpus;
  for (int i = 0; i < 300; ++i) cpus += "cpu" + std::to_string(i) + std::string(60, '1') + "\n";
  proc.put_host("1 2 3 4 5 6 7 8 9 10", cpus);
  CHECK(sampler.sample({}, kSecondNs, kSecondNs).host.cpus == 300U);
}

TEST_CASE("ProcTexts: what stat must have, and what it may lack") {
  const auto stat = [](const std::string& text) { return parse_process_stat(text); };
  // A process of the first tick after boot. One without a start is none.
  REQUIRE(stat(process_text(1, 2, 3, 1, 4)));
  CHECK(stat(process_text(1, 2, 3, 1, 4))->start_time == 1);
  CHECK(stat(process_text(1, 2, 3, 1, 4))->cpu_ticks == 3);
  CHECK_FALSE(stat(process_text(1, 2, 3, 0, 4)));
  // Nothing need follow the last field that is read.
  std::string text = process_text(1, 2, 3, 1, 4);
  text.resize(text.rfind(" 1000 1000"));
  REQUIRE(stat(text));
  CHECK(stat(text)->resident_pages == 4);
  const std::string words[] = {" 1 2 ", " 2 1000 ", " 3 1000 ", " 4 1000 1000"};
  for (const std::string& word : words) {
    CAPTURE(word);
    std::string broken = process_text(1, 2, 3, 1, 4);
    const std::size_t at = broken.find(word);
    REQUIRE(at != std::string::npos);
    broken.insert(at + 2, "x");
    CHECK_FALSE(stat(broken));
  }
}

TEST_CASE("ProcTexts: a number is a whole word, and each must be there") {
  const auto cpu = parse_host_cpu("cpu 1 20 300 4000 50000 600000 7000000 80000000 9 9");
  REQUIRE(cpu);
  CHECK(cpu->total == 87'654'321);
  CHECK(cpu->busy == 87'600'321);
  CHECK(parse_host_cpu("\t cpu\t1 2 3 4 5 6 7 8"));
  CHECK_FALSE(parse_host_cpu("cpu 1 2 3 4 5 6 7"));
  CHECK_FALSE(parse_host_cpu("cpu 1 2 3 4 5 6 7 8x"));
  CHECK_FALSE(parse_host_cpu("cpu 1 2x 3 4 5 6 7 8"));
  CHECK_FALSE(parse_host_cpu("cpu0 1 2 3 4 5 6 7 8"));
  CHECK_FALSE(parse_host_cpu("  "));

  const auto load = parse_loadavg("0.5 1.25 8 1/2 3");
  REQUIRE(load);
  CHECK(load->one == 0.5);
  CHECK(load->five == 1.25);
  CHECK(load->fifteen == 8);
  CHECK_FALSE(parse_loadavg("x 1.25 8"));
  CHECK_FALSE(parse_loadavg("0.5 x 8"));
  CHECK_FALSE(parse_loadavg("0.5 1.25 x"));
  CHECK_FALSE(parse_loadavg("0.5 1.25 "));

  const auto memory = parse_meminfo("MemAvailable: 3 kB\n\nMemTotal: 5 kB");
  REQUIRE(memory);
  CHECK(memory->total_bytes == 5 * 1024);
  CHECK(memory->available_bytes == 3 * 1024);
  CHECK_FALSE(parse_meminfo("MemAvailable: 3 kB\nMemFree: 4 kB\n"));
  CHECK_FALSE(parse_meminfo("MemTotal: 3 kB\nMemAvailable: 4kB"));
  CHECK_FALSE(parse_meminfo(""));
}

}  // namespace
}  // namespace ringside
