#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <new>

#include "shm/clock.h"
#include "shm/file_descriptor.h"
#include "shm/segment.h"
#include "shm/segment_check.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

// What stands under the name we want.
enum class Found { nothing, living, dead, closed, refused, changed };

struct Existing {
  Found found = Found::refused;
  std::uint32_t pid = 0;
};

bool same_file(const std::string& path, const struct stat& info) {
  struct stat now {};
  return lstat(path.c_str(), &now) == 0 && now.st_dev == info.st_dev && now.st_ino == info.st_ino;
}

// The file's lock decides between servers that start or leave at the same time. Whoever may read
// the file may lock it, too, so nobody waits for it for longer than a second.
bool lock_for_a_moment(int fd) {
  for (int i = 0; i < 100; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  return false;
}

// Whether this process has the ring mapped. After execv() it hasn't, though pid and start time are
// still the same. The file is looked for by its number: whoever made it mapped it before it had its
// name.
bool mapped_by_us(const struct stat& info) {
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, " %02x:%02x %ju ", major(info.st_dev), minor(info.st_dev),
                static_cast<std::uintmax_t>(info.st_ino));
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    if (line.find(wanted) != std::string::npos) return true;
  }
  return false;
}

// Looks at the file under the name and, if it is a dead ring, takes it away. The lock on the old
// file decides between two servers that start at the same time: the second finds the name changed
// and looks again.
Existing clear_name(const std::string& path, const ProcessIdentity& self, Failure* failure) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    const int error = errno;
    if (error == ENOENT) return {Found::nothing};
    *failure =
        error == ELOOP
            ? Failure{0,
                      path + ": is a symbolic link, which is not followed\n  next: remove the link"}
            : system_failure(path, "is taken and can't be opened", error,
                             "find out who created it, or choose another ring name");
    return {Found::refused};
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    *failure = system_failure(path, "can't stat", errno);
    return {Found::refused};
  }
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
    *failure = {0, path + ": is taken by " +
                       (S_ISREG(info.st_mode) ? "user " + std::to_string(info.st_uid) +
                                                    ", expected user " + std::to_string(geteuid())
                                              : std::string("something that is no regular file")) +
                       "\n  next: find out who created it, or choose another ring name"};
    return {Found::refused};
  }
  if (!lock_for_a_moment(file.get())) {
    *failure = {0, path + ": is held locked by another process\n"
                          "  next: find out which (lslocks), end it, or choose"
                          " another ring name"};
    return {Found::refused};
  }
  if (!same_file(path, info)) return {Found::changed};

  SegmentFacts facts;
  Failure why;
  bool closed = false;
  std::uint32_t alive_pid = 0;
  if (static_cast<std::uint64_t>(info.st_size) < sizeof(SegmentHeader)) {
    *failure = {0, path + ": is taken by a file that is no ring (" + std::to_string(info.st_size) +
                       " bytes)\n  next: remove it, or choose another ring name"};
    return {Found::refused};
  }
  HeaderBytes bytes;
  if (!read_header(file.get(), &bytes)) return {Found::changed};
  const bool ours =
      check_header(bytes.bytes, static_cast<std::uint64_t>(info.st_size), path, &facts, &why);
  if (facts.creator_pid == 0) {
    *failure = {0, path + ": is taken by a file that is no ring\n"
                          "  next: remove it, or choose another ring name"};
    return {Found::refused};
  }
  if (ours) {
    const auto* header = reinterpret_cast<const SegmentHeader*>(bytes.bytes);
    closed = header->state.load(std::memory_order_acquire) == kSegmentClosed;
    if (!other_boot(current_boot_id(), facts.boot_id) && !closed) {
      if (facts.pid_namespace != 0 && facts.pid_namespace != self.pid_namespace) {
        *failure = {
            0, path +
                   ": belongs to a server in another pid namespace, which can't be seen from here\n"
                   "  next: give each container a ring name or a /dev/shm of its own, or remove "
                   "the file"};
        return {Found::refused};
      }
      for (const ProcessSlot& slot : header->processes) {
        const std::uint32_t pid = slot.pid.load(std::memory_order_acquire);
        const std::uint64_t start_time = slot.start_time.load(std::memory_order_relaxed);
        if (pid == 0 || process_liveness(pid, start_time) == Liveness::dead) continue;
        // A process that replaced itself by exec finds its own old entry. It is only living if it
        // really has the ring mapped.
        if (pid == self.pid && start_time == self.start_time && !mapped_by_us(info)) continue;
        alive_pid = pid;
      }
    }
  } else if (process_liveness(facts.creator_pid, facts.creator_start_time) != Liveness::dead) {
    *failure = why;
    return {Found::refused};
  }
  if (alive_pid != 0) return {Found::living, alive_pid};
  int moved = closed ? unlink(path.c_str()) : rename(path.c_str(), previous_path(path).c_str());
  // Another user's file or a directory may stand at the destination. Then the old records are given
  // up, not the new ring.
  if (moved != 0 && !closed) moved = unlink(path.c_str());
  if (moved != 0) {
    *failure = system_failure(path, "is an old ring that can't be moved away", errno, "remove it");
    return {Found::refused};
  }
  RINGSIDE_TEST_POINT(create_cleared);
  return {closed ? Found::closed : Found::dead};
}

void fill_header(SegmentHeader& header, const CreateOptions& options, const ProcessIdentity& self) {
  const Instant now = read_instant();
  const ClockChoice clock = choose_clock();
  header.magic = kMagic;
  header.layout_version = kLayoutVersion;
  header.byte_order = kByteOrder;
  header.word_bits = 64;
  header.creator_pid = self.pid;
  header.creator_start_time = self.start_time;
  header.segment_bytes = options.geometry.segment_bytes();
  header.lane_count = options.geometry.lane_count;
  header.lane_capacity = options.geometry.lane_capacity;
  header.overflow_capacity = options.geometry.overflow_capacity;
  header.clock_kind = static_cast<std::uint32_t>(clock.kind);
  if (getrandom(header.instance, sizeof header.instance, 0) != sizeof header.instance) {
    header.instance[0] = static_cast<std::uint64_t>(now.realtime_ns);
    header.instance[1] = self.pid;
  }
  const BootId boot = current_boot_id();
  std::memcpy(header.boot_id, boot.words, sizeof header.boot_id);
  header.pid_namespace = self.pid_namespace;
  header.ticks_per_second = clock.ticks_per_second;
  header.anchor_ticks =
      clock.kind == ClockKind::monotonic ? static_cast<std::uint64_t>(now.monotonic_ns) : now.ticks;
  header.anchor_monotonic_ns = now.monotonic_ns;
  header.anchor_realtime_ns = now.realtime_ns;
  std::snprintf(header.program, sizeof header.program, "%s", options.program.c_str());
  header.processes[0].start_time.store(self.start_time, std::memory_order_relaxed);
  header.processes[0].pid.store(self.pid, std::memory_order_release);
  header.state.store(kSegmentReady, std::memory_order_release);
}

// Makes the segment as a file without a name, so that a crash in here leaves nothing behind. Links
// it when it is whole. EEXIST from the link means that another server was faster.
std::unique_ptr<Segment> create_new(const CreateOptions& options, const ProcessIdentity& self,
                                    bool* raced, Failure* failure) {
  const std::size_t slash = options.path.rfind('/');
  const std::string folder = slash == 0 ? "/" : options.path.substr(0, slash);
  const FileDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, options.mode));
  if (!file) {
    *failure = system_failure(
        folder, "can't create a ring there", errno,
        "check that the folder exists, is writable, and is on tmpfs, ext4, xfs or btrfs");
    return nullptr;
  }
  const std::uint64_t total = options.geometry.segment_bytes();
  const std::uint64_t first = options.geometry.lanes_offset();
  if (fchmod(file.get(), options.mode) != 0 ||
      ftruncate(file.get(), static_cast<off_t>(total)) != 0) {
    *failure = system_failure(options.path, "can't size the ring", errno);
    return nullptr;
  }
  int error;
  do {
    error = posix_fallocate(file.get(), 0, static_cast<off_t>(first));
  } while (error == EINTR);
  if (error != 0) {
    *failure =
        system_failure(options.path, "no memory for the ring", error,
                       "free space in /dev/shm (df /dev/shm), or give the container a larger one");
    return nullptr;
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    *failure = system_failure(options.path, "can't stat", errno);
    return nullptr;
  }
  auto mapping = Mapping::map(file.get(), total, true, options.path, failure);
  if (mapping == nullptr) return nullptr;
  auto segment =
      std::make_unique<Segment>(std::move(mapping), options.geometry, options.path, info.st_ino);
  RINGSIDE_TEST_POINT(create_sized);
  fill_header(segment->header(), options, self);
  RINGSIDE_TEST_POINT(create_filled);
  Control& control = segment->control();
  control.enabled.store(1, std::memory_order_relaxed);
  for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    control.requested[id].store(1, std::memory_order_relaxed);
    control.effective[id].store(1, std::memory_order_relaxed);
  }
  RINGSIDE_TEST_POINT(create_whole);
  const std::string by_descriptor = "/proc/self/fd/" + std::to_string(file.get());
  if (linkat(AT_FDCWD, by_descriptor.c_str(), AT_FDCWD, options.path.c_str(), AT_SYMLINK_FOLLOW) !=
      0) {
    *raced = errno == EEXIST;
    if (!*raced) *failure = system_failure(options.path, "can't give the ring its name", errno);
    return nullptr;
  }
  RINGSIDE_TEST_POINT(create_named);
  return segment;
}

// Null with `gone` set when the ring's last process left in the meantime. The name is then free
// again.
std::unique_ptr<Segment> join(const CreateOptions& options, const ProcessIdentity& self, bool* gone,
                              Failure* failure) {
  // Take the file's lock, so that nobody closes the ring between the look and the entry.
  const FileDescriptor file(
      open(options.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  *gone = !file && errno == ENOENT;
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0 || !lock_for_a_moment(file.get())) {
    *failure = system_failure(options.path, "can't be joined", errno);
    return nullptr;
  }
  *gone = !same_file(options.path, info);
  if (*gone) return nullptr;
  OpenOptions how;
  how.writable = true;
  SegmentFacts facts;
  auto segment = open_segment(options.path, how, &facts, failure);
  if (segment == nullptr) return nullptr;
  *gone = segment->header().state.load(std::memory_order_acquire) == kSegmentClosed;
  if (*gone) return nullptr;
  const Geometry& there = segment->geometry();
  if (there.lane_count != options.geometry.lane_count ||
      there.lane_capacity != options.geometry.lane_capacity ||
      there.overflow_capacity != options.geometry.overflow_capacity) {
    *failure = {0, options.path + ": has " + std::to_string(there.lane_count) + " lanes of " +
                       std::to_string(there.lane_capacity) + " records, this process asks for " +
                       std::to_string(options.geometry.lane_count) + " of " +
                       std::to_string(options.geometry.lane_capacity) +
                       "\n  next: let all processes that share a ring use the same setup"};
    return nullptr;
  }
  if (!enter_process(*segment, self)) {
    *failure = {0, options.path + ": already written by " + std::to_string(kMaxProcesses) +
                       " processes\n  next: give some of them a ring of their own"};
    return nullptr;
  }
  return segment;
}

}  // namespace

bool enter_process(Segment& segment, const ProcessIdentity& self) {
  // A start time of 0 means "not known yet". So a process is never judged by the start time of the
  // one before it in the slot.
  for (int round = 0; round < 2; ++round) {
    for (ProcessSlot& slot : segment.header().processes) {
      std::uint32_t expected = slot.pid.load(std::memory_order_acquire);
      std::uint64_t start_time = slot.start_time.load(std::memory_order_relaxed);
      if (expected == self.pid && start_time == self.start_time) return true;
      const bool free =
          expected == 0 || (round == 1 && process_liveness(expected, start_time) == Liveness::dead);
      if (!free) continue;
      if (expected != 0)
        slot.start_time.compare_exchange_strong(start_time, 0, std::memory_order_relaxed);
      if (slot.pid.compare_exchange_strong(expected, self.pid, std::memory_order_acq_rel)) {
        RINGSIDE_TEST_POINT(join_taken);
        slot.start_time.store(self.start_time, std::memory_order_release);
        RINGSIDE_TEST_POINT(join_entered);
        return true;
      }
    }
  }
  return false;
}

Created create_segment(const CreateOptions& options, const ProcessIdentity& self,
                       Failure* failure) {
  if (!options.geometry.valid()) {
    *failure = {
        0, options.path + ": " + std::to_string(options.geometry.lane_count) + " lanes of " +
               std::to_string(options.geometry.lane_capacity) + " records (overflow " +
               std::to_string(options.geometry.overflow_capacity) + "): expected " +
               std::to_string(kMinLanes) + " to " + std::to_string(kMaxLanes) +
               " lanes, and capacities that are powers of two from " +
               std::to_string(kMinCapacity) + " to " + std::to_string(kMaxCapacity) + ", " +
               std::to_string(kMaxSegmentBytes >> 30) + " GiB in all\n  next: correct the setup"};
    return {};
  }
  // Each round ends unless another server changed the name in the meantime.
  for (int round = 0; round < 100; ++round) {
    const Existing existing = clear_name(options.path, self, failure);
    if (existing.found == Found::refused) return {};
    if (existing.found == Found::changed) continue;
    if (existing.found == Found::living) {
      if (options.share) {
        bool gone = false;
        auto segment = join(options, self, &gone, failure);
        if (gone) continue;
        return {std::move(segment), true};
      }
      *failure = {
          0,
          options.path + ": is in use by process " + std::to_string(existing.pid) +
              "\n  next: give this server another ring name, or let both share it (Setup::share)"};
      return {};
    }
    bool raced = false;
    auto segment = create_new(options, self, &raced, failure);
    if (segment != nullptr || !raced) return {std::move(segment), false};
  }
  *failure = {0, options.path + ": other servers keep taking this name\n"
                                "  next: give each server its own ring name"};
  return {};
}

void leave_segment(Segment& segment, const ProcessIdentity& self, bool keep) {
  // Take the file's lock. For a server that starts meanwhile, "nobody else" and "removed" are then
  // one step.
  const FileDescriptor file(
      open(segment.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  // Without the lock (a reader may hold it) the ring is still closed. Its name stays, and the next
  // server clears it.
  const bool named = file && fstat(file.get(), &info) == 0 && info.st_ino == segment.inode() &&
                     lock_for_a_moment(file.get());
  bool others = false;
  for (ProcessSlot& slot : segment.header().processes) {
    const std::uint32_t pid = slot.pid.load(std::memory_order_acquire);
    if (pid == 0) continue;
    if (pid == self.pid) {
      slot.start_time.store(0, std::memory_order_relaxed);
      slot.pid.store(0, std::memory_order_release);
    } else if (process_liveness(pid, slot.start_time.load(std::memory_order_relaxed)) !=
               Liveness::dead) {
      others = true;
    }
  }
  RINGSIDE_TEST_POINT(leave_left);
  if (others) return;
  segment.header().state.store(kSegmentClosed, std::memory_order_release);
  RINGSIDE_TEST_POINT(leave_closed);
  if (named && !keep && same_file(segment.path(), info)) unlink(segment.path().c_str());
  RINGSIDE_TEST_POINT(leave_unnamed);
}

}  // namespace ringside
