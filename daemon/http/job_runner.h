// Runs the jobs of the routes on threads of their own, a few at a time, so that the server's thread
// never waits. What reads the history has a low priority, as the report thread has.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/http/routes.h"

namespace ringside::http {

struct JobLimits {
  std::size_t readers = 2;  // threads for Job::Kind::reading
  std::size_t waiters = 2;  // threads for Job::Kind::waiting
  std::size_t queued = 16;  // jobs of each kind that have not begun
};

class JobRunner {
 public:
  explicit JobRunner(const JobLimits& limits = {});
  ~JobRunner();  // stops
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Any thread; never waits. `done` gets the answer on a thread of the runner, once. A job that
  // throws is answered with 500, and the log has its exception. False: no room, and neither is
  // called (answer with busy()); from stop() on there is none.
  bool submit(const Request& request, Job job, std::function<void(Response)> done);

  // Finishes what has begun. What has not is dropped, and its `done` is never called. One thread
  // may call it, once or again.
  void stop();

 private:
  struct Task {
    Request request;
    std::function<Response()> run;
    std::function<void(Response)> done;
  };
  struct Lane {
    std::deque<Task> tasks;
    std::condition_variable ready;
  };
  void work(Lane& lane, bool low_priority);
  static Response result_of(const Task& task);

  const JobLimits limits_;
  std::mutex mutex_;
  bool ending_ = false;
  Lane reading_, waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace ringside::http
