// The threads around the core, on a real ring and a real disk.
#include "daemon/run/service.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

#include "shm/names.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::TempDir;
using test::until;

Config config_in(const TempDir& directory) {
  Config config;
  config.rings = {directory.file("ring")};
  config.tick_ns = 100 * kMillisecond;
  config.state_directory = directory.file("state");
  config.alert_log_path = directory.file("alerts.log");
  config.report_directory = directory.file("reports");
  // How busy the host is must not be the cause of what these tests see.
  config.alerts.start_grace_ns = 0;  // its server starts with each test
  config.alerts.cpu_percent = config.alerts.load_per_cpu = {};
  config.alerts.cpu_pressure_percent = config.alerts.stall_percent = {};
  return config;
}

struct Server {
  // The ring gets its name when its clock is set: a daemon that runs already reads it at once.
  explicit Server(const TempDir& directory)
      : ring(test::make_ring(directory.file("unnamed"), {2, 1024, 64})) {
    test::use_nanoseconds(*ring, clock_ns(CLOCK_MONOTONIC));
    enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
    lane = test::claim(*ring);
    std::filesystem::rename(directory.file("unnamed"), directory.file("ring"));
  }
  void send(int count, std::int64_t duration_ns) {
    for (int i = 0; i < count; ++i) {
      const auto start = static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC) - duration_ns);
      write_record(lane, test::operation(0, start, duration_ns));
    }
  }
  std::unique_ptr<Segment> ring;
  LaneWriter lane;
};

std::uint64_t read_so_far(const Service& service) {
  const auto snapshot = service.snapshot();
  return snapshot ? snapshot->books.read : 0;
}

struct Quiet {
  Quiet() { spdlog::set_level(spdlog::level::off); }
};
const Quiet quiet;

TEST_CASE("Service: from the ring to snapshot, alert log, report and state") {
  const TempDir directory;
  Service service(config_in(directory), "test");
  REQUIRE_FALSE(service.start());
  Server server(directory);   // the daemon starts first
  server.send(100, 300 * kMillisecond);
  until([&] { return read_so_far(service) == 100; });
  until([&] {
    return read_text(directory.file("alerts.log"))
               .find("alert=high_latency state=begun op=SEND_MESSAGE") != std::string::npos;
  });
  const auto snapshot = service.snapshot();
  CHECK(snapshot->books.balance());
  CHECK(snapshot->daemon.version == "test");
  CHECK(snapshot->host.cpus > 0);
  REQUIRE(snapshot->processes.size() == 1);
  CHECK(snapshot->processes[0].pid == static_cast<std::uint32_t>(getpid()));
  CHECK(parse_config(snapshot->configuration, "in force").errors.empty());
  service.write_reports();
  until([&] { return std::filesystem::exists(directory.file("reports/report.json")); });
  service.stop();
  CHECK(read_text(directory.file("reports/report.txt")).find("SEND_MESSAGE") != std::string::npos);
  CHECK_FALSE(nlohmann::json::parse(read_text(directory.file("reports/report.json"))).empty());
  CHECK(std::filesystem::exists(directory.file("state/state")));
}

TEST_CASE("Service: the next daemon goes on where the last one ended, alerts included") {
  const TempDir directory;
  Server server(directory);
  std::string episode;
  std::int64_t since_wall_ns = 0;
  {
    Service first(config_in(directory), "test");
    REQUIRE_FALSE(first.start());
    server.send(100, 300 * kMillisecond);
    until([&] {
      const auto snapshot = first.snapshot();
      if (!snapshot) return false;
      for (const AlertView& alert : snapshot->alerts) {
        if (alert.last.alert == AlertType::high_latency && alert.last.state == AlertState::firing)
          episode = alert.last.id;
      }
      return !episode.empty();
    });
    since_wall_ns = first.snapshot()->daemon.state_since_wall_ns;
  }
  server.send(50, 300 * kMillisecond);   // no daemon runs
  Service second(config_in(directory), "test");
  REQUIRE_FALSE(second.start());
  until([&] { return read_so_far(second) == 150; });
  const auto snapshot = second.snapshot();
  CHECK(snapshot->books.written == 150);
  CHECK(snapshot->books.lost == 0);
  CHECK(snapshot->daemon.restarts == 1);
  CHECK(snapshot->daemon.state_since_wall_ns == since_wall_ns);
  bool goes_on = false;
  for (const AlertView& alert : snapshot->alerts) goes_on = goes_on || alert.last.id == episode;
  CHECK(goes_on);
}

TEST_CASE("Service: a damaged state is moved aside, and counting begins anew") {
  const TempDir directory;
  Server server(directory);
  server.send(10, 1000);
  {
    Service first(config_in(directory), "test");
    REQUIRE_FALSE(first.start());
    until([&] { return read_so_far(first) == 10; });
  }
  const std::string path = directory.file("state/state");
  std::string bytes = read_text(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(path, bytes);
  const test::Said said;
  Service second(config_in(directory), "test");
  REQUIRE_FALSE(second.start());
  CHECK(said.count("error: " + path + ": the state is damaged") == 1);
  CHECK(said.count("moved to " + path + ".damaged; counting begins anew") == 1);
  CHECK(read_text(path + ".damaged") == bytes);
  until([&] { return read_so_far(second) == 10; });
  CHECK(second.snapshot()->daemon.restarts == 0);
}

TEST_CASE("Service: a second one on the same state directory is refused") {
  const TempDir directory;
  Service first(config_in(directory), "test");
  REQUIRE_FALSE(first.start());
  Service second(config_in(directory), "test");
  const auto failure = second.start();
  REQUIRE(failure);
  CHECK(failure->message.find("another daemon holds this state directory") != std::string::npos);
}

TEST_CASE("Service: a new configuration is taken over while running") {
  const TempDir directory;
  Server server(directory);
  Config config = config_in(directory);
  Service service(config, "test");
  REQUIRE_FALSE(service.start());
  server.send(100, 50 * kMillisecond);
  until([&] { return read_so_far(service) == 100; });
  std::filesystem::rename(directory.file("alerts.log"), directory.file("alerts.log.1"));
  config.thresholds.operations["SEND_MESSAGE"].response_ns = 10 * kMillisecond;
  config.alert_log_format = "json";
  service.reconfigure(config);
  until([&] {
    return read_text(directory.file("alerts.log")).find("\"alert\":\"high_latency\"") !=
           std::string::npos;
  });
  // The line is written on one thread, the snapshot is published on another.
  std::shared_ptr<const Snapshot> snapshot;
  until([&] {
    snapshot = service.snapshot();
    return snapshot->thresholds.response_of("SEND_MESSAGE") == 10 * kMillisecond;
  });
  CHECK(snapshot->configuration.find("response_time = \"10ms\"") != std::string::npos);
}

SavedState saved_in(const TempDir& directory) {
  SavedState saved;
  std::string why;
  REQUIRE_MESSAGE(decode_state(read_text(directory.file("state/state")), &saved, &why), why);
  return saved;
}

TEST_CASE("Service: the state is saved again and again, and last at the end") {
  const TempDir directory;
  Server server(directory);
  Service service(config_in(directory), "test");
  REQUIRE_FALSE(service.start());
  const std::string path = directory.file("state/state");
  until([&] { return std::filesystem::exists(path); });
  std::int64_t saved_wall_ns = saved_in(directory).meta.saved_wall_ns;
  for (int round = 0; round < 3; ++round) {
    server.send(10, 1000);
    until([&] { return saved_in(directory).meta.saved_wall_ns > saved_wall_ns; });
    saved_wall_ns = saved_in(directory).meta.saved_wall_ns;
  }
  server.send(10, 1000);
  CHECK(service.stop().nothing());
  CHECK(service.snapshot()->books.read == 40);
  // A state of the last snapshot is on disk, whatever was being written before.
  CHECK(saved_in(directory).meta.saved_wall_ns >= saved_wall_ns);
  Service next(config_in(directory), "test");
  REQUIRE_FALSE(next.start());
  until([&] { return read_so_far(next) == 40; });
  CHECK(next.snapshot()->daemon.restarts == 1);
}

TEST_CASE("Service: what was read at the end is in the state, whether or not a tick came") {
  for (int round = 0; round < 10; ++round) {
    const TempDir directory;
    Config config = config_in(directory);
    config.tick_ns = kHour;
    {
      Server server(directory);
      Service service(config, "test");
      REQUIRE_FALSE(service.start());
      until([&] { return service.snapshot() != nullptr; });
      server.send(1000, 1000);
      CHECK(service.stop().nothing());
      CHECK(service.snapshot()->books.read == 1000);
    }
    std::filesystem::remove(directory.file("ring"));
    Service next(config, "test");
    REQUIRE_FALSE(next.start());
    until([&] { return next.snapshot() != nullptr; });
    CHECK(next.snapshot()->books.written == 1000);
    CHECK(next.snapshot()->books.read == 1000);
  }
}

TEST_CASE("Service: a scheduled report comes without being asked for") {
  const TempDir directory;
  Config config = config_in(directory);
  config.report_interval_ns = 200 * kMillisecond;
  Service service(config, "test");
  REQUIRE_FALSE(service.start());
  until([&] { return std::filesystem::exists(directory.file("reports/report.json")); });
  std::filesystem::remove(directory.file("reports/report.json"));
  until([&] { return std::filesystem::exists(directory.file("reports/report.json")); });
  CHECK(service.stop().nothing());
}

TEST_CASE(
    "Service: while the disk hangs the daemon goes on, and its end waits without holding its "
    "caller") {
  const TempDir directory;
  Server server(directory);
  std::mutex disk;
  std::atomic<int> begun{0};
  std::atomic<bool> ended{false};
  Service service(config_in(directory), "test",
                  [&](const std::string& path, std::string_view bytes, unsigned mode) {
                    ++begun;
                    const std::lock_guard hanging(disk);
                    return write_whole_file(path, bytes, mode);
                  });
  {
    const std::lock_guard hangs(disk);
    REQUIRE_FALSE(service.start());
    until([&] { return begun > 0; });
    server.send(100, 1000);
    until([&] { return read_so_far(service) == 100; });
    service.write_reports();
    service.begin_stop([&] { ended = true; });
    service.write_reports();   // too late, and harmless
    service.reopen_logs();
    CHECK_FALSE(ended);
  }
  CHECK(service.stop().nothing());
  CHECK(ended);
  CHECK(std::filesystem::exists(directory.file("reports/report.txt")));
  CHECK(std::filesystem::exists(directory.file("state/state")));
}

TEST_CASE("Service: an end that cannot write says what is missing") {
  const TempDir directory;
  Service service(config_in(directory), "test",
                  [&](const std::string& path, std::string_view, unsigned) {
                    return std::optional(system_failure(path, "cannot write", EIO));
                  });
  REQUIRE_FALSE(service.start());
  const Unwritten unwritten = service.stop();
  CHECK(unwritten.state);
  CHECK(unwritten.reports == 8);  // the latest and a copy, in four formats
  CHECK(unwritten.alert_lines == 0);
}

TEST_CASE("Service: old copies of reports are removed, and nothing else") {
  const TempDir directory;
  std::filesystem::create_directories(directory.file("reports"));
  for (const char* name :
       {"report-20200101T000000Z.txt", "report-20200102T000000Z.txt",
        "report-20200101T000000Z.json", "report-mine.txt", "report-20200101T000000Z.txt.bak"}) {
    write_text(directory.file("reports/" + std::string(name)), "x");
  }
  Config config = config_in(directory);
  config.report_keep = 2;
  config.report_formats = {"text"};
  {
    Service service(config, "test");
    REQUIRE_FALSE(service.start());
  }
  const auto there = [&](const char* name) {
    return std::filesystem::exists(directory.file("reports/" + std::string(name)));
  };
  CHECK_FALSE(there("report-20200101T000000Z.txt"));
  CHECK(there("report-20200102T000000Z.txt"));
  CHECK(there("report-20200101T000000Z.json"));
  CHECK(there("report-mine.txt"));
  CHECK(there("report-20200101T000000Z.txt.bak"));
  CHECK(there("report.txt"));
}

TEST_CASE("Service: a state that cannot be read or moved aside keeps it from starting") {
  const TempDir directory;
  const std::string path = directory.file("state/state");
  std::filesystem::create_directories(path);
  {
    Service service(config_in(directory), "test");
    const auto failure = service.start();
    REQUIRE(failure);
    CHECK(failure->message == path + ": cannot read: Is a directory");
  }
  std::filesystem::remove(path);
  write_text(path, "damaged");
  std::filesystem::create_directory(path + ".damaged");
  Service service(config_in(directory), "test");
  const auto failure = service.start();
  REQUIRE(failure);
  CHECK(failure->message.starts_with(path + ": cannot move the damaged state aside: "));
}

TEST_CASE("Service: logs are opened anew when that is asked for") {
  const TempDir directory;
  Service service(config_in(directory), "test");
  REQUIRE_FALSE(service.start());
  std::filesystem::rename(directory.file("alerts.log"), directory.file("alerts.log.1"));
  service.reopen_logs();
  until([&] { return std::filesystem::exists(directory.file("alerts.log")); });
}

TEST_CASE("Service: after the end nothing is asked for, and the state directory is free") {
  const TempDir directory;
  Config config = config_in(directory);
  Service service(config, "test");
  REQUIRE_FALSE(service.start());
  std::atomic<bool> ended{false};
  service.begin_stop([&] { ended = true; });
  until([&] { return ended.load(); });
  std::filesystem::remove(directory.file("reports/report.txt"));
  service.write_reports();
  service.reopen_logs();
  service.reconfigure(config);
  CHECK(service.stop().nothing());
  CHECK_FALSE(std::filesystem::exists(directory.file("reports/report.txt")));
  Service next(config, "test");
  CHECK_FALSE(next.start());
}

}  // namespace
}  // namespace ringside
