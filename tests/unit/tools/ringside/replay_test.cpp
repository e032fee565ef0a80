// A replayed ring is what the old one was.
#include <string>
#include <vector>

#include "shm/labels.h"
#include "shm/processes.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/commands/replayed_ring.h"

namespace ringside::tool {
namespace {

TEST_CASE("Replay: ticks are moved by one constant, and converted where the clocks differ") {
  const TickShift same(1000, ~std::uint64_t{0} - 10, 1);
  CHECK(same.at(1000) == ~std::uint64_t{0} - 10);
  CHECK(same.at(1020) == 9);  // ticks wrap
  CHECK(same.at(990) == ~std::uint64_t{0} - 20);
  CHECK(same.span(-7) == -7);
  const TickShift twice(1000, 5000, 2);
  CHECK(twice.at(1010) == 5020);
  CHECK(twice.at(990) == 4980);
  Record record = test::operation(3, 1010, 50);
  record.set_stage(1, pack_stage_ticks(100));
  RecordWords words = twice.words(record);
  Record moved{};
  put_record(words, 0, moved);
  CHECK(moved.start == 5020);
  CHECK(moved.duration == 100);
  CHECK(unpack_stage_ticks(moved.stage(1)) == 200);
  // The value of an event is no span.
  record.kind = static_cast<std::uint8_t>(Kind::event);
  record.event.value = 100;
  put_record(twice.words(record), 0, moved);
  CHECK(moved.event.value == 100);
}

TEST_CASE("Replay: the new ring has the old one's tables, lanes and counts") {
  const test::TempDir directory;
  const std::string path = directory.file("old");
  const auto old = test::make_ring(path, {2, 64, 64});
  enter_name(*old, 4, {"SEND_MESSAGE", "message", {}});
  enter_error_name(*old, 7, "DB_TIMEOUT");
  give_label(*old, LabelKind::user, 42, "alice");
  const std::uint32_t gauge = enter_gauge(*old, "connections");
  old->processes()[test::our_place(*old).index].gauges[gauge].store(17);
  old->control().requested[4].store(3);
  old->control().effective[4].store(3);
  old->header().misused[kMisusedStage].store(2);
  test::claim(*old, 5);
  const LaneWriter second = test::claim(*old, 6);
  count_only(second, 4);
  count_only(second, 4);
  second.header->in_flight.operation.store(4);
  second.header->in_flight.start.store(1000);

  Failure failure;
  const auto from = RingFile::open(path, &failure);
  REQUIRE_MESSAGE(from != nullptr, failure.message);
  const std::string again = directory.file("again");
  auto ring = ReplayedRing::create(*from, again, &failure);
  REQUIRE_MESSAGE(ring != nullptr, failure.message);
  Record bad = test::operation(4, 20, 5);
  bad.kind = 9;
  CHECK(ring->write(1, words_of(test::operation(4, 10, 5, Outcome::error)), &failure));
  CHECK(ring->write(1, words_of(bad), &failure));
  CHECK(ring->write(2, words_of(test::operation(4, 30, 5)), &failure));
  CHECK(ring->finish({0, 500, 1}, &failure));

  const auto copy = RingFile::open(again, &failure);
  REQUIRE_MESSAGE(copy != nullptr, failure.message);
  CHECK(copy->operation_name(4) == "SEND_MESSAGE");
  CHECK(copy->error_name(7) == "DB_TIMEOUT");
  const Segment& segment = copy->segment();
  CHECK(read_label(segment, LabelKind::user, 42) == "alice");
  CHECK(segment.control().effective[4].load() == 3);
  CHECK(segment.header().misused[kMisusedStage].load() == 2);
  CHECK(gauge_value(segment, look_at_processes(segment, copy->facts().death_marked), 0) == 17);
  // A lane of which there is nothing takes no memory.
  CHECK_FALSE(lane_readable(segment.lane_header(0)));
  const InFlight in_flight = in_flight_of(segment, 1);
  CHECK(in_flight.any);
  CHECK(in_flight.operation == 4);
  CHECK(in_flight.start == 1500);
  TotalsCopy totals;
  copy_totals(segment.totals(1), totals);
  CHECK(totals.entries[4].recorded == 2);
  CHECK(totals.entries[4].skipped == 2);
  CHECK(totals.entries[4].errors == 1);
  SegmentRecords records(segment, copy->facts().clock, 1e9);
  std::vector<Seen> seen;
  records.read(seen, true);
  CHECK(seen.size() == 2);
  CHECK(records.counts().rejected == 1);
  ring->leave(false);
  CHECK(copy->state() == RingState::closed);
  CHECK(RingFile::open(again, &failure) != nullptr);

  // Nothing that is there is replaced, moved or removed.
  const std::string text = directory.file("text");
  write_text(text, "somebody's");
  const auto refused = [&](const std::string& name, const char* what) {
    CHECK(ReplayedRing::create(*from, name, &failure) == nullptr);
    CHECK(failure.message.find(what) != std::string::npos);
    CHECK(failure.message.find("\n  next: give --ring another name") != std::string::npos);
  };
  refused(path, "is there already: a ring, live;");
  refused(again, "is there already: a ring, closed;");
  refused(text, "is there already; expected a name");
  test::crash(*old);
  // Its process is this test, which lives.
  refused(path, "is there already: a ring, exec'ed;");
  CHECK(RingFile::open(path, &failure)->segment().inode() == old->inode());
  CHECK(RingFile::open(again, &failure)->segment().inode() == segment.inode());
  CHECK(read_text(text) == "somebody's");
}

}  // namespace
}  // namespace ringside::tool
