// The alert log: one line for each thing that happens to an incident, made for `tail -f` and
// `grep`; on request also one for each transition of an alert.
//
//   ts=2024-11-23T09:15:55.123Z level=critical alert=high_latency state=begun op=SEND_MESSAGE
//   figure=p95 value=843.2 threshold=400 unit=ms id=6741a2bb incident=6741a2bb msg="p95 843 ms over
//   312 calls in the last 5 s, ..."      (on one line)
//
// Text that a server chose (names, programs) appears only in visible form. It can neither forge a
// line nor steer a terminal. One write(2) writes a line to a file that is open for appending. So a
// line stays whole beside other writers and through a log rotation. Standard output and error have
// a thread of their own (line_writer.h), because their reader may stall. Lines that can't be
// written are kept and tried again, in order. Only finish() waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/outputs/line_writer.h"
#include "report/model/alerts.h"
#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

enum class AlertLogFormat : std::uint8_t { logfmt, json };

// One line without its line end. An empty value is '-' in logfmt.
std::string format_alert_line(const AlertTransition& transition, AlertLogFormat format);

inline constexpr std::size_t kMostAlertLinesWaiting = 100'000;

// The daemon has these values. Tests have smaller ones.
struct AlertLogLimits {
  // The most lines that wait while they can't be written. Beyond that the oldest are dropped and
  // counted. A line that is partly in the file is not dropped.
  std::size_t most_waiting = kMostAlertLinesWaiting;
  // A stream that accepts nothing for this long counts as stuck.
  std::chrono::milliseconds stuck_after{1000};
  // Until a write to a stream that failed is tried again.
  std::chrono::milliseconds stream_retry{1000};
};

class AlertLog {
 public:
  explicit AlertLog(AlertLogLimits limits = {}) : limits_(limits) {}

  // Opens the log, and creates it with mode 0640. `-` and /dev/stdout are standard output,
  // /dev/stderr is standard error, of any kind. Any other path must be a regular file, and no link
  // is followed. On failure the old log stays open. In systemd's journal each line has its priority
  // (journal.h).
  std::optional<Failure> open(const std::string& path, AlertLogFormat format);

  // Queues a line and tries to write all that wait.
  void add(const AlertTransition& transition);
  // Adds those lines that the file's end does not have, in either form: what a daemon that was
  // killed may not have written. The file may have been rotated to path.1 meanwhile, so that one is
  // looked at, too. A stream can't be read, so it gets them all.
  void add_missing(const std::vector<AlertTransition>& transitions);
  // Tries again. True when no line waits any more.
  bool flush();
  // The last try: a stream gets `patience` to accept what waits.
  bool finish(std::chrono::milliseconds patience);

  struct Status {
    std::size_t waiting;
    std::uint64_t written;
    std::uint64_t failed_writes;
    std::uint64_t dropped;
    int last_error;  // errno of the last write, 0 when it did not fail
    bool failing;    // lines wait because they cannot be written
  };
  Status status() const;

 private:
  std::optional<Failure> open_stream(int number, const std::string& path);
  std::optional<Failure> open_file(const std::string& path);
  void move_lines_back();
  std::unordered_set<std::string> lines_at_end() const;

  const AlertLogLimits limits_;
  AlertLogFormat format_ = AlertLogFormat::logfmt;
  // At most one of these two is set.
  std::unique_ptr<FileDescriptor> file_;
  std::string file_path_;
  std::unique_ptr<LineWriter> stream_;
  std::optional<int> stream_number_;  // of stream_
  bool journal_ = false;              // stream_ goes to systemd's journal
  std::deque<std::string> waiting_;   // for the file
  std::size_t begun_ = 0;             // bytes of the first line that are already in the file
  std::uint64_t written_before_ = 0;  // to files and to earlier streams
  std::uint64_t failed_writes_ = 0;
  std::uint64_t dropped_ = 0;
  int last_error_ = 0;
};

}  // namespace ringside
