// Finds a ring that has lost its name while its server lives: whoever has it mapped still has its
// file, and /proc leads there.
//
//   /proc/PID/maps                  7f5e1000-7f5e9000 rw-s 00000000 00:1a 37183 /... (deleted)
//   /proc/PID/map_files/7f5e1000-7f5e9000   opens that file
//
// The path in that line is of no use: a ring is made without a name, and gets it later. The file is
// known by its inode. To read the lines takes the server's user or root. To open the file takes
// CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringside {

struct UnnamedRing {
  std::string path;         // that opens it
  std::uint32_t pid = 0;    // who has it mapped
};

// "7f5e1000-7f5e9000" where the line of /proc/PID/maps is of a file with that inode, shared, from
// its first byte on, and without a name. Empty otherwise.
std::string unnamed_mapping(const std::string& line, std::uint64_t inode);

// Every process other than this one that has such a file mapped. It reads the mappings of all
// processes, so it is not for every pass.
std::vector<UnnamedRing> find_unnamed_rings(std::uint64_t inode);

}  // namespace ringside
