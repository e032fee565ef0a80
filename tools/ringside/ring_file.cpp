#include "tools/ringside/ring_file.h"

#include <sys/stat.h>

#include "report/model/format.h"

namespace ringside::tool {

namespace {

// In /dev/shm anybody may give a file any name. A message shows the name escaped, so that it cannot
// steer the user's terminal.
void make_harmless(const std::string& path, Failure* failure) {
  const std::string shown = escape_visible(path);
  std::string& text = failure->message;
  for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos; at += shown.size()) {
    text.replace(at, path.size(), shown);
  }
}

}  // namespace

std::unique_ptr<RingFile> RingFile::open(const std::string& ring, Failure* failure) {
  const std::string path = ring_path(ring, failure);
  if (path.empty()) return nullptr;
  std::unique_ptr<RingFile> file(new RingFile);
  OpenOptions options;
  options.any_owner = true;
  file->segment_ = open_segment(path, options, &file->facts_, failure);
  if (file->segment_ == nullptr) {
    make_harmless(path, failure);
    return nullptr;
  }
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) file->owner_uid_ = info.st_uid;
  file->scale_ = scale_of(&file->facts_, read_instant());
  file->refresh();
  return file;
}

std::optional<RingState> RingFile::state() const {
  if (segment_->header().state.load(std::memory_order_acquire) == kSegmentClosed)
    return RingState::closed;
  switch (segment_liveness(*segment_, facts_)) {
    case Liveness::alive: return RingState::live;
    case Liveness::dead: return RingState::crashed;
    case Liveness::unknown: break;
  }
  return std::nullopt;
}

std::string RingFile::state_word() const {
  const auto known = state();
  return known ? name_of(*known) : "unknown";
}

void RingFile::refresh() {
  now_ = read_instant();
  scale_.sync(now_);
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (names_[id].name.empty()) read_name(*segment_, id, &names_[id]);
  }
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    std::uint16_t code = 0;
    std::string name;
    if (!read_error_name(*segment_, i, &code, &name)) continue;
    errors_[code] = name;
  }
}

std::string RingFile::operation_name(std::uint16_t id) const {
  if (id < kIdCount && !names_[id].name.empty()) return names_[id].name;
  return (id < kFirstEvent ? "operation-" : "event-") +
         std::to_string(id < kFirstEvent ? id : id - kFirstEvent);
}

std::string RingFile::error_name(std::uint16_t code) const {
  const auto at = errors_.find(code);
  return at != errors_.end() ? at->second : std::string();
}

std::string RingFile::stage_name(std::uint16_t id, std::size_t stage) const {
  const std::string& name = id < kIdCount ? names_[id].stages[stage] : names_[0].stages[stage];
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
  return add_ns(scale_.monotonic_ns(ticks), now_.realtime_ns - now_.monotonic_ns);
}

}  // namespace ringside::tool
