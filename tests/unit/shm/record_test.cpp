// The words of a record and of its lane, each at its place: written out by hand, or against a check
// of one field after the other.
#include <doctest/doctest.h>

#include <cstdint>

#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint32_t kSlots = 64;

struct RecordBench {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, kSlots, kSlots});
  LaneWriter writer = claim(*ring);
  LaneWriter overflow = claim_overflow(*ring).writer;
  std::uint32_t overflow_lane = ring->overflow_lane();
};

RecordWords some_words(std::uint16_t id, Outcome outcome) {
  return {11, 12, pack_descriptor(id, Kind::operation, outcome, 0, 0), 14, 15, 16, 17};
}

// Field by field, where believable() looks at several of them at once.
bool fits_the_format(const Record& record) {
  if (record.outcome >= 7 || (record.flags & 0xff00) != 0) return false;
  if (record.kind == 1) return record.operation <= 255;
  if (record.kind != 2) return false;
  return record.operation >= 256 && record.operation <= 319 && record.event.context <= 256;
}

}  // namespace

TEST_CASE("Record: the descriptor has id, kind, outcome, flags and error in this order") {
  CHECK(pack_descriptor(0x1234, static_cast<Kind>(0x56), static_cast<Outcome>(0x78), 0x9abc,
                        0xdef0) == 0xdef09abc78561234);
  CHECK(operation_of(0xdef09abc78561234) == 0x1234);
  CHECK(outcome_of(0xdef09abc78561234) == static_cast<Outcome>(0x78));
  const Outcome all[] = {Outcome::ok,     Outcome::error,   Outcome::timeout,  Outcome::rejected,
                         Outcome::denied, Outcome::limited, Outcome::cancelled};
  for (const Outcome outcome : all) {
    CHECK(is_error(outcome) == (outcome == Outcome::error || outcome == Outcome::timeout));
  }
  Record record = operation(1, 100, 7);
  CHECK(record.end() == 107);
  record.flags = 0xffff;
  CHECK(record.actor_kind() == ActorKind::address);
  CHECK(static_cast<int>(record.subject_kind()) == 7);
}

TEST_CASE("Record: a span of a stage is 16 bits of mantissa and 5 of exponent") {
  CHECK(pack_stage_ticks(0) == 0);
  CHECK(pack_stage_ticks(100) == 100);
  CHECK(pack_stage_ticks(0xffff) == 0xffff);
  CHECK(pack_stage_ticks(0x10000) == 0x10000);
  CHECK(pack_stage_ticks(0x1ffff) == 0x1ffff);
  CHECK(pack_stage_ticks(0x20000) == 0x20000);
  CHECK(pack_stage_ticks(0x20001) == 0x20000);
  CHECK(pack_stage_ticks(0x20002) == 0x20001);
  CHECK(pack_stage_ticks(1'000'001) == 321'608);
  CHECK(pack_stage_ticks((std::uint64_t{1} << 47) - 1) == 0x1fffff);
  CHECK(pack_stage_ticks(std::uint64_t{1} << 46) == 0x1f0000);
  CHECK(unpack_stage_ticks(0x1ffff) == 0x1ffff);
  CHECK(unpack_stage_ticks(0x20000) == 0x20000);
  CHECK(unpack_stage_ticks(0x20001) == 0x20002);
  CHECK(unpack_stage_ticks(321'608) == 1'000'000);
  CHECK(unpack_stage_ticks(0x1fffff) == std::uint64_t{0x1ffff} << 30);
  // A compiler can do it, too.
  static_assert(pack_stage_ticks(1U << 20) == 5U << 16 && unpack_stage_ticks(5U << 16) == 1U << 20);
}

TEST_CASE("Record: a span that is longer than the longest is the longest") {
  for (const std::uint64_t ticks : {std::uint64_t{1} << 47, std::uint64_t{1} << 48,
                                    std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    CHECK(pack_stage_ticks(ticks) == 0x1fffff);
  }
}

TEST_CASE("Record: a packed span is what halving until 17 bits are left gives, in the same order") {
  // Halves step by step, where pack_stage_ticks() counts bits.
  const auto halved = [](std::uint64_t ticks) {
    std::uint64_t unit = 1;
    while (ticks >= 1U << 17) {
      ticks /= 2;
      unit *= 2;
    }
    return ticks * unit;
  };
  StageTicks before = 0;
  std::uint64_t exact = 0;
  for (unsigned bit = 0; bit < 47; ++bit) {
    const std::uint64_t low = std::uint64_t{1} << bit;
    const std::uint64_t step = low / 1000 + 1;
    for (std::uint64_t ticks = low; ticks < 2 * low; ticks += step) {
      const StageTicks packed = pack_stage_ticks(ticks);
      const std::uint64_t back = unpack_stage_ticks(packed);
      const bool good = packed <= 0x1fffff && packed >= before && back == halved(ticks) &&
                        back <= ticks && (ticks - back) * 65536 <= ticks &&
                        pack_stage_ticks(back) == packed;
      if (!good) {
        CAPTURE(ticks);
        FAIL("not the span halved");
      }
      before = packed;
      exact += back == ticks;
    }
  }
  CHECK(exact > 5'000);
  for (std::uint64_t ticks = 0; ticks < 1U << 17; ++ticks) {
    if (unpack_stage_ticks(pack_stage_ticks(ticks)) != ticks) FAIL("not exact below 2^17");
  }
}

TEST_CASE("Record: six stages stand in two words, three to a word, and none touches another") {
  Record record{};
  for (unsigned i = 0; i < 6; ++i) record.set_stage(i, 0x1fffff);
  CHECK(record.stages[0] == 0x7fffffffffffffff);
  CHECK(record.stages[1] == 0x7fffffffffffffff);
  for (unsigned i = 0; i < 6; ++i) {
    CAPTURE(i);
    record.set_stage(i, 5 + i);
    CHECK(record.stage(i) == 5 + i);
    for (unsigned other = i + 1; other < 6; ++other) CHECK(record.stage(other) == 0x1fffff);
  }
  CHECK(record.stages[0] == (5 | std::uint64_t{6} << 21 | std::uint64_t{7} << 42));
  CHECK(record.stages[1] == (8 | std::uint64_t{9} << 21 | std::uint64_t{10} << 42));
  CHECK(pack_stage_word(5, 6, 7) == record.stages[0]);
  CHECK(pack_exact_stages(8, 9, 10) == record.stages[1]);
  // A writer that sets bit 63 does no harm.
  record.stages[1] = ~std::uint64_t{0};
  CHECK(record.stage(5) == 0x1fffff);
}

TEST_CASE("Record: what the format rules out is not believed, at the edges of every field") {
  RecordBench bench;
  std::uint64_t believed = 0;
  for (const int kind : {0, 1, 2, 3, 0x81, 0x82}) {
    for (const int id : {0, 1, 255, 256, 257, 319, 320, 511, 512, 0x8000, 0xffff}) {
      for (const int outcome : {0, 1, 6, 7, 8, 0x80, 0xff}) {
        for (const int flags : {0, 1, 0xff, 0x100, 0x8000}) {
          for (const int context : {0, 1, 255, 256, 257, 0xffff}) {
            Record record = operation(static_cast<std::uint16_t>(id), 0, 1);
            record.kind = static_cast<std::uint8_t>(kind);
            record.outcome = static_cast<std::uint8_t>(outcome);
            record.flags = static_cast<std::uint16_t>(flags);
            record.error = 0xffff;
            record.event.context = static_cast<std::uint16_t>(context);
            if (believable(record) == fits_the_format(record)) {
              believed += believable(record);
              continue;
            }
            CAPTURE(kind);
            CAPTURE(id);
            CAPTURE(outcome);
            CAPTURE(flags);
            CAPTURE(context);
            FAIL("not as the format says");
          }
        }
      }
    }
  }
  // 3 operations, 3 outcomes, 3 flags, 6 contexts; 3 events with 4 contexts.
  CHECK(believed == 3 * 3 * 3 * 6 + 3 * 3 * 3 * 4);
}

TEST_CASE("Record: seven words stand in the slot in their order, and are counted once") {
  for (const bool overflow : {false, true}) {
    CAPTURE(overflow);
    RecordBench bench;
    LaneWriter& writer = overflow ? bench.overflow : bench.writer;
    const Slot& slot = writer.slots[0];
    const RecordWords words = some_words(5, Outcome::timeout);
    if (overflow) {
      CHECK(write_overflow(writer, words));
    } else {
      write_record(writer, words);
    }
    CHECK(slot.sequence.load() == 2);
    const std::uint64_t expected[] = {11, 12, words.descriptor, 14, 15, 16, 17};
    for (std::size_t i = 0; i < 7; ++i) CHECK(slot.words[i].load() == expected[i]);
    CHECK(writer.header->head.load() == 1);
    const Totals& totals = writer.totals[5];
    CHECK(totals.recorded.load() == 1);
    CHECK(totals.ticks.load() == 12);
    CHECK(totals.errors.load() == 1);
    CHECK(totals.skipped.load() == 0);
    RecordWords copy{};
    CHECK(read_words(slot, 0, copy) == Poll::record);
    CHECK(copy.start == 11);
    CHECK(copy.duration == 12);
    CHECK(copy.descriptor == words.descriptor);
    CHECK(copy.actor == 14);
    CHECK(copy.subject == 15);
    CHECK(copy.stages_or_value == 16);
    CHECK(copy.stages_or_context == 17);
    Record record{};
    CHECK(read_slot(slot, 0, record) == Poll::record);
    CHECK(record.sequence == 2);
    CHECK(record.start == 11);
    CHECK(record.subject == 15);
    CHECK(words_of(record).start == 11);
    CHECK(words_of(record).stages_or_context == 17);
  }
}

TEST_CASE("Record: each id has totals of its own, and one beyond the table stays within it") {
  constexpr std::uint16_t kIds[] = {0, 1, 2, 255, 256, 319, 510, 511, 512 + 7, 0xfffd};
  for (const bool overflow : {false, true}) {
    RecordBench bench;
    LaneWriter& writer = overflow ? bench.overflow : bench.writer;
    for (const std::uint16_t id : kIds) {
      const RecordWords words = some_words(id, Outcome::ok);
      if (overflow) {
        write_overflow(writer, words);
        count_only_overflow(writer, id);
        count_only_overflow(writer, id);
      } else {
        write_record(writer, words);
        count_only(writer, id);
        count_only(writer, id);
      }
    }
    TotalsCopy copy;
    copy_totals(writer.totals, copy);
    std::uint64_t counted = 0;
    for (std::uint32_t id = 0; id < 512; ++id) {
      const TotalsCopy::Entry& entry = copy.entries[id];
      bool mine = id == 7 || id == 0x1fd;
      for (std::size_t i = 0; i < 8; ++i) mine = mine || id == kIds[i];
      CAPTURE(id);
      CHECK(entry.recorded == (mine ? 1 : 0));
      CHECK(entry.skipped == (mine ? 2 : 0));
      CHECK(entry.ticks == (mine ? 12 : 0));
      CHECK(entry.errors == 0);
      counted += entry.recorded;
    }
    CHECK(counted == 10);
  }
}

TEST_CASE("Record: a slot that is not the record's own is not yet there, or lapped") {
  RecordBench bench;
  Slot& slot = bench.writer.slots[5];
  RecordWords copy{};
  const auto poll = [&](std::uint64_t sequence, std::uint64_t position) {
    slot.sequence.store(sequence);
    return read_words(slot, position, copy);
  };
  CHECK(poll(0, 5) == Poll::not_yet);
  CHECK(poll(11, 5) == Poll::not_yet);
  CHECK(poll(12, 5) == Poll::record);
  CHECK(poll(13, 5) == Poll::lapped);
  CHECK(poll(2 * (69 + 1), 5) == Poll::lapped);
  CHECK(poll(2 * (5 + 1), 69) == Poll::not_yet);
  CHECK(poll(2 * (69 + 1), 69) == Poll::record);
  // A writer comes in the middle of the copy.
  slot.sequence.store(12);
  bool ran = false;
  CHECK(read_words(slot, 5, copy, [&] {
          ran = true;
          slot.sequence.store(2 * 69 + 1);
        }) == Poll::lapped);
  CHECK(ran);
}

TEST_CASE(
    "Record: in the overflow lane a slot is taken from an earlier lap, and from no later one") {
  RecordBench bench;
  const RecordWords words = some_words(1, Outcome::ok);
  Slot& slot = bench.overflow.slots[10];
  const auto write_at_10 = [&](std::uint64_t sequence) {
    slot.sequence.store(sequence);
    bench.overflow.header->head.store(10);
    bench.overflow.header->dropped.store(0);
    const bool written = write_overflow(bench.overflow, words);
    CHECK(bench.overflow.header->head.load() == 11);
    CHECK(bench.overflow.header->dropped.load() == (written ? 0 : 1));
    CHECK(slot.sequence.load() == (written ? 22 : sequence));
    return written;
  };
  CHECK(write_at_10(0));
  CHECK(write_at_10(14));
  CHECK(write_at_10(20));
  CHECK_FALSE(write_at_10(22));
  CHECK_FALSE(write_at_10(2 * (74 + 1)));
  CHECK_FALSE(write_at_10(1));
  CHECK_FALSE(write_at_10(3));
  CHECK_FALSE(write_at_10(21));
}

TEST_CASE("Record: totals stand at a position while its slot is not begun, and at no other") {
  RecordBench bench;
  const Slot* slots = bench.ring->slots(0);
  LaneHeader& header = bench.ring->lane_header(0);
  TotalsCopy copy;
  const auto stand = [&](std::uint64_t position, std::uint64_t sequence) {
    bench.writer.slots[position % kSlots].sequence.store(sequence);
    return copy_totals_at(slots, header, bench.ring->totals(0), kSlots, position, copy);
  };
  header.head.store(1000);
  CHECK(stand(1000, 2 * (936 + 1)));
  CHECK(stand(1000, 2000));
  CHECK_FALSE(stand(1000, 2001));
  CHECK_FALSE(stand(1000, 2002));
  CHECK_FALSE(stand(999, 0));
  CHECK_FALSE(stand(1001, 0));
}

TEST_CASE("Record: what the last owner left at head is told by that slot alone") {
  RecordBench bench;
  LaneHeader& header = bench.ring->lane_header(0);
  header.head.store(1000);
  Slot& slot = bench.writer.slots[1000 % kSlots];
  const auto left = [&](std::uint64_t sequence) {
    slot.sequence.store(sequence);
    return lane_remainder(bench.ring->slots(0), header, kSlots);
  };
  CHECK(left(2 * (936 + 1)) == Remainder::clean);
  CHECK(left(2001) == Remainder::torn);
  CHECK(left(2002) == Remainder::unpublished_head);
  CHECK(left(2000) == Remainder::clean);
  CHECK(left(2003) == Remainder::clean);
  header.torn.store(3);
  slot.words[0].store(4);
  slot.words[1].store(3);
  CHECK(left(kSettling) == Remainder::torn);
  slot.words[0].store(3);
  slot.words[1].store(4);
  CHECK(left(kSettling) == Remainder::clean);
}
