// A recording session of LTTng-UST for as long as this lives, and afterwards nothing of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tools/bench/program.h"

namespace ringside::bench {

class LttngSession {
 public:
  // Uses the session daemon that runs, or starts one, which then ends with this. `cpu` is where a
  // daemon of our own runs.
  explicit LttngSession(int cpu);
  ~LttngSession();
  LttngSession(const LttngSession&) = delete;
  LttngSession& operator=(const LttngSession&) = delete;

  // Empty when it records; otherwise why not, and what next.
  const std::string& why_not() const { return why_not_; }
  // How it is set up, for whoever reads the figures.
  static const char* parameters();
  // Ends the recording. Number of events that the trace holds; -1 when there is no babeltrace2 to
  // count them.
  long long events();

 private:
  bool daemon_answers() const;
  bool start_daemon(int cpu);
  void end_daemon();
  // True when `lttng` with these words succeeded.
  bool lttng(const std::vector<std::string>& words) const;
  void destroy();

  Scratch scratch_;
  std::string program_;
  std::string session_;
  std::string why_not_;
  pid_t daemon_ = 0;
  bool created_ = false;
  std::vector<std::string> left_behind_;   // what was not there before
};

}  // namespace ringside::bench
