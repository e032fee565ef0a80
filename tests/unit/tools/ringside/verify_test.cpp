// The check of a whole ring: a good one passes, and each fault is found.
#include <atomic>
#include <thread>

#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/verify/verify.h"

namespace ringside::tool {
namespace {

Verified verified(const ToolRing& ring) {
  const Source source = ring.open();
  return verify(*source.file);
}
bool has(const Verified& verified, const std::string& text) {
  return std::any_of(verified.faults.begin(), verified.faults.end(), [&](const std::string& fault) {
    return fault.find(text) != std::string::npos;
  });
}

TEST_CASE("Verify: a ring is good at every fill, also after a lap") {
  for (const int count : {0, 1, 63, 64, 65, 128, 1000}) {
    ToolRing ring;
    ring.lane(0);
    for (int i = 0; i < count; ++i) ring.write(0, kSend, i, 1);
    const LaneWriter overflow = claim_overflow(*ring.segment).writer;
    for (int i = 0; i < count; ++i)
      write_overflow(overflow, test::operation(kSend, ring.ticks(i), 1));
    const Verified found = verified(ring);
    CAPTURE(count);
    CHECK_MESSAGE(found.good(), (found.faults.empty() ? "" : found.faults[0]));
    CHECK(found.lanes == 2);
    CHECK(found.slots == 128);
    CHECK(found.records == 2 * static_cast<std::uint64_t>(std::min(count, 64)));
    CHECK(found.busy.empty());
  }
}

TEST_CASE("Verify: a ring that is written on meanwhile is good") {
  ToolRing ring;
  LaneWriter lane = ring.lane(0);
  std::atomic<bool> ends{false};
  std::thread writer([&] {
    while (!ends) write_record(lane, test::operation(kSend, ring.ticks(0), 1));
  });
  for (int i = 0; i < 200; ++i) {
    const Verified found = verified(ring);
    CHECK_MESSAGE(found.good(), (found.faults.empty() ? "" : found.faults[0]));
  }
  ends = true;
  writer.join();
}

TEST_CASE("Verify: each fault is found and named") {
  ToolRing ring;
  for (int i = 0; i < 100; ++i) ring.write(0, kSend, i, 1);
  Slot* slots = ring.segment->slots(0);
  const auto with = [&](std::uint64_t slot, std::uint64_t sequence) {
    const std::uint64_t before = slots[slot].sequence.exchange(sequence);
    Verified found = verified(ring);
    slots[slot].sequence.store(before);
    return found;
  };
  CHECK(has(with(3, 2 * (4 + 1)), "lane 0, slot 3: its sequence 10 is that of another slot"));
  CHECK(has(with(3, 0), "lane 0, slot 3: was never written"));
  CHECK(has(with(3, 2 * (3 + 1)), "holds position 3, overwritten long ago by head 100"));
  CHECK(has(with(3, 2 * (131 + 1)), "holds position 131, beyond the head 100"));
  CHECK(has(with(3, 2 * 67 + 1), "position 67 is half-written, and the head is at 100"));
  CHECK(with(100 % 64, 2 * 100 + 1).good());  // its writer is in it
  slots[3].words[2].store(0xff);
  CHECK(has(verified(ring), "position 67 holds no record of this format: operation 255, kind 0"));
}

TEST_CASE("Verify: books, switches and names") {
  ToolRing ring;
  for (int i = 0; i < 10; ++i) ring.write(0, kSend, i, 1);
  ring.segment->totals(0)[kSend].recorded.store(12);
  CHECK(
      has(verified(ring), "lane 0: its totals have 12 records, its head 10, half-written ones 0"));
  ring.segment->lane_header(0).torn.store(2);
  CHECK(verified(ring).good());
  ring.segment->control().effective[kSend].store(5);
  CHECK(has(verified(ring), "SEND_MESSAGE: writers are told 1 in 5, and 1 in 1 is set"));
  ring.segment->control().effective[kSend].store(1);
  enter_name(*ring.segment, 9, {"SEND_MESSAGE", "message", {}});
  CHECK(has(verified(ring), "the ids 0 and 9 have one name, SEND_MESSAGE"));
}

TEST_CASE("Verify: of very many faults the first are named, and the rest counted") {
  ToolRing ring;
  for (int i = 0; i < 64; ++i) ring.write(0, kSend, i, 1);
  for (int i = 0; i < 64; ++i) ring.segment->slots(0)[i].words[2].store(0xff);
  const Verified found = verified(ring);
  CHECK(found.faults.size() == kMostFaults);
  CHECK(found.more_faults == 14);
}

}  // namespace
}  // namespace ringside::tool
