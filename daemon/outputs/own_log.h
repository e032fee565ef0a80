// The daemon's own log, on standard error. Its reader may stall; the daemon does not.
#pragma once

#include <memory>
#include <string>

#include "daemon/outputs/line_writer.h"

namespace ringside {

// While it lives, spdlog's default logger writes here: any thread may log, and none waits.
class OwnLog {
 public:
  explicit OwnLog(const std::string& program);
  ~OwnLog();   // wait_until_written()

  // A line as it is, without time and level.
  void say(const std::string& text);
  // Waits for what is not written yet, but only briefly.
  void wait_until_written();

 private:
  std::shared_ptr<LineWriter> writer_;
};

}  // namespace ringside
