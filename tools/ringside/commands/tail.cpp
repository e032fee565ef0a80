#include "tools/ringside/commands/tail.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <optional>
#include <vector>

#include "report/model/format.h"
#include "shm/words.h"
#include "tools/ringside/commands/following.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/commands/waiting.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/lines/terminal.h"

namespace ringside::tool {

namespace {

constexpr const char* kTailCommand = "ringside tail";
constexpr std::int64_t kAgainNs = 100'000'000;  // when the ring has gone again

// What a server's life in one ring looks like to the tail.
class Tail {
 public:
  Tail(Opened opened, const TailOptions& options, Tally& tally)
      : opened_(std::move(opened)),
        options_(options),
        tally_(tally),
        lines_(*opened_.source.file, options.format, style(options)) {}

  // Shows what is there already. False when interrupted.
  bool begin(bool first, Interrupts& interrupts) {
    if (first) lines_.begin(text_);
    std::deque<Seen> wanted;
    const auto take_all = [&](const std::vector<Seen>& records) {
      for (const Seen& seen : records) {
        take(seen, [&] { wanted.push_back(seen); });
        if (wanted.size() <= options_.records) continue;
        wanted.pop_front();
        ++tally_.left_out;
      }
    };
    const auto show = [&] {
      for (const Seen& seen : wanted) lines_.append(seen, text_);
      wanted.clear();
      flush();
    };
    take_all(opened_.first);
    opened_.first = {};
    bool interrupted = false;
    if (opened_.source.recorded) {
      for (auto next = Records::Next::more;
           next == Records::Next::more && std::ferror(stdout) == 0;) {
        interrupted = interrupts.pause(0);
        if (interrupted) break;
        batch_.clear();
        next = opened_.source.records->read(batch_, true);
        take_all(batch_);
        if (options_.records == UINT64_MAX) show();
      }
    }
    if (interrupted) {
      // They are not the last ones.
      tally_.left_out += wanted.size();
      say_interrupted(kTailCommand, opened_.source);
    } else {
      show();
    }
    say_faults(opened_.source);
    return !interrupted;
  }

  // Shows what has come. With `all`, also what may not be in order yet.
  void read(bool all) {
    Records& records = *opened_.source.records;
    const std::uint64_t lost = records.counts().lost;
    batch_.clear();
    records.read(batch_, all);
    for (const Seen& seen : batch_) take(seen, [&] { lines_.append(seen, text_); });
    const std::uint64_t missed = records.counts().lost - lost;
    if (missed > 0 && options_.format == LineFormat::text)
      text_ +=
          "-- " + format_count(missed) + " records were overwritten before they could be shown\n";
    flush();
  }

  void refresh() {
    opened_.source.file->refresh();
    opened_.matcher->refresh();
    lines_.refresh();
  }

  // What the threads of a dead server had begun and not ended.
  void show_unfinished() {
    if (options_.format != LineFormat::text) return;
    const RingFile& file = *opened_.source.file;
    const Segment& segment = file.segment();
    for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
      const LaneHeader& header = segment.lane_header(i);
      if (!lane_readable(header)) continue;
      const InFlight in_flight = in_flight_of(segment, i);
      if (!in_flight.any) continue;
      text_ += time_of_day(file.wall_ns(in_flight.start)) + "  " +
               file.operation_name(in_flight.operation) + " had begun and did not end: thread " +
               escape_visible(lane_thread_name(header)) + ", tid " +
               std::to_string(header.owner_tid.load(std::memory_order_relaxed)) + '\n';
    }
    flush();
  }

  const Source& source() const { return opened_.source; }
  std::optional<RingState> state() const { return opened_.source.file->state(); }

 private:
  static LineStyle style(const TailOptions& options) {
    const Terminal terminal = standard_output();
    return {terminal.is_one, terminal.colour, options.labels};
  }
  template <typename Show>
  void take(const Seen& seen, const Show& show) {
    if (!(*opened_.matcher)(seen)) {
      ++tally_.filtered;
      return;
    }
    ++tally_.matched;
    show();
  }
  void flush() {
    std::fwrite(text_.data(), 1, text_.size(), stdout);
    std::fflush(stdout);
    text_.clear();
  }

  Opened opened_;
  const TailOptions& options_;
  Tally& tally_;
  RecordLines lines_;
  std::vector<Seen> batch_;
  std::string text_;
};

void say_end(const Tail& tail, std::optional<RingState> state) {
  const Segment& segment = tail.source().file->segment();
  std::fprintf(stderr, "ringside: %s: %s\n", escape_visible(segment.path()).c_str(),
               segment.broken()             ? "was cut off under the reader"
               : state == RingState::closed ? "its server has left"
                                            : "its server has died; these were its last records");
}

// Shows records until the server has gone.
FollowEnd show_until_gone(Tail& tail, Interrupts& interrupts) {
  Following following;
  following.read = [&](bool all) {
    tail.read(all);
    return std::ferror(stdout) == 0;
  };
  following.refresh = [&] { tail.refresh(); };
  const FollowEnd end = follow(tail.source(), interrupts, following);
  if (end == FollowEnd::gone) {
    if (following.state == RingState::crashed) tail.show_unfinished();
    say_end(tail, following.state);
  } else if (end == FollowEnd::interrupted) {
    tail.read(true);
  }
  return end;
}

void add(RecordCounts& sum, const RecordCounts& counts) {
  sum.earlier += counts.earlier;
  sum.read += counts.read;
  sum.rejected += counts.rejected;
  sum.lost += counts.lost;
}

}  // namespace

int tail(const TailOptions& options) {
  Interrupts interrupts;
  Tally tally;
  RecordCounts sum;
  std::optional<SegmentFacts> last;
  int code = 0;
  bool first = true;
  do {
    if (options.follow) {
      const Awaited awaited =
          wait_for_ring(kTailCommand, options.source, options.filter, last, interrupts);
      if (awaited == Awaited::never && first) return 1;
      if (awaited == Awaited::never) code = 1;
      if (awaited != Awaited::ready) break;
    }
    Opened opened = open_filtered(
        kTailCommand, options.source, options.filter,
        {.all = options.once, .raw = false, .stream = true, .interrupts = &interrupts});
    if (opened.interrupted) return 0;
    if (opened.code != 0) {
      // The ring has gone again, or has been replaced.
      if (last && (opened.code == 1 || opened.missing)) {
        if (interrupts.pause(kAgainNs)) break;
        continue;
      }
      code = opened.code;
      if (first) return code;
      break;
    }
    last = opened.source.file->facts();
    Tail tail(std::move(opened), options, tally);
    const bool begun = tail.begin(first, interrupts);
    first = false;
    FollowEnd end = FollowEnd::gone;
    if (!begun) {
      end = FollowEnd::interrupted;
    } else if (options.once) {
      if (tail.state() == RingState::crashed) tail.show_unfinished();
    } else if (!tail.source().recorded) {
      end = show_until_gone(tail, interrupts);
    }
    add(sum, tail.source().records->counts());
    if (end != FollowEnd::gone) break;
  } while (options.follow && std::ferror(stdout) == 0);
  say_tally(kTailCommand, tally, sum);
  return code;
}

}  // namespace ringside::tool
