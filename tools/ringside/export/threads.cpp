#include "tools/ringside/export/threads.h"

#include <algorithm>
#include <set>
#include <utility>

#include "report/model/format.h"
#include "shm/words.h"

namespace ringside::tool {

namespace {

constexpr std::uint32_t kMostPids = 1U << 22;  // PID_MAX_LIMIT of Linux

// Another process wrote it.
std::uint32_t believable_pid(std::uint32_t pid) { return pid < kMostPids ? pid : 0; }

}  // namespace

TraceThreads threads_of(const RingFile& file, const std::vector<std::uint32_t>& lanes) {
  TraceThreads out;
  out.process_name = escape_visible(file.facts().program);
  const Segment& segment = file.segment();
  const std::uint32_t creator = believable_pid(file.facts().creator_pid);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (const std::uint32_t lane : lanes) {
    TraceThread& thread = out.threads.emplace_back();
    thread.lane = lane;
    thread.pid = creator;
    if (lane == segment.overflow_lane()) {
      thread.name = "overflow lane";
    } else {
      const LaneHeader& header = segment.lane_header(lane);
      thread.name = escape_visible(lane_thread_name(header));
      const std::uint32_t pid = believable_pid(header.owner_pid.load(std::memory_order_relaxed));
      if (pid != 0) thread.pid = pid;
      const std::uint32_t tid = believable_pid(header.owner_tid.load(std::memory_order_relaxed));
      if (tid != 0 && seen.emplace(thread.pid, tid).second) thread.tid = tid;
      if (thread.tid == 0) thread.name += " (lane " + std::to_string(lane) + ")";
    }
    if (std::find(out.pids.begin(), out.pids.end(), thread.pid) == out.pids.end())
      out.pids.push_back(thread.pid);
  }
  return out;
}

}  // namespace ringside::tool
