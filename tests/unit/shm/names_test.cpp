// The tables of names: every field at its full width, and entries that another process has begun.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "shm/names.h"
#include "tests/support/held.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

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

std::string letters(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + i % 26);
  return out;
}

}  // namespace

TEST_CASE("Names: each is cut to what its field holds, and is the same name when it comes again") {
  NamesBench bench;
  const std::string text = letters(100);
  CHECK(enter_name(*bench.ring, 7, {text, text, {text, "b", text, "d", "", text}}));
  NameEntry entry;
  REQUIRE(read_name(*bench.ring, 7, &entry));
  CHECK(entry.name == letters(39));
  CHECK(entry.category == letters(15));
  CHECK(entry.stages ==
        std::array<std::string, kStageCount>{letters(15), "b", letters(15), "d", "", letters(15)});
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
  std::memcpy(bench.ring->gauge_names()[0].name, "rooms\0rubbish", 13);
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  CHECK(bench.gauge(0) == "rooms");
}

TEST_CASE("Names: what a server declares of an operation travels with its name") {
  NamesBench bench;
  CHECK(enter_name(*bench.ring, 0, {"PLAIN", "", {}}));
  CHECK(enter_name(*bench.ring, 1, {"LONG_POLL", "", {}, true, 250'000'000}));
  NameEntry entry;
  REQUIRE(read_name(*bench.ring, 1, &entry));
  CHECK(entry.waits_for_client);
  CHECK(entry.threshold_ns == 250'000'000);
  CHECK(bench.ring->names()[1].flags == 1);
  REQUIRE(read_name(*bench.ring, 0, &entry));
  CHECK_FALSE(entry.waits_for_client);
  CHECK(entry.threshold_ns == 0);
  CHECK(bench.ring->names()[0].flags == 0);
  // Bits that a later version may set mean nothing here.
  bench.ring->names()[0].flags = ~std::uint32_t{1};
  REQUIRE(read_name(*bench.ring, 0, &entry));
  CHECK_FALSE(entry.waits_for_client);
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
  std::memset(name.reserved, 't', sizeof name.reserved);
  name.state.store(kNameReady);
  NameEntry entry;
  REQUIRE(read_name(*bench.ring, 3, &entry));
  CHECK(entry.name == std::string(40, 'n'));
  CHECK(entry.category == std::string(16, 'c'));
  for (const std::string& stage : entry.stages) CHECK(stage == std::string(16, 's'));
  GaugeName& gauge = bench.ring->gauge_names()[5];
  std::memset(gauge.name, 'g', sizeof gauge.name);
  gauge.state.store(kNameReady);
  gauge.reserved_tail = 0x4141414141414141;
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
  for (const std::uint32_t state : {0U, 1U, 0x701U, 3U}) {
    CAPTURE(state);
    bench.ring->names()[0].state.store(state);
    bench.ring->gauge_names()[0].state.store(state);
    bench.ring->error_names()[0].state.store(state);
    std::strcpy(bench.ring->names()[0].name, "name");
    std::strcpy(bench.ring->gauge_names()[0].name, "name");
    std::strcpy(bench.ring->error_names()[0].name, "name");
    CHECK(bench.name(0).empty());
    CHECK(bench.gauge(0).empty());
    CHECK(bench.error(0, &code).empty());
  }
  NameEntry entry;
  std::string text;
  bench.ring->names()[1].state.store(kNameReady);
  bench.ring->gauge_names()[1].state.store(kNameReady);
  bench.ring->error_names()[1].state.store(kNameReady);
  CHECK_FALSE(read_name(*bench.ring, 1, &entry));
  CHECK_FALSE(read_gauge_name(*bench.ring, 1, &text));
  CHECK_FALSE(read_error_name(*bench.ring, 1, &code, &text));
}

TEST_CASE("Names: an entry whose writer died is taken over, and nothing of the old name stays") {
  NamesBench bench;
  Name& name = bench.ring->names()[4];
  std::memset(name.name, 'x', sizeof name.name);
  std::memset(name.category, 'x', sizeof name.category);
  std::memset(name.stages, 'x', sizeof name.stages);
  name.state.store(kNameWriting);
  CHECK(enter_name(*bench.ring, 4, {"N", "C", {"S", "", "T", ""}}));
  CHECK(name.state.load() == kNameReady);
  for (std::size_t i = 0; i < sizeof name.name; ++i) CHECK(name.name[i] == (i == 0 ? 'N' : '\0'));
  for (std::size_t i = 0; i < sizeof name.category; ++i)
    CHECK(name.category[i] == (i == 0 ? 'C' : '\0'));
  for (std::size_t i = 0; i < sizeof name.stages[1]; ++i) CHECK(name.stages[1][i] == '\0');
  bench.ring->gauge_names()[0].state.store(kNameWriting);
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  bench.ring->error_names()[0].state.store(kNameWriting);
  CHECK(enter_error_name(*bench.ring, 5, "BUSY"));
  std::uint16_t code = 0;
  CHECK(bench.error(0, &code) == "BUSY");
}

TEST_CASE("Names: while another thread registers something nobody else does") {
  NamesBench bench;
  CHECK(enter_name(*bench.ring, 3, {"M", "", {}}));
  {
    Held other([&] { CHECK(bench.ring->header().registry.take() == Holder::none); });
    CHECK_FALSE(enter_name(*bench.ring, 4, {"N", "", {}}));  // after 100 ms
    CHECK(enter_gauge(*bench.ring, "rooms") == kMaxGauges);
    CHECK_FALSE(enter_error_name(*bench.ring, 5, "BUSY"));
    // A name that is there needs no lock.
    CHECK(enter_name(*bench.ring, 3, {"M", "", {}}));
    CHECK_FALSE(enter_name(*bench.ring, 3, {"N", "", {}}));
  }
  // It ended without a word, and does not stand in the way.
  if (kEmulated) return;
  CHECK(enter_name(*bench.ring, 4, {"N", "", {}}));
  CHECK(enter_gauge(*bench.ring, "rooms") == 0);
  CHECK(enter_error_name(*bench.ring, 5, "BUSY"));
}

TEST_CASE("Names: who registers something is waited for") {
  NamesBench bench;
  std::atomic<bool> held{false};
  std::atomic<bool> asked{false};
  std::thread writer([&] {
    CHECK(bench.ring->header().registry.take() == Holder::none);
    held.store(true);
    while (!asked.load()) std::this_thread::yield();
    // 5 ms of the 100 that the other one waits.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    CHECK(bench.ring->header().registry.give_back());
  });
  while (!held.load()) std::this_thread::yield();
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
