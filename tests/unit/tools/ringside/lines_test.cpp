// Records as lines.
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/random.h"
#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/lines/tally.h"

namespace ringside::tool {
namespace {

Record staged(const ToolRing& ring) {
  Record record = test::operation(kSend, ring.ticks(0), 20 * kMs, Outcome::timeout);
  record.error = 7;
  record.flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) | kFlagStages |
                                 static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
  record.actor = 42;
  record.subject = 7;
  record.set_stage(0, pack_stage_ticks(5 * kMs));
  record.set_stage(3, pack_stage_ticks(10 * kMs));
  return record;
}

std::string line(const ToolRing& ring, LineFormat format, LineStyle style = {}) {
  const Source source = ring.open();
  const std::vector<Seen> records = ToolRing::all(source);
  REQUIRE(records.size() == 1);
  std::string out;
  RecordLines(*source.file, format, style).append(records[0], out);
  return out;
}

TEST_CASE("RecordLines: text says time, place, what, how long, outcome, who, on what, stages") {
  ToolRing ring;
  ring.write(0, staged(ring));
  const std::string text = line(ring, LineFormat::text);
  CAPTURE(text);
  CHECK(text.find(
            "           0:0  SEND_MESSAGE          20.0 ms  timeout    alice (user 42)  "
            "tea, \"time\" (room 7)  error 7 DB_TIMEOUT  queue 5.00 ms  database 10.0 ms\n") == 15);
  CHECK(line(ring, LineFormat::text, {false, false, false}).find("alice") == std::string::npos);
}

TEST_CASE("RecordLines: on a terminal the stages are a bar, with and without colours") {
  ToolRing ring;
  ring.write(0, staged(ring));
  const std::string plain = line(ring, LineFormat::text, {true, false, true});
  CHECK(plain.find("[qqqqqqdddddddddddd      ] database 10.0 ms\n") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  const std::string coloured = line(ring, LineFormat::text, {true, true, true});
  CHECK(coloured.find("\x1b[31mtimeout") != std::string::npos);
  CHECK(coloured.find("\x1b[97;44mdddddddddddd\x1b[0m") != std::string::npos);
}

TEST_CASE("RecordLines: JSON is one object a line, whatever the labels are") {
  ToolRing ring;
  ring.write(0, staged(ring));
  give_label(*ring.segment, LabelKind::user, 42, "a\"\n\x1b\xff");
  const auto json = nlohmann::json::parse(line(ring, LineFormat::json));
  CHECK(json["name"] == "SEND_MESSAGE");
  CHECK(json["category"] == "message");
  CHECK(json["duration_ns"] == 20 * kMs);
  CHECK(json["outcome"] == "timeout");
  CHECK(json["error"] == 7);
  CHECK(json["error_name"] == "DB_TIMEOUT");
  CHECK(json["actor"]["id"] == 42);
  CHECK(json["subject"]["label"] == "tea, \"time\"");
  CHECK(json["stages"] == nlohmann::json({{"queue", 5 * kMs}, {"database", 10 * kMs}}));
  CHECK(json["lane"] == 0);
  CHECK(json["position"] == 0);
}

TEST_CASE("RecordLines: ids that JSON readers would round are strings, and addresses too") {
  ToolRing ring;
  Record record = test::operation(kLogin, ring.ticks(0), 1);
  record.flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::session) |
                                 static_cast<unsigned>(SubjectKind::address) << kFlagSubjectShift);
  record.actor = (std::uint64_t{1} << 53) + 1;
  record.subject = 0x7f000001;
  ring.write(0, record);
  const auto json = nlohmann::json::parse(line(ring, LineFormat::json));
  CHECK(json["actor"]["id"] == "9007199254740993");
  CHECK(json["subject"]["id"] == "127.0.0.1");
}

TEST_CASE("RecordLines: CSV has as many fields in each line, and quotes what needs it") {
  ToolRing ring;
  ring.write(0, staged(ring));
  const Source source = ring.open();
  std::string head;
  const RecordLines lines(*source.file, LineFormat::csv, {});
  lines.begin(head);
  CHECK(std::count(head.begin(), head.end(), ',') == 29);
  const std::string text = line(ring, LineFormat::csv);
  CHECK(text.find(",\"tea, \"\"time\"\"\",queue,5000000,,,,,database,10000000,,,,,,\n") !=
        std::string::npos);
  CHECK(std::count(text.begin(), text.end(), ',') == 30);  // one in the quotes
  ToolRing events;
  Record event = test::operation(kRetry, events.ticks(0), 0);
  event.kind = static_cast<std::uint8_t>(Kind::event);
  event.event = {-3, 1, {}};
  events.write(0, event);
  const std::string row = line(events, LineFormat::csv);
  CHECK(row.find(",event,RETRY,,0,ok,0,,") != std::string::npos);
  CHECK(row.ends_with(",-3,SEND_MESSAGE\n"));
  CHECK(std::count(row.begin(), row.end(), ',') == 29);
  CHECK(line(events, LineFormat::text).find("value -3  during SEND_MESSAGE\n") !=
        std::string::npos);
}

// What the lines of one RecordLines share must not show: they are those of a new one for each.
TEST_CASE("RecordLines: a thousand lines are what each is alone") {
  const std::uint64_t seed = test::seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  ToolRing ring({4, 512, 64});
  NameEntry comma{"A,B", "c\"d", {}};
  comma.stages = {"x,y", "", "z\"", "", "", ""};
  enter_name(*ring.segment, 5, comma);
  enter_error_name(*ring.segment, 9, "NINE,NEUF");
  for (std::uint64_t i = 0; i < 60; i += 3)
    give_label(*ring.segment, LabelKind::user, i, "user, \"" + std::to_string(i));
  for (int i = 0; i < 1000; ++i) {
    Record record = test::operation(static_cast<std::uint16_t>(random() % 7),
                                    ring.ticks(static_cast<std::int64_t>(random() % 5'000) * kMs),
                                    static_cast<std::int64_t>(random() % (100 * kMs)));
    record.outcome = static_cast<std::uint8_t>(random() % kOutcomeCount);
    record.error = static_cast<std::uint16_t>(random() % 11);
    record.flags = static_cast<std::uint16_t>(
        random() & (kFlagActorMask | kFlagSubjectMask | kFlagUntimed | kFlagStages));
    record.actor = random() % 80;
    record.subject = random() % 4 == 0 ? random() : random() % 80;
    if (random() % 3 == 0) {
      record.operation = static_cast<std::uint16_t>(kFirstEvent + random() % 2);
      record.kind = static_cast<std::uint8_t>(Kind::event);
      record.flags &= static_cast<std::uint16_t>(~kFlagStages);
      record.event = {
          static_cast<std::int64_t>(random()), static_cast<std::uint16_t>(random() % 9), {}};
    } else {
      for (std::size_t stage = 0; stage < kStageCount; ++stage)
        record.set_stage(stage, random() % 2 == 0 ? 0 : pack_stage_ticks(random() % kMs));
    }
    ring.write(static_cast<std::uint32_t>(i % 4), record);
  }
  const Source source = ring.open();
  const std::vector<Seen> records = ToolRing::all(source);
  REQUIRE(records.size() >= 900);
  for (const LineFormat format : {LineFormat::json, LineFormat::csv}) {
    for (const bool labels : {true, false}) {
      RecordLines shared(*source.file, format, {false, false, labels});
      for (const Seen& seen : records) {
        std::string out;
        std::string alone;
        shared.append(seen, out);
        RecordLines(*source.file, format, {false, false, labels}).append(seen, alone);
        REQUIRE(out == alone);
      }
    }
  }
}

TEST_CASE("RecordLines: a label that a party gets later is in the lines from then on") {
  ToolRing ring;
  ring.write(0, staged(ring));
  const Source source = ring.open();
  const std::vector<Seen> records = ToolRing::all(source);
  REQUIRE(records.size() == 1);
  for (const LineFormat format : {LineFormat::json, LineFormat::csv}) {
    give_label(*ring.segment, LabelKind::user, 42, "before");
    RecordLines lines(*source.file, format, {});
    const auto text = [&] {
      std::string out;
      lines.append(records[0], out);
      return out;
    };
    CHECK(text().find("before") != std::string::npos);
    give_label(*ring.segment, LabelKind::user, 42, "later");
    CHECK(text().find("before") == std::string::npos);
    CHECK(text().find("later") != std::string::npos);
  }
}

TEST_CASE("WallText: any time is what format_wall_exact() makes of it, whatever came before") {
  WallText wall;
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'999'999}, std::int64_t{1'000'000'000},
        std::int64_t{-1}, std::int64_t{5}, INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX,
        INT64_MAX / 1'000'000'000 * 1'000'000'000, std::int64_t{1'700'000'000'123'456'789},
        std::int64_t{1'700'000'000'000'000'009}, std::int64_t{-1'000'000'000}}) {
    CAPTURE(ns);
    CHECK(wall.exact(ns) == format_wall_exact(ns));
  }
}

TEST_CASE("RecordLines: each stage has a letter of its own") {
  ToolRing ring;
  NameEntry names{"X", "", {}};
  names.stages = {"delivery", "database", "dd", "", "d", "q"};
  enter_name(*ring.segment, 9, names);
  const Source source = ring.open();
  const auto letters = stage_letters(*source.file, 9);
  CHECK(std::string(letters.begin(), letters.end()) == "da2s4q");
}

TEST_CASE("Tally: what was matched, filtered, lost and gone before makes what was written") {
  Tally tally;
  tally.matched = 120;
  tally.left_out = 110;
  tally.filtered = 1180;
  CHECK(tally.text({9000, 1300, 0, 0}) ==
        "examined 1,300 records: 120 matched (110 older ones not shown), 1,180 filtered out, 0 "
        "lost; 9,000 were gone before");
  tally.left_out = 0;
  CHECK(tally.text({0, 1301, 1, 5}) ==
        "examined 1,301 records: 120 matched, 1,180 filtered out, 1 damaged, 5 lost");
}

}  // namespace
}  // namespace ringside::tool
