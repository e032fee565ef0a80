// A recording session of LTTng-UST. It lasts as long as the object. The destructor removes
// everything that belongs to it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tools/bench/program.h"

namespace ringside::bench {

class LttngSession {
 public:
  // Uses the session daemon that is running, or starts one on processor `cpu`. A daemon that was
  // started here ends with this object.
  explicit LttngSession(int cpu);
  ~LttngSession();
  LttngSession(const LttngSession&) = delete;
  LttngSession& operator=(const LttngSession&) = delete;

  // Empty when the session records. Otherwise why it does not, and what to do next.
  const std::string& why_not() const { return why_not_; }
  // The parameters of the session, to be shown beside the figures.
  static const char* parameters();
  // Ends the recording. Returns the number of events in the trace, or -1 when they can't be
  // counted, for example without babeltrace2.
  long long events();

 private:
  bool daemon_answers() const;
  bool start_daemon(int cpu);
  void end_daemon();
  // Runs `lttng` with these words. Returns true when it succeeded.
  bool lttng(const std::vector<std::string>& words) const;
  void destroy();

  Scratch scratch_;
  std::string program_;
  std::string session_;
  std::string why_not_;
  pid_t daemon_ = 0;
  bool created_ = false;
  std::vector<std::string> left_behind_;   // LTTng's files that were not there before
};

}  // namespace ringside::bench
