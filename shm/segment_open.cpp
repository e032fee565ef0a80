#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/clock_probe.h"
#include "shm/file_descriptor.h"
#include "shm/processes.h"
#include "shm/segment.h"
#include "shm/segment_check.h"

namespace ringside {

std::string ring_path(const std::string& ring, Failure* failure) {
  if (ring.find('/') != std::string::npos) return ring;
  const bool fits =
      !ring.empty() && ring.size() <= 64 &&
      ring.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
          std::string::npos;
  if (!fits) {
    *failure = {0,
                "ring name '" + ring +
                    "': expected 1 to 64 letters, digits, '.', '_' or '-', or a path with a '/'\n"
                    "  next: choose another name, e.g. chat"};
    return {};
  }
  return "/dev/shm/ringside." + ring;
}

std::string previous_path(const std::string& path) { return path + ".previous"; }

namespace {

Failure refusal(const std::string& path, const std::string& what, const std::string& next) {
  return {0, path + ": " + what + "\n  next: " + next};
}

const char* kNoRing = "name a ring that a traced server has created (`ringside list` shows them)";

// "user 997 (irc)"
std::string accepted_owner(const OpenOptions& options) {
  if (!options.owner) return geteuid() == 0 ? "root" : std::to_string(geteuid()) + " or root";
  const FileOwner& owner = *options.owner;
  return "user " + std::to_string(owner.uid) + (owner.name.empty() ? "" : " (" + owner.name + ")");
}

bool long_enough(std::uint64_t bytes, const std::string& path, Failure* failure) {
  if (bytes >= sizeof(SegmentHeader)) return true;
  *failure = refusal(path, "is no ring: only " + std::to_string(bytes) + " bytes", kNoRing);
  return false;
}

}  // namespace

bool owner_accepted(const OpenOptions& options, std::uint32_t uid) {
  if (options.owner) return uid == options.owner->uid;
  return options.any_owner || uid == geteuid() || uid == 0;
}

bool read_header(int fd, HeaderBytes* out) {
  return pread(fd, out->bytes, sizeof out->bytes, 0) == static_cast<ssize_t>(sizeof out->bytes);
}

bool check_header(const unsigned char* bytes, std::uint64_t file_bytes, const std::string& path,
                  SegmentFacts* facts, Failure* failure) {
  const auto* header = reinterpret_cast<const SegmentHeader*>(bytes);
  if (header->magic != kMagic) {
    *failure = refusal(path, "is no ring: its first bytes are not RINGSIDE", kNoRing);
    return false;
  }
  facts->creator_pid = header->creator_pid;
  facts->creator_start_time = header->creator_start_time;
  if (header->byte_order != kByteOrder || header->word_bits != 64) {
    *failure = refusal(path, "was written by a machine of another byte order or word size",
                        "inspect it on the kind of machine that wrote it");
    return false;
  }
  if (header->layout_version != kLayoutVersion) {
    *failure = refusal(path,
                       "layout version " + std::to_string(header->layout_version) +
                           ", this program reads " + std::to_string(kLayoutVersion),
                       header->layout_version < kLayoutVersion
                           ? "restart the server with the current library, or inspect with the "
                             "ringside it was built with"
                           : "use the newer ringside that the server was built with");
    return false;
  }
  facts->geometry = {header->lane_count, header->lane_capacity, header->overflow_capacity};
  if (!facts->geometry.valid() || facts->geometry.segment_bytes() != header->segment_bytes) {
    *failure = refusal(path,
                       "its header is damaged: " + std::to_string(header->lane_count) +
                           " lanes of " + std::to_string(header->lane_capacity) + " and " +
                           std::to_string(header->overflow_capacity) + " records don't make " +
                           std::to_string(header->segment_bytes) + " bytes",
                       "remove the file, or restart its server");
    return false;
  }
  if (file_bytes < header->segment_bytes) {
    *failure = refusal(path,
                       "is cut off: " + std::to_string(file_bytes) + " bytes, its header says " +
                           std::to_string(header->segment_bytes),
                       "remove the file, or restart its server");
    return false;
  }
  if (!clock_known(header->clock_kind)) {
    *failure = refusal(
        path, "its clock is of an unknown kind (" + std::to_string(header->clock_kind) + ")",
                       "remove the file, or restart its server");
    return false;
  }
  facts->clock = static_cast<ClockKind>(header->clock_kind);
  std::memcpy(facts->instance, header->instance, sizeof facts->instance);
  std::memcpy(facts->boot_id.words, header->boot_id, sizeof facts->boot_id.words);
  facts->pid_namespace = header->pid_namespace;
  facts->death_marked = header->death_marked == 1;
  // No counter runs faster than 1 THz. A larger figure would only overflow what is computed from
  // it.
  facts->ticks_per_second =
      header->ticks_per_second <= 1'000'000'000'000 ? header->ticks_per_second : 0;
  facts->anchor_ticks = header->anchor_ticks;
  facts->anchor_monotonic_ns = header->anchor_monotonic_ns;
  facts->anchor_realtime_ns = header->anchor_realtime_ns;
  facts->program.assign(header->program, strnlen(header->program, sizeof header->program));
  facts->build_id.assign(header->build_id, strnlen(header->build_id, sizeof header->build_id));
  facts->configuration_digest.assign(
      header->configuration_digest,
      strnlen(header->configuration_digest, sizeof header->configuration_digest));
  facts->file_name.assign(header->file_name,
                          strnlen(header->file_name, sizeof header->file_name));
  return true;
}

std::unique_ptr<Segment> open_segment(const std::string& path, const OpenOptions& options,
                                      SegmentFacts* facts, Failure* failure) {
  // O_NONBLOCK so that a pipe under that name can't hang us.
  const int flags = (options.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK |
                    (options.mapped ? 0 : O_NOFOLLOW);
  const FileDescriptor file(open(path.c_str(), flags));
  if (!file) {
    const int error = errno;
    *failure =
        error == ELOOP
            ? refusal(path, "is a symbolic link, which is not followed", "name the ring's own file")
        : error == EACCES
            ? system_failure(path,
                             options.writable ? "may not be written by this user"
                                              : "may not be opened by this user",
                             error,
                             options.writable
                                 ? "run as the server's user, or as root"
                                 : "run as the server's user, or let the server create it with a "
                                   "wider mode")
            : system_failure(path, "can't open", error, error == ENOENT ? kNoRing : nullptr);
    return nullptr;
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) {
    *failure = system_failure(path, "can't stat", errno);
    return nullptr;
  }
  if (!S_ISREG(info.st_mode)) {
    *failure = refusal(path, "is no ring: not a regular file", kNoRing);
    return nullptr;
  }
  if (!owner_accepted(options, info.st_uid)) {
    *failure = refusal(
        path,
        "belongs to user " + std::to_string(info.st_uid) + ", expected " + accepted_owner(options),
        "if that is the server's user, name that user for this ring (ringsided: "
        "[owners]); else find out who took the name");
    return nullptr;
  }
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  if (!long_enough(bytes, path, failure)) return nullptr;
  SegmentFacts found;
  HeaderBytes header;
  if (!read_header(file.get(), &header)) {
    *failure = refusal(path, "was cut off while it was opened", "try again");
    return nullptr;
  }
  if (!check_header(header.bytes, bytes, path, &found, failure)) return nullptr;
  auto mapping =
      Mapping::map(file.get(), found.geometry.segment_bytes(), options.writable, path, failure);
  if (mapping == nullptr) return nullptr;
  found.owner = info.st_uid;
  *facts = found;
  return std::make_unique<Segment>(std::move(mapping), found.geometry, path, info.st_ino);
}

std::unique_ptr<Segment> open_segment_in(unsigned char* memory, std::uint64_t bytes,
                                         const std::string& path, std::uint64_t inode,
                                         SegmentFacts* facts, Failure* failure) {
  SegmentFacts found;
  if (!long_enough(bytes, path, failure) || !check_header(memory, bytes, path, &found, failure))
    return nullptr;
  *facts = found;
  return std::make_unique<Segment>(Mapping::of(memory, found.geometry.segment_bytes()),
                                   found.geometry, path, inode);
}

bool move_to_this_boot(SegmentFacts* facts, const Instant& now) {
  if (!other_boot(current_boot_id(), facts->boot_id)) return false;
  facts->anchor_monotonic_ns =
      subtract_ns(facts->anchor_realtime_ns, subtract_ns(now.realtime_ns, now.monotonic_ns));
  return true;
}

TickScale scale_of(SegmentFacts* facts, const Instant& now) {
  std::uint64_t hz = facts->ticks_per_second;
  if (hz == 0) hz = rate_today(facts->clock, choose_clock());
  const bool past = move_to_this_boot(facts, now);
  // The ring's own clock can't be measured any more. Most likely the machine is still the same, and
  // so is its counter.
  if (past && hz == 0) hz = static_cast<std::uint64_t>(measure_ticks_per_second());
  TickScale scale(facts->clock, hz, facts->anchor_ticks, facts->anchor_monotonic_ns);
  if (past) scale.freeze();
  scale.sync(now);
  return scale;
}

Liveness segment_liveness(const Segment& segment, const SegmentFacts& facts) {
  if (other_boot(current_boot_id(), facts.boot_id)) return Liveness::dead;
  return look_at_processes(segment, facts.death_marked).any();
}

}  // namespace ringside
