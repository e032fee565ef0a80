#include "daemon/rings/unnamed_ring.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <limits>
#include <system_error>

namespace ringside {

namespace {

constexpr const char* kDeleted = " (deleted)";
// To open a process's maps costs as much as about so many lines.
constexpr std::size_t kOpeningLines = 4;

// 0 when it is no number.
std::uint32_t pid_from(const std::string& name) {
  std::uint32_t pid = 0;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data(), end, pid);
  return result.ec == std::errc{} && result.ptr == end ? pid : 0;
}

}  // namespace

std::optional<UnnamedMapping> unnamed_mapping(const std::string& line) {
  if (!line.ends_with(kDeleted)) return {};
  char range[40];
  char rights[8];
  unsigned long offset = 0;
  unsigned long long inode = 0;
  int end = 0;
  const int fields =
      std::sscanf(line.c_str(), "%39s %7s %lx %*s %llu%n", range, rights, &offset, &inode, &end);
  if (fields != 4 || offset != 0 || std::string(rights).back() != 's') return {};
  const std::size_t begin = line.find('/', static_cast<std::size_t>(end));
  if (begin == std::string::npos) return {};
  const std::size_t slash = line.rfind('/');
  return UnnamedMapping{range, inode, line.substr(begin, slash - begin)};
}

void UnnamedSearch::begin() {
  std::error_code ignored;
  processes_ = std::filesystem::directory_iterator("/proc", ignored);
  maps_ = {};
  found_.clear();
  under_way_ = true;
}

// Opens the mappings of the next process. False when there is none left.
bool UnnamedSearch::next_process() {
  std::error_code error;
  if (processes_ == std::filesystem::end(processes_)) return false;
  process_ = processes_->path();
  pid_ = pid_from(processes_->path().filename());
  maps_ = {};
  if (pid_ != 0 && pid_ != static_cast<std::uint32_t>(getpid())) maps_.open(process_ + "/maps");
  processes_.increment(error);
  return true;
}

bool UnnamedSearch::read(std::size_t lines) {
  std::string line;
  for (std::size_t used = 0; used < lines && under_way_; ++used) {
    if (!maps_.is_open() || !std::getline(maps_, line)) {
      used += kOpeningLines;
      under_way_ = next_process();
      continue;
    }
    const auto mapping = unnamed_mapping(line);
    if (mapping && found_.size() < kMostFound)
      found_.push_back(
          {process_ + "/map_files/" + mapping->range, pid_, mapping->inode, mapping->folder});
  }
  return under_way_;
}

std::vector<UnnamedRing> find_unnamed_rings(std::uint64_t inode) {
  UnnamedSearch search;
  search.begin();
  while (search.read(std::numeric_limits<std::size_t>::max() / 2)) continue;
  std::vector<UnnamedRing> found = search.found();
  std::erase_if(found, [&](const UnnamedRing& one) { return one.inode != inode; });
  return found;
}

}  // namespace ringside
