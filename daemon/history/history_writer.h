// The thread that writes the history. Batches come to it through a queue. Whoever hands one over
// goes on at once, whatever the disk does.
//
// What can't be written now waits in memory and is tried again. When more waits than kMostWaiting
// batches (an hour and more), the oldest is dropped, and the log says so. So a full disk costs
// nothing as long as there is room again within the hour.
//
// The thread works at low priority: a roll-up must not take the CPU from the drain.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/history/history_store.h"
#include "daemon/storage/thread_check.h"
#include "report/model/history.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

// A batch and the time at which it was made.
struct HistoryBatch {
  std::int64_t made_wall_s = 0;
  HistorySpan span;
  // Once an hour: what to look for advice in.
  std::shared_ptr<const Snapshot> advise_on = nullptr;
};

struct HistoryOptions {
  std::string path;
  HistoryLimits limits;
  std::chrono::milliseconds retry{10'000};  // until failed batches are written again
};

class HistoryWriter {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  // Batches on their way to the thread: if it hangs, more are dropped at once.
  static constexpr int kMostQueued = 64;

  HistoryWriter();
  ~HistoryWriter();  // finishes

  // Opens the file and starts the thread. Nothing is started on failure.
  std::optional<Failure> start(const HistoryOptions& options);
  bool running() const { return thread_.joinable(); }

  // From one thread. None of these waits. False: the batch was dropped, and is counted.
  bool hand_over(std::shared_ptr<const HistoryBatch> batch);
  void set_limits(const HistoryLimits& limits);

  // Lets the thread write what was handed over, call `ended` as the last thing it does, and end.
  // Does not wait. After it nothing may be handed over.
  void begin_finish(std::function<void()> ended = {});
  // Waits for that end, and begins it if begin_finish() was not called. Returns how many batches
  // could not be written, those that were dropped before included.
  std::uint64_t finish();

  // From any thread.
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  // Whether the last batch could not be written. The log says why.
  bool failing() const { return failing_.load(std::memory_order_relaxed); }
  // CPU time that the thread has used.
  std::int64_t cpu_ns() const { return cpu_ns_.load(std::memory_order_relaxed); }

 private:
  struct Queue;
  using Batch = std::shared_ptr<const HistoryBatch>;

  void run();
  void take(Batch batch);
  void write_waiting();
  bool write_one(const HistoryBatch& batch);
  void look_for_advice(const HistoryBatch& batch);
  bool open_again();
  void tidy(std::int64_t now_wall_s);
  void watch_journal();
  void begin_anew(const DatabaseError& error);
  void fail(const DatabaseError& error);
  void note_cpu();

  std::unique_ptr<Queue> queue_;
  std::thread thread_;
  std::atomic<int> queued_{0};
  std::atomic<bool> finishing_{false};
  std::function<void()> ended_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::int64_t> cpu_ns_{0};
  std::atomic<bool> failing_{false};
  std::mutex limits_mutex_;
  std::optional<HistoryLimits> new_limits_;
  // Only for the thread, once it runs.
  ThreadCheck here_;
  HistoryOptions options_;
  HistoryStore store_;
  std::deque<Batch> waiting_;
  // Of the batch that is to be written: a full disk makes no other look.
  std::shared_ptr<const Snapshot> looked_at_;
  std::vector<AdviceLook> looks_;
  std::optional<std::chrono::steady_clock::time_point> retry_at_;
  bool dropping_ = false;
  bool long_journal_ = false;
};

}  // namespace ringside
