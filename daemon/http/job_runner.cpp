#include "daemon/http/job_runner.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <utility>

namespace ringside::http {
namespace {

constexpr int kLowPriority = 10;  // of 0 to 19

}  // namespace

JobRunner::JobRunner(const JobLimits& limits) : limits_(limits) {
  for (std::size_t i = 0; i < limits_.readers; ++i)
    threads_.emplace_back([this] { work(reading_, true); });
  for (std::size_t i = 0; i < limits_.waiters; ++i)
    threads_.emplace_back([this] { work(waiting_, false); });
}

JobRunner::~JobRunner() { stop(); }

void JobRunner::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  reading_.ready.notify_all();
  waiting_.ready.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool JobRunner::submit(const Request& request, Job job, std::function<void(Response)> done) {
  Lane& lane = job.kind == Job::Kind::reading ? reading_ : waiting_;
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || lane.tasks.size() >= limits_.queued) return false;
    lane.tasks.push_back({request, std::move(job.run), std::move(done)});
  }
  lane.ready.notify_one();
  return true;
}

Response JobRunner::result_of(const Task& task) {
  try {
    return task.run();
  } catch (const std::exception& error) {
    spdlog::error("http: {} of {}: {}", task.request.id, task.request.path, error.what());
    return internal_error(task.request);
  }
}

void JobRunner::work(Lane& lane, bool low_priority) {
  pthread_setname_np(pthread_self(), "answers");
  // Of a thread, not of the process: that is what Linux does.
  if (low_priority) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowPriority);
  std::unique_lock lock(mutex_);
  while (true) {
    lane.ready.wait(lock, [&] { return ending_ || !lane.tasks.empty(); });
    if (ending_) return;
    Task task = std::move(lane.tasks.front());
    lane.tasks.pop_front();
    lock.unlock();
    task.done(result_of(task));
    task = {};  // outside the lock: what it holds may be large
    lock.lock();
  }
}

}  // namespace ringside::http
