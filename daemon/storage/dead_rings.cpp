#include "daemon/storage/dead_rings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <vector>

#include "daemon/storage/files.h"
#include "shm/file_descriptor.h"
#include "shm/segment_parts.h"

namespace ringside {
namespace {

constexpr std::string_view kEnding = ".ring";
constexpr std::string_view kUnfinished = ".tmp";

// A name that is a path has slashes.
std::string file_name(const DeadRing& ring) {
  const std::time_t seconds = ring.wall_ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  std::string name = ring.name.substr(ring.name.rfind('/') + 1);
  std::replace(name.begin(), name.end(), '\0', '_');
  return name + "-" + text + std::string(kEnding);
}

int write_parts(int fd, const Segment& segment, const std::vector<SegmentPart>& parts) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&segment.header());
  for (const SegmentPart& part : parts) {
    for (std::uint64_t done = 0; done < part.bytes;) {
      const ssize_t count = pwrite(fd, bytes + part.offset + done, part.bytes - done,
                                   static_cast<off_t>(part.offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return count < 0 ? errno : EIO;
      done += static_cast<std::uint64_t>(count);
    }
  }
  if (ftruncate(fd, static_cast<off_t>(segment.geometry().segment_bytes())) != 0) return errno;
  return fsync(fd) != 0 ? errno : 0;
}

struct Kept {
  std::string path;
  std::string time;  // as it stands in the name, and all that follows
  std::uint64_t bytes = 0;
};

// "20231114T221320Z.ring" or "20231114T221320Z.2.ring" behind the last dash. Empty for other names,
// whose files are none of ours.
std::string_view time_in(std::string_view path) {
  constexpr std::string_view kForm = "ddddddddTddddddZ";
  const std::size_t dash = path.rfind('-');
  if (dash == std::string_view::npos || !path.ends_with(kEnding)) return {};
  const std::string_view time = path.substr(dash + 1);
  if (time.size() < kForm.size() + kEnding.size()) return {};
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = time[i] >= '0' && time[i] <= '9';
    if (kForm[i] == 'd' ? !digit : time[i] != kForm[i]) return {};
  }
  const std::string_view number =
      time.substr(kForm.size(), time.size() - kForm.size() - kEnding.size());
  const bool good =
      number.empty() || (number.size() > 1 && number[0] == '.' &&
                         number.find_first_not_of("0123456789", 1) == std::string_view::npos);
  return good ? time : std::string_view();
}

// What a daemon that was killed had begun to write. No other daemon writes into its directory.
void remove_unfinished(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string path = entry.path();
    if (path.ends_with(kUnfinished) &&
        !time_in(std::string_view(path).substr(0, path.size() - kUnfinished.size())).empty())
      unlink(path.c_str());
  }
}

// The oldest first.
std::vector<Kept> kept_in(const std::string& directory) {
  std::vector<Kept> kept;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string path = entry.path();
    struct stat info {};
    const std::string_view time = time_in(path);
    if (time.empty() || lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    kept.push_back({path, std::string(time), static_cast<std::uint64_t>(info.st_blocks) * 512});
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) {
    return a.time != b.time ? a.time < b.time : a.path < b.path;
  });
  return kept;
}

void remove_oldest(const DeadRingFiles& files, const std::string& newest) {
  std::vector<Kept> kept = kept_in(files.directory);
  std::uint64_t bytes = 0;
  for (const Kept& one : kept) bytes += one.bytes;
  std::size_t left = kept.size();
  for (const Kept& one : kept) {
    if (left <= files.keep && bytes <= files.most_bytes) return;
    // A clock that was set back must not cost the one that was just written.
    if (one.path == newest || unlink(one.path.c_str()) != 0) continue;
    bytes -= one.bytes;
    --left;
  }
}

}  // namespace

std::optional<Failure> keep_dead_ring(const DeadRingFiles& files, const DeadRing& ring,
                                      std::string* written) {
  if (files.keep == 0) return std::nullopt;
  const std::vector<SegmentPart> parts = parts_with_memory(*ring.segment);
  std::uint64_t bytes = 0;
  for (const SegmentPart& part : parts) bytes += part.bytes;
  if (bytes > files.most_bytes) {
    return Failure{0,
                   fmt::format("{}: found {} bytes of a dead server's ring, expected {} at most; "
                               "it is not kept\n  next: raise dead_rings.max_size",
                               ring.segment->path(), bytes, files.most_bytes)};
  }
  if (auto failure = make_directories(files.directory)) return failure;
  // Two rings of one name may have died in one second, in two folders.
  std::string path = files.directory + "/" + file_name(ring);
  std::error_code ignored;
  for (int i = 2; std::filesystem::exists(path, ignored); ++i) {
    path = files.directory + "/" + file_name(ring);
    path.insert(path.size() - kEnding.size(), "." + std::to_string(i));
  }
  remove_unfinished(files.directory);
  const std::string beside = path + std::string(kUnfinished);
  const FileDescriptor file(
      open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_failure(beside, "can't write", errno);
  int error = write_parts(file.get(), *ring.segment, parts);
  if (error == 0 && ring.segment->broken()) error = EIO;
  if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(beside.c_str());
    return system_failure(beside, "can't write", error);
  }
  remove_oldest(files, path);
  *written = path;
  return std::nullopt;
}

}  // namespace ringside
