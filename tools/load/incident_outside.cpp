// Incidents that reach the server without its protocol: through its database and through its
// process.
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "tools/load/clock.h"
#include "tools/load/incidents.h"

extern char** environ;

namespace ringside::load {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// Opens an existing database and reads from it, so that a file that is no database is noticed.
Database open_database(const std::string& path, std::string& error) {
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE,
                             nullptr);
  Database db(raw);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(raw, 1000);
    code = sqlite3_exec(raw, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
    sqlite3_busy_timeout(raw, 0);
  }
  if (code == SQLITE_OK) return db;
  error = fmt::format("{}: {}\n  next: give db= the file that the server was given as --db", path,
                      raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code));
  return nullptr;
}

// Holds the database's write lock. BEGIN EXCLUSIVE covers both journal modes. With a rollback
// journal readers wait too. In WAL mode it is the same as IMMEDIATE: readers go on, as they do
// beside any long writer.
class LockedDatabase final : public Incident {
 public:
  LockedDatabase(IncidentContext& context, IncidentReport& report)
      : Incident(context, report), retry_(context.io) {}

  std::string check() override {
    std::string error;
    open_database(report_.spec.db, error);
    return error;
  }

  void start() override {
    std::string error;
    db_ = open_database(report_.spec.db, error);
    if (db_ == nullptr) fail(error);
    else try_lock();
  }

  void stop() override {
    retry_.cancel();
    if (db_ == nullptr) return;
    if (locked_) {
      sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      tell("released_wall_ns", wall_ns());
    } else {
      fail("the lock was never to be had: the server's own transactions left no gap");
    }
    db_.reset();
  }

 private:
  void try_lock() {
    const int code = sqlite3_exec(db_.get(), "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) {
      locked_ = true;
      tell("locked_wall_ns", wall_ns());
      return;
    }
    if (code != SQLITE_BUSY) {
      fail(fmt::format("{}: {}", report_.spec.db, sqlite3_errmsg(db_.get())));
      return;
    }
    // The server is in a transaction, which takes a millisecond or so.
    retry_.expires_after(std::chrono::microseconds(200));
    retry_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && db_ != nullptr) try_lock();
    });
  }

  Database db_;
  bool locked_ = false;
  asio::steady_timer retry_;
};

// Sends SIGKILL, waits for the downtime, and runs the command that starts the server again. That
// server stays when the load has ended.
class KillServer final : public Incident {
 public:
  KillServer(IncidentContext& context, IncidentReport& report)
      : Incident(context, report), retry_(context.io), probe_(context.io) {}

  std::string check() override {
    std::string error;
    find_pid(error);
    return error;
  }

  void start() override {
    std::string error;
    const int pid = find_pid(error);
    if (pid != 0 && ::kill(pid, SIGKILL) == 0) {
      killed_ = true;
      context_.killed_pids.push_back(pid);
      tell("killed_pid", pid);
      tell("killed_wall_ns", wall_ns());
    } else {
      fail(pid == 0 ? error : fmt::format("kill({}): {}", pid, std::strerror(errno)));
    }
  }

  void stop() override {
    if (!killed_) return;
    restart();
  }

  void finish() override {
    retry_.cancel();
    error_code ignored;
    probe_.close(ignored);
    check_child();
  }

 private:
  int find_pid(std::string& error) const {
    int pid = report_.spec.pid;
    if (!report_.spec.pid_file.empty()) {
      std::ifstream file(report_.spec.pid_file);
      if (!(file >> pid) || pid <= 1) {
        error = fmt::format(
            "{}: found no process id in it\n  next: write the server's there, as in "
            "`ringside-chatd ... & echo $! > {}`",
            report_.spec.pid_file, report_.spec.pid_file);
        return 0;
      }
    } else if (context_.restarted_pid != 0) {
      pid = context_.restarted_pid;
    }
    if (::kill(pid, 0) != 0) {
      error = fmt::format("process {}: {}\n  next: give the id of the running server", pid,
                          std::strerror(errno));
      return 0;
    }
    return pid;
  }

  void restart() {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    // The server's output goes nowhere unless the command redirects it. With our own stdout the
    // server would hold a reader's pipe open for as long as it lives.
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);  // the server must not inherit our sockets
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // In a session of its own: Ctrl-C on the load does not reach it.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    std::string command = report_.spec.command;
    char shell[] = "sh";
    char option[] = "-c";
    char* arguments[] = {shell, option, command.data(), nullptr};
    const int failed = ::posix_spawn(&child_, "/bin/sh", &files, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
      child_ = 0;
      fail(fmt::format("/bin/sh: {}", std::strerror(failed)));
      return;
    }
    context_.restarted_pid = child_;
    tell("restarted_pid", child_);
    tell("restarted_wall_ns", wall_ns());
    if (!report_.spec.pid_file.empty()) std::ofstream(report_.spec.pid_file) << child_ << '\n';
    probe_deadline_ns_ = now_ns() + 30'000'000'000;
    probe();
  }

  // Tries to connect until it succeeds or 30 s are over.
  void probe() {
    error_code ignored;
    probe_.close(ignored);
    probe_.async_connect(context_.crowd.target, [this](const error_code& failed) {
      if (failed == asio::error::operation_aborted) return;
      error_code unused;
      probe_.close(unused);
      if (!failed) {
        tell("reachable_wall_ns", wall_ns());
        return;
      }
      if (!check_child()) return;
      if (now_ns() > probe_deadline_ns_) {
        fail("the server was not reachable within 30 s after its restart");
        return;
      }
      retry_.expires_after(std::chrono::milliseconds(10));
      retry_.async_wait([this](const error_code& cancelled) {
        if (!cancelled) probe();
      });
    });
  }

  // Returns false if the command has ended with a failure. A command that has ended with 0 has put
  // the server into the background.
  bool check_child() {
    if (child_ == 0) return true;
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) != child_) return true;
    const std::vector<int>& killed = context_.killed_pids;
    const bool by_us = std::find(killed.begin(), killed.end(), child_) != killed.end();
    child_ = 0;
    if (by_us) return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    fail(WIFEXITED(status)
             ? fmt::format("the command ended with exit code {}", WEXITSTATUS(status))
             : fmt::format("the restarted server was ended by signal {}", WTERMSIG(status)));
    return false;
  }

  bool killed_ = false;
  pid_t child_ = 0;
  asio::steady_timer retry_;
  asio::ip::tcp::socket probe_;
  std::int64_t probe_deadline_ns_ = 0;
};

}  // namespace

std::unique_ptr<Incident> make_locked_database(IncidentContext& context, IncidentReport& report) {
  return std::make_unique<LockedDatabase>(context, report);
}

std::unique_ptr<Incident> make_kill_server(IncidentContext& context, IncidentReport& report) {
  return std::make_unique<KillServer>(context, report);
}

}  // namespace ringside::load
