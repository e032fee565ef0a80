#include "tools/ringside/source/ring_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "report/model/format.h"

namespace ringside::tool {

namespace {

// A copy has another name, or it has the ring's name in another folder. Of those the ones whose
// ring is in /dev/shm are known.
bool is_copied(const Segment& segment, const SegmentFacts& facts) {
  const std::string& path = segment.path();
  if (facts.file_name.empty()) return false;  // too long for the header
  if (path.substr(path.rfind('/') + 1) != facts.file_name) return true;
  SegmentFacts of_ring;
  OpenOptions options;
  options.any_owner = true;
  Failure none;
  const auto ring = open_segment("/dev/shm/" + facts.file_name, options, &of_ring, &none);
  return ring != nullptr && ring->inode() != segment.inode() &&
         std::equal(facts.instance, facts.instance + 2, of_ring.instance);
}

}  // namespace

void make_harmless(const std::string& path, Failure* failure) {
  if (path.empty()) return;
  const std::string shown = escape_visible(path);
  std::string& text = failure->message;
  for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos; at += shown.size()) {
    text.replace(at, path.size(), shown);
  }
}

std::unique_ptr<RingFile> RingFile::open(const std::string& ring, Failure* failure, bool writable) {
  const std::string path = ring_path(ring, failure);
  if (path.empty()) return nullptr;
  std::unique_ptr<RingFile> file(new RingFile);
  OpenOptions options;
  options.any_owner = true;
  options.writable = writable;
  file->segment_ = open_segment(path, options, &file->facts_, failure);
  if (file->segment_ == nullptr) {
    make_harmless(path, failure);
    return nullptr;
  }
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) file->owner_uid_ = info.st_uid;
  file->copy_ = is_copied(*file->segment_, file->facts_);
  file->scale_ = scale_of(&file->facts_, read_instant());
  file->refresh();
  return file;
}

std::unique_ptr<RingFile> RingFile::in_memory(std::unique_ptr<Mapping> memory,
                                              const std::string& path, const Moment& moment,
                                              Failure* failure) {
  std::unique_ptr<RingFile> file(new RingFile);
  file->memory_ = std::move(memory);
  file->segment_ = open_segment_in(file->memory_->data(), file->memory_->bytes(), path, 0,
                                   &file->facts_, failure);
  if (file->segment_ == nullptr) {
    make_harmless(path, failure);
    return nullptr;
  }
  file->moment_ = moment;
  file->owner_uid_ = moment.owner_uid;
  file->now_ = moment.at;
  file->scale_ = TickScale(file->facts_.clock,
                           static_cast<std::uint64_t>(std::llround(moment.ticks_per_second)),
                           moment.at.ticks, moment.at.monotonic_ns);
  file->scale_.freeze();
  file->read_names();
  return file;
}

std::optional<RingState> RingFile::state() const {
  if (moment_) return moment_->state;
  if (segment_->header().state.load(std::memory_order_acquire) == kSegmentClosed)
    return RingState::closed;
  switch (segment_liveness(*segment_, facts_)) {
    case Liveness::alive: return copy_ ? std::nullopt : std::optional(RingState::live);
    case Liveness::dead: return RingState::crashed;
    case Liveness::unknown: break;
  }
  return std::nullopt;
}

std::string RingFile::state_word() const {
  const auto known = state();
  if (!known) return copy_ ? "copy" : "unknown";
  // The kernel marks the locks of a process that becomes another program, as if it had died.
  if (known == RingState::crashed && !moment_ && !other_boot(current_boot_id(), facts_.boot_id) &&
      facts_.pid_namespace == self_pid_namespace() && facts_.creator_start_time != 0 &&
      process_liveness(facts_.creator_pid, facts_.creator_start_time) == Liveness::alive)
    return "exec'ed";
  return name_of(*known);
}

void RingFile::refresh() {
  if (!moment_) {
    now_ = read_instant();
    scale_.sync(now_);
  }
  read_names();
}

std::uint64_t RingFile::latest_ticks() const {
  constexpr std::int64_t kBatchNs = 10'000'000'000;
  // Of a clock that has ended there is no other way to know them.
  return scale_.ticks_from_ns(moment_ ? add_ns(now_.monotonic_ns, kBatchNs)
                                      : clock_ns(CLOCK_MONOTONIC));
}

void RingFile::read_names() {
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    if (id < kFirstEvent + kMaxEvents && names_[id].name.empty())
      read_name(*segment_, id, &names_[id]);
    if (!names_[id].name.empty()) {
      shown_[id] = names_[id].name;
    } else if (shown_[id].empty()) {
      shown_[id] = (id < kFirstEvent ? "operation-" : "event-") +
                   std::to_string(id < kFirstEvent ? id : id - kFirstEvent);
    }
  }
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    std::uint16_t code = 0;
    std::string name;
    if (!read_error_name(*segment_, i, &code, &name)) continue;
    errors_[code] = name;
  }
}

const NameEntry* RingFile::entry(std::uint16_t id) const {
  return id < kIdCount && !names_[id].name.empty() ? &names_[id] : nullptr;
}

std::string RingFile::error_name(std::uint16_t code) const {
  const auto at = errors_.find(code);
  return at != errors_.end() ? at->second : std::string();
}

std::string RingFile::stage_name(std::uint16_t id, std::size_t stage) const {
  const std::string& name = names_[id & (kIdCount - 1)].stages[stage];
  return name.empty() ? "stage" + std::to_string(stage) : name;
}

InFlight in_flight_of(const Segment& segment, std::uint32_t lane) {
  const LaneHeader& header = segment.lane_header(lane);
  const LaneLife life = header.life();
  if (lane == segment.overflow_lane() || (life != LaneLife::owned && life != LaneLife::dead))
    return {};
  return ringside::in_flight_of(header);
}

std::int64_t RingFile::wall_ns(std::uint64_t ticks) const {
  return add_ns(scale_.monotonic_ns(ticks), subtract_ns(now_.realtime_ns, now_.monotonic_ns));
}

std::uint64_t RingFile::ticks_at_wall(std::int64_t wall_ns) const {
  return scale_.ticks_from_ns(
      subtract_ns(wall_ns, subtract_ns(now_.realtime_ns, now_.monotonic_ns)));
}

}  // namespace ringside::tool
