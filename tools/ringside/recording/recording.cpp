#include "tools/ringside/recording/recording.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/model/format.h"
#include "shm/lane.h"
#include "tools/ringside/recording/columns.h"

namespace ringside::tool {

namespace {

constexpr std::size_t kMaxMarks = 1000;
constexpr std::size_t kMaxFaults = 20;

std::string place_of(const Chunk& chunk) {
  return format_count(chunk.bytes) + " bytes at offset " + std::to_string(chunk.offset);
}

// Everything but the records: what open_recording() finds.
class Scan {
 public:
  Scan(ChunkFile& chunks, RecordingFacts& facts) : chunks_(chunks), facts_(facts) {}

  void run() {
    std::uint64_t offset = ChunkFile::kFirst;
    Chunk chunk;
    Found found;
    while ((found = chunks_.next(offset, chunk)) == Found::chunk || found == Found::damage) {
      if (found == Found::chunk) take(chunk);
    }
    if (found == Found::cut) {
      fault("is cut off at offset " + std::to_string(chunk.offset) + ", within a chunk; " +
            format_count(chunks_.bytes() - chunk.offset) + " bytes behind it are not readable");
    } else if (facts_.ended.empty()) {
      fault("has no end: its writer was killed, or had no more room; all that is there is read");
    }
  }

  Head head;
  bool any_clock = false;

 private:
  // Damage is told when the records are read.
  void take(const Chunk& chunk) {
    if (chunk.type == ChunkType::records) return;
    std::string_view payload;
    if (!chunks_.unpack(chunk, payload)) return;
    ClockChunk clock;
    MarkChunk mark;
    switch (chunk.type) {
      case ChunkType::head: decode_head(payload, head); break;
      case ChunkType::totals:
        if (head.memory != nullptr) decode_totals(payload, head);
        break;
      case ChunkType::remainders:
        if (head.memory != nullptr) decode_remainders(payload, head);
        break;
      case ChunkType::clock:
        if (!decode(payload, clock)) break;
        if (!any_clock) facts_.first = clock;
        facts_.last = clock;
        any_clock = true;
        break;
      case ChunkType::mark:
        if (facts_.marks.size() < kMaxMarks && decode(payload, mark)) facts_.marks.push_back(mark);
        break;
      case ChunkType::end:
        if (!decode_end(payload, facts_.ended)) facts_.ended.clear();
        break;
      case ChunkType::records: break;
    }
  }
  void fault(std::string what) { facts_.faults.push_back(std::move(what)); }

  ChunkFile& chunks_;
  RecordingFacts& facts_;
};

}  // namespace

Records::Next RecordingRecords::read(std::vector<Seen>& into, bool) {
  fullest_ = 0;
  Chunk chunk;
  while (true) {
    switch (chunks_->next(offset_, chunk)) {
      case Found::chunk: break;
      case Found::damage: fault(chunk, "no chunk begins there"); continue;
      case Found::cut:
      case Found::nothing: hand_over(into); return Next::ended;
    }
    std::string_view payload;
    if (!chunks_->unpack(chunk, payload)) {
      fault(chunk, "the checksum is wrong");
      continue;
    }
    if (chunk.type == ChunkType::records) {
      const std::size_t before = held_.size();
      if (!decode_records(payload, overflow_lane_, held_)) fault(chunk, "its numbers can't be");
      counts_.read += held_.size() - before;
      if (held_.size() < kMaxHeldRecords) continue;
      hand_over(into);
      return Next::more;
    }
    ClockChunk clock;
    if (chunk.type != ChunkType::clock) continue;
    if (!decode(payload, clock)) {
      fault(chunk, "its numbers can't be");
      continue;
    }
    take_clock(clock);
    hand_over(into);
    return Next::more;
  }
}

void RecordingRecords::take_clock(const ClockChunk& clock) {
  ticks_ = clock.at.ticks;
  const RecordedCounts& counts = clock.counts;
  counts_.earlier = counts.earlier + counts.filtered;
  counts_.lost = counts.lost + counts.recorded - std::min(counts.recorded, counts_.read);
}

void RecordingRecords::hand_over(std::vector<Seen>& into) {
  if (!keep_rejected_) {
    const auto believed = std::stable_partition(
        held_.begin(), held_.end(), [](const Seen& seen) { return believable(seen.record); });
    counts_.rejected += static_cast<std::uint64_t>(held_.end() - believed);
    held_.erase(believed, held_.end());
  }
  sort_by_end(held_, ticks_);
  std::move(held_.begin(), held_.end(), std::back_inserter(into));
  held_.clear();
}

void RecordingRecords::fault(const Chunk& chunk, const char* what) {
  if (++damages_ > kMaxFaults) return;
  faults_.push_back("is damaged: " + place_of(chunk) + " (" + name_of(chunk.type) + "), " + what +
                    "; they are passed over");
  if (damages_ == kMaxFaults) faults_.push_back("is damaged in more places, which are not listed");
}

std::vector<std::string> RecordingRecords::take_faults() { return std::exchange(faults_, {}); }

Recording open_recording(const std::string& path, Failure* failure) {
  Recording recording;
  auto chunks = ChunkFile::open(path, failure);
  if (chunks == nullptr) return recording;
  RecordingFacts& facts = recording.facts;
  facts.bytes = chunks->bytes();
  Scan scan(*chunks, facts);
  scan.run();
  if (scan.head.memory == nullptr || !scan.any_clock) {
    *failure = {0, path + ": is a recording without a whole " +
                       (scan.head.memory == nullptr ? "head" : "clock") +
                       ": it was cut off at its begin, or is damaged there\n"
                       "  next: record again"};
    return recording;
  }
  facts.ring = scan.head.path;
  facts.filter = scan.head.filter;
  RingFile::Moment moment;
  moment.at = facts.last.at;
  moment.ticks_per_second = facts.last.ticks_per_second;
  moment.state = facts.last.state;
  moment.owner_uid = facts.last.uid;
  recording.file = RingFile::in_memory(std::move(scan.head.memory), path, moment, failure);
  if (recording.file == nullptr) return recording;
  recording.records = std::make_unique<RecordingRecords>(std::move(chunks),
                                                         recording.file->segment().overflow_lane());
  return recording;
}

}  // namespace ringside::tool
