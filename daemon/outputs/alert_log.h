// The alert log: one line for each transition of an alert, made for `tail -f` and `grep`.
//
//   ts=2024-11-23T09:15:55.123Z level=critical alert=high_latency state=firing op=SEND_MESSAGE
//   value=843.2 threshold=400 unit=ms id=6741a2bb msg="p95 843 ms over 312 calls in the last
//   minute, ..."      (on one line)
//
// What a server chose (names, programs) appears in visible form only: it can neither forge a line
// nor steer a terminal. A line is written by one write(2) to a file that is open for appending, so
// it stays whole beside other writers and through a log rotation. Standard output and error are
// written by a thread of their own (line_writer.h), because their reader may stall. Lines that
// can't be written are kept and tried again, in order. Nothing here waits, but for finish().
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "daemon/outputs/line_writer.h"
#include "report/model/alerts.h"
#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

enum class AlertLogFormat : std::uint8_t { logfmt, json };

// One line without its end. A value that is empty is '-' in logfmt.
std::string format_alert_line(const AlertTransition& transition, AlertLogFormat format);

class AlertLog {
 public:
  // Lines that are kept while they can't be written. Beyond it the oldest are dropped, and counted.
  static constexpr std::size_t kMaxWaiting = 100'000;
  // A stream that accepts nothing for so long is said to be stuck.
  static constexpr std::chrono::milliseconds kStuckAfter{1000};

  // Opens (and creates, mode 0640) the log. `-` and /dev/stdout are standard output, /dev/stderr is
  // standard error, whatever they are. Any other path must be a regular file: no link is followed.
  // On failure what was open before stays open.
  std::optional<Failure> open(const std::string& path, AlertLogFormat format);

  // Queues a line and tries to write all that wait.
  void add(const AlertTransition& transition);
  // Tries again. True when nothing waits any more.
  bool flush();
  // The last try: a stream gets `patience` to accept what waits.
  bool finish(std::chrono::milliseconds patience);

  struct Status {
    std::size_t waiting = 0;
    std::uint64_t written = 0;
    std::uint64_t failed_writes = 0;
    std::uint64_t dropped = 0;
    int last_error = 0;     // errno of the last write, 0 when it did not fail
    bool failing = false;   // lines wait because they cannot be written
  };
  Status status() const;

 private:
  std::optional<Failure> open_stream(int number, const std::string& path);
  std::optional<Failure> open_file(const std::string& path);
  void move_lines_back();

  AlertLogFormat format_ = AlertLogFormat::logfmt;
  // One of the two.
  std::unique_ptr<FileDescriptor> file_;
  std::unique_ptr<LineWriter> stream_;
  int stream_number_ = -1;
  std::deque<std::string> waiting_;   // for the file
  std::size_t begun_ = 0;             // bytes of the first that are in the file already
  std::uint64_t written_before_ = 0;  // the file's, and those of earlier streams
  std::uint64_t failed_writes_ = 0;
  std::uint64_t dropped_ = 0;
  int last_error_ = 0;
};

}  // namespace ringside
