// Whose lanes the records of a trace are in: the processes and threads that a viewer shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct TraceThread {
  std::uint32_t lane = 0;
  std::uint32_t pid = 0;  // below 2^22, as of every Linux process
  std::uint32_t tid = 0;  // likewise; 0 when it is not known, or when a lane before has the same
  std::string name;       // unique where tid is 0
};

struct TraceThreads {
  std::vector<TraceThread> threads;  // one for each lane that was asked for
  std::vector<std::uint32_t> pids;   // each once
  std::string process_name;
};

// A lane is a thread: the one that owns it, or did last. Records of an earlier owner are shown as
// the last one's. The overflow lane is many threads', and a thread of the process that made the
// ring.
TraceThreads threads_of(const RingFile& file, const std::vector<std::uint32_t>& lanes);

}  // namespace ringside::tool
