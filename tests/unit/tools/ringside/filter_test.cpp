// The filter: what is read, what is matched, and what is refused, with the place of each fault.
#include <string>
#include <vector>

#include "report/model/format.h"
#include "shm/labels.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/filter/expression.h"
#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/filter/matcher.h"

namespace ringside::tool {
namespace {

constexpr std::uint16_t kSend = 0;
constexpr std::uint16_t kLogin = 1;
constexpr std::uint16_t kRetry = kFirstEvent;
constexpr std::int64_t kMs = 1'000'000;

// A ring with names, errors and labels, whose ticks are nanoseconds.
struct Filtered {
  Filtered() {
    segment = test::make_ring(path, {2, 64, 64});
    test::use_nanoseconds(*segment, clock_ns(CLOCK_MONOTONIC));
    NameEntry send{"SEND_MESSAGE", "message", {}};
    send.stages = {"queue", "validation", "", "database", "", ""};
    enter_name(*segment, kSend, send);
    NameEntry login{"AUTHENTICATION", "user", {}};
    login.stages = {"queue", "", "", "", "hash", ""};
    enter_name(*segment, kLogin, login);
    enter_name(*segment, kRetry, {"RETRY", "", {}});
    enter_error_name(*segment, 7, "DB_TIMEOUT");
    give_label(*segment, LabelKind::user, 42, "alice");
    give_label(*segment, LabelKind::room, 7, "tea time");
    lane = test::claim(*segment, 77);
    Failure failure;
    file = RingFile::open(path, &failure);
    REQUIRE_MESSAGE(file != nullptr, failure.message);
  }

  // Ends at `ended_ago_ns` before the moment from which ages are seen.
  Seen seen(std::uint16_t id, std::int64_t duration_ns, std::int64_t ended_ago_ns = 0) const {
    Seen one;
    one.record.operation = id;
    one.record.kind = static_cast<std::uint8_t>(id < kFirstEvent ? Kind::operation : Kind::event);
    one.record.duration = duration_ns;
    one.record.start = reference() - static_cast<std::uint64_t>(duration_ns + ended_ago_ns);
    return one;
  }
  std::uint64_t reference() const { return file->now_ticks(); }

  bool matches(const Wanted& wanted, const Seen& one) const {
    FilterError error;
    const auto matcher = Matcher::make(wanted, *file, reference(), error);
    REQUIRE_MESSAGE(matcher.has_value(), error.text());
    return (*matcher)(one);
  }
  bool matches(const std::string& text, const Seen& one) const {
    Wanted wanted;
    FilterError error;
    REQUIRE_MESSAGE(read_expression(text, wanted, error), error.text());
    return matches(wanted, one);
  }
  // Why an expression is refused.
  std::string refused(const std::string& text) const {
    Wanted wanted;
    FilterError error;
    if (!read_expression(text, wanted, error)) return error.text();
    if (Matcher::make(wanted, *file, reference(), error)) return "taken";
    return error.text();
  }

  const test::TempDir directory;
  const std::string path = directory.file("ring");
  std::unique_ptr<Segment> segment;
  LaneWriter lane{};
  std::unique_ptr<RingFile> file;
};

TEST_CASE("Filter: every relation of a span does what it says, at its limit too") {
  const Filtered ring;
  struct Row {
    const char* text;
    bool below, equal, above;
  };
  const Row rows[] = {{"latency < 5ms", true, false, false}, {"latency <= 5ms", true, true, false},
                      {"latency = 5ms", false, true, false}, {"latency == 5ms", false, true, false},
                      {"latency != 5ms", true, false, true}, {"latency >= 5ms", false, true, true},
                      {"latency > 5ms", false, false, true}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(ring.matches(row.text, ring.seen(kSend, 5 * kMs - 1)) == row.below);
    CHECK(ring.matches(row.text, ring.seen(kSend, 5 * kMs)) == row.equal);
    CHECK(ring.matches(row.text, ring.seen(kSend, 5 * kMs + 1)) == row.above);
  }
  Seen untimed = ring.seen(kSend, 0);
  untimed.record.flags = kFlagUntimed;
  CHECK_FALSE(ring.matches("latency < 5ms", untimed));
  CHECK_FALSE(ring.matches("latency > 5ms", untimed));
}

TEST_CASE("Filter: names are compared whole, and with patterns") {
  const Filtered ring;
  const Seen send = ring.seen(kSend, 1);
  const Seen login = ring.seen(kLogin, 1);
  const Seen retry = ring.seen(kRetry, 1);
  CHECK(ring.matches("op = SEND_MESSAGE", send));
  CHECK_FALSE(ring.matches("op = SEND_MESSAGE", login));
  CHECK(ring.matches("op != SEND_MESSAGE", login));
  CHECK(ring.matches("op ~ 'SEND_*'", send));
  CHECK(ring.matches("op ~ *_MESSAGE", send));
  CHECK(ring.matches("op !~ \"SEND_*\"", login));
  CHECK(ring.matches("op = RETRY", retry));
  CHECK(ring.matches("category = user", login));
  CHECK_FALSE(ring.matches("category = user", send));
  CHECK(ring.matches("kind = event", retry));
  CHECK_FALSE(ring.matches("kind = event", send));
  CHECK(ring.matches("kind != event", send));
}

TEST_CASE("Filter: outcomes and errors") {
  const Filtered ring;
  Seen one = ring.seen(kSend, 1);
  CHECK_FALSE(ring.matches("failed", one));
  CHECK(ring.matches("error = 0", one));
  one.record.outcome = static_cast<std::uint8_t>(Outcome::timeout);
  one.record.error = 7;
  CHECK(ring.matches("failed", one));
  CHECK(ring.matches("outcome = timeout", one));
  CHECK(ring.matches("outcome != ok", one));
  CHECK(ring.matches("outcome ~ 't*'", one));
  CHECK(ring.matches("error != 0", one));
  CHECK(ring.matches("error = DB_TIMEOUT", one));
  CHECK(ring.matches("error ~ 'DB_*'", one));
  CHECK(ring.matches("error > 6", one));
  CHECK_FALSE(ring.matches("error != DB_TIMEOUT", one));
  one.record.outcome = 200;  // garbage
  CHECK_FALSE(ring.matches("outcome = ok", one));
}

TEST_CASE("Filter: who and on what, by label, number, kind and address") {
  const Filtered ring;
  Seen one = ring.seen(kSend, 1);
  CHECK(ring.matches("actor = none", one));
  one.record.flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                 static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
  one.record.actor = 42;
  one.record.subject = 7;
  CHECK(ring.matches("actor = alice", one));
  CHECK(ring.matches("actor = 42", one));
  CHECK(ring.matches("actor = user:42", one));
  CHECK_FALSE(ring.matches("actor = session:42", one));
  CHECK_FALSE(ring.matches("actor = none", one));
  CHECK(ring.matches("actor ~ 'al*'", one));
  CHECK(ring.matches("actor != 43", one));
  CHECK(ring.matches("subject = 'tea time'", one));
  CHECK(ring.matches("subject = room:7", one));
  one.record.flags = static_cast<std::uint16_t>(ActorKind::address);
  one.record.actor = 0x7f000002;
  CHECK(ring.matches("actor = 127.0.0.2", one));
  CHECK(ring.matches("actor = address:127.0.0.2", one));
  CHECK_FALSE(ring.matches("actor = 127.0.0.3", one));
  one.record.actor = 0x20010db800000000;
  CHECK(ring.matches("actor = 2001:db8::/64", one));
}

TEST_CASE("Filter: stages, events, places and ages") {
  const Filtered ring;
  Seen one = ring.seen(kSend, 30 * kMs, 5'000 * kMs);
  CHECK_FALSE(ring.matches("stage.database >= 0ms", one));  // it has no stages
  one.record.flags = kFlagStages;
  one.record.set_stage(3, pack_stage_ticks(20 * kMs));
  CHECK(ring.matches("stage.database > 19ms", one));
  CHECK_FALSE(ring.matches("stage.database > 21ms", one));
  CHECK_FALSE(ring.matches("stage.hash > 0ms", one));  // another operation's
  CHECK(ring.matches("age < 6s", one));
  CHECK_FALSE(ring.matches("age < 4s", one));
  CHECK(ring.matches("age > 2020-01-01T00:00:00Z", one) == false);
  CHECK(ring.matches("age < 2020-01-01T00:00:00Z", one));  // younger than a time long ago
  one.lane = 1;
  one.position = 99;
  CHECK(ring.matches("lane = 1 and position = 99", one));
  CHECK_FALSE(ring.matches("lane = 1 and position < 99", one));
  Seen event = ring.seen(kRetry, 1);
  event.record.event = {-3, 1, {}};
  CHECK(ring.matches("value = -3", event));
  CHECK(ring.matches("during = SEND_MESSAGE", event));
  CHECK_FALSE(ring.matches("value < 0", one));
  event.lane = 0;
  CHECK(ring.matches("thread = test", event));
  CHECK(ring.matches("thread = 77", event));
  event.lane = 1;
  CHECK_FALSE(ring.matches("thread = test", event));
}

TEST_CASE("Filter: a moment is seen from where ages are, also of a server that died long ago") {
  const Filtered ring;
  Wanted wanted;
  FilterError error;
  const std::int64_t wall_ns = ring.file->now().realtime_ns - 3'600'000 * kMs;
  const std::string moment = format_wall(wall_ns).substr(0, 19) + "Z";
  REQUIRE(read_expression("age <= " + moment, wanted, error));
  // The newest record ended 10 s after that moment, an hour ago.
  const std::uint64_t reference = ring.file->ticks_at_wall(wall_ns + 10'000 * kMs);
  const auto matcher = Matcher::make(wanted, *ring.file, reference, error);
  REQUIRE_MESSAGE(matcher.has_value(), error.text());
  Seen one;
  one.record.kind = static_cast<std::uint8_t>(Kind::operation);
  one.record.start = ring.file->ticks_at_wall(wall_ns + 2'000 * kMs);
  CHECK((*matcher)(one));
  one.record.start = ring.file->ticks_at_wall(wall_ns - 2'000 * kMs);
  CHECK_FALSE((*matcher)(one));
}

TEST_CASE("Filter: and binds closer than or, not closest, and brackets closest of all") {
  const Filtered ring;
  const Seen send = ring.seen(kSend, 10 * kMs);
  CHECK(ring.matches("latency > 5ms or op = RETRY and kind = event", send));
  CHECK_FALSE(ring.matches("(latency > 5ms or op = RETRY) and kind = event", send));
  CHECK(ring.matches("not kind = event and latency > 5ms", send));
  CHECK_FALSE(ring.matches("not (kind = operation and latency > 5ms)", send));
  CHECK(ring.matches("not not latency>5ms", send));
  CHECK(ring.matches("latency > 50ms or (op ~ \"*MESSAGE\" or error != 0)", send));
}

TEST_CASE("Filter: an error points at its place") {
  const Filtered ring;
  CHECK(ring.refused("latency >> 50ms") ==
        "found `>`, expected a value, e.g. latency > 50ms\n"
        "  latency >> 50ms\n"
        "           ^\n"
        "  next: put a text with blanks or brackets into quotation marks");
  CHECK(ring.refused("latency > 50") ==
        "found `50`, expected a duration\n"
        "  latency > 50\n"
        "            ^^\n"
        "  next: write a number with a unit, ns, us, ms, s, min or h, e.g. 50ms");
  struct Row {
    const char* text;
    const char* said;
    std::size_t column;
  };
  const Row rows[] = {
      {"", "found the end, expected a condition", 0},
      {"latenzy > 5ms", "nearest: `latency`", 0},
      {"latency 5ms", "expected one of = !=", 8},
      {"latency >", "found the end, expected a value", 9},
      {"(latency > 5ms", "expected `)`", 14},
      {"latency > 5ms)", "expected `and`, `or`, or the end", 13},
      {"latency > 5ms op = RETRY", "expected `and`, `or`, or the end", 14},
      {"op = 'RETRY", "no other one ends", 5},
      {"op = SEND_MASSAGE", "nearest: `SEND_MESSAGE`", 5},
      {"op ~ 'X*'", "no operation or event like `X*`", 5},
      {"op < RETRY", "an order between names", 0},
      {"latency ~ 5ms", "found ~ with a number", 0},
      {"error = DB_TIMEOUTS", "nearest: `DB_TIMEOUT`", 8},
      {"error = 65536", "no error `65536`", 8},
      {"outcome = fine", "expected an outcome", 10},
      {"kind = operations", "expected operation or event", 7},
      {"actor = alicia", "nearest: `alice`", 8},
      {"actor = room:7", "no actor `room:7`", 8},
      {"subject = teatime", "nearest: `tea time`", 10},
      {"thread = tests", "nearest: `test`", 9},
      {"stage.databases > 1ms", "nearest: `database`", 0},
      {"stage. > 1ms", "expected a field", 0},
      {"lane = x", "expected a whole number", 7},
      {"age < yesterday-ish", "expected a duration or a UTC time", 6},
      {"category = messages", "nearest: `message`", 11},
      {"op = RETRY and failed and", "found the end", 25},
      {"op = \x1b[2J", "\\x1b[2J", 5},
  };
  for (const Row& row : rows) {
    const std::string said = ring.refused(row.text);
    CAPTURE(row.text);
    CAPTURE(said);
    CHECK(said.find(row.said) != std::string::npos);
    CHECK(said.find("\n  " + std::string(row.column, ' ') + "^") != std::string::npos);
    CHECK(said.find("\n  next: ") != std::string::npos);
    CHECK(said.find('\x1b') == std::string::npos);
  }
  const std::string deep = std::string(200, '(') + "failed" + std::string(200, ')');
  CHECK(ring.refused(deep).find("more than 100 brackets") != std::string::npos);
}

TEST_CASE("Filter: flags are all of them, and any of one flag's values") {
  const Filtered ring;
  const auto matched = [&](const FilterFlags& flags, const Seen& one) {
    Wanted wanted;
    FilterError error;
    REQUIRE_MESSAGE(read_flags(flags, wanted, error), error.text());
    return ring.matches(wanted, one);
  };
  const Seen send = ring.seen(kSend, 10 * kMs, 3'000 * kMs);
  CHECK(FilterFlags().none());
  CHECK(matched({}, send));
  FilterFlags flags;
  flags.operations = {"RETRY", "SEND_*"};
  CHECK_FALSE(flags.none());
  CHECK(matched(flags, send));
  CHECK_FALSE(matched(flags, ring.seen(kLogin, 1)));
  flags.min_latency = "10ms";
  flags.max_latency = "10ms";
  CHECK(matched(flags, send));
  flags.since = "4s";
  flags.until = "2s";
  CHECK(matched(flags, send));
  flags.until = "3500ms";
  CHECK_FALSE(matched(flags, send));
  flags.until = "";
  flags.expressions = {"latency > 1ms", "latency > 11ms"};
  CHECK_FALSE(matched(flags, send));
  flags = {};
  flags.errors = true;
  CHECK_FALSE(matched(flags, send));
  flags = {};
  flags.failures = true;
  CHECK_FALSE(matched(flags, send));
}

TEST_CASE("Filter: an error in a flag shows the flag") {
  const Filtered ring;
  Wanted wanted;
  FilterError error;
  FilterFlags flags;
  flags.stages = {"database>20"};
  REQUIRE(read_flags(flags, wanted, error));
  CHECK_FALSE(Matcher::make(wanted, *ring.file, ring.reference(), error));
  CHECK(error.text().find("\n  --stage database>20\n  " + std::string(17, ' ') + "^^\n") !=
        std::string::npos);
  flags.stages = {"database 20ms"};
  CHECK_FALSE(read_flags(flags, wanted, error));
  CHECK(error.text().find("\n  --stage database 20ms\n  " + std::string(17, ' ') + "^^^^\n") !=
        std::string::npos);
  flags.stages = {"database>20ms and failed"};
  CHECK_FALSE(read_flags(flags, wanted, error));
  CHECK(error.text().find("expected the end") != std::string::npos);
  flags = {};
  flags.min_latency = "fast";
  REQUIRE(read_flags(flags, wanted, error));
  CHECK_FALSE(Matcher::make(wanted, *ring.file, ring.reference(), error));
  CHECK(error.text().find("\n  --min-latency fast\n  " + std::string(14, ' ') + "^^^^\n") !=
        std::string::npos);
}

TEST_CASE("Filter: names and labels that come later are taken in") {
  Filtered ring;
  Wanted wanted;
  FilterError error;
  REQUIRE(read_expression("actor = alice", wanted, error));
  auto matcher = Matcher::make(wanted, *ring.file, ring.reference(), error);
  REQUIRE(matcher.has_value());
  Seen one = ring.seen(kSend, 1);
  one.record.flags = static_cast<std::uint16_t>(ActorKind::session);
  one.record.actor = 9;
  CHECK_FALSE((*matcher)(one));
  give_label(*ring.segment, LabelKind::session, 9, "alice");
  matcher->refresh();
  CHECK((*matcher)(one));
  // When nobody has the label any more, those who had it stay wanted.
  give_label(*ring.segment, LabelKind::session, 9, "");
  give_label(*ring.segment, LabelKind::user, 42, "");
  matcher->refresh();
  CHECK((*matcher)(one));
}

}  // namespace
}  // namespace ringside::tool
