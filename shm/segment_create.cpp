#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>

#include "shm/clock.h"
#include "shm/create_place.h"
#include "shm/file_descriptor.h"
#include "shm/processes.h"
#include "shm/segment.h"
#include "shm/segment_check.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

// Whoever may write the ring may harm its writers (owner_lock.h). Nobody but the server's user may.
constexpr unsigned kOthersWrite = S_IWGRP | S_IWOTH;

// What stands under the name we want.
enum class Found { nothing, living, dead, closed, refused, changed };

struct Existing {
  Found found = Found::refused;
  // 0: of a process that is just entering.
  std::uint32_t pid = 0;
};

// A server that was started as root and gave that up leaves such a file: in a folder like /dev/shm
// only the file's owner may remove it.
Failure another_users(const std::string& path, uid_t owner) {
  return {0, path + ": is taken by user " + std::to_string(owner) + ", expected user " +
                 std::to_string(geteuid()) +
                 "\n  next: if its server has ended, remove it (sudo rm " + path +
                 "); else choose another ring name, or a folder of this user's own"};
}

// Looks at the file under the name and, if it is a dead ring, takes it away. The lock on the old
// file decides between two servers that start at the same time: the second finds the name changed
// and looks again.
Existing clear_name(const std::string& path, Failure* failure) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    const int error = errno;
    if (error == ENOENT) return {Found::nothing};
    struct stat taken {};
    if (error == EACCES && lstat(path.c_str(), &taken) == 0 && taken.st_uid != geteuid()) {
      *failure = another_users(path, taken.st_uid);
      return {Found::refused};
    }
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
  if (!S_ISREG(info.st_mode)) {
    *failure = {0, path + ": is taken by something that is no regular file\n"
                          "  next: find out who created it, or choose another ring name"};
    return {Found::refused};
  }
  if (info.st_uid != geteuid()) {
    *failure = another_users(path, info.st_uid);
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
    if (!closed && !other_boot(current_boot_id(), facts.boot_id)) {
      const std::optional<Writers> writers = writers_of(file.get(), facts, path, info.st_ino);
      if (!writers) return {Found::changed};
      if (writers->liveness != Liveness::dead) return {Found::living, writers->pid};
    }
  } else if (process_liveness(facts.creator_pid, facts.creator_start_time) != Liveness::dead) {
    *failure = why;
    return {Found::refused};
  }
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
  std::snprintf(header.build_id, sizeof header.build_id, "%s", options.build_id.c_str());
  std::snprintf(header.configuration_digest, sizeof header.configuration_digest, "%s",
                options.configuration_digest.c_str());
  const std::string file_name = options.path.substr(options.path.rfind('/') + 1);
  if (file_name.size() < sizeof header.file_name)
    std::memcpy(header.file_name, file_name.c_str(), file_name.size() + 1);
  header.death_marked = header.registry.make() ? 1 : 0;
  header.state.store(kSegmentReady, std::memory_order_release);
}

constexpr char kMoreMemory[] =
    "free space in /dev/shm (df /dev/shm), or give the container a larger one";

// Makes the segment as a file without a name, so that a crash in here leaves nothing behind. Links
// it when it is whole. EEXIST from the link means that another server was faster.
Created create_new(const CreateOptions& options, const ProcessIdentity& self, bool* raced,
                   Failure* failure) {
  if (!fits_the_limit(options, failure)) return {};
  const std::size_t slash = options.path.rfind('/');
  const std::string folder = slash == 0 ? "/" : options.path.substr(0, slash);
  const bool has_proc = access("/proc/self/fd", F_OK) == 0;
  const std::string hidden =
      options.path.substr(0, slash + 1) + "." + options.path.substr(slash + 1) + ".new";
  const FileDescriptor file(has_proc
                                ? open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, options.mode)
                                : open_hidden(hidden, options.mode, raced, failure));
  if (!file && !has_proc) return {};
  const HiddenName removed_at_end(has_proc ? "" : hidden, file.get());
  if (!file) {
    *failure = system_failure(
        folder, "can't create a ring there", errno,
        "check that the folder exists, is writable, and is on tmpfs, ext4, xfs or btrfs");
    return {};
  }
  const std::uint64_t total = options.geometry.segment_bytes();
  const std::uint64_t first = options.geometry.processes_offset();
  if (!set_access(file.get(), options, failure)) return {};
  if (ftruncate(file.get(), static_cast<off_t>(total)) != 0) {
    *failure = system_failure(options.path, "can't size the ring", errno);
    return {};
  }
  int error;
  do {
    error = posix_fallocate(file.get(), 0, static_cast<off_t>(first));
  } while (error == EINTR);
  // Some file systems allocate nothing ahead: there a full disk would be a SIGBUS in the server.
  if (error == EOPNOTSUPP || error == EINVAL || error == ENOSYS) {
    *failure = system_failure(options.path, "its file system can't set room aside for the ring",
                              error, "put the ring on tmpfs (/dev/shm), ext4, xfs or btrfs");
    return {};
  }
  if (error != 0) {
    *failure =
        system_failure(options.path, "no memory for the ring", error, kMoreMemory);
    return {};
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    *failure = system_failure(options.path, "can't stat", errno);
    return {};
  }
  auto mapping = Mapping::map(file.get(), total, true, options.path, failure);
  if (mapping == nullptr) return {};
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
  for (std::uint32_t lane = 0; lane < options.geometry.lane_count; ++lane)
    segment->lane_header(lane).owner.make();
  for (std::uint32_t seat = 0; seat < kSeatCount; ++seat) segment->seat(seat).lock.make();
  const ProcessPlace place = enter_process(*segment, self);
  if (!place.somewhere()) {
    *failure = system_failure(options.path, "no memory for the ring", ENOMEM, kMoreMemory);
    return {};
  }
  RINGSIDE_TEST_POINT(create_whole);
  const std::string by_descriptor =
      has_proc ? "/proc/self/fd/" + std::to_string(file.get()) : hidden;
  if (linkat(AT_FDCWD, by_descriptor.c_str(), AT_FDCWD, options.path.c_str(), AT_SYMLINK_FOLLOW) !=
      0) {
    error = errno;
    leave_process(*segment, place);
    *raced = error == EEXIST;
    if (!*raced) *failure = system_failure(options.path, "can't give the ring its name", error);
    return {};
  }
  RINGSIDE_TEST_POINT(create_named);
  Created created{std::move(segment), false, place, {}};
  remark_on_disk(file.get(), options.path, &created.remarks);
  return created;
}

// Null with `gone` set when the ring's last process left in the meantime. The name is then free
// again.
Created join(const CreateOptions& options, const ProcessIdentity& self, bool* gone,
             Failure* failure) {
  // Take the file's lock, so that nobody closes the ring between the look and the entry.
  const FileDescriptor file(
      open(options.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  *gone = !file && errno == ENOENT;
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0 || !lock_for_a_moment(file.get())) {
    *failure = system_failure(options.path, "can't be joined", errno);
    return {};
  }
  *gone = !same_file(options.path, info);
  if (*gone) return {};
  if ((info.st_mode & kOthersWrite) != 0) {
    *failure = {0, options.path + ": can be written by others, who could harm this process\n"
                                  "  next: take that right away (chmod go-w), or choose another"
                                  " ring name"};
    return {};
  }
  OpenOptions how;
  how.writable = true;
  SegmentFacts facts;
  auto segment = open_segment(options.path, how, &facts, failure);
  if (segment == nullptr) return {};
  *gone = segment->header().state.load(std::memory_order_acquire) == kSegmentClosed;
  if (*gone) return {};
  const Geometry& there = segment->geometry();
  if (there.lane_count != options.geometry.lane_count ||
      there.lane_capacity != options.geometry.lane_capacity ||
      there.overflow_capacity != options.geometry.overflow_capacity) {
    *failure = {0, options.path + ": has " + std::to_string(there.lane_count) + " lanes of " +
                       std::to_string(there.lane_capacity) + " records, this process asks for " +
                       std::to_string(options.geometry.lane_count) + " of " +
                       std::to_string(options.geometry.lane_capacity) +
                       "\n  next: let all processes that share a ring use the same setup"};
    return {};
  }
  const ProcessPlace place = enter_process(*segment, self);
  if (!place.somewhere()) {
    *failure = {0, options.path + ": can't be joined: " + std::to_string(kMaxProcesses) +
                       " processes write it, memory is full, or one of them is stopped while it"
                       " registers something\n"
                       "  next: give this process a ring of its own, or see `ringside inspect`"};
    return {};
  }
  return {std::move(segment), true, place, {}};
}

}  // namespace

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
  if ((options.mode & kOthersWrite) != 0) {
    char mode[16];
    std::snprintf(mode, sizeof mode, "%04o", options.mode);
    *failure = {0, options.path + ": mode " + mode +
                       " lets others write, who could then harm this server\n"
                       "  next: give them the right to read alone, e.g. 0640"};
    return {};
  }
  std::string remarks;
  if (!check_clock(options, &remarks, failure)) return {};
  // Each round ends unless another server changed the name in the meantime.
  for (int round = 0; round < 100; ++round) {
    const Existing existing = clear_name(options.path, failure);
    if (existing.found == Found::refused) return {};
    if (existing.found == Found::changed) continue;
    if (existing.found == Found::living) {
      if (options.share) {
        bool gone = false;
        Created joined = join(options, self, &gone, failure);
        if (gone) continue;
        joined.remarks = remarks + joined.remarks;
        return joined;
      }
      *failure = {
          0,
          options.path + ": is in use by " +
              (existing.pid != 0 ? "process " + std::to_string(existing.pid)
                                 : "a process that is just entering it") +
              "\n  next: give this server another ring name, or let both share it (Setup::share)"};
      return {};
    }
    bool raced = false;
    Created created = create_new(options, self, &raced, failure);
    created.remarks = remarks + created.remarks;
    if (created.segment != nullptr || !raced) return created;
  }
  *failure = {0, options.path + ": other servers keep taking this name\n"
                                "  next: give each server its own ring name"};
  return {};
}

void leave_segment(Segment& segment, ProcessPlace place, bool keep) {
  // Take the file's lock. For a server that starts meanwhile, "nobody else" and "removed" are then
  // one step.
  const FileDescriptor file(
      open(segment.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  // Without the lock (a reader may hold it) the ring is still closed. Its name stays, and the next
  // server clears it.
  const bool named = file && fstat(file.get(), &info) == 0 && info.st_ino == segment.inode() &&
                     lock_for_a_moment(file.get());
  leave_process(segment, place);
  RINGSIDE_TEST_POINT(leave_left);
  if (!close_if_left(segment)) return;
  RINGSIDE_TEST_POINT(leave_closed);
  if (named && !keep && same_file(segment.path(), info)) unlink(segment.path().c_str());
  RINGSIDE_TEST_POINT(leave_unnamed);
}

}  // namespace ringside
