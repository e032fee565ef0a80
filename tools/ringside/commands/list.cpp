#include "tools/ringside/commands/list.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "report/render/table.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

namespace {

struct Row {
  std::string path;
  std::string state;
  std::string program;
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t lanes = 0;  // owned
  std::uint32_t lane_count = 0;
  std::uint64_t written = 0;
  double per_second = 0;         // since its creation, of a living one
  std::uint64_t used_bytes = 0;  // memory that the file really has
  std::int64_t created_wall_ns = 0;
  std::string daemon = "–";  // what became of it there
};

// Names in a folder are "ringside.chat". Elsewhere a ring is called by its path.
std::string shown_name(const std::string& path, const std::string& folder) {
  const std::filesystem::path file(path);
  const std::string name = file.filename();
  const bool here = file.parent_path() == std::filesystem::path(folder);
  return escape_visible(here && name.starts_with("ringside.") ? name.substr(9) : path);
}

Row row_of(const RingFile& file) {
  const Segment& segment = file.segment();
  Row row;
  row.path = segment.path();
  row.state = file.state_word();
  row.program = escape_visible(file.facts().program);
  row.pid = file.facts().creator_pid;
  row.uid = file.owner_uid();
  row.lane_count = segment.geometry().lane_count;
  for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
    const LaneHeader& header = segment.lane_header(lane);
    row.lanes += lane < segment.overflow_lane() && header.life() == LaneLife::owned;
    row.written += header.head.load(std::memory_order_acquire);
  }
  row.created_wall_ns = file.wall_ns(file.facts().anchor_ticks);
  const double seconds =
      static_cast<double>(subtract_ns(file.now().realtime_ns, row.created_wall_ns)) / 1e9;
  if (row.state == "live" && seconds > 0)
    row.per_second = static_cast<double>(row.written) / seconds;
  struct stat info {};
  if (stat(row.path.c_str(), &info) == 0)
    row.used_bytes = static_cast<std::uint64_t>(info.st_blocks) * 512;
  return row;
}

std::string table_of(const std::vector<Row>& rows, const ListOptions& options, bool watched) {
  std::vector<Column> columns = {{"ring", Align::left},
                                 {"state", Align::left},
                                 {"program", Align::left},
                                 {"pid"},
                                 {"uid"},
                                 {"lanes"},
                                 {"written"},
                                 {"rate"},
                                 {"memory"},
                                 {"created", Align::left}};
  if (watched) columns.push_back({"daemon", Align::left});
  Table table(std::move(columns));
  for (const Row& row : rows) {
    Table::Row cells = {shown_name(row.path, options.folder),
                        row.state,
                        row.program,
                        std::to_string(row.pid),
                        std::to_string(row.uid),
                        std::to_string(row.lanes) + "/" + std::to_string(row.lane_count),
                        format_count(row.written),
                        row.per_second > 0 ? format_rate(row.per_second) : "–",
                        format_bytes(row.used_bytes),
                        format_wall(row.created_wall_ns)};
    if (watched) cells.push_back(row.daemon);
    table.row(std::move(cells));
  }
  return table.render(0, 130);
}

std::string json_text(const std::vector<Row>& rows) {
  nlohmann::json out = nlohmann::json::array();
  for (const Row& row : rows) {
    out.push_back({{"path", row.path},
                   {"state", row.state},
                   {"program", row.program},
                   {"pid", row.pid},
                   {"uid", row.uid},
                   {"lanes_owned", row.lanes},
                   {"lane_count", row.lane_count},
                   {"written", row.written},
                   {"rate_per_s", row.per_second},
                   {"used_bytes", row.used_bytes},
                   {"created_wall_ns", row.created_wall_ns}});
    if (row.daemon != "–") out.back()["daemon"] = row.daemon;
  }
  return out.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int list(const ListOptions& options) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("ringside.")) paths.push_back(entry.path());
  }
  if (error) {
    std::fprintf(stderr,
                 "ringside: %s: %s\n  next: name a folder with rings, e.g. --folder /dev/shm\n",
                 escape_visible(options.folder).c_str(), error.message().c_str());
    return 1;
  }
  const std::vector<WatchedRing> watched =
      options.watched != nullptr ? options.watched() : std::vector<WatchedRing>();
  for (const WatchedRing& ring : watched) {
    if (std::find(paths.begin(), paths.end(), ring.path) == paths.end() &&
        std::filesystem::exists(ring.path, error))
      paths.push_back(ring.path);
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Row> rows;
  std::vector<std::string> unreadable;
  for (const std::string& path : paths) {
    Failure failure;
    const auto file = RingFile::open(path, &failure);
    if (file == nullptr) {
      unreadable.push_back(failure.message);
      continue;
    }
    rows.push_back(row_of(*file));
    for (const WatchedRing& ring : watched) {
      if (ring.path != path) continue;
      rows.back().daemon = escape_visible(ring.state) + ", " + format_count(ring.lost) + " lost";
    }
  }
  if (options.json) {
    std::fputs(json_text(rows).c_str(), stdout);
  } else if (paths.empty()) {
    std::printf(
        "no rings in %s\n  next: start a traced server, e.g. RINGSIDE_RING=chat ringside-chatd\n",
        escape_visible(options.folder).c_str());
  } else if (!rows.empty()) {
    std::fputs(table_of(rows, options, !watched.empty()).c_str(), stdout);
  }
  for (const std::string& message : unreadable)
    std::fprintf(stderr, "ringside: %s\n", message.c_str());
  return 0;
}

}  // namespace ringside::tool
