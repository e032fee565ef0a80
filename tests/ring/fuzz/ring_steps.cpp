#include "tests/ring/fuzz/ring_steps.h"

#include <memory>

#include "shm/labels.h"

namespace ringside::fuzz {
namespace {

constexpr const char* kOtherPath = "/other";
constexpr std::size_t kClocks = 3;
// Of one step. Most of an execution's time is that of records.
constexpr unsigned kMostRecords = 8;

std::unique_ptr<SpoiltRing>& made(std::size_t content, std::size_t geometry, std::size_t clock,
                                  std::size_t i) {
  static std::unique_ptr<SpoiltRing> rings[std::size(kContents)][std::size(kGeometries)][kClocks]
                                          [2];
  return rings[content][geometry][clock][i];
}

}  // namespace

void Pair::make_all() {
  for (std::size_t content = 0; content < std::size(kContents); ++content) {
    for (std::size_t geometry = 0; geometry < std::size(kGeometries); ++geometry) {
      for (std::size_t clock = 0; clock < kClocks; ++clock) {
        for (std::size_t i = 0; i < 2; ++i) {
          made(content, geometry, clock, i) =
              std::make_unique<SpoiltRing>(kGeometries[geometry], kContents[content],
                                           static_cast<ClockKind>(1 + clock), 0x5eed + i);
        }
      }
    }
  }
}

Pair Pair::of(std::uint8_t which) {
  const std::size_t content = (which & 7) % std::size(kContents);
  const std::size_t geometry = (which >> 3 & 3) % std::size(kGeometries);
  const std::size_t clock = (which >> 5 & 3) % kClocks;
  return {{made(content, geometry, clock, 0).get(), made(content, geometry, clock, 1).get()}};
}

RingSteps::RingSteps(Pair pair)
    : pair_(pair), ring_(pair.ring[0]), segment_(&pair.ring[0]->segment()) {
  put_file(kWatchedPath, pair_.ring[0]->file());
  put_file(kOtherPath, pair_.ring[1]->file());
  cursors_.resize(std::size_t{segment_->overflow_lane()} + 1);
}

RingSteps::~RingSteps() {
  remove_all_files();
  for (SpoiltRing* ring : pair_.ring) ring->restore();
}

void RingSteps::step(Step what, Input& in) {
  switch (what) {
    case kBytes: return poke_bytes(in);
    case kWord: return poke_word(in);
    case kHead: return poke_head(in);
    case kSlot: return poke_slot(in);
    case kWrite: return write(in);
    case kWriteOverflow: return write_overflowing(in);
    case kReadBare: return read_lane_bare(in);
    case kLive: return live_or_die(in);
    case kLabel: return label(in);
    case kExchange: exchange_files(kWatchedPath, kOtherPath); return look_who_is_watched();
    case kRestart:
      // As a server does that finds a dead one's ring under the name.
      rename_file(kWatchedPath, previous_path(kWatchedPath));
      rename_file(kOtherPath, kWatchedPath);
      return look_who_is_watched();
    case kVanish:
      // The ring comes back by an exchange.
      if (!rename_file(kWatchedPath, kOtherPath)) rename_file(kOtherPath, kWatchedPath);
      return look_who_is_watched();
    default: return;  // the reader's own
  }
}

void RingSteps::look_who_is_watched() {
  const std::uint64_t inode = inode_of_file(kWatchedPath);
  for (SpoiltRing* ring : pair_.ring) {
    if (ring->segment().inode() != inode || ring == ring_) continue;
    ring_ = ring;
    segment_ = &ring->segment();
    for (LaneCursor& cursor : cursors_) cursor = LaneCursor{};
  }
}

template <typename T>
void RingSteps::store(std::atomic<T>& to, T value) {
  ring_->touch(&to, sizeof to);
  to.store(value);
}

void RingSteps::poke_bytes(Input& in) {
  const std::uint64_t all = segment_->geometry().segment_bytes();
  const std::uint64_t offset = in.take<std::uint32_t>() % all;
  const std::string_view bytes = in.take_bytes(in.take<std::uint8_t>() % 64);
  const std::uint64_t count = std::min<std::uint64_t>(bytes.size(), all - offset);
  ring_->touch(ring_->data() + offset, count);
  std::memcpy(ring_->data() + offset, bytes.data(), count);
}

// Changes a whole word: of a lane's header, of its totals, of the live header, or of a process.
void RingSteps::poke_word(Input& in) {
  const auto where = in.take<std::uint8_t>();
  const std::uint32_t lane = lane_of(where >> 2);
  const auto place = in.take<std::uint16_t>();
  const auto value = in.take<std::uint64_t>();
  const auto put = [&](void* begin, std::uint64_t words, std::uint64_t at) {
    store(static_cast<std::atomic<std::uint64_t>*>(begin)[at % words], value);
  };
  switch (where & 3) {
    case 0: return put(&segment_->lane_header(lane), sizeof(LaneHeader) / 8, place);
    case 1: return put(segment_->totals(lane), sizeof(Totals) / 8 * kIdCount, place);
    case 2: return put(&segment_->header().state, (sizeof(SegmentHeader) - 256) / 8, place);
    default: return put(segment_->processes(), sizeof(ProcessEntry) / 8 * 2, place);
  }
}

// Sets a head: near the position of a reader, or anywhere.
void RingSteps::poke_head(Input& in) {
  const auto where = in.take<std::uint8_t>();
  const std::uint32_t lane = lane_of(where >> 1);
  const std::uint64_t head =
      (where & 1) != 0
          ? in.take<std::uint64_t>()
          : cursors_[lane].position + static_cast<std::uint64_t>(in.take<std::int16_t>());
  store(segment_->lane_header(lane).head, head);
}

// Fills a slot with words of the input. The sequence fits the position or misses it a little.
void RingSteps::poke_slot(Input& in) {
  const auto where = in.take<std::uint8_t>();
  const std::uint32_t lane = lane_of(where >> 1);
  const std::uint64_t position = cursors_[lane].position + in.take<std::uint8_t>();
  Slot& slot = segment_->slots(lane)[position & (segment_->geometry().capacity(lane) - 1)];
  ring_->touch(&slot, sizeof slot);
  slot.sequence.store(2 * (position + 1) +
                      static_cast<std::uint64_t>((where & 1) != 0 ? in.take<std::int8_t>() : 0));
  for (auto& word : slot.words) word.store(in.take<std::uint64_t>());
}

Record RingSteps::record_of(Input& in) const {
  Record record{};
  const auto ns = static_cast<std::int64_t>(in.take<std::uint32_t>()) - (std::int64_t{1} << 31);
  record.start = ticks(add_ns(now_ns_, ns));
  record.duration = in.take<std::int32_t>();
  record.operation = in.take<std::uint8_t>();
  const auto how = in.take<std::uint16_t>();
  record.kind = static_cast<std::uint8_t>(1 + (how & 1));
  if ((how & 1) != 0)
    record.operation = static_cast<std::uint16_t>(kFirstEvent + record.operation % kMaxEvents);
  record.outcome = static_cast<std::uint8_t>(how >> 1 & 7);
  record.flags = static_cast<std::uint16_t>(how >> 4 & 0xff);
  record.error = static_cast<std::uint16_t>(record.outcome != 0 ? 4000 + (how >> 12) : 0);
  record.actor = in.take<std::uint8_t>();
  record.subject = in.take<std::uint8_t>();
  if ((how & 1) == 0) record.stages[how >> 1 & 1] = in.take<std::uint64_t>();
  return record;
}

// The writer begins at its lane's head, even if that head lies. Everything else it does right.
void RingSteps::write(Input& in) {
  const std::uint32_t lane = lane_of(in.take<std::uint8_t>()) % segment_->overflow_lane();
  LaneHeader& header = segment_->lane_header(lane);
  ring_->touch_lane(lane);
  LaneWriter writer{segment_->slots(lane), segment_->totals(lane), &header, header.head.load(),
                    segment_->geometry().lane_capacity - std::uint64_t{1}};
  const unsigned count = 1 + in.take<std::uint8_t>() % kMostRecords;
  const Record record = record_of(in);
  for (unsigned i = 0; i < count; ++i) write_record(writer, record);
}

void RingSteps::write_overflowing(Input& in) {
  const std::uint32_t lane = segment_->overflow_lane();
  LaneHeader& header = segment_->lane_header(lane);
  ring_->touch_lane(lane);
  const LaneWriter writer{segment_->slots(lane), segment_->totals(lane), &header, 0,
                          segment_->geometry().overflow_capacity - std::uint64_t{1}};
  const unsigned count = in.take<std::uint8_t>();
  const Record record = record_of(in);
  for (unsigned i = 0; i < count % kMostRecords; ++i) write_overflow(writer, record);
  if (count < 128) return;
  // One more record is reserved and never published.
  const std::uint64_t position = header.head.fetch_add(1);
  if (count % 2 == 0) writer.slots[position & writer.mask].sequence.store(2 * position + 1);
}

void RingSteps::read_lane_bare(Input& in) {
  const std::uint32_t lane = lane_of(in.take<std::uint8_t>());
  read_bare(lane, in.take<std::uint16_t>());
}

void RingSteps::read_bare(std::uint32_t lane, std::uint64_t limit) {
  const Segment& segment = ring_->reading();
  LaneCursor& cursor = cursors_[lane];
  const LaneCursor before = cursor;
  const std::uint64_t capacity = segment.geometry().capacity(lane);
  const LaneHeader& header = segment.lane_header(lane);
  std::uint64_t taken = 0;
  const auto take = [&](const Record& record) {
    FUZZ_REQUIRE(believable(record));
    ++taken;
  };
  const bool overflow = lane == segment.overflow_lane();
  const std::uint64_t moved =
      overflow ? read_overflow(segment.slots(lane), header, capacity, cursor, limit, take)
               : read_lane(segment.slots(lane), header, capacity, cursor, limit, take);
  FUZZ_REQUIRE(cursor.position >= before.position && moved == cursor.position - before.position);
  FUZZ_REQUIRE(cursor.written() == cursor.read + cursor.lost);
  FUZZ_REQUIRE(cursor.read >= before.read && cursor.lost >= before.lost &&
               cursor.rejected >= before.rejected);
  FUZZ_REQUIRE(taken == (cursor.read - before.read) - (cursor.rejected - before.rejected));
  FUZZ_REQUIRE(cursor.holes.size() <= kMaxHoles &&
               std::is_sorted(cursor.holes.begin(), cursor.holes.end()));
  FUZZ_REQUIRE(cursor.holes.empty() || cursor.holes.back() < cursor.position);
  TotalsCopy totals;
  copy_totals_at(segment.slots(lane), header, segment.totals(lane), capacity, cursor.position,
                 totals);
  lane_remainder(segment.slots(lane), header, capacity);
}

std::uint8_t RingSteps::pass_time(Input& in) {
  constexpr std::int64_t kUnits[] = {1, 1'000'000, kSecond, 60 * kSecond};
  const auto how = in.take<std::uint8_t>();
  now_ns_ += kUnits[how & 3] * (how >> 2);
  return how;
}

void RingSteps::read_all_bare() {
  // This many passes reach the claimed head or a standstill.
  for (std::size_t lane = 0; lane < cursors_.size(); ++lane)
    read_bare(static_cast<std::uint32_t>(lane), 1U << 20);
}

void RingSteps::live_or_die(Input& in) {
  auto& state = segment_->header().state;
  auto& lock = segment_->processes()[0].lock.word;
  switch (in.take<std::uint8_t>() & 3) {
    case 0: return store(state, std::uint32_t{kSegmentClosed});
    case 1: return store(lock, OwnerLock::kDiedBit);
    case 2: return store(lock, std::uint32_t{1});
    default: return store(state, std::uint32_t{kSegmentReady});
  }
}

// A server gives an id a label, or takes it away (an empty text). Or a word of an entry where the
// label lies is spoilt.
void RingSteps::label(Input& in) {
  const auto how = in.take<std::uint8_t>();
  const auto kind = static_cast<LabelKind>(1 + (how >> 1) % (kLabelKindCount - 1));
  const auto id = in.take<std::uint8_t>();
  Label* set = ring_->touch_label(kind, id);
  if ((how & 1) == 0) {
    give_label(*segment_, kind, id, in.take_bytes(in.take<std::uint8_t>() % (2 * kLabelBytes)));
    return;
  }
  const auto place = in.take<std::uint8_t>();
  Label& entry = set[(place >> 3) % kLabelWays];
  std::atomic<std::uint64_t>* const words[] = {&entry.sequence, &entry.id};
  auto& word = (place & 7) < 2 ? *words[place & 7] : entry.words[((place & 7) - 2) % kLabelWords];
  word.store(in.take<std::uint64_t>());
}

std::uint64_t RingSteps::ticks(std::int64_t ns) const {
  const auto clock = static_cast<ClockKind>(segment_->header().clock_kind);
  return clock == ClockKind::monotonic ? static_cast<std::uint64_t>(ns) : instant_at(ns).ticks;
}

}  // namespace ringside::fuzz
