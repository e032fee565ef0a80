// Fuzz target: a small ring is written, spoilt, closed, replaced and read, in any order. The
// readers are the daemon's core (Watch: follower, metrics, ticks, state) and bare lane readers.
//
//   byte 0   bits 0-2: the ring's first content, 3-4: the geometry, 5-6: the clock, 7: whether the
//            reports are made (they take longer than all the rest)
//   then     steps: a number, and what that step needs (see step())
#include <fcntl.h>
#include <stdio.h>

#include "daemon/rings/watch.h"
#include "shm/lane_reader.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/snapshot_facts.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// These bounds keep every input short. A tick sums up every series over every window.
constexpr int kMostSteps = 48;
constexpr int kMostTicks = 4;

// Two rings, so that one can take the other's place under the watched name.
struct Pair {
  std::unique_ptr<SpoiltRing> ring[2];

  static Pair& of(std::uint8_t which) {
    constexpr std::size_t kClocks = 3;
    static Pair pairs[std::size(kContents) * std::size(kGeometries) * kClocks];
    const std::size_t content = (which & 7) % std::size(kContents);
    const std::size_t geometry = (which >> 3 & 3) % std::size(kGeometries);
    const std::size_t clock = (which >> 5 & 3) % kClocks;
    const std::size_t index =
        (clock * std::size(kGeometries) + geometry) * std::size(kContents) + content;
    Pair& pair = pairs[index];
    for (std::uint64_t i = 0; i < 2 && pair.ring[1] == nullptr; ++i) {
      const std::string path = Scratch::file((i == 0 ? "first" : "second") + std::to_string(index));
      pair.ring[i] = std::make_unique<SpoiltRing>(path, kGeometries[geometry], kContents[content],
                                                  static_cast<ClockKind>(1 + clock), 0x5eed + i);
    }
    return pair;
  }
  const std::string& watched() const { return ring[0]->segment().path(); }
  void exchange() {
    FUZZ_REQUIRE(renameat2(AT_FDCWD, watched().c_str(), AT_FDCWD, ring[1]->segment().path().c_str(),
                           RENAME_EXCHANGE) == 0);
  }
};

class Run {
 public:
  Run(Pair& pair, const WatchOptions& options)
      : pair_(pair),
        segment_(&pair.ring[0]->segment()),
        options_(options),
        watch_(std::make_unique<Watch>(options)) {
    cursors_.resize(std::size_t{segment_->overflow_lane()} + 1);
  }

  void step(Input& in) {
    switch (in.take<std::uint8_t>() % 12) {
      case 0: return poke_bytes(in);
      case 1: return poke_word(in);
      case 2: return poke_head(in);
      case 3: return poke_slot(in);
      case 4: return write(in);
      case 5: return write_overflowing(in);
      case 6: return read_lane_bare(in);
      case 7:
        pass_time(in);
        watch_->pass(now());
        return;
      case 8:
        pass_time(in);
        if (++ticks_ < kMostTicks) tick();
        return;
      case 9: return save_and_restore(in);
      case 10: return live_or_die(in);
      default: return exchange();
    }
  }

  Snapshot end() {
    Snapshot snapshot = tick();
    // This many passes reach the claimed head or a standstill, whatever head claims.
    for (std::size_t lane = 0; lane < cursors_.size(); ++lane)
      read_bare(static_cast<std::uint32_t>(lane), 1U << 20);
    return snapshot;
  }
  bool exchanged() const { return exchanged_; }

 private:
  Instant now() const { return instant_at(now_ns_); }
  std::uint32_t lane_of(std::uint8_t byte) const { return byte % (segment_->overflow_lane() + 1); }

  void poke_bytes(Input& in) {
    const std::uint64_t offset = in.take<std::uint32_t>() % segment_->geometry().segment_bytes();
    const std::string_view bytes = in.take_bytes(in.take<std::uint8_t>() % 64);
    const std::uint64_t room = segment_->geometry().segment_bytes() - offset;
    std::memcpy(reinterpret_cast<unsigned char*>(&segment_->header()) + offset, bytes.data(),
                std::min<std::uint64_t>(bytes.size(), room));
  }

  // Changes a whole word: of a lane's header, of its totals, of the live header, or of a gauge.
  void poke_word(Input& in) {
    const auto where = in.take<std::uint8_t>();
    const std::uint32_t lane = lane_of(where >> 2);
    const auto place = in.take<std::uint16_t>();
    const auto value = in.take<std::uint64_t>();
    const auto put = [value](void* begin, std::uint64_t words, std::uint64_t at) {
      static_cast<std::atomic<std::uint64_t>*>(begin)[at % words].store(value,
                                                                        std::memory_order_relaxed);
    };
    switch (where & 3) {
      case 0: return put(&segment_->lane_header(lane), sizeof(LaneHeader) / 8, place);
      case 1: return put(segment_->totals(lane), sizeof(Totals) / 8 * kIdCount, place);
      case 2: return put(&segment_->header().state, (sizeof(SegmentHeader) - 256) / 8, place);
      default: return put(segment_->gauges(), sizeof(Gauge) / 8 * 4, place);
    }
  }

  // Sets a head: near the position of a reader, or anywhere.
  void poke_head(Input& in) {
    const auto where = in.take<std::uint8_t>();
    const std::uint32_t lane = lane_of(where >> 1);
    const std::uint64_t head =
        (where & 1) != 0
            ? in.take<std::uint64_t>()
            : cursors_[lane].position + static_cast<std::uint64_t>(in.take<std::int16_t>());
    segment_->lane_header(lane).head.store(head, std::memory_order_release);
  }

  // Fills a slot with words of the input. The sequence fits the position or misses it a little.
  void poke_slot(Input& in) {
    const auto where = in.take<std::uint8_t>();
    const std::uint32_t lane = lane_of(where >> 1);
    const std::uint64_t position = cursors_[lane].position + in.take<std::uint8_t>();
    Slot& slot = segment_->slots(lane)[position & (segment_->geometry().capacity(lane) - 1)];
    slot.sequence.store(2 * (position + 1) +
                        static_cast<std::uint64_t>((where & 1) != 0 ? in.take<std::int8_t>() : 0));
    for (auto& word : slot.words) word.store(in.take<std::uint64_t>());
  }

  Record record_of(Input& in) const {
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
    if ((how & 1) == 0) record.stages[how & 3] = in.take<std::uint32_t>();
    return record;
  }

  // The writer begins at its lane's head, even if that head lies. Everything else it does right.
  void write(Input& in) {
    const std::uint32_t lane = lane_of(in.take<std::uint8_t>()) % segment_->overflow_lane();
    LaneHeader& header = segment_->lane_header(lane);
    LaneWriter writer{segment_->slots(lane), segment_->totals(lane), &header, header.head.load(),
                      segment_->geometry().lane_capacity - std::uint64_t{1}};
    const unsigned count = 1 + in.take<std::uint8_t>();
    const Record record = record_of(in);
    for (unsigned i = 0; i < count; ++i) write_record(writer, record);
  }

  void write_overflowing(Input& in) {
    const std::uint32_t lane = segment_->overflow_lane();
    LaneHeader& header = segment_->lane_header(lane);
    const LaneWriter writer{segment_->slots(lane), segment_->totals(lane), &header, 0,
                            segment_->geometry().overflow_capacity - std::uint64_t{1}};
    const unsigned count = in.take<std::uint8_t>();
    const Record record = record_of(in);
    for (unsigned i = 0; i < count % 128; ++i) write_overflow(writer, record);
    if (count < 128) return;
    // One more record is reserved and never published.
    const std::uint64_t position = header.head.fetch_add(1);
    if (count % 2 == 0) writer.slots[position & writer.mask].sequence.store(2 * position + 1);
  }

  void read_lane_bare(Input& in) {
    const std::uint32_t lane = lane_of(in.take<std::uint8_t>());
    read_bare(lane, in.take<std::uint16_t>());
  }

  void read_bare(std::uint32_t lane, std::uint64_t limit) {
    LaneCursor& cursor = cursors_[lane];
    const LaneCursor before = cursor;
    const std::uint64_t capacity = segment_->geometry().capacity(lane);
    const LaneHeader& header = segment_->lane_header(lane);
    std::uint64_t taken = 0;
    const auto take = [&](const Record& record) {
      FUZZ_REQUIRE(believable(record));
      ++taken;
    };
    const bool overflow = lane == segment_->overflow_lane();
    const std::uint64_t moved =
        overflow ? read_overflow(segment_->slots(lane), header, capacity, cursor, limit, take)
                 : read_lane(segment_->slots(lane), header, capacity, cursor, limit, take);
    FUZZ_REQUIRE(cursor.position >= before.position && moved == cursor.position - before.position);
    FUZZ_REQUIRE(cursor.written() == cursor.read + cursor.lost);
    FUZZ_REQUIRE(cursor.read >= before.read && cursor.lost >= before.lost &&
                 cursor.rejected >= before.rejected);
    FUZZ_REQUIRE(taken == (cursor.read - before.read) - (cursor.rejected - before.rejected));
    FUZZ_REQUIRE(cursor.holes.size() <= kMaxHoles &&
                 std::is_sorted(cursor.holes.begin(), cursor.holes.end()));
    FUZZ_REQUIRE(cursor.holes.empty() || cursor.holes.back() < cursor.position);
    TotalsCopy totals;
    copy_totals_at(segment_->slots(lane), header, segment_->totals(lane), capacity, cursor.position,
                   totals);
    lane_remainder(segment_->slots(lane), header, capacity);
  }

  void pass_time(Input& in) {
    constexpr std::int64_t kUnits[] = {1, 1'000'000, kSecond, 60 * kSecond};
    const auto how = in.take<std::uint8_t>();
    now_ns_ += kUnits[how & 3] * (how >> 2);
  }

  Snapshot tick() {
    Snapshot snapshot = watch_->tick(now());
    require_sound(snapshot, options_);
    require_complete(snapshot);
    // Under a head that lies the lost count may wrap around 64 bits. Read records were really
    // there.
    FUZZ_REQUIRE(snapshot.books.read >= last_.read && snapshot.books.rejected >= last_.rejected);
    last_ = snapshot.books;
    return snapshot;
  }

  void save_and_restore(Input& in) {
    const std::string saved = watch_->encode(now());
    auto next = std::make_unique<Watch>(options_);
    std::string why;
    FUZZ_REQUIRE(next->decode(saved, now(), &why));   // the daemon takes back what it saves
    watch_ = std::move(next);
    if ((in.take<std::uint8_t>() & 1) != 0 && ++ticks_ < kMostTicks) tick();
  }

  void live_or_die(Input& in) {
    SegmentHeader& header = segment_->header();
    switch (in.take<std::uint8_t>() & 3) {
      case 0: return header.state.store(kSegmentClosed);
      case 1: return header.processes[0].pid.store(0);
      case 2: return header.processes[0].pid.store(1);
      default: return header.state.store(kSegmentReady);
    }
  }

  void exchange() {
    pair_.exchange();
    exchanged_ = !exchanged_;
    segment_ = &pair_.ring[exchanged_ ? 1 : 0]->segment();
    for (LaneCursor& cursor : cursors_) cursor = LaneCursor{};
  }

  std::uint64_t ticks(std::int64_t ns) const {
    const auto clock = static_cast<ClockKind>(segment_->header().clock_kind);
    return clock == ClockKind::monotonic ? static_cast<std::uint64_t>(ns) : instant_at(ns).ticks;
  }

  Pair& pair_;
  Segment* segment_;   // the ring under the name
  WatchOptions options_;
  std::unique_ptr<Watch> watch_;
  std::vector<LaneCursor> cursors_;
  std::int64_t now_ns_ = kStartNs;
  Books last_;
  int ticks_ = 0;
  bool exchanged_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto which = in.take<std::uint8_t>();
  Pair& pair = Pair::of(which);
  const WatchOptions options{{pair.watched()}, 5, 3, true};
  {
    Run run(pair, options);
    for (int steps = 0; steps < kMostSteps && !in.empty(); ++steps) run.step(in);
    const Snapshot snapshot = run.end();
    if ((which & 0x80) != 0) require_shown(snapshot);
    if (run.exchanged()) pair.exchange();
  }
  for (auto& ring : pair.ring) ring->restore();
  return 0;
}
