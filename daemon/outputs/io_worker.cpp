#include "daemon/outputs/io_worker.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>

#include "daemon/storage/files.h"

namespace ringside {

struct IoWorker::Queue {
  moodycamel::BlockingConcurrentQueue<Task> tasks;
};

IoWorker::IoWorker() : queue_(std::make_unique<Queue>()) {}

IoWorker::~IoWorker() { finish(); }

std::optional<Failure> IoWorker::start(const IoOptions& options) {
  if (auto failure = log_.open(options.alert_log_path, options.alert_log_format)) return failure;
  options_ = options;
  thread_ = std::thread([this] { run(); });
  return std::nullopt;
}

void IoWorker::finish() {
  if (!thread_.joinable()) return;
  enqueue([this] { finished_ = true; });
  thread_.join();
  if (!log_.flush()) {
    spdlog::error("{}: {} alert lines could not be written: {}", options_.alert_log_path, log_.waiting(),
                  std::strerror(log_.last_error()));
  }
}

void IoWorker::enqueue(Task task) { queue_->tasks.enqueue(std::move(task)); }

void IoWorker::run() {
  using namespace std::chrono_literals;
  while (!finished_) {
    Task task;
    if (log_.waiting() == 0) {
      queue_->tasks.wait_dequeue(task);
    } else if (!queue_->tasks.wait_dequeue_timed(task, 1s)) {
      log_.flush();
      check_log();
      continue;
    }
    task();
  }
}

// Says once that lines wait, and once that they are written.
void IoWorker::check_log() {
  const bool failing = log_.waiting() > 0;
  if (failing && !log_failing_) {
    spdlog::error("{}: cannot write: {}; {} alert lines wait and are tried again each second", options_.alert_log_path,
                  std::strerror(log_.last_error()), log_.waiting());
  } else if (!failing && log_failing_) {
    spdlog::info("{}: writable again after {} failed writes, {} lines dropped", options_.alert_log_path,
                 log_.failed_writes(), log_.dropped());
  }
  log_failing_ = failing;
}

void IoWorker::log_alerts(std::vector<AlertTransition> transitions) {
  enqueue([this, transitions = std::move(transitions)] {
    for (const AlertTransition& transition : transitions) log_.add(transition);
    check_log();
  });
}

bool IoWorker::enqueue_counted(std::atomic<int>& waiting, int most, When when, Task task) {
  // Relaxed: the count bounds memory, and publishes nothing.
  if (when == When::if_free && waiting.load(std::memory_order_relaxed) >= most) return false;
  waiting.fetch_add(1, std::memory_order_relaxed);
  enqueue([&waiting, task = std::move(task)] {
    task();
    waiting.fetch_sub(1, std::memory_order_relaxed);
  });
  return true;
}

bool IoWorker::save_state(SavedState state, When when) {
  return enqueue_counted(states_waiting_, 1, when, [this, state = std::move(state)] { store(state); });
}

bool IoWorker::write_reports(std::shared_ptr<const Snapshot> snapshot, When when) {
  return enqueue_counted(reports_waiting_, 2, when, [this, snapshot = std::move(snapshot)] { report(*snapshot); });
}

void IoWorker::store(const SavedState& state) {
  const auto failure = write_whole_file(options_.state_path, encode_state(state), 0640);
  if (failure && !state_failing_) {
    spdlog::error("{}\n  the state is not saved; tried again at each tick", failure->message);
  } else if (!failure && state_failing_) {
    spdlog::info("{}: saved again", options_.state_path);
  }
  state_failing_ = failure.has_value();
}

void IoWorker::report(const Snapshot& snapshot) {
  const auto failures = ringside::write_reports(options_.reports, snapshot);
  for (const Failure& failure : failures) spdlog::error("{}", failure.message);
  if (failures.empty() && !options_.reports.formats.empty()) {
    spdlog::info("report written to {}", options_.reports.directory);
  }
}

void IoWorker::reopen(IoOptions options) {
  enqueue([this, options = std::move(options)] {
    const std::string path = options_.alert_log_path;
    options_ = options;
    if (const auto failure = log_.open(options.alert_log_path, options.alert_log_format)) {
      spdlog::error("{}\n  the log that was open goes on: {}", failure->message, path);
      options_.alert_log_path = path;
    }
    check_log();
  });
}

void IoWorker::say(spdlog::level::level_enum level, std::string text) {
  enqueue([level, text = std::move(text)] { spdlog::log(level, "{}", text); });
}

}  // namespace ringside
