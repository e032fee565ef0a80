// The tables of names: every field at its full width, and entries that another process has begun.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct NamesBench {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, 64, 64});

  std::string gauge(std::uint32_t index) {
    std::string name;
    return read_gauge_name(*ring, index, &name) ? name : "";
  }
  std::string error(std::uint32_t index, std::uint16_t* code) {
    std::string name;
    return read_error_name(*ring, index, code, &name) ? name : "";
  }
  std::string name(std::uint16_t id) {
    NameEntry entry;
    return read_name(*ring, id, &entry) ? entry.name : "";
  }
};

std::uint32_t begun_by(pid_t pid) { return 1 | static_cast<std::uint32_t>(pid) << 8; }

// The pid of a process that is gone.
pid_t gone() {
  const pid_t pid = spawn([] { return 0; });
  wait_for(pid);
  return pid;
}

std::string letters(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + i % 26);
  return out;
}

}  // namespace

TEST_CASE("Names: each is cut to what its field holds, and is the same name when it comes again") {
  NamesBench bench;
  const std::string text = letters(100);
  CHECK(enter_name(*bench.ring, 7, {text, text, {text, "b", text, "d"}}));
  NameEntry entry;
  REQUIRE(read_name(*bench.ring, 7, &entry));
  CHECK(entry.name == letters(39));
  CHECK(entry.category == letters(15));
  CHECK(entry.stages == std::array<std::string, 4>{letters(13), "b", letters(13), "d"});
  CHECK(enter_name(*bench.ring, 7, {text, "", {}}));
  CHECK(enter_name(*bench.ring, 7, {letters(39), "", {}}));
  CHECK_FALSE(enter_name(*bench.ring, 7, {letters(38), "", {}}));
  CHECK(enter_gauge(*bench.ring, text) == 0);
  CHECK(bench.gauge(0) == letters(47));
  CHECK(enter_gauge(*bench.ring, text) == 0);
  CHECK(enter_gauge(*bench.ring, letters(46)) == 1);
  CHECK(enter_error_name(*bench.ring, 9, text));
  std::uint16_t code = 0;
  CHECK(bench.error(0, &code) == letters(55));
  CHECK(code == 9);
  CHECK(enter_error_name(*bench.ring, 9, letters(55)));
  CHECK_FALSE(enter_error_name(*bench.ring, 9, letters(54)));
}

TEST_CASE("Names: two names are the same only to the last byte") {
  NamesBench bench;
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  CHECK(enter_gauge(*bench.ring, "room") == 1);
  CHECK(enter_gauge(*bench.ring, "roomsx") == 2);
  CHECK(enter_gauge(*bench.ring, "rxoms") == 3);
  CHECK(enter_gauge(*bench.ring, "xooms") == 4);
  // What stands behind a name's end is no part of it.
  std::memcpy(bench.ring->gauges()[0].name, "rooms\0rubbish", 13);
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  CHECK(bench.gauge(0) == "rooms");
}

TEST_CASE("Names: every id has its own entry, from the first operation to the last event") {
  NamesBench bench;
  constexpr std::uint16_t kIds[] = {0, 1, 2, 255, 256, 257, 318, 319};
  for (const std::uint16_t id : kIds) {
    CHECK(enter_name(*bench.ring, id, {"N" + std::to_string(id), "", {}}));
  }
  for (const std::uint16_t id : kIds) {
    CHECK(bench.ring->names()[id].name == "N" + std::to_string(id));
    CHECK(bench.name(id) == "N" + std::to_string(id));
    // An id beyond the table is one within it.
    CHECK(bench.name(static_cast<std::uint16_t>(id + 512)) == "N" + std::to_string(id));
  }
  CHECK(bench.name(3).empty());
}

TEST_CASE("Names: only printable characters are shown, and no field is read beyond its end") {
  NamesBench bench;
  CHECK(enter_gauge(*bench.ring, "a b\x1f!~\x7f\x80z") == 0);
  CHECK(bench.gauge(0) == "a?b?!~??z");
  Name& name = bench.ring->names()[3];
  std::memset(name.name, 'n', sizeof name.name);
  std::memset(name.category, 'c', sizeof name.category);
  std::memset(name.stages, 's', sizeof name.stages);
  std::memset(name.reserved_tail, 't', sizeof name.reserved_tail);
  name.state.store(kNameReady);
  NameEntry entry;
  REQUIRE(read_name(*bench.ring, 3, &entry));
  CHECK(entry.name == std::string(40, 'n'));
  CHECK(entry.category == std::string(16, 'c'));
  for (const std::string& stage : entry.stages) CHECK(stage == std::string(14, 's'));
  Gauge& gauge = bench.ring->gauges()[5];
  std::memset(gauge.name, 'g', sizeof gauge.name);
  gauge.state.store(kNameReady);
  bench.ring->gauges()[6].value.store(0x4141414141414141);
  CHECK(bench.gauge(5) == std::string(48, 'g'));
  ErrorName& error = bench.ring->error_names()[5];
  std::memset(error.name, 'e', sizeof error.name);
  error.state.store(kNameReady);
  error.code = 77;
  std::uint16_t code = 0;
  CHECK(bench.error(5, &code) == std::string(56, 'e'));
  CHECK(code == 77);
}

TEST_CASE("Names: an entry that is free, begun or empty has no name") {
  NamesBench bench;
  std::uint16_t code = 0;
  for (const std::uint32_t state : {0U, 1U, begun_by(getpid()), 3U}) {
    CAPTURE(state);
    bench.ring->names()[0].state.store(state);
    bench.ring->gauges()[0].state.store(state);
    bench.ring->error_names()[0].state.store(state);
    std::strcpy(bench.ring->names()[0].name, "name");
    std::strcpy(bench.ring->gauges()[0].name, "name");
    std::strcpy(bench.ring->error_names()[0].name, "name");
    CHECK(bench.name(0).empty());
    CHECK(bench.gauge(0).empty());
    CHECK(bench.error(0, &code).empty());
  }
  NameEntry entry;
  std::string text;
  bench.ring->names()[1].state.store(kNameReady);
  bench.ring->gauges()[1].state.store(kNameReady);
  bench.ring->error_names()[1].state.store(kNameReady);
  CHECK_FALSE(read_name(*bench.ring, 1, &entry));
  CHECK_FALSE(read_gauge_name(*bench.ring, 1, &text));
  CHECK_FALSE(read_error_name(*bench.ring, 1, &code, &text));
}

TEST_CASE("Names: an entry whose writer died is taken over, and nothing of the old name stays") {
  NamesBench bench;
  const pid_t dead = gone();
  Name& name = bench.ring->names()[4];
  std::memset(name.name, 'x', sizeof name.name);
  std::memset(name.category, 'x', sizeof name.category);
  std::memset(name.stages, 'x', sizeof name.stages);
  name.state.store(begun_by(dead));
  CHECK(enter_name(*bench.ring, 4, {"N", "C", {"S", "", "T", ""}}));
  CHECK(name.state.load() == kNameReady);
  for (std::size_t i = 0; i < sizeof name.name; ++i) CHECK(name.name[i] == (i == 0 ? 'N' : '\0'));
  for (std::size_t i = 0; i < sizeof name.category; ++i)
    CHECK(name.category[i] == (i == 0 ? 'C' : '\0'));
  for (std::size_t i = 0; i < sizeof name.stages[1]; ++i) CHECK(name.stages[1][i] == '\0');
  bench.ring->gauges()[0].state.store(begun_by(dead));
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  bench.ring->error_names()[0].state.store(begun_by(dead));
  CHECK(enter_error_name(*bench.ring, 5, "BUSY"));
  std::uint16_t code = 0;
  CHECK(bench.error(0, &code) == "BUSY");
}

TEST_CASE("Names: an entry that a living process has begun is left to it") {
  NamesBench bench;
  bench.ring->names()[4].state.store(begun_by(getpid()));
  CHECK_FALSE(enter_name(*bench.ring, 4, {"N", "", {}}));  // after 100 ms
  CHECK(bench.ring->names()[4].state.load() == begun_by(getpid()));
  bench.ring->gauges()[0].state.store(begun_by(getpid()));
  std::strcpy(bench.ring->gauges()[0].name, "rooms");
  CHECK(enter_gauge(*bench.ring, "rooms") == 1);
  bench.ring->error_names()[0].state.store(begun_by(getpid()));
  bench.ring->error_names()[0].code = 5;
  CHECK(enter_error_name(*bench.ring, 5, "BUSY"));
  std::uint16_t code = 0;
  CHECK(bench.error(0, &code).empty());
  CHECK(bench.error(1, &code) == "BUSY");
}

TEST_CASE("Names: who finds an entry begun waits for its writer") {
  NamesBench bench;
  Name& name = bench.ring->names()[4];
  name.state.store(begun_by(getpid()));
  std::strcpy(name.name, "N");
  std::atomic<bool> asked{false};
  std::thread writer([&] {
    while (!asked.load()) std::this_thread::yield();
    // 5 ms of the 100 that the other one waits.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    name.state.store(kNameReady);
  });
  asked.store(true);
  CHECK(enter_name(*bench.ring, 4, {"N", "", {}}));
  writer.join();
}

TEST_CASE("Names: a full table takes no more, and nothing behind it is touched") {
  NamesBench bench;
  for (std::uint32_t i = 0; i < 64; ++i) CHECK(enter_gauge(*bench.ring, std::to_string(i)) == i);
  CHECK(enter_gauge(*bench.ring, "one too many") == 64);
  CHECK(enter_gauge(*bench.ring, "63") == 63);
  CHECK(bench.ring->names()[0].state.load() == kNameFree);
  for (std::uint16_t i = 0; i < 512; ++i)
    REQUIRE(enter_error_name(*bench.ring, static_cast<std::uint16_t>(1000 + i), std::to_string(i)));
  CHECK_FALSE(enter_error_name(*bench.ring, 5, "one too many"));
  CHECK(enter_error_name(*bench.ring, 1511, "511"));
  CHECK_FALSE(enter_error_name(*bench.ring, 1511, "another"));
  CHECK(bench.ring->lane_header(0).head.load() == 0);
}
