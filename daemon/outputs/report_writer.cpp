#include "daemon/outputs/report_writer.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "report/model/format.h"
#include "shm/assert.h"

namespace ringside {
namespace {

constexpr int kLowPriority = 5;

// A report shows so much of the past over time: a night.
constexpr std::int64_t kReportedS = 8 * kHourS;

// Of the last hours. Null: there is none, or none yet.
std::unique_ptr<HistorySpan> history_of(const std::string& path, std::int64_t wall_ns) {
  if (path.empty() || access(path.c_str(), F_OK) != 0) return nullptr;
  HistoryQuery query;
  query.end_wall_s = wall_ns / kNsPerSecond + 60;  // with the minute that is under way
  query.begin_wall_s = query.end_wall_s - kReportedS;
  HistoryResult result = read_history(path, query);
  if (!result.failure) return std::make_unique<HistorySpan>(std::move(result.span));
  spdlog::warn("{}\n  the report shows nothing over time", result.failure->message);
  return nullptr;
}

}  // namespace

struct ReportWriter::Queue {
  moodycamel::BlockingConcurrentQueue<Task> tasks;
};

ReportWriter::ReportWriter(WriteFile write)
    : write_(std::move(write)), queue_(std::make_unique<Queue>()) {}

ReportWriter::~ReportWriter() { end(); }

void ReportWriter::start(const ReportFiles& files, const DeadRingFiles& dead_rings) {
  RINGSIDE_ASSERT(!thread_.joinable());
  set_files(files, dead_rings);
  thread_ = std::thread([this] { run(); });
}

void ReportWriter::run() {
  pthread_setname_np(pthread_self(), "reports");
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowPriority);
  for (;;) {
    Task task;
    if (!ending_.load(std::memory_order_acquire)) {
      queue_->tasks.wait_dequeue(task);
    } else if (!queue_->tasks.try_dequeue(task)) {
      return;
    }
    if (task) task();
  }
}

void ReportWriter::end() {
  if (!thread_.joinable()) return;
  ending_.store(true, std::memory_order_release);
  queue_->tasks.enqueue(nullptr);  // wakes the thread; its position has no meaning
  thread_.join();
}

std::size_t ReportWriter::finish(const Snapshot* last) {
  end();
  return last != nullptr ? write_report(*last) : 0;
}

bool ReportWriter::enqueue_counted(std::atomic<int>& waiting, int most, Task task) {
  // Relaxed: the count bounds memory, and publishes nothing.
  if (waiting.load(std::memory_order_relaxed) >= most) return false;
  waiting.fetch_add(1, std::memory_order_relaxed);
  queue_->tasks.enqueue([&waiting, task = std::move(task)] {
    task();
    waiting.fetch_sub(1, std::memory_order_relaxed);
  });
  return true;
}

void ReportWriter::try_files() {
  queue_->tasks.enqueue([this] { try_them(); });
}

bool ReportWriter::write(std::shared_ptr<const Snapshot> snapshot) {
  return enqueue_counted(reports_waiting_, 2,
                         [this, snapshot = std::move(snapshot)] { write_report(*snapshot); });
}

bool ReportWriter::write_daily(std::int64_t begin_wall_s) {
  return enqueue_counted(days_waiting_, 1, [this, begin_wall_s] { write_day(begin_wall_s); });
}

bool ReportWriter::keep_ring(DeadRing ring) {
  // A task is copied, and a ring is not.
  const auto kept = std::make_shared<const DeadRing>(std::move(ring));
  return enqueue_counted(rings_waiting_, 4, [this, kept] { write_ring(*kept); });
}

void ReportWriter::set_files(const ReportFiles& files, const DeadRingFiles& dead_rings) {
  const std::lock_guard lock(files_mutex_);
  files_ = files;
  dead_rings_ = dead_rings;
}

ReportFiles ReportWriter::files() {
  const std::lock_guard lock(files_mutex_);
  return files_;
}

// So that nobody hears of it only when the first report is due.
void ReportWriter::try_them() {
  const ReportFiles files = this->files();
  const auto failure = try_reports(files);
  if (failure) {
    spdlog::error(
        "{}\n  reports cannot be written\n  next: let user {} write there, or set "
        "reports.directory and send SIGHUP",
        failure->message, geteuid());
  } else if (failing_) {
    spdlog::info("{}: reports can be written", files.directory);
  }
  failing_ = failure.has_value();
}

void ReportWriter::write_day(std::int64_t begin_wall_s) {
  const ReportFiles files = this->files();
  bool written = false;
  for (const Failure& failure : write_daily_reports(files, begin_wall_s, &written, write_))
    spdlog::error("{}\n  the report of a day is tried again in an hour", failure.message);
  if (written) {
    spdlog::info("report of {} written to {}",
                 format_wall(begin_wall_s * kNsPerSecond).substr(0, 10), files.directory);
  }
}

void ReportWriter::write_ring(const DeadRing& ring) {
  DeadRingFiles dead_rings;
  {
    const std::lock_guard lock(files_mutex_);
    dead_rings = dead_rings_;
  }
  std::string path;
  if (const auto failure = keep_dead_ring(dead_rings, ring, &path)) {
    spdlog::error("{}", failure->message);
  } else if (!path.empty()) {
    spdlog::info("the ring of {}, whose server died, is kept as {}\n  next: ringside autopsy {}",
                 ring.name, path, path);
  }
}

// Returns how many files could not be written.
std::size_t ReportWriter::write_report(const Snapshot& snapshot) {
  const ReportFiles files = this->files();
  const auto history = history_of(files.history, snapshot.wall_ns);
  const auto failures = write_reports(files, snapshot, write_, history.get());
  for (const Failure& failure : failures) spdlog::error("{}", failure.message);
  if (failures.empty() && !files.formats.empty())
    spdlog::info("report written to {}", files.directory);
  return failures.size();
}

}  // namespace ringside
