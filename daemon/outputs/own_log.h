// The daemon's own log, on standard error. Its reader may stall, and the daemon still does not
// wait. In systemd's journal each line has its priority (journal.h).
#pragma once

#include <memory>
#include <string>

#include "daemon/outputs/line_writer.h"

namespace ringside {

// For as long as it lives, spdlog's default logger writes here. Any thread may log, and none waits.
class OwnLog {
 public:
  explicit OwnLog(const std::string& program);
  ~OwnLog();   // calls wait_until_written()

  // A line as it is, without time and level. In the journal it is an error.
  void say(const std::string& text);
  // Waits briefly for the lines that are not written yet.
  void wait_until_written();

 private:
  std::shared_ptr<LineWriter> writer_;
  bool journal_ = false;
};

}  // namespace ringside
