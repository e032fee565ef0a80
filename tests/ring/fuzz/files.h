// The files that the code under test finds: rings in memory, each under a path. open_segment() and
// lstat() look here (files.cpp, by the linker's --wrap). A path that nobody put here is none. They
// all stand in the root directory, and realpath() and stat() know it without asking the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace ringside::fuzz {

struct MemoryFile {
  unsigned char* bytes = nullptr;
  std::uint64_t count = 0;
  std::uint64_t inode = 0;
};

// Where the followed ring stands.
inline constexpr const char* kWatchedPath = "/watched";

void put_file(const std::string& path, const MemoryFile& file);
// Renames, over what has the name. False when there is no file of the first name.
bool rename_file(const std::string& from, const std::string& to);
bool exchange_files(const std::string& a, const std::string& b);
void remove_all_files();
// 0 when there is none of that name.
std::uint64_t inode_of_file(const std::string& path);
// Where a file with that inode stands, other than at kWatchedPath. Empty when there is none.
std::string elsewhere(std::uint64_t inode);

}  // namespace ringside::fuzz
