#include "daemon/rings/ring_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "shm/failure.h"
#include "shm/file_descriptor.h"
#include "shm/segment.h"

namespace ringside {

namespace {

constexpr std::string_view kSharedMemory = "/dev/shm/ringside.";

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string joined(const std::string& directory, std::string_view name) {
  return (directory == "/" ? directory : directory + "/") + std::string(name);
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat of_a {}, of_b {};
  return stat(a.c_str(), &of_a) == 0 && stat(b.c_str(), &of_b) == 0 &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

}  // namespace

std::string shown_name(const std::string& path) {
  return path.starts_with(kSharedMemory) &&
                 path.find('/', kSharedMemory.size()) == std::string::npos
             ? path.substr(kSharedMemory.size())
             : path;
}

bool may_be_ring(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return errno == EACCES || errno == EPERM;
  std::uint64_t magic = 0;
  return pread(file.get(), &magic, sizeof magic, 0) == static_cast<ssize_t>(sizeof magic) &&
         magic == kMagic;
}

bool exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

bool is_pattern(const std::string& ring) {
  return last_component(ring).find_first_of("*?[") != std::string_view::npos;
}

std::string canonical_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> directory(
      realpath(directory_of(path).c_str(), nullptr), &free);
  // A link of /proc (/proc/PID/fd/N, /proc/PID/root) can lead to a directory without using the path
  // that it shows: one of another mount namespace, or a removed one. Then only the link is right.
  if (directory == nullptr || !same_file(directory.get(), directory_of(path))) return path;
  return joined(directory.get(), last_component(path));
}

RingName resolve_ring(const std::string& ring) {
  Failure failure;
  const std::string path = ring_path(ring, &failure);
  if (path.empty()) return {ring, {}, failure.message};
  return {ring, canonical_path(path), {}};
}

std::string pattern_path(const std::string& pattern) {
  return pattern.find('/') != std::string::npos ? canonical_path(pattern)
                                                : std::string(kSharedMemory) + pattern;
}

bool matches(const std::string& pattern_path, const std::string& path) {
  if (path.ends_with(previous_path({})) || directory_of(pattern_path) != directory_of(path))
    return false;
  return fnmatch(std::string(last_component(pattern_path)).c_str(),
                 std::string(last_component(path)).c_str(), FNM_PERIOD) == 0;
}

std::vector<RingName> rings_like(const std::string& pattern) {
  std::vector<RingName> found;
  const std::string wanted = pattern_path(pattern);
  const std::string directory = directory_of(wanted);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), &closedir);
  if (listing == nullptr) return found;
  while (const dirent* entry = readdir(listing.get())) {
    if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) continue;
    const std::string path = joined(directory, entry->d_name);
    if (matches(wanted, path)) found.push_back({shown_name(path), path, {}});
  }
  std::sort(found.begin(), found.end(),
            [](const RingName& a, const RingName& b) { return a.path < b.path; });
  return found;
}

}  // namespace ringside
