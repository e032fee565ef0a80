#include "daemon/rings/unnamed_ring.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace ringside {

namespace {

constexpr const char* kDeleted = " (deleted)";

// 0 when it is no number.
std::uint32_t pid_from(const std::string& name) {
  std::uint32_t pid = 0;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data(), end, pid);
  return result.ec == std::errc{} && result.ptr == end ? pid : 0;
}

}  // namespace

std::string unnamed_mapping(const std::string& line, std::uint64_t inode) {
  if (!line.ends_with(kDeleted)) return {};
  char range[40];
  char rights[8];
  unsigned long offset = 0;
  unsigned long long number = 0;
  const int fields =
      std::sscanf(line.c_str(), "%39s %7s %lx %*s %llu", range, rights, &offset, &number);
  if (fields != 4 || offset != 0 || number != inode || std::string(rights).back() != 's') return {};
  return range;
}

std::vector<UnnamedRing> find_unnamed_rings(std::uint64_t inode) {
  std::vector<UnnamedRing> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string process = entry.path();
    const std::uint32_t pid = pid_from(entry.path().filename());
    if (pid == 0 || pid == static_cast<std::uint32_t>(getpid())) continue;
    std::ifstream maps(process + "/maps");
    for (std::string line; std::getline(maps, line);) {
      const std::string range = unnamed_mapping(line, inode);
      if (!range.empty()) found.push_back({process + "/map_files/" + range, pid});
    }
  }
  return found;
}

}  // namespace ringside
