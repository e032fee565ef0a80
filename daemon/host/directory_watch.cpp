#include "daemon/host/directory_watch.h"

#include <fnmatch.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "shm/failure.h"

namespace ringside {
namespace {

constexpr std::uint32_t kAppeared = IN_CREATE | IN_MOVED_TO;
// Watched, but not reported. The kernel drops an event that equals the one just before it. If two
// files come and go under one name, the event between them keeps the second one from being lost.
constexpr std::uint32_t kVanished = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

}  // namespace

DirectoryWatch::DirectoryWatch() : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_) {
    problem_ = system_failure("inotify", "cannot be had; new rings are noticed up to 200 ms late",
                              errno, "raise fs.inotify.max_user_instances")
                   .message;
  }
}

void DirectoryWatch::follow(const std::vector<std::string>& files) {
  if (!inotify_) return;
  std::map<std::string, Directory> wanted;
  for (const std::string& file : files) {
    Directory& directory = wanted[directory_of(file)];
    directory.patterns.push_back(file.substr(file.rfind('/') + 1));
  }
  problem_.clear();
  for (auto& [path, directory] : wanted) {
    directory.path = path;
    const auto before = directories_.find(path);
    if (before != directories_.end()) directory.descriptor = before->second.descriptor;
    if (directory.descriptor < 0) add(directory);
  }
  for (const auto& entry : directories_) {
    // Two paths may lead to one directory. They share one watch.
    const int descriptor = entry.second.descriptor;
    const bool used = std::any_of(wanted.begin(), wanted.end(), [&](const auto& other) {
      return other.second.descriptor == descriptor;
    });
    if (descriptor >= 0 && !used) inotify_rm_watch(inotify_.get(), descriptor);
  }
  directories_ = std::move(wanted);
}

void DirectoryWatch::add(Directory& directory) {
  directory.descriptor =
      inotify_add_watch(inotify_.get(), directory.path.c_str(),
                        kAppeared | kVanished | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
  // A directory that does not exist yet is tried again at the next follow().
  if (directory.descriptor >= 0 || errno == ENOENT)
    return;
  problem_ = system_failure(directory.path,
                            "cannot be watched; new rings in it are noticed up to 200 ms late",
                            errno, errno == ENOSPC ? "raise fs.inotify.max_user_watches" : nullptr)
                 .message;
}

DirectoryWatch::Changes DirectoryWatch::take() {
  Changes changes;
  if (!inotify_) return changes;
  alignas(inotify_event) char buffer[16384];
  // The rounds are limited: files may appear as fast as we read.
  for (int rounds = 0; rounds < 16; ++rounds) {
    const ssize_t bytes = read(inotify_.get(), buffer, sizeof buffer);
    if (bytes <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + offsetof(inotify_event, name);
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) changes.unsure = true;
      for (auto& [path, directory] : directories_) {
        if (directory.descriptor != event.wd) continue;
        if ((event.mask & kGone) != 0) {
          // The watch follows a directory that was moved. Its old path may be another directory's
          // now.
          if ((event.mask & IN_MOVE_SELF) != 0) inotify_rm_watch(inotify_.get(), event.wd);
          directory.descriptor = -1;
          changes.unsure = true;
        } else if ((event.mask & kAppeared) != 0 && event.len > 0 &&
                   std::any_of(directory.patterns.begin(), directory.patterns.end(),
                               [&](const std::string& pattern) {
                                 return fnmatch(pattern.c_str(), name, 0) == 0;
                               })) {
          changes.appeared.push_back(joined(path, name));
        }
      }
    }
  }
  return changes;
}

}  // namespace ringside
