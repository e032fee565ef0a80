#include "daemon/outputs/line_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "shm/assert.h"
#include "shm/file_descriptor.h"

namespace ringside {

using Clock = std::chrono::steady_clock;

namespace {
constexpr int kAfterStreams = 3;  // the first descriptor behind the three streams
}  // namespace

int copy_of_stream(int number) {
  const int flags = fcntl(number, F_GETFL);
  if ((flags & O_ACCMODE) == O_RDONLY) {
    errno = EBADF;
    return -1;
  }
  return fcntl(number, F_DUPFD_CLOEXEC, kAfterStreams);  // EBADF when the stream is closed
}

struct LineWriter::Shared {
  Shared(int descriptor, LineWriterOptions given) : fd(descriptor), options(std::move(given)) {}

  const FileDescriptor fd;
  const LineWriterOptions options;
  // Held for the length of a push or a pop, never during a write.
  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::deque<std::string> lines;
  bool closed = false;    // the object is gone
  bool in_hand = false;   // the thread holds a line that is not in `lines`
  Clock::time_point in_hand_since;
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;
  std::uint64_t dropped_unsaid = 0;
  std::uint64_t failed_writes = 0;
  int last_error = 0;

  // Waits for something to write. False when the object is gone, which abandons its lines.
  bool next(std::string& line) {
    std::unique_lock lock(mutex);
    in_hand = false;
    if (lines.empty()) idle.notify_all();
    work.wait(lock, [this] { return closed || !lines.empty(); });
    if (closed) return false;
    if (dropped_unsaid > 0 && options.notice) {
      line = options.notice(dropped_unsaid);
    } else {
      line = std::move(lines.front());
      lines.pop_front();
    }
    dropped_unsaid = 0;
    in_hand = true;
    in_hand_since = Clock::now();
    return true;
  }

  // Tries until all of it is written, or until the object is gone.
  void write_whole(std::string_view rest) {
    while (!rest.empty()) {
      const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
      const int error = errno;
      const bool failed = n == -1;
      if (failed && error == EINTR) continue;
      std::unique_lock lock(mutex);
      last_error = failed ? error : 0;
      if (failed) {
        ++failed_writes;
        work.wait_for(lock, options.retry, [this] { return closed; });
      } else {
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
      if (closed) return;
    }
    const std::lock_guard lock(mutex);
    ++written;
  }
};

LineWriter::LineWriter(int fd, LineWriterOptions options)
    : shared_(std::make_shared<Shared>(fd, std::move(options))) {
  RINGSIDE_ASSERT(fd >= 0);
  std::thread([shared = shared_] { run(shared); }).detach();
}

LineWriter::~LineWriter() {
  const std::lock_guard lock(shared_->mutex);
  shared_->closed = true;
  shared_->work.notify_all();
}

void LineWriter::run(const std::shared_ptr<Shared>& shared) {
  pthread_setname_np(pthread_self(), "log");
  std::string line;
  while (shared->next(line)) shared->write_whole(line);
}

void LineWriter::add(std::string line) {
  RINGSIDE_ASSERT(!line.empty() && line.back() == '\n');
  const std::lock_guard lock(shared_->mutex);
  if (shared_->lines.size() >= shared_->options.most_waiting) {
    shared_->lines.pop_front();
    ++shared_->dropped;
    ++shared_->dropped_unsaid;
  }
  shared_->lines.push_back(std::move(line));
  shared_->work.notify_all();
}

bool LineWriter::wait_until_written(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  return shared_->idle.wait_for(lock, patience,
                                [this] { return shared_->lines.empty() && !shared_->in_hand; });
}

std::deque<std::string> LineWriter::take_back() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->lines, {});
}

LineWriter::Status LineWriter::status() const {
  const std::lock_guard lock(shared_->mutex);
  const bool in_hand = shared_->in_hand;
  const auto stuck = in_hand ? Clock::now() - shared_->in_hand_since : Clock::duration::zero();
  return {shared_->lines.size() + (in_hand ? 1 : 0),
          shared_->written,
          shared_->dropped,
          shared_->failed_writes,
          shared_->last_error,
          std::chrono::duration_cast<std::chrono::milliseconds>(stuck)};
}

}  // namespace ringside
