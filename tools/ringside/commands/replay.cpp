#include "tools/ringside/commands/replay.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "report/model/format.h"
#include "shm/lane.h"
#include "tools/ringside/commands/following.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/commands/replayed_ring.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

namespace {

constexpr const char* kReplayCommand = "ringside replay";

// No reader of a ring can be asked how far it is. A daemon reads a lane every 20 ms at first, and
// after two quiet seconds every 50 ms. It comes more often when a lane fills. So a lane gets an
// eighth of its capacity in 5 ms, which is half of it in 20 ms; and a quarter of that at first.
constexpr std::int64_t kSliceNs = 5'000'000;
constexpr std::uint64_t kSliceOfLane = 8;
constexpr std::uint64_t kFirstSliceOfLane = 4 * kSliceOfLane;
constexpr std::int64_t kFirstNs = 300'000'000;
constexpr std::int64_t kQuietNs = 1'000'000'000;
constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr double kLongestNs = 1e18;           // of a replay: 31 years
constexpr std::int64_t kNoHurryNs = 500'000;  // what is due sooner is written now

// What is to be replayed: when it was, and how many records it has.
struct Extent {
  std::uint64_t records = 0;
  std::uint64_t first_ticks = 0;  // ends of the first record and of the last
  std::uint64_t last_ticks = 0;
  double seconds(double rate) const {
    return static_cast<double>(static_cast<std::int64_t>(last_ticks - first_ticks)) / rate;
  }
};

int fail(const Failure& failure) {
  std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
  return 1;
}

// Reads all of it once. An end that nobody believes, or that lies far from the recording, makes it
// no longer. Nothing when interrupted.
std::optional<Extent> extent_of(Source& source, Interrupts& interrupts) {
  const RingFile& file = *source.file;
  const double rate = file.scale().ticks_per_second();
  const std::uint64_t latest = file.scale().ticks_from_ns(file.now().monotonic_ns);
  std::uint64_t earliest = file.facts().anchor_ticks;
  if (source.recording) {
    earliest = source.recording->first.at.ticks -
               static_cast<std::uint64_t>(static_cast<double>(kHourNs) / 1e9 * rate);
  }
  Extent extent;
  bool any = false;
  const auto take = [&](const std::vector<Seen>& batch) {
    extent.records += batch.size();
    for (const Seen& seen : batch) {
      const std::uint64_t end = seen.record.end();
      if (!believable(seen.record) || age_ticks(seen.record, latest) < 0 ||
          age_ticks(seen.record, earliest) > 0)
        continue;
      if (!any) extent.first_ticks = extent.last_ticks = end;
      any = true;
      if (static_cast<std::int64_t>(extent.first_ticks - end) > 0) extent.first_ticks = end;
      if (static_cast<std::int64_t>(end - extent.last_ticks) > 0) extent.last_ticks = end;
    }
  };
  if (!read_to_end(*source.records, &interrupts, take)) return std::nullopt;
  if (!any) extent.first_ticks = extent.last_ticks = latest;
  // Clocks that contradict each other can make it longer than ticks can tell.
  if (static_cast<std::int64_t>(extent.last_ticks - extent.first_ticks) < 0)
    extent.first_ticks = extent.last_ticks;
  return extent;
}

// Says when each record is due, and how many a lane may get.
class Pace {
 public:
  Pace(const Extent& extent, double rate, double speed, const Geometry& geometry,
       Interrupts& interrupts)
      : extent_(extent),
        rate_(rate),
        speed_(speed),
        geometry_(geometry),
        interrupts_(interrupts),
        written_(std::size_t{geometry.lane_count} + 1) {}

  void begin() { begin_ns_ = slice_ns_ = quiet_until_ns_ = clock_ns(CLOCK_MONOTONIC); }

  // Waits until the record may be written. False when interrupted.
  bool wait(const Seen& seen) {
    if (speed_ > 0) {
      const std::uint64_t all = extent_.last_ticks - extent_.first_ticks;
      const std::int64_t since = std::clamp(-age_ticks(seen.record, extent_.first_ticks),
                                            std::int64_t{0}, static_cast<std::int64_t>(all));
      const double after_ns = static_cast<double>(since) / rate_ * 1e9 / speed_;
      const std::int64_t due_ns = begin_ns_ + std::llround(std::min(after_ns, kLongestNs));
      const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
      if (due_ns - now_ns > kQuietNs) quiet_until_ns_ = due_ns;
      if (due_ns - now_ns > kNoHurryNs && !wait_until(due_ns)) return false;
    }
    const std::uint64_t first =
        clock_ns(CLOCK_MONOTONIC) - quiet_until_ns_ < kFirstNs ? kFirstSliceOfLane : kSliceOfLane;
    const std::uint64_t most = std::max<std::uint64_t>(1, geometry_.capacity(seen.lane) / first);
    if (written_[seen.lane] >= most && !next_slice()) return false;
    ++written_[seen.lane];
    return true;
  }

 private:
  bool next_slice() {
    if (!wait_until(slice_ns_ + kSliceNs)) return false;
    slice_ns_ = clock_ns(CLOCK_MONOTONIC);
    std::fill(written_.begin(), written_.end(), 0);
    return true;
  }
  bool wait_until(std::int64_t ns) {
    for (std::int64_t left; (left = ns - clock_ns(CLOCK_MONOTONIC)) > 0;) {
      if (interrupts_.pause(left)) return false;
    }
    return true;
  }

  const Extent extent_;
  const double rate_;
  const double speed_;
  const Geometry geometry_;
  Interrupts& interrupts_;
  std::vector<std::uint64_t> written_;  // in this slice, by lane
  std::int64_t begin_ns_ = 0;
  std::int64_t slice_ns_ = 0;
  std::int64_t quiet_until_ns_ = 0;
};

// So that the last record ends when the replay does: at the original pace the first one ends now.
TickShift shift_to_now(const Extent& extent, const RingFile& from, const ReplayedRing& ring,
                       double speed) {
  const double rate = from.scale().ticks_per_second();
  const double new_rate = ring.ticks_per_second();
  const bool same = from.facts().clock == ring.clock() && std::abs(new_rate / rate - 1) < 1e-3;
  if (!same) {
    std::fprintf(stderr,
                 "%s: the clock is another one here: %s at %s Hz becomes %s at %s Hz; spans are "
                 "converted, and may fall into a neighbouring bucket\n",
                 kReplayCommand, clock_name(from.facts().clock),
                 format_count(static_cast<std::uint64_t>(rate)).c_str(), clock_name(ring.clock()),
                 format_count(static_cast<std::uint64_t>(new_rate)).c_str());
  }
  const double lasts = speed > 0 ? std::min(extent.seconds(rate) / speed, kLongestNs / 1e9) : 0;
  const std::uint64_t last =
      read_ticks(ring.clock()) + static_cast<std::uint64_t>(std::min(lasts * new_rate, 9e18));
  return {extent.last_ticks, last, same ? 1 : new_rate / rate};
}

void say_begin(const Source& source, const Extent& extent, const ReplayedRing& ring,
               const ReplayOptions& options) {
  const double seconds = extent.seconds(source.file->scale().ticks_per_second());
  std::fprintf(stderr, "%s: %s records of %s into %s%s\n", kReplayCommand,
               format_count(extent.records).c_str(), format_span(seconds * 1e9).c_str(),
               escape_visible(ring.path()).c_str(),
               options.speed > 0
                   ? (", which takes " + format_span(seconds / options.speed * 1e9)).c_str()
                   : ", as fast as a daemon can follow");
  if (!ring.remarks().empty()) std::fprintf(stderr, "ringside: %s\n", ring.remarks().c_str());
}

}  // namespace

int replay(const ReplayOptions& options) {
  Interrupts interrupts;
  Failure failure;
  const auto open = [&] {
    Source source = open_source(options.source, &failure);
    if (source.file != nullptr) source.records->keep_rejected();
    return source;
  };
  Source measured = open();
  if (measured.file == nullptr) return fail(failure);
  if (measured.live()) {
    return fail({0, escape_visible(options.source) +
                        ": its server still writes it\n  next: ringside record " +
                        escape_visible(options.source) + " -o FILE, then replay the file"});
  }
  const auto measure = extent_of(measured, interrupts);
  if (!measure) {
    say_interrupted(kReplayCommand, measured);
    say_tally(kReplayCommand, {}, measured.records->counts());
    return 0;
  }
  const Extent& extent = *measure;
  Source source = open();
  if (source.file == nullptr) return fail(failure);
  say_faults(source);
  const RingFile& file = *source.file;
  const auto ring = ReplayedRing::create(file, options.ring, &failure);
  if (ring == nullptr) return fail(failure);
  say_begin(source, extent, *ring, options);
  Tally tally;
  bool good = true;
  bool interrupted = interrupts.pause(options.wait_ns);
  Pace pace(extent, file.scale().ticks_per_second(), options.speed, file.facts().geometry,
            interrupts);
  const TickShift shift = shift_to_now(extent, file, *ring, options.speed);
  pace.begin();
  std::vector<Seen> batch;
  auto next = Records::Next::more;
  while (good && !interrupted && next == Records::Next::more) {
    interrupted = interrupts.pause(0);
    if (interrupted) break;
    batch.clear();
    next = source.records->read(batch, true);
    for (const Seen& seen : batch) {
      interrupted = !pace.wait(seen);
      if (interrupted) break;
      good = ring->write(seen.lane, shift.words(seen.record), &failure);
      if (!good) break;
      ++tally.matched;
    }
  }
  if (good && !interrupted) good = ring->finish(shift, &failure);
  ring->leave(good && !interrupted && file.state() == RingState::crashed);
  say_faults(source);
  say_tally(kReplayCommand, tally, source.records->counts());
  if (!good) return fail(failure);
  std::fprintf(stderr, "%s: %s%s stays, for readers; remove it when nobody needs it\n",
               kReplayCommand, interrupted ? "interrupted; " : "",
               escape_visible(ring->path()).c_str());
  return 0;
}

}  // namespace ringside::tool
