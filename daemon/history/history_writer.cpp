#include "daemon/history/history_writer.h"

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "daemon/history/advice_looks.h"
#include "report/model/format.h"
#include "shm/assert.h"
#include "shm/clock.h"

namespace ringside {

using Clock = std::chrono::steady_clock;

struct HistoryWriter::Queue {
  moodycamel::BlockingConcurrentQueue<Batch> batches;
};

HistoryWriter::HistoryWriter() : queue_(std::make_unique<Queue>()) {}

HistoryWriter::~HistoryWriter() { finish(); }

std::optional<Failure> HistoryWriter::start(const HistoryOptions& options) {
  RINGSIDE_ASSERT(!running());
  options_ = options;
  std::string moved;
  bool passes = false;
  if (auto failure = store_.open(options.path, options.limits, &moved, &passes)) {
    if (!passes) return failure;
    spdlog::error("{}\n  it waits in memory and is tried again", failure->message);
    failing_ = true;
  }
  if (!moved.empty()) {
    spdlog::error("{}: the history is damaged\n  moved to {}; it begins anew", options.path, moved);
  }
  finishing_ = false;
  thread_ = std::thread([this] { run(); });
  return std::nullopt;
}

bool HistoryWriter::hand_over(Batch batch) {
  RINGSIDE_ASSERT(running() && !finishing_.load(std::memory_order_relaxed));
  // Relaxed: the count bounds memory, and publishes nothing.
  if (queued_.load(std::memory_order_relaxed) >= kMostQueued) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  queued_.fetch_add(1, std::memory_order_relaxed);
  queue_->batches.enqueue(std::move(batch));
  return true;
}

void HistoryWriter::set_limits(const HistoryLimits& limits) {
  const std::lock_guard lock(limits_mutex_);
  new_limits_ = limits;
}

void HistoryWriter::begin_finish(std::function<void()> ended) {
  RINGSIDE_ASSERT(running() && !finishing_.load(std::memory_order_relaxed));
  ended_ = std::move(ended);
  // ORDER finish -> run: a thread that sees true also sees every batch that came before.
  finishing_.store(true, std::memory_order_release);
  queue_->batches.enqueue(nullptr);  // wakes the thread; its position has no meaning
}

std::uint64_t HistoryWriter::finish() {
  if (running()) {
    if (!finishing_.load(std::memory_order_relaxed)) begin_finish();
    thread_.join();
  }
  return dropped() + waiting_.size();
}

void HistoryWriter::run() {
  pthread_setname_np(pthread_self(), "history");
  here_.take_over();
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 5);
  for (;;) {
    Batch batch;
    if (finishing_.load(std::memory_order_acquire)) {
      if (!queue_->batches.try_dequeue(batch)) break;
    } else if (!retry_at_) {
      queue_->batches.wait_dequeue(batch);
    } else if (const auto wait = *retry_at_ - Clock::now(); wait > Clock::duration::zero()) {
      queue_->batches.wait_dequeue_timed(batch, wait);
    }
    if (batch) {
      queued_.fetch_sub(1, std::memory_order_relaxed);
      take(std::move(batch));
    }
    if (!retry_at_ || Clock::now() >= *retry_at_) write_waiting();
    note_cpu();
  }
  write_waiting();
  store_.close();
  note_cpu();
  if (ended_) ended_();
}

void HistoryWriter::take(Batch batch) {
  waiting_.push_back(std::move(batch));
  if (waiting_.size() <= kMostWaiting) return;
  waiting_.pop_front();
  dropped_.fetch_add(1, std::memory_order_relaxed);
  if (!std::exchange(dropping_, true)) {
    spdlog::error("{}: {} batches wait to be written; from now on the oldest are dropped",
                  options_.path, kMostWaiting);
  }
}

// In their order, until one can't be written.
void HistoryWriter::write_waiting() {
  RINGSIDE_ASSERT(here_.is_current());
  while (!waiting_.empty()) {
    if (!write_one(*waiting_.front())) {
      retry_at_ = Clock::now() + options_.retry;
      return;
    }
    waiting_.pop_front();
    written_.fetch_add(1, std::memory_order_relaxed);
  }
  retry_at_.reset();
  dropping_ = false;
  if (failing_.exchange(false, std::memory_order_relaxed)) {
    spdlog::info("{}: the history is written again; {} batches were dropped", options_.path,
                 dropped());
  }
}

bool HistoryWriter::write_one(const HistoryBatch& batch) {
  try {
    std::optional<HistoryLimits> limits;
    {
      const std::lock_guard lock(limits_mutex_);
      limits.swap(new_limits_);
    }
    if (limits) options_.limits = *limits;
    if (!store_.is_open()) {
      if (!open_again()) return false;
    } else if (limits) {
      store_.set_limits(*limits);
    }
    watch_journal();
    if (long_journal_) return false;
    tidy(batch.made_wall_s);  // first: a file at its limit makes room
    look_for_advice(batch);
    store_.write(batch.span, looks_);
    store_.end_untold_incidents(batch.span.incidents);
    return true;
  } catch (const DatabaseError& error) {
    if (error.damaged()) {
      begin_anew(error);
    } else {
      fail(error);
    }
    return false;
  }
}

// In this thread: an analysis takes milliseconds, which the drain must not wait for.
void HistoryWriter::look_for_advice(const HistoryBatch& batch) {
  if (looked_at_ == batch.advise_on) return;
  looked_at_ = batch.advise_on;
  looks_.clear();
  if (looked_at_)
    looks_ = advice_of(*looked_at_, options_.path, store_.open_advice(looked_at_->wall_ns));
}

// The disk was full when the file was to be opened. That has been said.
bool HistoryWriter::open_again() {
  std::string moved;
  if (store_.open(options_.path, options_.limits, &moved)) return false;
  if (!moved.empty()) {
    spdlog::error("{}: the history is damaged\n  moved to {}; it begins anew", options_.path,
                  moved);
  }
  return true;
}

void HistoryWriter::begin_anew(const DatabaseError& error) {
  std::string moved;
  const auto failure = store_.begin_anew(&moved);
  spdlog::error("{}: the history is damaged: {}\n  {}", options_.path, error.what(),
                failure ? failure->message : "moved to " + moved + "; it begins anew");
  if (failure) failing_ = true;
}

// What could not be tidied now is due again with the next batch.
void HistoryWriter::tidy(std::int64_t now_wall_s) {
  HistoryStore::Removed removed;
  try {
    removed = store_.tidy(now_wall_s);
  } catch (const DatabaseError& error) {
    if (error.damaged()) throw;
    fail(error);
    return;
  }
  if (removed.before_wall_s == 0) return;
  const std::string text =
      fmt::format("the history was at its limit of {}: {} before {} were removed",
                  format_bytes(options_.limits.max_bytes), removed.hours ? "hours" : "minutes",
                  format_wall(removed.before_wall_s * 1'000'000'000));
  spdlog::warn("{}: {}\n  next: raise history.max_size, or keep less", options_.path, text);
  HistorySpan mark;
  mark.marks.push_back({now_wall_s * 1'000'000'000, HistoryMark::Kind::gap, {}, text});
  store_.write(mark);
}

// A reader that stays in its transaction keeps the journal from being copied into the file. Beyond
// a limit nothing more is written until it has left: then the journal is copied and cut.
void HistoryWriter::watch_journal() {
  if (!long_journal_ && store_.journal_bytes() <= HistoryStore::kLongJournalBytes) return;
  const bool cut = store_.checkpoint() && store_.journal_bytes() <= HistoryStore::kLongJournalBytes;
  if (std::exchange(long_journal_, !cut) == !cut) return;
  if (cut) {
    spdlog::info("{}: its journal is cut", options_.path);
  } else {
    spdlog::warn(
        "{}: its journal has {}, because somebody reads the file and does not end\n"
        "  next: end that reader; until then the history waits in memory",
        options_.path, format_bytes(static_cast<std::uint64_t>(store_.journal_bytes())));
  }
}

// Says once that batches wait.
void HistoryWriter::fail(const DatabaseError& error) {
  if (failing_.exchange(true, std::memory_order_relaxed)) return;
  spdlog::error(
      "{}: cannot write the history: {}; it waits in memory and is tried again every "
      "{} s\n  next: {}",
      options_.path, error.what(),
      std::chrono::duration_cast<std::chrono::seconds>(options_.retry).count(),
      error.full()   ? "make room on the disk"
      : error.busy() ? "end the program that holds it, such as sqlite3 in a transaction"
                     : "see that the file and its directory can be written");
}

void HistoryWriter::note_cpu() {
  cpu_ns_.store(clock_ns(CLOCK_THREAD_CPUTIME_ID), std::memory_order_relaxed);
}

}  // namespace ringside
