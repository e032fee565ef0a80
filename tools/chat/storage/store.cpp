#include "tools/chat/storage/store.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "tools/chat/storage/schema.h"

namespace chatd {
namespace {

using Clock = std::chrono::steady_clock;

JobResult result_of(const DbError& error) {
  if (error.busy())
    return {Error::DATABASE_BUSY, "the database is locked by another process; try again"};
  if (error.interrupted()) return {Error::QUERY_TIMEOUT, "the query was stopped at its time limit"};
  spdlog::error("database: {} (SQLite code {})", error.what(), error.code());
  return {Error::DATABASE_ERROR, "the database failed; the server's log says how"};
}

JobResult internal(const std::exception& error) {
  spdlog::error("internal: {}", error.what());
  return {Error::INTERNAL, "internal error; the server's log has it"};
}

constexpr const char* kBreakerMessage =
    "the database failed repeatedly and is left alone for a moment; try again later";

ConnectionOptions connection_options(const StoreOptions& options, bool read_only) {
  return {options.busy, options.slow_query, options.query_limit, read_only};
}

}  // namespace

bool JobQueue::push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || jobs_.size() >= limit_) return false;
    job.queued = Clock::now();
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

bool JobQueue::pop(std::vector<Job>& into, std::size_t at_most) {
  into.clear();
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  while (!jobs_.empty() && into.size() < at_most) {
    into.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return !into.empty();
}

void JobQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  ready_.notify_all();
}

Store::Store(const StoreOptions& options)
    : options_(options),
      breaker_(options.breaker_after, options.breaker_open),
      writes_(options.max_queued),
      reads_(options.max_queued) {
  try {
    writer_ = std::make_unique<Connection>(options.file, connection_options(options, false));
    open_schema(*writer_, options.file);
    for (int i = 1; i < std::max(options.connections, 2); ++i) {
      readers_.push_back(
          std::make_unique<Connection>(options.file, connection_options(options, true)));
    }
  } catch (const DbError& error) {
    throw std::runtime_error(
        std::string(error.what()) +
        "\n  next: check that the file is an SQLite database, that it and its directory may be "
        "written, and that no other program holds it locked; or name another with --db");
  }
  threads_.emplace_back([this] { write_loop(); });
  for (auto& reader : readers_) {
    threads_.emplace_back([this, connection = reader.get()] { read_loop(*connection); });
  }
}

Store::~Store() { stop(); }

void Store::stop() {
  writes_.close();
  reads_.close();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  readers_.clear();
  writer_.reset();  // last: SQLite folds the WAL into the file when the last connection closes
}

void Store::read(Job job) {
  if (!reads_.push(job))
    refuse(job, Error::OVERLOADED, "too many commands wait for the database; try again");
}

void Store::write(Job job) {
  if (breaker_.refuses()) {
    refuse(job, Error::BREAKER_OPEN, kBreakerMessage);
  } else if (!writes_.push(job)) {
    refuse(job, Error::OVERLOADED, "too many commands wait for the database; try again");
  }
}

void Store::refuse(Job& job, Error error, const std::string& message) {
  job.ended({error, message});
}

void Store::write_loop() {
  std::vector<Job> jobs;
  std::vector<Job> probe;
  while (writes_.pop(jobs, kBatch)) {
    switch (breaker_.admit()) {
      case Breaker::Admission::all:
        break;
      case Breaker::Admission::none:
        for (auto& job : jobs) refuse(job, Error::BREAKER_OPEN, kBreakerMessage);
        continue;
      case Breaker::Admission::one:
        probe.clear();
        probe.push_back(std::move(jobs.front()));
        jobs.erase(jobs.begin());
        write_batch(probe);
        if (breaker_.state() != Breaker::State::closed) {
          for (auto& job : jobs) refuse(job, Error::BREAKER_OPEN, kBreakerMessage);
          continue;
        }
        break;
    }
    if (!jobs.empty()) write_batch(jobs);
  }
}

// Runs `attempt` until it succeeds, the attempts are used up, or the breaker opens. Only a locked
// database is worth another attempt. `guarded` attempts count for the breaker.
template <typename Attempt>
JobResult Store::with_retries(const std::vector<Job>& jobs, bool guarded, Attempt attempt) {
  auto pause = options_.backoff;
  for (int number = 1;; ++number) {
    const auto began = trace::now();
    try {
      attempt();
      if (guarded) breaker_.success();
      return {};
    } catch (const DbError& error) {
      if (guarded) breaker_.failure(jobs.front().op);
      const bool stopped = guarded && breaker_.state() != Breaker::State::closed;
      if (!error.busy() || number >= options_.attempts || stopped) return result_of(error);
    }
    std::this_thread::sleep_for(pause);
    // The event's span is the cost of this retry: the failed attempt and the pause after it.
    for (const auto& job : jobs) {
      trace::event(trace::Event::RETRY, {.outcome = Outcome::timeout,
                                         .error = Error::DATABASE_BUSY,
                                         .op = job.op,
                                         .value = number + 1,
                                         .duration = trace::now() - began});
    }
    pause *= 2;
  }
}

void Store::write_batch(std::vector<Job>& jobs) {
  std::vector<JobResult> results(jobs.size());
  bool whole = true;
  const JobResult batch = with_retries(jobs, true, [&] { whole = try_batch(jobs, results); });
  if (batch.error != Error::none && jobs.size() > 1 && batch.error != Error::DATABASE_BUSY) {
    // One job may fail alone, for example on a corrupt page that only it reads. The others may
    // still succeed.
    one_by_one(jobs, results);
  } else if (batch.error != Error::none) {
    std::fill(results.begin(), results.end(), batch);
  } else if (!whole) {
    one_by_one(jobs, results);
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].ended(results[i]);
}

// Runs all jobs in one transaction. Returns false if a job failed after it had changed something,
// so that the transaction was rolled back with the other jobs in it.
bool Store::try_batch(std::vector<Job>& jobs, std::vector<JobResult>& results) {
  writer_->begin_operation(jobs.front().op);
  Transaction transaction(*writer_, Transaction::Mode::write);
  const auto changes_at_begin = writer_->total_changes();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    writer_->begin_operation(jobs[i].op);
    results[i] = {};
    const auto changes = writer_->total_changes();
    try {
      jobs[i].work(*writer_);
    } catch (const Refusal& refusal) {
      results[i] = {refusal.error(), refusal.what()};
    } catch (const DbError& error) {
      // A violated constraint is a mistake of one handler and no failure of the database.
      if (!error.constraint()) throw;
      results[i] = internal(error);
    } catch (const std::exception& error) {
      results[i] = internal(error);
    }
    if (results[i].error != Error::none && writer_->total_changes() != changes) {
      if (jobs.size() == 1) return true;  // rolled back, and no other job was in it
      return false;
    }
  }
  // A batch of nothing but refusals has nothing to commit. It is rolled back and counted so.
  if (writer_->total_changes() != changes_at_begin) {
    transaction.commit();
  } else if (std::any_of(results.begin(), results.end(),
                         [](const auto& r) { return r.error == Error::none; })) {
    transaction.commit();
  }
  return true;
}

void Store::one_by_one(std::vector<Job>& jobs, std::vector<JobResult>& results) {
  std::vector<Job> one(1);
  std::vector<JobResult> its(1);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (breaker_.refuses()) {
      results[i] = {Error::BREAKER_OPEN, kBreakerMessage};
      continue;
    }
    one[0] = std::move(jobs[i]);
    const JobResult failed = with_retries(one, true, [&] { try_batch(one, its); });
    results[i] = failed.error != Error::none ? failed : its[0];
    jobs[i] = std::move(one[0]);
  }
}

void Store::read_loop(Connection& connection) {
  std::vector<Job> jobs;
  while (reads_.pop(jobs, 1)) jobs[0].ended(read_one(connection, jobs[0]));
}

JobResult Store::read_one(Connection& connection, Job& job) {
  std::vector<Job> one;
  one.push_back(std::move(job));
  JobResult result;
  const JobResult failed = with_retries(one, false, [&] {
    connection.begin_operation(one[0].op);
    Transaction transaction(connection, Transaction::Mode::read);
    result = {};
    try {
      one[0].work(connection);
    } catch (const Refusal& refusal) {
      result = {refusal.error(), refusal.what()};
    } catch (const DbError&) {
      throw;
    } catch (const std::exception& error) {
      result = internal(error);
    }
    transaction.commit();  // a read has nothing to undo, refused or not
  });
  job = std::move(one[0]);
  return failed.error != Error::none ? failed : result;
}

}  // namespace chatd
