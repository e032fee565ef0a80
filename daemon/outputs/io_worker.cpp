#include "daemon/outputs/io_worker.h"

#include "report/model/format.h"
#include "shm/assert.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace ringside {

using Clock = std::chrono::steady_clock;

struct IoWorker::Queue {
  moodycamel::BlockingConcurrentQueue<Task> tasks;
};

std::string Unwritten::text() const {
  std::vector<std::string> parts;
  if (state) parts.emplace_back("the state");
  if (reports > 0) parts.emplace_back("reports");
  if (alert_lines > 0) parts.push_back(fmt::format("{} alert lines", alert_lines));
  if (minutes > 0) parts.push_back(fmt::format("{} minutes of the history", minutes));
  return fmt::format("{}", fmt::join(parts, ", "));
}

IoWorker::IoWorker(WriteFile write, AlertLogLimits limits)
    : write_(std::move(write)), queue_(std::make_unique<Queue>()), reports_(write_), log_(limits) {}

IoWorker::~IoWorker() {
  if (!thread_.joinable()) return;
  if (!finishing_.exchange(true, std::memory_order_acq_rel)) queue_->tasks.enqueue([] {});
  thread_.join();
}

std::optional<Failure> IoWorker::start(const IoOptions& options,
                                       const std::vector<AlertTransition>& left) {
  RINGSIDE_ASSERT(!thread_.joinable());
  if (auto failure = log_.open(options.alert_log_path, options.alert_log_format)) return failure;
  options_ = options;
  log_.add_missing(left);
  tells_ = 1;
  reports_.start(options.reports, options.dead_rings);
  thread_ = std::thread([this] { run(); });
  return std::nullopt;
}

void IoWorker::finish(LastWords last, std::function<void()> ended) {
  RINGSIDE_ASSERT(thread_.joinable() && !finishing_.load());
  last_ = std::move(last);
  ended_ = std::move(ended);
  finishing_.store(true, std::memory_order_release);
  queue_->tasks.enqueue([] {});   // wakes the thread; its position has no meaning
}

Unwritten IoWorker::join() {
  RINGSIDE_ASSERT(finishing_.load());
  if (thread_.joinable()) thread_.join();
  return unwritten_;
}

void IoWorker::enqueue(Task task) {
  RINGSIDE_ASSERT(!finishing_.load(std::memory_order_relaxed) && "handed over after finish()");
  queue_->tasks.enqueue(std::move(task));
}

void IoWorker::run() {
  pthread_setname_np(pthread_self(), "io");
  here_.take_over();
  retry_waiting_lines();
  Task task;
  while (next(task)) {
    if (task) task();
    task = nullptr;
    retry_waiting_lines();
  }
  write_last();
  if (ended_) ended_();
}

// The next task, or none when it is time to retry the log. False when all is done.
bool IoWorker::next(Task& task) {
  if (finishing_.load(std::memory_order_acquire)) return queue_->tasks.try_dequeue(task);
  if (!retry_at_) {
    queue_->tasks.wait_dequeue(task);
  } else if (const auto wait = *retry_at_ - Clock::now(); wait > Clock::duration::zero()) {
    queue_->tasks.wait_dequeue_timed(task, wait);
  }
  return true;
}

// Retries the waiting lines at fixed times. Tasks may come more often than that, for ever.
void IoWorker::retry_waiting_lines() {
  RINGSIDE_ASSERT(here_.is_current());
  const bool due = retry_at_ && Clock::now() >= *retry_at_;
  if (due) log_.flush();
  say_log_state();
  note_settled();
  if (log_.status().waiting == 0) {
    retry_at_.reset();
  } else if (due || !retry_at_) {
    retry_at_ = Clock::now() + options_.retry;
  }
}

void IoWorker::note_settled() {
  if (log_.status().waiting == 0) settled_.store(tells_, std::memory_order_relaxed);
}

// Says once that lines wait, and once that they are written.
void IoWorker::say_log_state() {
  const AlertLog::Status log = log_.status();
  if (log.failing && !log_failing()) {
    spdlog::error("{}: cannot write: {}; {} alert lines wait and are tried again",
                  options_.alert_log_path,
                  log.last_error != 0 ? std::strerror(log.last_error) : "its reader has stalled",
                  log.waiting);
  } else if (!log.failing && log_failing() && log.waiting == 0) {
    spdlog::info("{}: writable again after {} failed writes, {} lines dropped",
                 options_.alert_log_path, log.failed_writes, log.dropped);
  }
  const bool failing = log.failing || (log_failing() && log.waiting > 0);
  log_failing_.store(failing, std::memory_order_relaxed);
}

void IoWorker::tell(const std::vector<AlertTransition>& transitions) {
  enqueue([this, transitions] {
    for (const AlertTransition& transition : transitions) {
      if (is_logged(transition.state) ||
          (is_of_episode(transition.state) && options_.alert_log_transitions))
        log_.add(transition);
    }
    ++tells_;
  });
}

bool IoWorker::enqueue_counted(std::atomic<int>& waiting, int most, Task task) {
  // Relaxed: the count bounds memory, and publishes nothing.
  if (waiting.load(std::memory_order_relaxed) >= most) return false;
  waiting.fetch_add(1, std::memory_order_relaxed);
  enqueue([&waiting, task = std::move(task)] {
    task();
    waiting.fetch_sub(1, std::memory_order_relaxed);
  });
  return true;
}

bool IoWorker::save_state(SavedState state) {
  const std::uint64_t number = states_given_.fetch_add(1, std::memory_order_relaxed) + 1;
  return enqueue_counted(states_waiting_, 1, [this, number, state = std::move(state)] {
    if (number < state_written_) return;
    state_written_ = number;
    write_state(state);
  });
}

void IoWorker::save_state_before_lines(SavedState state) {
  const std::uint64_t number = states_given_.fetch_add(1, std::memory_order_relaxed) + 1;
  {
    const std::lock_guard lock(newest_state_mutex_);
    newest_state_ = std::move(state);
    newest_number_ = number;
  }
  enqueue([this] { write_newest_state(); });
}

// It may be newer than the one that this task was for, and already be written.
void IoWorker::write_newest_state() {
  std::optional<SavedState> state;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(newest_state_mutex_);
    state.swap(newest_state_);
    number = newest_number_;
  }
  if (!state || number < state_written_) return;
  state_written_ = number;
  write_state(*state);
}

bool IoWorker::write_report(std::shared_ptr<const Snapshot> snapshot) {
  RINGSIDE_ASSERT(!finishing_.load(std::memory_order_relaxed) && "handed over after finish()");
  return reports_.write(std::move(snapshot));
}

bool IoWorker::write_daily_report(std::int64_t begin_wall_s) {
  RINGSIDE_ASSERT(!finishing_.load(std::memory_order_relaxed) && "handed over after finish()");
  return reports_.write_daily(begin_wall_s);
}

bool IoWorker::keep_ring(DeadRing ring) {
  RINGSIDE_ASSERT(!finishing_.load(std::memory_order_relaxed) && "handed over after finish()");
  return reports_.keep_ring(std::move(ring));
}

void IoWorker::try_reports() { reports_.try_files(); }

void IoWorker::write_state(const SavedState& state) {
  RINGSIDE_ASSERT(here_.is_current());
  const auto failure = write_(options_.state_path, encode_state(state), 0640);
  const bool failed_before = state_failed_.exchange(failure.has_value(), std::memory_order_relaxed);
  if (failure && !failed_before) {
    spdlog::error("{}\n  the state is not saved; it is tried again at each tick", failure->message);
  } else if (!failure && failed_before) {
    spdlog::info("{}: saved again", options_.state_path);
  }
}

void IoWorker::reopen(IoOptions options) {
  reports_.set_files(options.reports, options.dead_rings);
  enqueue([this, options = std::move(options)] {
    const std::string path = options_.alert_log_path;
    options_ = options;
    if (const auto failure = log_.open(options.alert_log_path, options.alert_log_format)) {
      spdlog::error("{}\n  the log that was open stays in use: {}", failure->message, path);
      options_.alert_log_path = path;
    }
  });
}

// The alert lines come first and the state last: see io_worker.h on the order.
void IoWorker::write_last() {
  if (!log_.finish(options_.patience)) {
    const AlertLog::Status log = log_.status();
    unwritten_.alert_lines = log.waiting;
    spdlog::error("{}: {} alert lines could not be written: {}", options_.alert_log_path,
                  log.waiting,
                  log.last_error != 0 ? std::strerror(log.last_error) : "its reader has stalled");
  }
  unwritten_.reports = reports_.finish(last_ ? last_->snapshot.get() : nullptr);
  if (!last_) return;
  if (log_.status().waiting == 0) last_->state.lines.clear();
  write_state(last_->state);
  unwritten_.state = state_failed();
}

}  // namespace ringside
