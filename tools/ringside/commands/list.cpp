#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "report/model/format.h"
#include "report/render/table.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

int list(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("ringside.")) names.push_back(entry.path());
  }
  if (error) {
    std::fprintf(stderr, "ringside: %s: %s\n", folder.c_str(), error.message().c_str());
    return 1;
  }
  if (names.empty()) {
    std::printf(
        "no rings in %s\n  next: start a traced server, e.g. RINGSIDE_RING=chat ringside-chatd\n",
        folder.c_str());
    return 0;
  }
  std::sort(names.begin(), names.end());
  Table table({{"ring", Align::left},
               {"state", Align::left},
               {"program", Align::left},
               {"pid"},
               {"uid"},
               {"lanes"},
               {"written"},
               {"size"},
               {"created", Align::left}});
  std::vector<std::string> unreadable;
  for (const std::string& path : names) {
    Failure failure;
    const auto file = RingFile::open(path, &failure);
    if (file == nullptr) {
      unreadable.push_back(failure.message);
      continue;
    }
    std::uint32_t used = 0;
    std::uint64_t written = 0;
    const Segment& segment = file->segment();
    for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
      const LaneHeader& header = segment.lane_header(lane);
      used += lane < segment.overflow_lane() && header.life() == LaneLife::owned;
      written += header.head.load(std::memory_order_acquire);
    }
    table.row({escape_visible(std::filesystem::path(path).filename().string().substr(9)),
               file->state_word(), escape_visible(file->facts().program),
               std::to_string(file->facts().creator_pid), std::to_string(file->owner_uid()),
               std::to_string(used) + "/" + std::to_string(segment.geometry().lane_count),
               format_count(written), format_bytes(segment.geometry().segment_bytes()),
               format_wall(file->wall_ns(file->facts().anchor_ticks))});
  }
  std::fputs(table.render(0, 120).c_str(), stdout);
  for (const std::string& message : unreadable)
    std::fprintf(stderr, "ringside: %s\n", message.c_str());
  return 0;
}

}  // namespace ringside::tool
