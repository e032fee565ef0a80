// Writes lines to a reader that may stop reading: a pipe that nobody empties, a terminal after
// Ctrl-S.
//
// Such a write blocks, perhaps for ever. O_NONBLOCK does not help: it belongs to the open file,
// which we share with the shell and with every other program on that terminal. poll(2) does not
// help either: it calls a stopped terminal writable. So a thread of its own writes, and is
// abandoned at the end. Lines that it can't write wait in a bounded queue. The oldest are dropped
// and counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace ringside {

// A copy of standard output's or standard error's descriptor, for a LineWriter. It is none of the
// three streams, and is closed by exec. -1 and errno when there is none to be had: EBADF when the
// stream is closed, or open for reading only, which is how the start of a program leaves a closed
// one (standard_streams.h).
int copy_of_stream(int number);

struct LineWriterOptions {
  std::size_t most_waiting = 10'000;   // lines
  // Where lines were dropped, this line is written in their place. Empty: no line.
  std::function<std::string(std::uint64_t dropped)> notice;
  std::chrono::milliseconds retry{1000};   // after a write that failed
};

class LineWriter {
 public:
  // Takes over the descriptor. It is closed when the thread no longer uses it.
  LineWriter(int fd, LineWriterOptions options);
  // Abandons what is not written yet. Call wait_until_written() first where that matters.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // The rest may be called from any thread. Only wait_until_written() waits for the reader.

  // A line with its line end.
  void add(std::string line);
  // False when lines still wait after `patience`.
  bool wait_until_written(std::chrono::milliseconds patience);
  // Takes back the waiting lines. The line that is being written at this moment is not among them.
  std::deque<std::string> take_back();

  struct Status {
    std::size_t waiting;  // includes the line that is being written
    std::uint64_t written;
    std::uint64_t dropped;
    std::uint64_t failed_writes;
    int last_error;                   // errno of the last write, 0 when it did not fail
    std::chrono::milliseconds stuck;  // how long the current line has waited for its reader
  };
  Status status() const;

 private:
  struct Shared;   // shared by this object and its thread; lives as long as either
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ringside
