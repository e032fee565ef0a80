// Finds a ring that has lost its name while its server lives: whoever has it mapped still has its
// file, and /proc leads there.
//
//   /proc/PID/maps                  7f5e1000-7f5e9000 rw-s 00000000 00:1a 37183 /... (deleted)
//   /proc/PID/map_files/7f5e1000-7f5e9000   opens that file
//
// The path in that line names the folder alone: a ring is made without a name, and gets it later.
// Which ring it is, its inode says where that is known, or its header (SegmentFacts::file_name).
// To read the lines takes the server's user or root. To open the file takes CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace ringside {

struct UnnamedMapping {
  std::string range;          // "7f5e1000-7f5e9000"
  std::uint64_t inode = 0;
  std::string folder;         // where the file is, or was: "/dev/shm"
};

// What a line of /proc/PID/maps says of a file that is shared, mapped from its first byte on, and
// opened under a name that it has no more, or before it had one.
std::optional<UnnamedMapping> unnamed_mapping(const std::string& line);

struct UnnamedRing {
  std::string path;           // that opens it
  std::uint32_t pid = 0;      // who has it mapped
  std::uint64_t inode = 0;
  std::string folder;
};

// Looks for such files in every process other than this one, some lines at a time.
class UnnamedSearch {
 public:
  void begin();
  bool under_way() const { return under_way_; }
  // Reads at most that many lines, and at least one process or line. False at the end.
  bool read(std::size_t lines);
  // What was found since begin(), at most kMostFound.
  const std::vector<UnnamedRing>& found() const { return found_; }

  static constexpr std::size_t kMostFound = 1024;

 private:
  bool next_process();

  bool under_way_ = false;
  std::filesystem::directory_iterator processes_;
  std::string process_;       // "/proc/17", whose lines are read
  std::uint32_t pid_ = 0;
  std::ifstream maps_;
  std::vector<UnnamedRing> found_;
};

// Every process that has a file with that inode mapped so. It reads the mappings of all processes,
// so it is not for every pass.
std::vector<UnnamedRing> find_unnamed_rings(std::uint64_t inode);

}  // namespace ringside
