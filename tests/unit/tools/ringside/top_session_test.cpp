// A session of `ringside top` on a ring whose other end the test holds.
#include <filesystem>
#include <string>

#include "report/model/format.h"
#include "shm/labels.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/top/session.h"

namespace ringside::tool::top {
namespace {

constexpr std::uint16_t kSend = 0;
constexpr std::int64_t kOneMs = 1'000'000;

struct Server {
  explicit Server(const std::string& path) {
    segment = test::make_ring(path, {2, 64, 64});
    test::use_nanoseconds(*segment, clock_ns(CLOCK_MONOTONIC));
    enter_name(*segment, kSend, {"SEND_MESSAGE", "message", {}});
    lane = test::claim(*segment, 77);
  }
  void write(int records, std::uint64_t user = 42) {
    for (int i = 0; i < records; ++i) {
      const auto now = static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC));
      Record record = test::operation(kSend, now - kOneMs, kOneMs);
      record.flags = static_cast<std::uint16_t>(ActorKind::user);
      record.actor = user;
      write_record(lane, record);
    }
  }
  std::unique_ptr<Segment> segment;
  LaneWriter lane{};
};

struct Watched {
  const test::TempDir directory;
  const std::string path = directory.file("ring");
  Server server{path};

  std::unique_ptr<Session> open(const SessionOptions& more = {}) const {
    SessionOptions options = more;
    options.source = path;
    Refusal refusal;
    auto session = Session::open(options, refusal);
    REQUIRE_MESSAGE(session != nullptr, refusal.message);
    return session;
  }
};

Picture picture_of(Session& session) {
  Picture picture;
  Wish wish;
  wish.lanes = wish.errors = wish.actors = true;
  wish.detail = kSend;
  session.fill(wish, picture);
  return picture;
}

template <typename Done>
void pass_until(Session& session, const Done& done) {
  const std::int64_t deadline = clock_ns(CLOCK_MONOTONIC) + 20 * kSecondNs;
  while (!done()) {
    session.pass();
    REQUIRE(clock_ns(CLOCK_MONOTONIC) < deadline);
  }
}

std::uint64_t told(const Picture& picture) {
  return picture.shown + picture.filtered + picture.counts.lost + picture.counts.rejected +
         picture.counts.earlier;
}

TEST_CASE("TopSession: every record that was written is shown, filtered or lost") {
  Watched watched;
  watched.server.write(30);
  const auto session = watched.open();
  pass_until(*session, [&] { return session->all_shown() == 30; });
  Picture picture = picture_of(*session);
  CHECK(picture.state == RingState::live);
  CHECK(told(picture) == 30);
  REQUIRE(picture.operations.size() == 1);
  CHECK(picture.operations[0].name == "SEND_MESSAGE");
  CHECK(picture.operations[0].count == 30);
  CHECK(picture.detail.recent.size() == 30);
  CHECK(picture.actors.size() == 1);
  // More than the lane holds, before anybody reads.
  watched.server.write(500);
  pass_until(*session, [&] { return told(picture_of(*session)) == 530; });
  picture = picture_of(*session);
  CHECK(picture.counts.lost > 400);
  CHECK(picture.lanes[0].missed == picture.counts.lost);
}

TEST_CASE("TopSession: a filter begins anew with what the ring holds, and a wrong one changes nothing") {
  Watched watched;
  watched.server.write(20, 42);
  watched.server.write(10, 43);
  const auto session = watched.open();
  pass_until(*session, [&] { return session->all_shown() == 30; });
  FilterError error;
  REQUIRE_MESSAGE(session->set_filter("actor = user:43", error), error.text());
  pass_until(*session, [&] { return told(picture_of(*session)) == 30; });
  CHECK(picture_of(*session).shown == 10);
  CHECK(picture_of(*session).filtered == 20);
  for (const char* wrong : {"latency >> 5ms", "op = NOBODY", "latency > fast", "and"}) {
    CHECK_FALSE(session->set_filter(wrong, error));
    CHECK(error.text().find('^') != std::string::npos);
    CHECK(session->filter() == "actor = user:43");
    CHECK(picture_of(*session).shown == 10);
  }
  REQUIRE(session->set_filter("", error));
  pass_until(*session, [&] { return session->all_shown() == 30; });
  CHECK(picture_of(*session).filter.empty());
}

TEST_CASE("TopSession: while it is paused nothing is read, and what the ring laps is lost") {
  Watched watched;
  const auto session = watched.open();
  session->pause(true);
  watched.server.write(200);
  session->pass();
  CHECK(picture_of(*session).shown == 0);
  CHECK(picture_of(*session).unread == 200);
  session->pause(false);
  pass_until(*session, [&] { return told(picture_of(*session)) == 200; });
  CHECK(picture_of(*session).counts.lost == 200 - 63);
}

TEST_CASE("TopSession: what a server or its users wrote cannot steer the terminal") {
  Watched watched;
  give_label(*watched.server.segment, LabelKind::user, 42, "\x1b[2J\u202eevil\n");
  enter_name(*watched.server.segment, 1, {"A\x1b[31mB", "", {}});
  watched.server.write(1);
  write_record(watched.server.lane, test::operation(1, 0, 5));
  const auto session = watched.open();
  pass_until(*session, [&] { return session->all_shown() == 2; });
  const Picture picture = picture_of(*session);
  std::string text = picture.actors.at(0).name + picture.detail.recent.at(0).actor;
  for (const OperationRow& row : picture.operations) text += row.name;
  for (const char c : text) CHECK(static_cast<unsigned char>(c) >= 0x20);
  CHECK(text.find("\u202e") == std::string::npos);
  CHECK(text.find("evil") != std::string::npos);
}

TEST_CASE("TopSession: a server that died is kept on the screen, and its next ring is followed") {
  Watched watched;
  watched.server.write(10);
  const auto session = watched.open();
  pass_until(*session, [&] { return session->all_shown() == 10; });
  test::crash(*watched.server.segment);
  pass_until(*session, [&] { return session->past(); });
  Picture picture = picture_of(*session);
  CHECK(picture.waiting);
  CHECK(picture.notice.find("the server has died") != std::string::npos);
  CHECK(picture.operations.at(0).count == 10);
  CHECK(told(picture) == 10);
  Server next(watched.path);
  next.write(3);
  pass_until(*session, [&] { return !session->past() && session->all_shown() == 13; });
  picture = picture_of(*session);
  CHECK(picture.shown == 3);
  CHECK(picture.notice.find("the server is back") != std::string::npos);
  test::disown(*watched.server.segment);
}

TEST_CASE(
    "TopSession: a filter waits until the next ring has what it names, and shows nothing else") {
  Watched watched;
  give_label(*watched.server.segment, LabelKind::user, 42, "alice");
  watched.server.write(4, 42);
  watched.server.write(2, 43);
  SessionOptions options;
  options.filter.actors = {"alice"};
  const auto session = watched.open(options);
  pass_until(*session, [&] { return session->all_shown() == 4; });
  test::crash(*watched.server.segment);
  pass_until(*session, [&] { return session->past(); });
  const auto notice_of = [&] { return picture_of(*session).notice; };
  const auto says = [&](const char* words) {
    pass_until(*session, [&] { return notice_of().find(words) != std::string::npos; });
  };
  Server next(watched.path);
  next.write(3, 43);
  says("no match yet: no actor `alice` in this ring");
  // It looks ten times a second.
  const std::int64_t until = clock_ns(CLOCK_MONOTONIC) + kSecondNs / 3;
  pass_until(*session, [&] { return clock_ns(CLOCK_MONOTONIC) > until; });
  CHECK(session->all_shown() == 4);
  CHECK(picture_of(*session).filter == "as the command line says");
  CHECK(notice_of().find("no match yet: ") != std::string::npos);
  CHECK(picture_of(*session).waiting);
  // It may go again without ever having named it.
  test::crash(*next.segment);
  says("the server has gone again");
  Server last(watched.path);
  last.write(3, 43);
  last.write(5, 44);
  says("no match yet: ");
  give_label(*last.segment, LabelKind::user, 44, "alice");
  pass_until(*session, [&] { return !session->past() && session->all_shown() == 9; });
  CHECK(picture_of(*session).shown == 5);
  CHECK(picture_of(*session).filtered == 3);
  CHECK(notice_of().find("the server is back: a new ring") != std::string::npos);
  test::disown(*watched.server.segment);
  test::disown(*next.segment);
}

TEST_CASE("TopSession: in a ring that is over, time is stepped and set") {
  Watched watched;
  const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < 20; ++i) {
    const std::int64_t end = now - (19 - i) * kSecondNs;
    write_record(watched.server.lane,
                 test::operation(kSend, static_cast<std::uint64_t>(end - kOneMs), kOneMs));
  }
  test::crash(*watched.server.segment);
  const auto session = watched.open();
  REQUIRE(session->past());
  CHECK(picture_of(*session).shown == 20);
  CHECK_FALSE(picture_of(*session).waiting);
  session->step(-5 * kSecondNs);
  Picture picture = picture_of(*session);
  CHECK(picture.shown == 15);
  CHECK(picture.counts.read == 20);
  CHECK(picture.last_wall_ns - picture.wall_ns == 5 * kSecondNs);
  session->step(2 * kSecondNs);
  CHECK(picture_of(*session).shown == 17);
  session->step(1000 * kSecondNs);
  CHECK(picture_of(*session).shown == 20);
  session->step_to_begin();
  CHECK(picture_of(*session).shown == 1);
  session->step(-1000 * kSecondNs);
  CHECK(picture_of(*session).shown == 1);
  CHECK(session->jump("10s"));
  CHECK(picture_of(*session).shown >= 9);
  CHECK(picture_of(*session).shown <= 11);
  CHECK_FALSE(session->jump("soon"));
  CHECK_FALSE(session->jump(""));
  session->step_to_end();
  CHECK(picture_of(*session).shown == 20);
}

TEST_CASE(
    "TopSession: a record of garbage that ends in the future moves no end and holds up nothing") {
  Watched watched;
  const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  const auto at = [&](std::int64_t end) {
    return test::operation(kSend, static_cast<std::uint64_t>(end - kOneMs), kOneMs);
  };
  for (int i = 0; i < 10; ++i) {
    write_record(watched.server.lane, at(now - (9 - i) * kSecondNs));
    if (i == 3) write_record(watched.server.lane, at(now + 1'000'000 * kSecondNs));
  }
  test::crash(*watched.server.segment);
  const auto session = watched.open();
  Picture picture = picture_of(*session);
  CHECK(picture.shown == 11);
  CHECK(picture.last_wall_ns == picture.wall_ns);
  CHECK(picture.last_wall_ns - picture.first_wall_ns == 9 * kSecondNs);
  session->step(-5 * kSecondNs);
  CHECK(picture_of(*session).shown == 5);
  session->step_to_end();
  CHECK(picture_of(*session).shown == 11);
}

TEST_CASE("TopSession: a moment keeps its fraction of a second") {
  Watched watched;
  const std::int64_t now = clock_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < 40; ++i) {
    const std::int64_t end = now - (39 - i) * (kSecondNs / 10);
    write_record(watched.server.lane,
                 test::operation(kSend, static_cast<std::uint64_t>(end - kOneMs), kOneMs));
  }
  test::crash(*watched.server.segment);
  SessionOptions options;
  options.at = "1.55s";
  const auto session = watched.open(options);
  Picture picture = picture_of(*session);
  CHECK(picture.last_wall_ns - picture.wall_ns == 1'550'000'000);
  CHECK(picture.shown == 24);
  for (const std::int64_t before_ns : {250'000'000, 2'125'000'001}) {
    const std::int64_t wall_ns = picture.last_wall_ns - before_ns;
    const std::string text = format_wall_exact(wall_ns);
    for (const std::string& moment : {text, text.substr(11, 18)}) {
      CAPTURE(moment);
      session->step_to_end();
      REQUIRE(session->jump(moment));
      CHECK(picture_of(*session).wall_ns == wall_ns);
    }
  }
  for (const char* wrong : {"12:00.5", "12:00:00.", "12:00:00.1234567890", "12:00:00.5.5", "."}) {
    CAPTURE(wrong);
    CHECK_FALSE(session->jump(wrong));
  }
}

TEST_CASE("TopSession: what cannot be opened is refused with the reason") {
  Watched watched;
  const auto refused = [&](const SessionOptions& options) {
    Refusal refusal;
    CHECK(Session::open(options, refusal) == nullptr);
    return refusal;
  };
  SessionOptions options;
  options.source = watched.directory.file("nothing");
  CHECK(refused(options).code == 1);
  options.source = watched.path;
  options.filter.expressions = {"latency >> 5"};
  CHECK(refused(options).code == 2);
  options.filter = {};
  options.at = "10s";
  CHECK(refused(options).message.find("--at") != std::string::npos);
  CHECK(refused(options).code == 2);
  write_text(watched.directory.file("half"), read_text(watched.path).substr(0, 5000));
  options = {};
  options.source = watched.directory.file("half");
  CHECK(refused(options).code == 1);
}

}  // namespace
}  // namespace ringside::tool::top
