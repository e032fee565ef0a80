// The database as the rest of the server sees it. Any thread may hand in a job. A job runs on a
// database thread and ends exactly once.
//
//   write(job) ─> queue ─> the writer ─> BEGIN IMMEDIATE, <= kBatch jobs, COMMIT ─> ended, in order
//   read(job)  ─> queue ─> any reader ─> BEGIN, one job, COMMIT ──────────────────> ended
//
// Why the store has its own threads and does not use the socket threads: a database that another
// process holds locked makes statements wait for hundreds of milliseconds. The sockets must go on
// meanwhile.
//
// Why there is one writer: SQLite has one at a time anyway. Several writing connections would only
// meet in SQLite's busy handler, which sleeps. One writer also runs `ended` in commit order, which
// the hub relies on, and lets waiting commands share a commit.
//
// A job that fails before it changed anything leaves the batch intact. If the job has changed
// something, the batch is rolled back, and each of its jobs runs once more in a transaction of its
// own. The same happens when the database itself fails in a batch of several jobs, unless it is
// busy: then all jobs of the batch end with DATABASE_BUSY. So `work` may run several times and must
// start afresh each time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tools/chat/storage/breaker.h"
#include "tools/chat/errors.h"
#include "tools/chat/storage/sqlite.h"

namespace chatd {

struct StoreOptions {
  std::filesystem::path file;
  int connections = 4;
  std::chrono::milliseconds busy{250};
  int attempts = 3;
  std::chrono::milliseconds backoff{20};  // doubles with each attempt
  int breaker_after = 5;
  std::chrono::milliseconds breaker_open{2000};
  std::chrono::milliseconds slow_query{100};
  std::chrono::milliseconds query_limit{2000};
  std::size_t max_queued = 20000;
};

// How a job ended. Error::none means that it is committed.
struct JobResult {
  Error error = Error::none;
  std::string message;
};

struct Job {
  Op op{};
  std::function<void(Connection&)> work;  // throws Refusal to refuse
  // Runs on a database thread, or on the caller's when the job is refused at once.
  std::function<void(const JobResult&)> ended;
  std::chrono::steady_clock::time_point queued{};
};

class JobQueue {
 public:
  explicit JobQueue(std::size_t limit) : limit_(limit) {}
  bool push(Job& job);  // false when full or closed; the job is then untouched
  // Waits for a job. False when the queue is closed and empty.
  bool pop(std::vector<Job>& into, std::size_t at_most);
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  const std::size_t limit_;
  bool closed_ = false;
};

class Store {
 public:
  // Throws std::runtime_error that says what failed, where, and what to do next.
  explicit Store(const StoreOptions& options);
  ~Store();

  void read(Job job);
  void write(Job job);
  void stop();  // ends every queued job and closes the file; later jobs are refused

  const Breaker& breaker() const { return breaker_; }

 private:
  static constexpr std::size_t kBatch = 64;

  void write_loop();
  void read_loop(Connection& connection);
  void write_batch(std::vector<Job>& jobs);
  bool try_batch(std::vector<Job>& jobs, std::vector<JobResult>& results);
  void one_by_one(std::vector<Job>& jobs, std::vector<JobResult>& results);
  JobResult read_one(Connection& connection, Job& job);
  template <typename Attempt>
  JobResult with_retries(const std::vector<Job>& jobs, bool guarded, Attempt attempt);
  void refuse(Job& job, Error error, const std::string& message);

  const StoreOptions options_;
  std::unique_ptr<Connection> writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  Breaker breaker_;
  JobQueue writes_;
  JobQueue reads_;
  std::vector<std::thread> threads_;
};

}  // namespace chatd
