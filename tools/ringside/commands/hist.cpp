#include "tools/ringside/commands/hist.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "report/model/format.h"
#include "shm/words.h"
#include "tools/ringside/commands/following.h"
#include "tools/ringside/commands/hist_shown.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/hist/chart_screen.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/lines/terminal.h"
#include "tools/ringside/source/interrupts.h"

namespace ringside::tool {

namespace {

constexpr const char* kHistCommand = "ringside hist";
constexpr std::int64_t kRedrawNs = 1'000'000'000;
// Of the heatmap: a few minutes of a busy server.
constexpr std::size_t kMostPoints = 2'000'000;

// What a source has, group by group.
class Gathered {
 public:
  Gathered(Opened opened, HistBy by, bool points)
      : opened_(std::move(opened)), by_(by), keep_points_(points) {
    take(opened_.first);
    opened_.first = {};
  }

  // A recording is read here, not when it is opened: it may be larger than the memory. False when
  // interrupted.
  bool read_recording(Interrupts& interrupts) {
    if (!opened_.source.recorded) return true;
    const bool whole = read_to_end(*opened_.source.records, &interrupts,
                                   [&](const std::vector<Seen>& records) { take(records); });
    if (!whole) say_interrupted(kHistCommand, opened_.source);
    say_faults(opened_.source);
    return whole;
  }
  void read(bool all) {
    batch_.clear();
    opened_.source.records->read(batch_, all);
    take(batch_);
  }
  void refresh() {
    opened_.source.file->refresh();
    opened_.matcher->refresh();
  }
  const Source& source() const { return opened_.source; }

  HistShown shown() const {
    HistShown out;
    for (const auto& [name, group] : groups_) out.groups.push_back(group);
    out.whole = groups_.empty() ? LatencyGroup{name(), {}, 0} : groups_.begin()->second;
    if (keep_points_) out.points = {points_.begin(), points_.end()};
    return out;
  }
  const Tally& tally() const { return tally_; }
  const RecordCounts& counts() const { return opened_.source.records->counts(); }

 private:
  std::string name() const { return escape_visible(opened_.source.file->segment().path()); }
  const RingFile& file() const { return *opened_.source.file; }

  LatencyGroup& group(const std::string& name) {
    LatencyGroup& found = groups_[name];
    if (found.name.empty()) found.name = name;
    return found;
  }

  std::string name_of(const Seen& seen) const {
    switch (by_) {
      case HistBy::op: return file().operation_name(seen.record.operation);
      case HistBy::outcome: return outcome_word(seen.record.outcome);
      case HistBy::thread: return thread_name(seen.lane);
      case HistBy::nothing:
      case HistBy::stage: break;
    }
    return name();
  }

  std::string thread_name(std::uint32_t lane) const {
    const Segment& segment = file().segment();
    if (lane == segment.overflow_lane()) return "overflow lane";
    const LaneHeader& header = segment.lane_header(lane);
    return std::to_string(header.owner_tid.load(std::memory_order_relaxed)) + " " +
           escape_visible(lane_thread_name(header));
  }

  void add(LatencyGroup& to, std::int64_t ticks, const Record& record) {
    const std::int64_t ns = file().scale().span_ns(ticks);
    to.latencies.add(ns);
    if (!keep_points_) return;
    points_.push_back({file().wall_ns(record.end()), static_cast<std::int16_t>(bucket_of_ns(ns))});
    if (points_.size() > kMostPoints) points_.pop_front();
  }

  void take(const std::vector<Seen>& records) {
    for (const Seen& seen : records) {
      if (!(*opened_.matcher)(seen)) {
        ++tally_.filtered;
        continue;
      }
      ++tally_.matched;
      const Record& record = seen.record;
      const bool is_event = record.kind == static_cast<std::uint8_t>(Kind::event);
      if (by_ == HistBy::stage) {
        if (is_event || (record.flags & kFlagStages) == 0) continue;
        for (std::size_t i = 0; i < kStageCount; ++i) {
          if (record.stage(i) == 0) continue;
          add(group(file().stage_name(record.operation, i)),
              static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i))), record);
        }
        continue;
      }
      // An event without a duration is a moment: it has no latency.
      if (is_event && record.duration == 0) continue;
      LatencyGroup& of = group(name_of(seen));
      if ((record.flags & kFlagUntimed) != 0 || record.duration < 0) {
        ++of.untimed;
      } else {
        add(of, record.duration, record);
      }
    }
  }

  Opened opened_;
  const HistBy by_;
  const bool keep_points_;
  std::map<std::string, LatencyGroup> groups_;
  std::deque<LatencyPoint> points_;
  std::vector<Seen> batch_;
  Tally tally_;
};

// Reads on until the server has gone, --for is over or a signal comes. `read` is called after each
// pass; false: it is enough. What may not be in order yet is read in the end.
void read_on(const HistOptions& options, Gathered& gathered, Interrupts& interrupts,
             const std::function<bool()>& read) {
  Following following;
  following.read = [&](bool all) {
    gathered.read(all);
    return read();
  };
  following.refresh = [&] { gathered.refresh(); };
  if (options.for_ns > 0) following.until_ns = add_ns(clock_ns(CLOCK_MONOTONIC), options.for_ns);
  if (follow(gathered.source(), interrupts, following) == FollowEnd::interrupted)
    gathered.read(true);
}

void draw_on(const HistOptions& options, Gathered& gathered, const HistShown* other,
             Interrupts& interrupts) {
  ChartScreen screen;
  std::int64_t shown_ns = 0;
  read_on(options, gathered, interrupts, [&] {
    const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (now_ns - shown_ns >= kRedrawNs) {
      screen.show(hist_text(options, gathered.shown(), other));
      shown_ns = now_ns;
    }
    return std::ferror(stdout) == 0;
  });
  screen.show(hist_text(options, gathered.shown(), other));
}

}  // namespace

int hist(const HistOptions& options) {
  if (!options.at.empty()) {
    std::fputs(
        "ringside hist: --at: a ring has no minutes\n  next: give --since and --until, or "
        "--history FILE\n",
        stderr);
    return 2;
  }
  const bool terminal = standard_output().is_one;
  const bool live = !options.once && (options.for_ns > 0 || (terminal && !options.json));
  Interrupts interrupts;
  const auto open = [&](const std::string& source, const FilterFlags& filter, bool all) {
    return open_filtered(kHistCommand, source, filter,
                         {.all = all, .raw = false, .stream = true, .interrupts = &interrupts});
  };
  Opened opened = open(options.source, options.filter, !live);
  if (opened.interrupted) return 0;
  if (opened.code != 0) return opened.code;
  Gathered gathered(std::move(opened), options.by, options.heatmap);
  bool whole = gathered.read_recording(interrupts);

  std::optional<Gathered> other;
  if (whole && (!options.compare.empty() || !options.compare_since.empty() ||
                !options.compare_until.empty())) {
    FilterFlags filter = options.filter;
    if (options.compare.empty() || !options.compare_since.empty() ||
        !options.compare_until.empty()) {
      filter.since = options.compare_since;
      filter.until = options.compare_until;
    }
    Opened compared =
        open(options.compare.empty() ? options.source : options.compare, filter, true);
    if (compared.interrupted) return 0;
    if (compared.code != 0) return compared.code;
    other.emplace(std::move(compared), options.by, false);
    whole = other->read_recording(interrupts);
  }
  std::optional<HistShown> compared;
  if (other) compared = other->shown();
  const HistShown* const beside = compared ? &*compared : nullptr;
  const bool more = whole && live && !gathered.source().recorded;
  if (more && terminal && !options.json) {
    draw_on(options, gathered, beside, interrupts);
  } else {
    if (more) read_on(options, gathered, interrupts, [] { return true; });
    const std::string text = hist_text(options, gathered.shown(), beside);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  say_tally(kHistCommand, gathered.tally(), gathered.counts());
  if (other) say_tally("compared with", other->tally(), other->counts());
  return 0;
}

}  // namespace ringside::tool
