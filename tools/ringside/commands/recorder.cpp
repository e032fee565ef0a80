#include "tools/ringside/commands/recorder.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/config/units.h"
#include "report/model/format.h"
#include "shm/lane.h"

namespace ringside::tool {

namespace {

// How much a killed recorder loses, at most, besides what has just come.
constexpr std::int64_t kBatchNs = kSecond;
constexpr std::int64_t kIdleBatchNs = 10 * kSecond;  // without any record
constexpr std::int64_t kHeadNs = kMinute;            // names and labels that came since
constexpr double kLateSeconds = 2e-3;                // longer than Records' own

std::string filter_text(const RecordOptions& options) {
  std::string text = options.filter.text();
  if (options.on.empty()) return text;
  return text + (text.empty() ? "" : " ") + "--on '" + options.on + "' --before " +
         write_duration(options.before_ns) + " --after " + write_duration(options.after_ns);
}

TriggerWindows::Spans spans_of(const RecordOptions& options, const TickScale& scale) {
  // Windows compare ticks that wrap: a span must stay below half of them.
  constexpr double kMostTicks = 0x1p62;
  const auto ticks = [&](std::int64_t ns) {
    const double wanted = static_cast<double>(ns) * scale.ticks_per_second() / 1e9;
    return static_cast<std::int64_t>(std::clamp(wanted, 0.0, kMostTicks));
  };
  TriggerWindows::Spans spans;
  spans.before_ticks = ticks(options.before_ns);
  spans.after_ticks = ticks(options.after_ns);
  spans.times = options.times;
  return spans;
}

}  // namespace

Recorder::Recorder(Opened opened, std::optional<Matcher> on, const RecordOptions& options,
                   std::unique_ptr<RecordingWriter> writer)
    : opened_(std::move(opened)),
      on_(std::move(on)),
      options_(options),
      writer_(std::move(writer)),
      live_(opened_.source.live()),
      begun_ticks_(opened_.source.file->now_ticks()) {
  if (on_) windows_.emplace(spans_of(options, opened_.source.file->scale()));
}

bool Recorder::begin() {
  batch_ns_ = head_ns_ = clock_ns(CLOCK_MONOTONIC);
  // The first clock says that nothing is in the file yet.
  if (!write_head() || !went(writer_->batch({}, clock()))) return false;
  const std::vector<Seen> first = std::exchange(opened_.first, {});
  return take(first);
}

bool Recorder::read(bool all) {
  const RingFile& file = *opened_.source.file;
  const std::uint64_t before = live_ ? read_ticks(file.facts().clock) : 0;
  read_.clear();
  const auto next = opened_.source.records->read(read_, all);
  if (!take(read_) || next == Records::Next::ended) return false;
  if (windows_ && live_) {
    const double patience = file.scale().ticks_per_second() * kLateSeconds;
    windows_->pass(before - static_cast<std::uint64_t>(patience));
    if (windows_->done()) ended_ = "the records around the trigger are complete";
  }
  const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  if (now_ns - batch_ns_ >= (pending_.empty() ? kIdleBatchNs : kBatchNs) && !write_batch())
    return false;
  if (now_ns - head_ns_ >= kHeadNs && !write_head()) return false;
  return ended_.empty();
}

void Recorder::refresh() {
  opened_.source.file->refresh();
  opened_.matcher->refresh();
  if (on_) on_->refresh();
}

bool Recorder::take(const std::vector<Seen>& records) {
  const RingFile& file = *opened_.source.file;
  const std::uint64_t now = live_ ? read_ticks(file.facts().clock) : 0;
  for (const Seen& seen : records) {
    const bool whole = believable(seen.record);
    const bool wanted = whole ? (*opened_.matcher)(seen) : options_.filter.none();
    if (!windows_) {
      if (wanted) {
        keep(seen);
      } else {
        ++filtered_;
      }
    } else {
      const std::uint64_t latest = live_ ? now : seen.record.end();
      // What had ended before somebody waited for it is no trigger.
      const bool triggers =
          whole && (!live_ || age_ticks(seen.record, begun_ticks_) <= 0) && (*on_)(seen);
      opened_window_.clear();
      const auto use = windows_->add(seen, wanted, triggers, latest, opened_window_);
      filtered_ += windows_->take_dropped();
      if (use == TriggerWindows::Use::left_out ||
          (use == TriggerWindows::Use::triggered && !wanted)) {
        ++filtered_;
      }
      for (const Seen& one : opened_window_) {
        keep(one);
        if (pending_.size() >= kMaxChunkRecords && !write_batch()) return false;
      }
      if (use == TriggerWindows::Use::triggered &&
          (!write_batch() ||
           !went(writer_->mark({options_.on, seen.lane, seen.position, seen.record.end()})))) {
        return false;
      }
    }
    if (pending_.size() >= kMaxChunkRecords && !write_batch()) return false;
  }
  return true;
}

void Recorder::keep(const Seen& seen) { pending_.push_back(seen); }

bool Recorder::write_batch() {
  batch_ns_ = clock_ns(CLOCK_MONOTONIC);
  if (full_) return false;
  recorded_ += pending_.size();
  const bool good = went(writer_->batch(pending_, clock()));
  if (!good) {
    recorded_ -= pending_.size();
    left_out_ += pending_.size();
  }
  pending_.clear();
  return good;
}

bool Recorder::write_head() {
  head_ns_ = clock_ns(CLOCK_MONOTONIC);
  return went(writer_->head(opened_.source.file->segment(), opened_.source.file->segment().path(),
                            filter_text(options_)));
}

bool Recorder::went(RecordingWriter::Put put) {
  if (put == RecordingWriter::Put::full) {
    full_ = true;
    ended_ = "--max-size " + write_size(options_.most_bytes) + " is reached";
  } else if (put == RecordingWriter::Put::failed) {
    ended_ = "it could not be written";
  }
  return put == RecordingWriter::Put::written;
}

ClockChunk Recorder::clock() const {
  const RingFile& file = *opened_.source.file;
  const RecordCounts& counts = opened_.source.records->counts();
  ClockChunk clock;
  clock.at = file.now();
  // Of a clock that has ended there is no other way to know them.
  clock.at.ticks = file.scale().ticks_from_ns(file.now().monotonic_ns);
  clock.ticks_per_second = file.scale().ticks_per_second();
  clock.state = file.state();
  clock.uid = file.owner_uid();
  clock.counts = {counts.earlier, recorded_, filtered_ + counts.rejected, counts.lost + left_out_};
  return clock;
}

int Recorder::finish(const std::string& why) {
  say_faults(opened_.source);
  if (windows_) filtered_ += windows_->held();
  refresh();
  if (!full_ && writer_->failure().error_number == 0) {
    write_batch();
    // Names, labels and totals of the end. Where they find no room, those of the begin stay.
    if (!full_)
      writer_->head(source().file->segment(), source().file->segment().path(),
                    filter_text(options_));
  } else {
    left_out_ += pending_.size();
  }
  count_unread();
  const std::string& reason = ended_.empty() ? why : ended_;
  const auto put = writer_->end(clock(), reason);
  say(reason);
  if (put == RecordingWriter::Put::written) return 0;
  Failure failure = writer_->failure();
  make_harmless(writer_->path(), &failure);
  std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
  return 1;
}

// What was read, and not looked at any more because it was over.
void Recorder::count_unread() {
  const RecordCounts& counts = opened_.source.records->counts();
  const std::uint64_t looked_at = recorded_ + filtered_ + left_out_ + counts.rejected;
  if (counts.read <= looked_at) return;
  const bool no_room = full_ || writer_->failure().error_number != 0;
  (no_room ? left_out_ : filtered_) += counts.read - looked_at;
}

void Recorder::say(const std::string& why) const {
  const RecordedCounts counts = clock().counts;
  const std::uint64_t seen = counts.recorded + counts.filtered + counts.lost;
  std::string text = format_count(seen) + " records written: " + format_count(counts.recorded) +
                     " recorded, " + format_count(counts.filtered) + " filtered out, " +
                     format_count(counts.lost) + " lost";
  if (left_out_ > 0) text += " (" + format_count(left_out_) + " for want of room)";
  if (counts.earlier > 0) text += "; " + format_count(counts.earlier) + " were gone before";
  text += "; " + format_bytes(writer_->bytes());
  if (counts.recorded > 0) {
    text += ", " +
            format_number(static_cast<double>(writer_->bytes()) /
                          static_cast<double>(counts.recorded)) +
            " bytes a record";
  }
  std::fprintf(stderr, "ringside record: %s\n", text.c_str());
  if (windows_) {
    std::fprintf(stderr, "ringside record: %s\n",
                 windows_->windows() == 0
                     ? "the trigger has not come"
                     : (format_count(windows_->windows()) +
                        (windows_->windows() == 1 ? " trigger" : " triggers apart"))
                           .c_str());
    if (windows_->cut_short()) {
      std::fprintf(stderr,
                   "ringside record: the time before a trigger is cut short: no more than "
                   "1,000,000 records are kept for it\n");
    }
  }
  std::fprintf(stderr, "ringside record: %s: ended, as %s\n",
               escape_visible(writer_->path()).c_str(), why.c_str());
}

}  // namespace ringside::tool
