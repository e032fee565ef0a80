#include "tests/ring/fuzz/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "shm/segment.h"

namespace ringside::fuzz {
namespace {

std::map<std::string, MemoryFile>& files() {
  static std::map<std::string, MemoryFile> all;
  return all;
}

}  // namespace

void put_file(const std::string& path, const MemoryFile& file) { files()[path] = file; }
void remove_all_files() { files().clear(); }

bool rename_file(const std::string& from, const std::string& to) {
  const auto at = files().find(from);
  if (at == files().end()) return false;
  const MemoryFile file = at->second;
  files().erase(at);
  files()[to] = file;
  return true;
}

bool exchange_files(const std::string& a, const std::string& b) {
  const auto of_a = files().find(a);
  const auto of_b = files().find(b);
  if (of_a == files().end() || of_b == files().end()) return false;
  std::swap(of_a->second, of_b->second);
  return true;
}

std::uint64_t inode_of_file(const std::string& path) {
  const auto at = files().find(path);
  return at != files().end() ? at->second.inode : 0;
}

std::string elsewhere(std::uint64_t inode) {
  for (const auto& [path, file] : files()) {
    if (file.inode == inode && path != kWatchedPath) return path;
  }
  return {};
}

std::unique_ptr<Segment> open_in_memory(const std::string& path, const OpenOptions&,
                                        SegmentFacts* facts, Failure* failure)
    asm("__wrap__ZN8ringside12open_segmentERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
        "RKNS_11OpenOptionsEPNS_12SegmentFactsEPNS_7FailureE");
std::unique_ptr<Segment> open_in_memory(const std::string& path, const OpenOptions&,
                                        SegmentFacts* facts, Failure* failure) {
  const auto at = files().find(path);
  if (at == files().end()) {
    *failure = {ENOENT, path + ": can't open"};
    return nullptr;
  }
  const MemoryFile& file = at->second;
  return open_segment_in(file.bytes, file.count, path, file.inode, facts, failure);
}

}  // namespace ringside::fuzz

extern "C" {

int __real_lstat(const char* path, struct stat* info);

int __wrap_lstat(const char* path, struct stat* info) {
  const auto& all = ringside::fuzz::files();
  const auto at = all.find(path);
  if (at != all.end()) {
    *info = {};
    info->st_mode = S_IFREG | 0600;
    info->st_ino = at->second.inode;
    return 0;
  }
  // The rings that everything begins with are made by the code that servers run, in real files.
  return __real_lstat(path, info);
}

int __real_stat(const char* path, struct stat* info);

int __wrap_stat(const char* path, struct stat* info) {
  if (std::strcmp(path, "/") != 0) return __real_stat(path, info);
  *info = {};
  info->st_mode = S_IFDIR | 0755;
  return 0;
}

char* __real_realpath(const char* path, char* resolved);

char* __wrap_realpath(const char* path, char* resolved) {
  if (std::strcmp(path, "/") != 0 || resolved != nullptr) return __real_realpath(path, resolved);
  return strdup(path);
}
}
