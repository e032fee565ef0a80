// Names for ids, in a table that is smaller than the ids are many.
#include "shm/labels.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

struct LabelsBench {
  TempDir dir;
  std::unique_ptr<Segment> ring = make_ring(dir.file("ring"), {1, 64, 64});

  bool give(LabelKind kind, std::uint64_t id, std::string_view text) {
    return give_label(*ring, kind, id, text);
  }
  std::string of(LabelKind kind, std::uint64_t id) const { return read_label(*ring, kind, id); }
  std::uint64_t dropped() const { return ring->header().labels_dropped.load(); }
};

// So many ids of users that share the set of user 1, and user 1 first.
std::vector<std::uint64_t> neighbours(std::size_t count) {
  std::vector<std::uint64_t> found;
  const std::uint32_t set = label_set(LabelKind::user, 1);
  for (std::uint64_t id = 1; found.size() < count; ++id) {
    if (label_set(LabelKind::user, id) == set) found.push_back(id);
  }
  return found;
}

}  // namespace

TEST_CASE("Labels: an id has the label that it was given last, and each kind has its own") {
  LabelsBench bench;
  CHECK(bench.of(LabelKind::user, 42) == "");
  CHECK(bench.give(LabelKind::user, 42, "alice"));
  CHECK(bench.give(LabelKind::room, 42, "#ops"));
  CHECK(bench.give(LabelKind::user, 43, "bob"));
  CHECK(bench.of(LabelKind::user, 42) == "alice");
  CHECK(bench.of(LabelKind::room, 42) == "#ops");
  CHECK(bench.of(LabelKind::message, 42) == "");
  CHECK(bench.give(LabelKind::user, 42, "alicia"));
  CHECK(bench.of(LabelKind::user, 42) == "alicia");
  CHECK(bench.give(LabelKind::user, 0, "nobody"));
  CHECK(bench.of(LabelKind::user, 0) == "nobody");
  CHECK(bench.give(LabelKind::address, ~std::uint64_t{0}, "ffff:ffff:ffff:ffff::"));
  CHECK(bench.of(LabelKind::address, ~std::uint64_t{0}) == "ffff:ffff:ffff:ffff::");
  CHECK(bench.dropped() == 0);
}

TEST_CASE("Labels: actors and subjects of no kind, or of one that nobody knows, have none") {
  CHECK(label_kind_of(ActorKind::none) == LabelKind::none);
  CHECK(label_kind_of(static_cast<ActorKind>(4)) == LabelKind::none);
  CHECK(label_kind_of(SubjectKind::none) == LabelKind::none);
  CHECK(label_kind_of(static_cast<SubjectKind>(5)) == LabelKind::none);
}

TEST_CASE("Labels: a text is cut to 46 bytes, between two characters, and at its first NUL") {
  LabelsBench bench;
  const std::string full(46, 'x');
  bench.give(LabelKind::user, 1, full);
  bench.give(LabelKind::user, 2, full + "y");
  // 45 bytes, then a character of two, three or four: none of it fits.
  const std::string nearly(45, 'x');
  bench.give(LabelKind::user, 3, nearly + "\xc3\xbc");
  bench.give(LabelKind::user, 4, nearly + "\xe2\x82\xac");
  bench.give(LabelKind::user, 5, nearly + "\xf0\x9f\x94\x94");
  bench.give(LabelKind::user, 6, std::string("a\0b", 3));
  bench.give(LabelKind::user, 7, std::string(100, '\x80'));
  CHECK(bench.of(LabelKind::user, 1) == full);
  CHECK(bench.of(LabelKind::user, 2) == full);
  for (const std::uint64_t id : {3, 4, 5}) CHECK(bench.of(LabelKind::user, id) == nearly);
  CHECK(bench.of(LabelKind::user, 6) == "a");
  CHECK(bench.of(LabelKind::user, 7) == "");
}

TEST_CASE("Labels: an empty text takes a label away, and room is made by nobody who has none") {
  LabelsBench bench;
  CHECK(bench.give(LabelKind::user, 1, ""));
  CHECK(bench.ring->header().labels_state.load() == kLabelsNever);
  const std::vector<std::uint64_t> ids = neighbours(8);
  for (const std::uint64_t id : ids) bench.give(LabelKind::user, id, std::to_string(id));
  CHECK(bench.give(LabelKind::user, ids[5], ""));
  CHECK(bench.give(LabelKind::user, ids[5], std::string("\0b", 2)));
  CHECK(bench.of(LabelKind::user, ids[5]) == "");
  // The next one takes the empty entry, not the oldest label's.
  const std::uint64_t next = neighbours(9)[8];
  bench.give(LabelKind::user, next, "next");
  CHECK(bench.of(LabelKind::user, next) == "next");
  CHECK(bench.of(LabelKind::user, ids[0]) == std::to_string(ids[0]));
}

TEST_CASE("Labels: in a full set the label that was given longest ago gives way") {
  LabelsBench bench;
  const std::vector<std::uint64_t> ids = neighbours(10);
  for (std::size_t i = 0; i < 8; ++i) bench.give(LabelKind::user, ids[i], std::to_string(ids[i]));
  bench.give(LabelKind::user, ids[0], std::to_string(ids[0]));  // again, so it counts as new
  bench.give(LabelKind::user, ids[8], "new");
  CHECK(bench.of(LabelKind::user, ids[1]) == "");
  bench.give(LabelKind::user, ids[9], "newer");
  CHECK(bench.of(LabelKind::user, ids[2]) == "");
  for (const std::size_t i : {0, 3, 4, 5, 6, 7})
    CHECK(bench.of(LabelKind::user, ids[i]) == std::to_string(ids[i]));
  CHECK(bench.of(LabelKind::user, ids[8]) == "new");
  CHECK(bench.dropped() == 0);
}

TEST_CASE("Labels: an entry whose writer died is left alone, and a set of such entries drops") {
  LabelsBench bench;
  bench.give(LabelKind::user, 1, "alice");
  Label* set = bench.ring->labels() + std::size_t{label_set(LabelKind::user, 1)} * kLabelWays;
  // Alice's is the first. Its next writer stopped in the middle.
  set[0].sequence.store(9);
  CHECK(bench.of(LabelKind::user, 1) == "");
  CHECK(bench.give(LabelKind::user, 1, "alice again"));
  CHECK(bench.of(LabelKind::user, 1) == "alice again");
  CHECK(set[0].sequence.load() == 9);
  for (std::uint32_t i = 0; i < kLabelWays; ++i) set[i].sequence.store(11);
  CHECK_FALSE(bench.give(LabelKind::user, 1, "alice"));
  CHECK(bench.dropped() == 1);
  CHECK(bench.of(LabelKind::user, 1) == "");
}

TEST_CASE("Labels: of two labels that one id got at once the later one is shown, and both go") {
  LabelsBench bench;
  bench.give(LabelKind::user, 1, "earlier");
  Label* set = bench.ring->labels() + std::size_t{label_set(LabelKind::user, 1)} * kLabelWays;
  bench.give(LabelKind::user, 2, "elsewhere");
  // As if another thread had found no label of user 1 at the same moment.
  set[3].id.store(1);
  set[3].words[0].store(std::uint64_t{'x'} << 8 | static_cast<std::uint64_t>(LabelKind::user));
  set[3].sequence.store(1000);
  CHECK(bench.of(LabelKind::user, 1) == "x");
  bench.give(LabelKind::user, 1, "");
  CHECK(bench.of(LabelKind::user, 1) == "");
}

TEST_CASE("Labels: a table without a NUL, or with the kind of nothing, harms no reader") {
  LabelsBench bench;
  bench.give(LabelKind::user, 1, "alice");
  Label& label = bench.ring->labels()[std::size_t{label_set(LabelKind::user, 1)} * kLabelWays];
  for (std::size_t i = 1; i < kLabelWords; ++i) label.words[i].store(~std::uint64_t{0});
  label.words[0].store(~std::uint64_t{0xff} | static_cast<std::uint64_t>(LabelKind::user));
  CHECK(bench.of(LabelKind::user, 1) == std::string(kLabelBytes, '\xff'));
}

// Each text tells its id in every byte, so that a mixed one is noticed.
TEST_CASE("Labels: writers that fight for one set never mix two labels") {
  LabelsBench bench;
  const std::vector<std::uint64_t> ids = neighbours(12);
  const auto text_of = [&](std::size_t i, char round) {
    return std::string(23, static_cast<char>('a' + i)) + std::string(23, round);
  };
  const int rounds = kEmulated ? 200 : 4'000;
  std::atomic<int> writing{2};
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (int round = 0; round < rounds; ++round) {
        const std::size_t i = static_cast<std::size_t>(round * 7 + w * 5) % ids.size();
        bench.give(LabelKind::user, ids[i], text_of(i, static_cast<char>('A' + round % 26)));
      }
      --writing;
    });
  }
  std::size_t mixed = 0;
  std::size_t seen = 0;
  bool last = false;
  while (!last) {
    last = writing.load() == 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::string text = bench.of(LabelKind::user, ids[i]);
      if (text.empty()) continue;
      ++seen;
      if (text.size() != 46 || text != text_of(i, text.back())) ++mixed;
    }
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(seen > 0);
  CHECK(mixed == 0);
  CHECK(bench.ring->header().labels_given.load() == 2 * static_cast<std::uint64_t>(rounds));
}
