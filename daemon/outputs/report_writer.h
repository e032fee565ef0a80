// Makes reports and writes them, on a thread of its own: the report of a day takes seconds, and the
// alert lines of the I/O thread must not wait for it. The rings of dead servers are written there,
// too. Its priority is low.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/outputs/report_files.h"
#include "daemon/storage/dead_rings.h"
#include "daemon/storage/files.h"
#include "report/model/snapshot.h"

namespace ringside {

class ReportWriter {
 public:
  explicit ReportWriter(WriteFile write);
  ~ReportWriter();  // does what was handed over

  void start(const ReportFiles& files, const DeadRingFiles& dead_rings = {});

  // These may be called from any thread, and none of them waits.
  // In force at once, also for reports that were asked for before and have not begun.
  void set_files(const ReportFiles& files, const DeadRingFiles& dead_rings = {});
  // Tries whether reports could be written, and says so where not; and where they can be again.
  void try_files();
  // False, and nothing is taken, while two reports still wait.
  bool write(std::shared_ptr<const Snapshot> snapshot);
  // The same, while the one before it still waits.
  bool write_daily(std::int64_t begin_wall_s);
  // The same, while four still wait.
  bool keep_ring(DeadRing ring);

  // Does what was handed over, ends the thread, and writes the last report, unless it is null.
  // Returns how many of its files could not be written. Nothing may be handed over any more.
  std::size_t finish(const Snapshot* last);

 private:
  using Task = std::function<void()>;
  struct Queue;  // keeps the queue's headers out of this one

  bool enqueue_counted(std::atomic<int>& waiting, int most, Task task);
  void run();
  void end();
  ReportFiles files();
  void try_them();
  void write_day(std::int64_t begin_wall_s);
  void write_ring(const DeadRing& ring);
  std::size_t write_report(const Snapshot& snapshot);

  const WriteFile write_;
  std::unique_ptr<Queue> queue_;
  std::thread thread_;
  std::atomic<int> reports_waiting_{0};
  std::atomic<int> days_waiting_{0};
  std::atomic<int> rings_waiting_{0};
  // ORDER end -> run: a thread that sees true also sees all earlier work.
  std::atomic<bool> ending_{false};
  std::mutex files_mutex_;
  ReportFiles files_;
  DeadRingFiles dead_rings_;
  bool failing_ = false;  // of the last trial
};

}  // namespace ringside
