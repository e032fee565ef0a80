// Why one operation was slow, and what a dead server was in.
#include "tools/ringside/explain/explanation.h"
#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/autopsy/findings.h"
#include "tools/ringside/detail/place.h"
#include "tools/ringside/detail/record_page.h"

namespace ringside::tool {
namespace {

Record with_stages(const ToolRing& ring, std::int64_t at_ms, std::int64_t queue_ms,
                   std::int64_t database_ms) {
  Record record = test::operation(kSend, ring.ticks(at_ms * kMs), (queue_ms + database_ms) * kMs);
  record.flags = static_cast<std::uint16_t>(kFlagStages | static_cast<unsigned>(SubjectKind::room)
                                                              << kFlagSubjectShift);
  record.subject = 7;
  record.set_stage(0, pack_stage_ticks(static_cast<std::uint64_t>(queue_ms * kMs)));
  record.set_stage(3, pack_stage_ticks(static_cast<std::uint64_t>(database_ms * kMs)));
  return record;
}

TEST_CASE("RecordPlace: it is LANE:POSITION and nothing else") {
  CHECK(parse_place("3:1023")->lane == 3);
  CHECK(parse_place("3:1023")->position == 1023);
  for (const char* text : {"", "3", "3:", ":3", "3:4:5", "-3:4", "3:-4", "3:x", " 3:4", "3:4 ",
                           "4294967296:1", "1:18446744073709551616"})
    CHECK_FALSE(parse_place(text).has_value());
}

TEST_CASE("RecordPlace: one that is not there is told with what is") {
  ToolRing ring;
  for (int i = 0; i < 100; ++i) ring.write(0, kSend, i * kMs, 1);
  const Source source = ring.open();
  const std::vector<Seen> all = ToolRing::all(source);
  std::string why;
  CHECK(find_record(source, all, {0, 50}, &why)->position == 50);
  CHECK(find_record(source, all, {0, 3}, &why) == nullptr);
  CHECK(why.find("no record 0:3: lane 0 has 37 to 99; it was overwritten\n  next: ") == 0);
  CHECK(find_record(source, all, {0, 100}, &why) == nullptr);
  CHECK(why.find("lane 0 has 37 to 99\n") != std::string::npos);
  CHECK(find_record(source, all, {1, 0}, &why) == nullptr);
  CHECK(why.find("lane 1 has none") != std::string::npos);
  CHECK(find_record(source, all, {5, 0}, &why) == nullptr);
  CHECK(why.find("no lane 5 in this ring, expected 0 to 4") == 0);
}

TEST_CASE("Explanation: the stage that took more than usual is named") {
  ToolRing ring;
  for (int i = 0; i < 9; ++i) ring.write(0, with_stages(ring, i * 100, 1 + i % 3, 10));
  ring.write(0, with_stages(ring, 2000, 1, 90));
  const Source source = ring.open();
  const std::vector<Seen> all = ToolRing::all(source);
  std::string why;
  const Explanation explained =
      explain_record(*source.file, *find_record(source, all, {0, 9}, &why), all);
  CHECK(explained.usual.records == 9);
  CHECK(explained.usual.shorter == 9);
  CHECK(explained.usual.median_ns == 12 * kMs);
  CHECK(explained.usual.p95_ns == 13 * kMs);
  REQUIRE(explained.culprit() != nullptr);
  CHECK(explained.culprit()->name == "database");
  // Stages are stored at most 2^-16 too short.
  CHECK(explained.culprit()->more_ns() == doctest::Approx(80 * kMs).epsilon(1e-4));
  // One that was as usual has no culprit.
  const Explanation usual =
      explain_record(*source.file, *find_record(source, all, {0, 1}, &why), all);
  CHECK((usual.culprit() == nullptr || usual.culprit()->more_ns() < kMs));
}

TEST_CASE("Explanation: what others did is what shares time with it, the longest first") {
  ToolRing ring;
  ring.write(0, with_stages(ring, 100, 10, 90));  // from 100 to 200
  ring.write(1, kLogin, 0, 50 * kMs);             // before
  ring.write(1, kLogin, 60 * kMs, 60 * kMs);      // shares 20
  ring.write(1, kLogin, 250 * kMs, 10 * kMs);     // after
  Record same = with_stages(ring, 110, 10, 60);   // shares 70, on the same room
  ring.write(2, same);
  Record event = test::operation(kRetry, ring.ticks(150 * kMs), 0, Outcome::error);
  event.kind = static_cast<std::uint8_t>(Kind::event);
  ring.write(2, event);
  event.start = ring.ticks(400 * kMs);
  ring.write(2, event);
  // A thread that is in an operation since before, and one since after.
  ring.lane(3).header->in_flight.operation.store(kLogin);
  ring.lane(3).header->in_flight.start.store(ring.ticks(120 * kMs));
  ring.lane(1).header->in_flight.operation.store(kLogin);
  ring.lane(1).header->in_flight.start.store(ring.ticks(300 * kMs));
  const Source source = ring.open();
  const std::vector<Seen> all = ToolRing::all(source);
  std::string why;
  const Explanation explained =
      explain_record(*source.file, *find_record(source, all, {0, 0}, &why), all);
  REQUIRE(explained.companions.size() == 2);
  CHECK(explained.companions[0].seen.lane == 2);
  CHECK(explained.companions[0].overlap_ns == 70 * kMs);
  CHECK(explained.companions[0].began_ns == 10 * kMs);
  CHECK(explained.companions[0].same_subject);
  CHECK(explained.companions[1].overlap_ns == 20 * kMs);
  CHECK(explained.companions[1].began_ns == -40 * kMs);
  CHECK_FALSE(explained.companions[1].same_subject);
  CHECK(explained.threads == 2);
  CHECK(explained.on_same_subject == 1);
  CHECK(explained.of_same_operation == 1);
  REQUIRE(explained.events.size() == 1);
  CHECK(explained.events[0].began_ns == 50 * kMs);
  REQUIRE(explained.still.size() == 1);
  CHECK(explained.still[0].lane == 3);
  CHECK(explained.still[0].began_ns == 20 * kMs);
}

TEST_CASE("RecordPage: a record's stages make its whole, and what is in none is said") {
  ToolRing ring;
  Record record = with_stages(ring, 100, 10, 60);
  record.duration = 100 * kMs;
  ring.write(0, record);
  const Source source = ring.open();
  const std::vector<Seen> all = ToolRing::all(source);
  const auto parts = stage_parts(*source.file, all[0].record);
  REQUIRE(parts.size() == 3);
  CHECK(parts[2].name == "(none)");
  CHECK(parts[2].share == doctest::Approx(0.3).epsilon(1e-3));
  const std::string page = record_page(*source.file, all[0], all[0].record.end());
  for (const char* text : {"operation  SEND_MESSAGE (message)\n", "place      0:0\n",
                           "took       100 ms\n", "subject    tea, \"time\" (room 7)\n",
                           "thread     test, tid 100: the lane's present owner\n", "database"})
    CHECK(page.find(text) != std::string::npos);
}

TEST_CASE("Autopsy: what each thread was in, for how long, and who was there") {
  ToolRing ring;
  Record record = with_stages(ring, 0, 1, 9);
  record.flags = static_cast<std::uint16_t>(record.flags | static_cast<unsigned>(ActorKind::user));
  record.actor = 42;
  ring.write(0, record);
  record.outcome = static_cast<std::uint8_t>(Outcome::error);
  record.error = 7;
  record.start = ring.ticks(100'000 * kMs);
  ring.write(0, record);
  ring.write(1, kLogin, 99'000 * kMs, 1000 * kMs);
  ring.lane(1).header->in_flight.operation.store(kLogin);
  ring.lane(1).header->in_flight.start.store(ring.ticks(100'500 * kMs));
  ring.lane(2).header->in_flight.operation.store(kSend);
  ring.lane(2).header->in_flight.start.store(ring.ticks(90'000 * kMs));
  // A record that its writer did not end.
  test::in_another_thread([&] { test::claim(*ring.segment, 103).slots[0].sequence.store(1); });
  test::crash(*ring.segment);
  const Source source = ring.open();
  REQUIRE(source.file->state() == RingState::crashed);
  const Findings found = find(*source.file, ToolRing::all(source), 1);
  CHECK(found.last_sign_ticks == ring.ticks(100'500 * kMs));
  CHECK(found.span_ns == kMostSpanNs);
  CHECK(found.records == 2);  // the first one ended 100 s before
  CHECK(found.failed == 1);
  CHECK(found.in_flight() == 2);
  REQUIRE(found.longest_in_flight() != nullptr);
  CHECK(found.longest_in_flight()->lane == 2);
  CHECK(found.longest_in_flight()->in_flight_ns == 10'500 * kMs);
  CHECK(found.torn() == 1);
  REQUIRE(found.lanes.size() == 4);
  CHECK(found.lanes[3].torn);
  CHECK(found.lanes[0].last.size() == 1);
  CHECK(found.lanes[0].last[0].position == 1);
  CHECK(found.lanes[0].last_ns == 490 * kMs);
  REQUIRE(found.parties.size() == 1);
  CHECK(found.parties[0].text == "alice (user 42)");
  CHECK(found.parties[0].failed == 1);
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].error == "error 7 DB_TIMEOUT");
}

TEST_CASE("Autopsy: the span is what all lanes go back") {
  ToolRing ring;
  for (int i = 0; i < 100; ++i) ring.write(0, kSend, i * 100 * kMs, 0);
  ring.write(1, kSend, 0, 0);
  test::crash(*ring.segment);
  const Source source = ring.open();
  const Findings found = find(*source.file, ToolRing::all(source), 3);
  CHECK(found.span_ns == (99 - 37) * 100 * kMs);
  CHECK(found.records == 63);  // that of the other lane is older
}

TEST_CASE("Autopsy: of a ring in which nothing was traced") {
  const ToolRing ring;
  const Source source = ring.open();
  const Findings found = find(*source.file, ToolRing::all(source), 3);
  CHECK_FALSE(found.any);
  CHECK(found.lanes.empty());
  CHECK(found.longest_in_flight() == nullptr);
}

TEST_CASE("Findings: a record of garbage that ends in the future is no sign of life") {
  ToolRing ring;
  for (int i = 0; i < 20; ++i) ring.write(0, kSend, i * 100 * kMs, kMs);
  ring.write(1, kLogin, 1000 * kMs, 1'000'000'000 * kMs);
  ring.lane(2).header->in_flight.operation.store(kLogin);
  ring.lane(2).header->in_flight.start.store(ring.ticks(1'000'000'000 * kMs));
  test::crash(*ring.segment);
  const Source source = ring.open();
  const std::vector<Seen> all = ToolRing::all(source);
  const Findings found = find(*source.file, all, 3);
  CHECK(found.last_sign_ticks == ring.ticks(1901 * kMs));
  CHECK(found.records == 20);
  CHECK(reference_ticks(source, all) == ring.ticks(1901 * kMs));
}

}  // namespace
}  // namespace ringside::tool
