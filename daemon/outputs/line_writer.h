// Writes lines to somebody who may stop reading: a pipe nobody empties, a terminal after Ctrl-S.
//
// Such a write blocks, perhaps for ever. O_NONBLOCK is no way out: it belongs to the open file,
// which we share with the shell and with every other program on that terminal. poll(2) is none
// either: it calls a stopped terminal writable. So a thread of its own writes, and is abandoned at
// the end. What it does not get rid of waits in a bounded queue, whose oldest lines are dropped and
// counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace ringside {

struct LineWriterOptions {
  std::size_t most_waiting = 10'000;   // lines
  // Where lines were dropped, this line is written in their place. Empty: nothing is.
  std::function<std::string(std::uint64_t dropped)> notice;
  std::chrono::milliseconds retry{1000};   // after a write that failed
};

class LineWriter {
 public:
  // Takes the descriptor over. It is closed once the thread is done with it.
  LineWriter(int fd, LineWriterOptions options);
  // Abandons what is not written yet. wait_until_written() comes first where that matters.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // From here on from any thread. None of them waits for the reader, but for wait_until_written().

  // A line with its end.
  void add(std::string line);
  // False when lines still wait after `patience`.
  bool wait_until_written(std::chrono::milliseconds patience);
  // Takes back what waits. A line that is being written at this moment is not among it.
  std::deque<std::string> take_back();

  struct Status {
    std::size_t waiting = 0;      // with the one that is being written
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    std::uint64_t failed_writes = 0;
    int last_error = 0;           // errno of the last write, 0 when it did not fail
    std::chrono::milliseconds stuck{0};   // how long the present line has not been accepted
  };
  Status status() const;

 private:
  struct Shared;   // of this object and its thread, whichever lives longer
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ringside
