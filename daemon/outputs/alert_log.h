// The alert log: one line for each transition of an alert, made for `tail -f` and `grep`.
//
//   ts=2024-11-23T09:15:55.123Z level=critical alert=high_latency state=firing op=SEND_MESSAGE value=843.2
//   threshold=400 unit=ms id=6741a2bb msg="p95 843 ms over 312 calls in the last minute, ..."      (on one line)
//
// What a server chose (names, programs) reaches a line in visible form only: no line can be forged, no terminal
// steered. A line is written by one write(2) to a file opened for appending, so that it is whole beside other writers
// and behind a log rotation. What can't be written is kept and tried again, in order; nothing ever waits.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "report/model/alerts.h"
#include "shm/failure.h"
#include "shm/file_descriptor.h"

namespace ringside {

enum class AlertLogFormat : std::uint8_t { logfmt, json };

// One line without its end. A value that is empty is '-' in logfmt.
std::string format_alert_line(const AlertTransition& transition, AlertLogFormat format);

class AlertLog {
 public:
  // Lines that are kept while they can't be written; beyond it the oldest are dropped, and counted.
  static constexpr std::size_t kMaxWaiting = 100'000;

  // Opens (and creates, mode 0640) the log. Never follows a symbolic link, takes nothing but a regular file.
  // On failure what was open before stays open.
  std::optional<Failure> open(const std::string& path, AlertLogFormat format);

  // Queues a line and tries to write all that wait.
  void add(const AlertTransition& transition);
  // Tries again. True when nothing waits any more.
  bool flush();

  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t written() const { return written_; }
  std::uint64_t failed_writes() const { return failed_writes_; }
  std::uint64_t dropped() const { return dropped_; }
  int last_error() const { return last_error_; }   // errno of the last failed write

 private:
  AlertLogFormat format_ = AlertLogFormat::logfmt;
  std::unique_ptr<FileDescriptor> fd_;
  std::deque<std::string> waiting_;
  std::size_t begun_ = 0;   // bytes of the first that are in the file already
  std::uint64_t written_ = 0;
  std::uint64_t failed_writes_ = 0;
  std::uint64_t dropped_ = 0;
  int last_error_ = 0;
};

}  // namespace ringside
