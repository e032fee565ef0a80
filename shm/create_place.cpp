#include "shm/create_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "shm/clock_probe.h"
#include "shm/file_descriptor.h"
#include "shm/processes.h"

namespace ringside {

namespace {

void remark_on(std::string* remarks, const std::string& one) {
  if (!remarks->empty()) *remarks += "\n";
  *remarks += one;
}

// The number of a group that is given by name or number. getgrnam() was rejected: it may load
// libraries and ask servers, and it takes locks, all of it inside of the server that starts.
bool find_group(const std::string& group, gid_t* id) {
  char* end = nullptr;
  const unsigned long number = std::strtoul(group.c_str(), &end, 10);
  if (*end == '\0' && group[0] != '-' && number < UINT32_MAX) {
    *id = static_cast<gid_t>(number);
    return true;
  }
  const FileDescriptor groups(open("/etc/group", O_RDONLY | O_CLOEXEC));
  std::string text = "\n";
  char part[4096];
  ssize_t got = 0;
  while (groups && (got = read(groups.get(), part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(got));
  // A line is name:password:number:members.
  const std::size_t line = text.find("\n" + group + ":");
  const std::size_t password = line == text.npos ? line : text.find(':', line + 1);
  const std::size_t digits = password == text.npos ? password : text.find(':', password + 1);
  if (digits == text.npos || group.find_first_of(":\n") != group.npos) return false;
  *id = static_cast<gid_t>(std::strtoul(text.c_str() + digits + 1, nullptr, 10));
  return true;
}

// A copy of a ring's head: the header, the lane headers and the processes that have entries.
class HeadCopy {
 public:
  HeadCopy(int fd, std::unique_ptr<Mapping> memory, const Geometry& geometry,
           const std::string& path, std::uint64_t inode)
      : fd_(fd), to_(memory->data()), head_(std::move(memory), geometry, path, inode) {}

  bool read_lanes() { return read_part(0, head_.geometry().processes_offset()); }
  bool read_entries() {
    return read_part(head_.geometry().processes_offset(), sizeof(ProcessEntry) * entries());
  }
  const Segment& operator*() const { return head_; }

  // How often each lane was claimed, and how many entries there are.
  std::vector<std::uint64_t> claims() const {
    std::vector<std::uint64_t> found{entries()};
    for (std::uint32_t lane = 0; lane < head_.geometry().lane_count; ++lane)
      found.push_back(head_.lane_header(lane).generation.load(std::memory_order_relaxed));
    return found;
  }
  std::vector<std::uint64_t> standings() const {
    std::vector<std::uint64_t> found;
    for (std::uint32_t index = 0; index < entries(); ++index)
      found.push_back(head_.processes()[index].standing.load(std::memory_order_relaxed));
    return found;
  }

 private:
  std::uint32_t entries() const {
    return std::min(head_.header().processes_used.load(std::memory_order_relaxed), kMaxProcesses);
  }
  bool read_part(std::uint64_t offset, std::uint64_t bytes) {
    return pread(fd_, to_ + offset, bytes, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes);
  }

  const int fd_;
  unsigned char* const to_;
  Segment head_;
};

}  // namespace

// As a process of the ring looks at the others (processes.cpp, is_held()): at the lanes before the
// entries and after them, at a lane's generation outside of its lock, and at an entry's `standing`
// before its lock and after it. If lanes and entries change hands all the time, somebody lives.
std::optional<Writers> writers_of(int fd, const SegmentFacts& facts, const std::string& path,
                                  std::uint64_t inode) {
  auto memory = Mapping::memory(facts.geometry.labels_offset());
  if (memory == nullptr) return {};
  HeadCopy copy(fd, std::move(memory), facts.geometry, path, inode);
  for (int attempt = 0; attempt < 8; ++attempt) {
    if (!copy.read_lanes()) return {};
    const std::vector<std::uint64_t> claims = copy.claims();
    if (!copy.read_lanes() || !copy.read_entries()) return {};
    const std::vector<std::uint64_t> standings = copy.standings();
    if (!copy.read_entries()) return {};
    for (int look = 0; look < 2; ++look) {
      const ProcessesLook found = look_at_processes(*copy, facts.death_marked);
      Writers writers{found.any(), 0};
      for (const ProcessLook& one : found.entered) {
        if (one.liveness != Liveness::dead) writers.pid = one.pid;
      }
      if (writers.liveness != Liveness::dead) return writers;
      if (!copy.read_lanes()) return {};
    }
    if (copy.claims() == claims && copy.standings() == standings) return Writers{};
  }
  return Writers{Liveness::unknown, 0};
}

bool set_access(int fd, const CreateOptions& options, Failure* failure) {
  unsigned mode = options.mode;
  if (!options.group.empty()) {
    gid_t id = 0;
    if (!find_group(options.group, &id)) {
      *failure = {0, options.path + ": there is no group " + options.group +
                         " in /etc/group\n  next: give the ring another group, or the number of"
                         " this one"};
      return false;
    }
    if (fchown(fd, static_cast<uid_t>(-1), id) != 0) {
      *failure = system_failure(
          options.path, ("can't be given to group " + options.group).c_str(), errno,
          "let the server's user be a member of that group, or choose one of its own (id -Gn)");
      return false;
    }
    mode |= S_IRGRP;
  }
  if (fchmod(fd, mode) == 0) return true;
  *failure = system_failure(options.path, "can't set the ring's permissions", errno);
  return false;
}

bool same_file(const std::string& path, const struct stat& info) {
  struct stat now {};
  return lstat(path.c_str(), &now) == 0 && now.st_dev == info.st_dev && now.st_ino == info.st_ino;
}

bool lock_for_a_moment(int fd) {
  for (int i = 0; i < 100; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  return false;
}

bool fits_the_limit(const CreateOptions& options, Failure* failure) {
  rlimit limit{};
  const std::uint64_t bytes = options.geometry.segment_bytes();
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      bytes <= limit.rlim_cur)
    return true;
  *failure = {0, options.path + ": the ring takes " + std::to_string(bytes) +
                     " bytes, and this process may write files of " +
                     std::to_string(limit.rlim_cur) +
                     " (RLIMIT_FSIZE)\n  next: raise the limit (ulimit -f, or LimitFSIZE= in a "
                     "systemd unit), or ask for fewer or shorter lanes"};
  return false;
}

void remark_on_disk(int fd, const std::string& path, std::string* remarks) {
  struct statfs place {};
  if (fstatfs(fd, &place) != 0) return;
  constexpr unsigned kTmpfs = 0x01021994;
  constexpr unsigned kRamfs = 0x858458f6;
  constexpr unsigned kHugetlbfs = 0x958458f6;
  const auto type = static_cast<unsigned>(place.f_type);
  if (type == kTmpfs || type == kRamfs || type == kHugetlbfs) return;
  char name[16];
  std::snprintf(name, sizeof name, "0x%x", type);
  remark_on(remarks, path + ": is on a disk (file system " + (type == 0xef53 ? "ext4" : name) +
                         "): while it is written back, an operation can wait for a millisecond\n"
                         "  next: use a ring name, which is in /dev/shm, or a folder on a tmpfs");
}

bool check_clock(const CreateOptions& options, std::string* remarks, Failure* failure) {
  if (choose_clock().kind != ClockKind::monotonic) return true;
  const std::string source = clock_source();
  const std::int64_t cost_ns = monotonic_cost_ns();
  const std::string cost = options.path + ": a read of the system's clock takes " +
                           std::to_string(cost_ns) + " ns here (clock source " +
                           (source.empty() ? "unknown" : source) +
                           "), and an operation reads it at least twice";
  if (cost_ns >= kSlowClockNs) {
    const std::string next = "\n  next: see in dmesg why the kernel does not use tsc";
    if (!options.slow_clock) {
      *failure = {0, cost + next + ", or trace all the same: RINGSIDE_SLOW_CLOCK=1"};
      return false;
    }
    remark_on(remarks, cost + next);
  } else if (source.empty()) {
    remark_on(remarks, options.path +
                           ": the kernel's clock source can't be read, so CLOCK_MONOTONIC is used"
                           " (" +
                           std::to_string(cost_ns) +
                           " ns a read)\n  next: mount /sys there, or call start() before chroot");
  }
  return true;
}

int open_hidden(const std::string& hidden, unsigned mode, bool* raced, Failure* failure) {
  const int fd =
      open(hidden.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 07777);
  struct stat info {};
  if (fd >= 0) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 && same_file(hidden, info))
      return fd;
    close(fd);
    *raced = true;
    return -1;
  }
  if (errno != EEXIST) {
    *failure = system_failure(hidden, "can't create a ring there", errno,
                              "check that the folder exists and is writable, or mount /proc");
    return -1;
  }
  const FileDescriptor old(open(hidden.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  *raced = old && fstat(old.get(), &info) == 0 && info.st_uid == geteuid() &&
           lock_for_a_moment(old.get()) &&
           (!same_file(hidden, info) || unlink(hidden.c_str()) == 0);
  if (!*raced)
    *failure = {0, hidden + ": is in the way of a new ring\n  next: remove it, or mount /proc"};
  return -1;
}

}  // namespace ringside
