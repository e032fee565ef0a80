// How a server's ring is made: by its setup, by the environment, and how tracing ends.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "shm/names.h"
#include "tests/support/under.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Starts with these variables set; what the start said, or "" when it was traced.
std::string started_with(const Setup& setup, const char* ring, const char* lanes,
                         const char* capacity) {
  const auto set = [](const char* name, const char* value) {
    if (value != nullptr) {
      setenv(name, value, 1);
    } else {
      unsetenv(name);
    }
  };
  set("RINGSIDE_RING", ring);
  set("RINGSIDE_LANES", lanes);
  set("RINGSIDE_CAPACITY", capacity);
  return start(setup) ? "" : why_untraced();
}

// What a child process has to tell.
std::string told(const std::function<std::string()>& body) {
  std::string text;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = spawn([&] {
    const std::string out = body();
    return write(ends[1], out.data(), out.size()) == static_cast<ssize_t>(out.size()) ? 0 : 1;
  });
  close(ends[1]);
  char buffer[1000];
  ssize_t got = 0;
  while ((got = read(ends[0], buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  CHECK(wait_for(child).exited(0));
  return text;
}

std::string refused(const char* lanes, const char* capacity) {
  TempDir dir;
  return told([&] { return started_with(setup_for(dir), nullptr, lanes, capacity); });
}

}  // namespace

TEST_CASE("Setup: a ring has what its setup says") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.program = "chatd";
  setup.build_id = std::string(47, 'b');
  setup.configuration_digest = std::string(71, 'c');
  setup.lanes = 3;
  setup.lane_capacity = 128;
  setup.overflow_capacity = 64;
  setup.mode = 0640;
  setup.chat_names = false;
  const auto whole = [] {
    return why_untraced().empty() && traced() && remarks().find("bytes") == std::string::npos;
  };
  REQUIRE(serve(setup, [&] { return whole() ? 0 : 1; }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.facts.program == "chatd");
  CHECK(reader.facts.build_id == setup.build_id);
  CHECK(reader.facts.configuration_digest == setup.configuration_digest);
  CHECK(reader.facts.geometry.lane_count == 3);
  CHECK(reader.facts.geometry.lane_capacity == 128);
  CHECK(reader.facts.geometry.overflow_capacity == 64);
  CHECK(reader.facts.creator_pid > 1);
  CHECK(reader.facts.creator_start_time > 0);
  struct stat info {};
  REQUIRE(stat(dir.file("ring").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  NameEntry entry;
  CHECK_FALSE(read_name(*reader.segment, 0, &entry));
}

TEST_CASE("Setup: a build id that is too long is cut, and the server is told") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.build_id = std::string(48, 'b');
  setup.configuration_digest = std::string(72, 'c');
  REQUIRE(serve(setup, [] {
            const std::string text = remarks();
            const bool both =
                text.find("the build id has 48 bytes, and the ring keeps the first 47\n  next: ") !=
                    std::string::npos &&
                text.find(
                    "the configuration digest has 72 bytes, and the ring keeps the first 71") !=
                    std::string::npos;
            return traced() && both ? 0 : 1;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.facts.build_id == std::string(47, 'b'));
  CHECK(reader.facts.configuration_digest == std::string(71, 'c'));
}

TEST_CASE("Setup: the environment overrides it, and an empty variable does not") {
  TempDir dir;
  Setup setup = setup_for(dir);
  const auto geometry_of = [&](const std::string& name) {
    return Reader(dir.file(name)).facts.geometry;
  };
  CHECK(run([&] {
          return started_with(setup, dir.file("other").c_str(), "1", "1048576").empty() ? 0 : 1;
        }).exited(0));
  CHECK(access(dir.file("ring").c_str(), F_OK) != 0);
  CHECK(geometry_of("other").lane_count == 1);
  CHECK(geometry_of("other").lane_capacity == 1'048'576);
  CHECK(geometry_of("other").overflow_capacity == 1'048'576);
  setup.lanes = 5;
  CHECK(run([&] { return started_with(setup, "", "", "").empty() ? 0 : 1; }).exited(0));
  CHECK(geometry_of("ring").lane_count == 5);
  CHECK(geometry_of("ring").lane_capacity == 4096);
  unlink(dir.file("ring").c_str());
  CHECK(
      run([&] { return started_with(setup, nullptr, nullptr, "128").empty() ? 0 : 1; }).exited(0));
  CHECK(geometry_of("ring").lane_count == 5);
  CHECK(geometry_of("ring").lane_capacity == 128);
  CHECK(geometry_of("ring").overflow_capacity == 128);
}

TEST_CASE("Setup: a group may read the ring, and the environment may name it and the permissions") {
  TempDir dir;
  Setup setup = setup_for(dir);
  // The ring's permissions and group, or why there is none.
  const auto made = [&](const char* group, const char* mode) {
    unlink(dir.file("ring").c_str());
    return told([&] {
      group != nullptr ? setenv("RINGSIDE_GROUP", group, 1) : unsetenv("RINGSIDE_GROUP");
      mode != nullptr ? setenv("RINGSIDE_MODE", mode, 1) : unsetenv("RINGSIDE_MODE");
      const std::string why = started_with(setup, nullptr, nullptr, nullptr);
      if (!why.empty()) return why;
      struct stat info {};
      if (stat(setup.ring.c_str(), &info) != 0) return std::string("no ring");
      char text[32];
      std::snprintf(text, sizeof text, "%o %u", info.st_mode & 07777, info.st_gid);
      return std::string(text);
    });
  };
  const std::string own = std::to_string(getegid());
  CHECK(made(nullptr, nullptr) == "600 " + own);
  CHECK(made(nullptr, "0644") == "644 " + own);
  CHECK(made(own.c_str(), nullptr) == "640 " + own);
  // The first line of /etc/group is root's.
  if (getegid() == 0) {
    CHECK(made("root", "0600") == "640 0");
    CHECK(made("12345", nullptr) == "640 12345");
    setup.group = "root";
    CHECK(made(nullptr, nullptr) == "640 0");
    CHECK(made("12345", nullptr) == "640 12345");
  }
  const std::string unknown = setup.ring + ": there is no group ";
  const std::string next =
      " in /etc/group\n  next: give the ring another group, or the number of this one";
  for (const char* group : {"no such group", "roo", "root:", "-1", "4294967295", "12x"}) {
    CAPTURE(group);
    CHECK(made(group, nullptr) == unknown + group + next);
    CHECK(access(setup.ring.c_str(), F_OK) != 0);
  }
  for (const char* mode : {"640x", "0800", "-640", "01644", "0440"}) {
    CAPTURE(mode);
    CHECK(made(nullptr, mode) ==
          std::string("RINGSIDE_MODE=") + mode +
              ": expected a file's permissions in octal, from 0600 on\n  next: correct it (0640 "
              "lets a group watch) or unset it");
  }
  CHECK(made(nullptr, "0660").find("mode 0660 lets others write") != std::string::npos);
}

TEST_CASE("Setup: a variable that is no number, or too large a one, is told") {
  const auto expected = [](const std::string& variable) {
    return variable + ": expected a number up to 1048576\n  next: correct it or unset it";
  };
  CHECK(refused("12x", nullptr) == expected("RINGSIDE_LANES=12x"));
  CHECK(refused("x", nullptr) == expected("RINGSIDE_LANES=x"));
  CHECK(refused(nullptr, "1048577") == expected("RINGSIDE_CAPACITY=1048577"));
  // As 64 bits without a sign this is 4.
  CHECK(refused("-18446744073709551612", nullptr) ==
        expected("RINGSIDE_LANES=-18446744073709551612"));
}

// Under qemu-user the ring's creator seems dead, so a second process makes a ring of its own.
TEST_CASE("Setup: processes of one program share a ring, and other names under an id do not fit" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.share = true;
  setup.lanes = 2;
  setup.lane_capacity = setup.overflow_capacity = 64;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  CHECK(serve(setup, [] {
          Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
          return 0;
        }).exited(0));
  CHECK(ring->header().state.load() == kSegmentReady);
  CHECK(ring->totals(0)[chat::SEND_MESSAGE.value].recorded.load() == 1);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          register_operation("MINE", "");
          enter_name(*ring, 19, {"YOURS", "", {}});
          if (start(setup) || traced()) return 1;
          if (phase_in(ring->processes()[1].standing.load()) != kPhaseLeft) return 2;
          return why_untraced() == dir.file("ring") +
                                       ": the ring that this process joined has another name than "
                                       "MINE under id 19\n  next: let only processes of the same "
                                       "program share a ring"
                     ? 0
                     : 3;
        }).exited(0));
  CHECK(ring->header().state.load() == kSegmentReady);
}

TEST_CASE("Setup: tracing starts once, ends once, and says why it is off") {
  TempDir dir;
  CHECK(run([&] {
          const Setup setup = setup_for(dir);
          if (why_untraced() != "tracing was not started\n  next: call ringside::start()") return 1;
          if (traced()) return 2;
          stop();  // nothing to stop
          if (why_untraced() != "tracing was not started\n  next: call ringside::start()") return 3;
          if (started_with({}, nullptr, nullptr, nullptr) !=
              "RINGSIDE_RING is not set\n  next: set it to a ring name, e.g. RINGSIDE_RING=chat")
            return 4;
          if (!start(setup) || !traced() || !why_untraced().empty()) return 5;
          Setup other = setup;
          other.ring = dir.file("other");
          if (!start(other) || access(other.ring.c_str(), F_OK) == 0) return 6;
          Operation before(chat::SEND_MESSAGE);
          stop();
          if (traced() || why_untraced() != "tracing was stopped\n  next: restart the process")
            return 7;
          // What was under way is recorded, and nothing begins any more.
          before.finish(Outcome::ok);
          Operation(chat::JOIN_ROOM).finish(Outcome::ok);
          event(chat::RETRY);
          count(chat::RETRY);
          if (start(setup) ||
              why_untraced() != "tracing was stopped in this process\n  next: restart the process")
            return 8;
          return traced() ? 9 : 0;
        }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
  REQUIRE(reader.records.size() == 1);
  CHECK(reader.records[0].operation == chat::SEND_MESSAGE.value);
  CHECK((reader.records[0].flags & kFlagOverflow) != 0);
  CHECK(reader.total(chat::RETRY.value, &Totals::skipped) == 0);
  CHECK(reader.segment->lane_header(0).life() == LaneLife::never);
}

TEST_CASE("Setup: after stop() a thread's lane is another process's, and its end leaves it alone") {
  TempDir dir;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          if (!start(setup_for(dir))) return 1;
          const auto ring = writable(dir.file("ring"));
          Operation unfinished(chat::LEAVE_ROOM);
          bool claimed = false;
          std::thread([&] {
            Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
            Operation under_way(chat::JOIN_ROOM);
            stop();
            if (ring->lane_header(0).life() != LaneLife::released) return;
            claimed = claim_lane(*ring, owner("another", 1)).lane == 0;
            under_way.finish(Outcome::ok);  // must not go into it
          }).join();
          if (!claimed) return 2;
          if (ring->lane_header(0).head.load() != 1) return 3;
          // This thread writes for the first time. Its process has left and does not come back.
          unfinished.finish(Outcome::ok);
          if (phase_in(ring->processes()[0].standing.load()) != kPhaseLeft) return 5;
          return ring->totals(ring->overflow_lane())[chat::JOIN_ROOM.value].recorded.load() == 1
                     ? 0
                     : 4;
        }).exited(0));
}

TEST_CASE("Setup: each id has its own switch") {
  TempDir dir;
  REQUIRE(serve(setup_for(dir), [&] {
            const auto ring = writable(dir.file("ring"));
            ring->control().effective[1].store(0);
            for (std::uint16_t id = 0; id < 4; ++id) Operation(OperationId{id}).finish(Outcome::ok);
            // An id beyond the table has the switch of one within it.
            Operation(OperationId{512 + 1}).finish(Outcome::ok);
            Operation(OperationId{kInvalidId}).finish(Outcome::ok);
            event(EventId{320});
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  REQUIRE(reader.records.size() == 3);
  CHECK(reader.records[0].operation == 0);
  CHECK(reader.records[1].operation == 2);
  CHECK(reader.records[2].operation == 3);
}
