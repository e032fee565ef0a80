// Each incident, checked against something that shows that it really happened.
#include <doctest/doctest.h>

#include <atomic>

#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/temp.h"
#include "tests/unit/tools/load/fake_server.h"
#include "tools/load/clock.h"
#include "tools/load/run.h"

extern char** environ;

using namespace ringside::load;
using ringside::load::test::FakeServer;
using ringside::test::TempDir;

namespace {

Settings settings_with(const FakeServer& server, const std::string& incident, double duration_s) {
  Settings settings;
  settings.port = server.port();
  settings.clients = 4;
  settings.threads = 1;
  settings.rate_per_s = 100;
  settings.duration_s = duration_s;
  settings.run = "test";
  IncidentSpec spec;
  std::string error;
  REQUIRE_MESSAGE(parse_incident(incident, spec, error), error);
  settings.incidents.push_back(spec);
  return settings;
}

Result run_quietly(const Settings& settings) {
  RunObserver nobody;
  return run_load(settings, nobody, false);
}

std::int64_t figure(const IncidentReport& report, const std::string& name) {
  for (const auto& [key, value] : report.figures) {
    if (key == name) return value;
  }
  return 0;
}

void check_times(const IncidentReport& report, double duration_s) {
  INFO(report.failure);
  CHECK(report.failure.empty());
  CHECK(report.started_wall_ns > 0);
  CHECK(static_cast<double>(report.ended_wall_ns - report.started_wall_ns) >= 0.99e9 * duration_s);
}

void make_database(const std::filesystem::path& file) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)", nullptr, nullptr,
                       nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

std::string check_failure(const Settings& settings) {
  try {
    run_quietly(settings);
  } catch (const RunError& error) {
    return error.what();
  }
  return {};
}

// A process that sleeps, so that there is something to kill.
pid_t start_sleeper() {
  pid_t pid = 0;
  char name[] = "sleep";
  char seconds[] = "600";
  char* arguments[] = {name, seconds, nullptr};
  REQUIRE(::posix_spawnp(&pid, name, nullptr, nullptr, arguments, environ) == 0);
  return pid;
}

}  // namespace

TEST_CASE(
    "Incident: a locked database refuses other writers while it lasts, and takes them afterwards") {
  const TempDir dir;
  const auto file = dir / "chat.db";
  make_database(file);
  FakeServer server;
  const Settings settings =
      settings_with(server, "locked-database:db=" + file.string() + "@0.2+0.5", 1.0);
  // A writer that tries all the time and notes when the database kept it out.
  std::atomic<bool> stop{false};
  std::int64_t first_busy_ns = 0;
  std::int64_t last_busy_ns = 0;
  std::thread writer([&] {
    sqlite3* db = nullptr;
    if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) return;
    while (!stop) {
      if (sqlite3_exec(db, "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr) == SQLITE_BUSY) {
        last_busy_ns = wall_ns();
        if (first_busy_ns == 0) first_busy_ns = last_busy_ns;
      }
      std::this_thread::yield();
    }
    sqlite3_close(db);
  });
  const Result result = run_quietly(settings);
  stop = true;
  writer.join();
  const IncidentReport& report = result.incidents.at(0);
  check_times(report, 0.5);
  CHECK(figure(report, "locked_wall_ns") >= report.started_wall_ns);
  CHECK(figure(report, "released_wall_ns") > figure(report, "locked_wall_ns"));
  CHECK(last_busy_ns - first_busy_ns > 300'000'000);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "INSERT INTO t VALUES (2)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

TEST_CASE("Incident: what is no database is refused before the load begins") {
  const TempDir dir;
  FakeServer server;
  const auto missing = dir / "missing.db";
  CHECK(check_failure(settings_with(server, "locked-database:db=" + missing.string() + "@0+0.1", 1))
            .find("missing.db: unable to open") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(missing));
  const auto text = dir / "text.db";
  std::ofstream(text) << std::string(5000, 'x');
  CHECK(check_failure(settings_with(server, "locked-database:db=" + text.string() + "@0+0.1", 1))
            .find("not a database") != std::string::npos);
}

TEST_CASE("Incident: passwords are guessed from another address, and counted as operations") {
  FakeServer server;
  const Result result =
      run_quietly(settings_with(server, "password-guessing:rate=100,clients=2@0.1+0.5", 0.8));
  const IncidentReport& report = result.incidents.at(0);
  check_times(report, 0.5);
  CHECK(server.addresses() == std::set<std::string>{"127.0.0.1", "127.0.0.2"});
  const Tally& guesses = result.books.tally(report.source, Op::AUTHENTICATION);
  CHECK(guesses.answered() >= 30);
  CHECK(guesses.answered() == guesses.sent);
  CHECK(result.books.total(Op::AUTHENTICATION).answered() == server.taken().at("AUTHENTICATION"));
}

TEST_CASE("Incident: an address that is not ours is refused before the load begins") {
  FakeServer server;
  CHECK(check_failure(settings_with(server, "password-guessing:from=192.0.2.1@0+0.1", 1))
            .find("from=192.0.2.1") != std::string::npos);
  CHECK(check_failure(settings_with(server, "password-guessing:from=here@0+0.1", 1))
            .find("no IP address") != std::string::npos);
}

TEST_CASE("Incident: a surge opens its connections, and holds them") {
  FakeServer server;
  const Result result =
      run_quietly(settings_with(server, "connection-surge:connections=300@0.1+0.6", 0.9));
  const IncidentReport& report = result.incidents.at(0);
  check_times(report, 0.6);
  CHECK(figure(report, "opened") == 300);
  CHECK(figure(report, "held_to_the_end") == 300);
  CHECK(server.connections() >= 304);
}

TEST_CASE("Incident: a burst of invalid requests balances, garbage and long lines included") {
  FakeServer server;
  const Result result =
      run_quietly(settings_with(server, "invalid-burst:rate=2000,clients=2@0.1+0.6", 1.0));
  const IncidentReport& report = result.incidents.at(0);
  check_times(report, 0.6);
  const auto taken = server.taken();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const Tally total = result.books.total(op);
    INFO(name_of(op));
    CHECK(total.answered() == taken.at(std::string(name_of(op))));
    CHECK(total.unanswered() == 0);
  }
  const Tally garbage = result.books.total(Op::none);
  CHECK(garbage.answered() > 50);
  CHECK(garbage.sent == garbage.answered() + garbage.unanswered());
  CHECK(taken.at("") >= garbage.answered());
  CHECK(garbage.codes.count(1003) == 1);
  CHECK(result.books.misread() == 0);
}

TEST_CASE(
    "Incident: the server is killed for good, and the command is run when its time has come") {
  const TempDir dir;
  FakeServer server;  // plays the restarted server too
  const pid_t victim = start_sleeper();
  const auto pid_file = dir / "server.pid";
  const auto mark = dir / "restarted";
  std::ofstream(pid_file) << victim << '\n';
  const Result result =
      run_quietly(settings_with(server,
                                "kill-server:pid-file=" + pid_file.string() +
                                    ",command=echo a,b > " + mark.string() + "@0.1+0.3",
                                1.0));
  const IncidentReport& report = result.incidents.at(0);
  check_times(report, 0.3);
  int status = 0;
  REQUIRE(::waitpid(victim, &status, 0) == victim);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(figure(report, "killed_pid") == victim);
  CHECK(figure(report, "restarted_wall_ns") - figure(report, "killed_wall_ns") >= 290'000'000);
  CHECK(figure(report, "reachable_wall_ns") >= figure(report, "restarted_wall_ns"));
  std::string written;
  std::ifstream(mark) >> written;
  CHECK(written == "a,b");
  std::int64_t new_pid = 0;
  std::ifstream(pid_file) >> new_pid;
  CHECK(new_pid == figure(report, "restarted_pid"));
}

TEST_CASE("Incident: a process that is not there, and a command that fails, are told") {
  const TempDir dir;
  FakeServer server;
  const auto pid_file = dir / "server.pid";
  CHECK(check_failure(
            settings_with(server,
                          "kill-server:pid-file=" + pid_file.string() + ",command=true@0+0.1", 1))
            .find("found no process id") != std::string::npos);
  const pid_t victim = start_sleeper();
  const Result result = run_quietly(settings_with(
      server, "kill-server:pid=" + std::to_string(victim) + ",command=exit 7@0.1+0.2", 1.0));
  ::waitpid(victim, nullptr, 0);
  CHECK(result.incidents.at(0).failure == "the command ended with exit code 7");
}

TEST_CASE("Incident: a load that ends early ends its incidents, and restarts what it killed") {
  const TempDir dir;
  FakeServer server;
  const pid_t victim = start_sleeper();
  const auto mark = dir / "restarted";
  Settings settings = settings_with(server,
                                    "kill-server:pid=" + std::to_string(victim) +
                                        ",command=echo yes > " + mark.string() + "@0+500",
                                    0);
  settings.operations = 20;
  settings.duration_s = 0;
  const Result result = run_quietly(settings);
  ::waitpid(victim, nullptr, 0);
  CHECK(result.load_s < 100);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!std::filesystem::exists(mark) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(std::filesystem::exists(mark));
}
