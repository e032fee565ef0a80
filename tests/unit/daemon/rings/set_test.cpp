// The rings that are followed: which join, which are left out, which are forgotten, and what of
// them is saved.

#include "daemon/rings/ring_set.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kHour = 3600 * kSecond;

struct SetWorld {
  TempDir dir;
  RingSet set;

  std::string file(const std::string& name) const { return dir.file(name); }
  void configure(const std::vector<std::string>& rings) {
    set.reconfigure({rings, {{100, 20}}});
  }
  // A file that begins like a ring. It may be one, and so it is followed.
  void put(const std::string& name) const { std::ofstream(file(name)) << "RINGSIDE"; }
  void put(int first, int end) const {
    for (int i = first; i < end; ++i) put("ring-" + std::to_string(i));
  }
  void remove(int number) const { std::filesystem::remove(file("ring-" + std::to_string(number))); }
  void check(std::int64_t ns, const std::vector<std::string>& appeared = {}) {
    set.check(simulated(kFollowBegin + ns), {appeared, false});
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    set.for_each([&](const RingFollower& ring) { out.push_back(ring.name()); });
    return out;
  }
  bool follows(int number) const {
    const std::vector<std::string> all = names();
    return std::find(all.begin(), all.end(), file("ring-" + std::to_string(number))) != all.end();
  }
  std::vector<RingView> patterns() const {
    Snapshot out;
    set.show_patterns(out);
    return out.rings;
  }
  bool decode(const std::string& state, std::string* why) {
    Decoder in(state);
    return set.decode(in, tenths(0), 0, why);
  }
};

std::vector<std::pair<std::string, std::string>> nameless(std::size_t count) {
  return std::vector<std::pair<std::string, std::string>>(count);
}

std::string state_of_none(const std::string& path) {
  RingFollower follower = follower_of(path);
  Encoder out;
  follower.encode(out, tenths(0));
  return out.take();
}

// A set's state with these rings, and these books of forgotten ones.
std::string state_with(const std::vector<std::pair<std::string, std::string>>& rings,
                       const BookFigures& forgotten = {}) {
  Encoder out;
  for (const std::uint64_t n : forgotten) out.u64(n);
  out.u64(rings.size());
  for (const auto& [path, state] : rings) {
    out.text(path);
    out.text(state);
  }
  return out.take();
}

}  // namespace

TEST_CASE("RingSet: names that no ring can have are shown, each once") {
  SetWorld world;
  const std::vector<std::string> names = {"two words", "two more words", world.file("ring")};
  world.configure({"two words", "two more words", "two words", world.file("ring")});
  CHECK(world.names() == names);
  CHECK(world.set.wanted_files() == std::vector<std::string>{world.file("ring")});
  world.configure({world.file("ring"), "two more words"});
  CHECK(world.names() == std::vector<std::string>{world.file("ring"), "two more words"});
}

TEST_CASE(
    "RingSet: a ring that is no longer named stays while a pattern finds it, and is found then") {
  SetWorld world;
  world.put("ring-a");
  world.put("ring-b");
  world.put("other");
  world.configure({world.file("other"), world.file("ring-b"), world.file("ring-*")});
  world.check(0);
  CHECK(world.names() ==
        std::vector<std::string>{world.file("other"), world.file("ring-b"), world.file("ring-a")});
  CHECK(world.set.wanted_files() ==
        std::vector<std::string>{world.file("other"), world.file("ring-b"), world.file("ring-*")});
  CHECK(world.patterns().empty());
  world.configure({world.file("ring-*")});
  CHECK(world.names() == std::vector<std::string>{world.file("ring-b"), world.file("ring-a")});
  CHECK(world.set.wanted_files() == std::vector<std::string>{world.file("ring-*")});
  world.configure({world.file("ring-a")});
  CHECK(world.names() == std::vector<std::string>{world.file("ring-a")});
  CHECK(world.set.wanted_files() == std::vector<std::string>{world.file("ring-a")});
}

TEST_CASE("RingSet: a pattern keeps its count of missed files, and a new one begins without any") {
  SetWorld world;
  world.configure({world.file("ring-*"), world.file("r*")});
  world.check(0, {world.file("ring-a"), world.file("rest")});
  std::vector<RingView> shown = world.patterns();
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].name == world.file("ring-*"));
  CHECK(shown[0].path == world.file("ring-*"));
  CHECK(shown[0].problem == "1 that matched came and went before they could be read");
  CHECK(shown[1].problem == "2 that matched came and went before they could be read");
  world.configure({world.file("ri*"), world.file("ring-*")});
  world.put("ring-b");
  world.put("right");
  // A file that is there and a ring that is followed were not missed by a pattern.
  world.check(1, {world.file("ring-b"), world.file("right")});
  std::ofstream(world.file("ring-notes")) << "no ring";
  std::filesystem::remove(world.file("ring-b"));
  world.check(2, {world.file("ring-notes"), world.file("ring-b")});
  shown = world.patterns();
  REQUIRE(shown.size() == 1);  // the other one has found rings, and missed none
  CHECK(shown[0].name == world.file("ring-*"));
  CHECK(shown[0].state == RingState::waiting);
  CHECK(shown[0].problem == "1 that matched came and went before they could be read");
}

TEST_CASE(
    "RingSet: a ring that a pattern found is forgotten when it was gone for an hour at a stretch") {
  SetWorld world;
  world.put("ring-1");
  world.put("named");
  world.configure({world.file("named"), world.file("ring-*")});
  world.check(0);
  world.remove(1);
  std::filesystem::remove(world.file("named"));
  world.check(10 * kSecond);
  world.put("ring-1");
  world.check(1000 * kSecond);
  world.remove(1);
  world.check(2000 * kSecond);
  world.check(3000 * kSecond);
  world.check(2000 * kSecond + kHour - 1);
  CHECK(world.follows(1));
  world.check(2000 * kSecond + kHour);
  CHECK(world.names() == std::vector<std::string>{world.file("named")});
}

TEST_CASE("RingSet: a ring obeys its own owner, and one that a pattern found the first pattern's") {
  // Our files are ours. Nobody has the other number.
  const FileOwner us{geteuid(), ""};
  const FileOwner other{4711, "irc"};
  SetWorld world;
  FollowedRing one(world.file("ring-1"));
  FollowedRing two(world.file("ring-2"));
  // Which of the two rings are read.
  const auto read = [&](const std::vector<std::string>& names,
                        const std::map<std::string, FileOwner>& owners, bool any_owner = false) {
    RingSet set;
    std::vector<std::string> rings;
    for (const std::string& name : names) rings.push_back(world.file(name));
    std::map<std::string, FileOwner> by_path;
    for (const auto& [name, owner] : owners) by_path[world.file(name)] = owner;
    set.reconfigure({rings, {{100, 20}, any_owner}, by_path});
    set.check(tenths(0), {});
    Snapshot out;
    set.for_each([&](RingFollower& ring) { ring.tick(tenths(0), out); });
    std::string live;
    for (const RingView& ring : out.rings) {
      if (ring.state == RingState::live) live += ring.path.back();
      if (ring.state == RingState::refused)
        CHECK(ring.problem.find(", expected user 4711 (irc)\n  next: ") != std::string::npos);
    }
    return live;
  };
  CHECK(read({"ring-1", "ring-2"}, {}) == "12");
  CHECK(read({"ring-1", "ring-2"}, {{"ring-1", other}}) == "2");
  CHECK(read({"ring-1", "ring-2"}, {{"ring-1", other}, {"ring-2", us}}, true) == "2");
  CHECK(read({"ring-*"}, {{"ring-*", other}}) == "");
  CHECK(read({"ring-*", "ring-1"}, {{"ring-*", other}, {"ring-1", us}}) == "1");
  CHECK(read({"ring-*", "ring-1"}, {{"ring-*", us}, {"ring-1", other}}) == "2");
  CHECK(read({"ring-*", "ring-1"}, {{"ring-*", other}}) == "");
  CHECK(read({"r*", "ring-?", "ring-*"}, {{"ring-?", us}, {"ring-*", other}}) == "12");
  CHECK(read({"r*", "ring-*", "ring-?"}, {{"ring-?", us}, {"ring-*", other}}) == "");
  // A name that leads to the same file is the same ring.
  CHECK(read({"ring-1", "./ring-1"}, {{"./ring-1", other}}) == "");
}

TEST_CASE("RingSet: a ring whose owner is accepted no longer is let go, and read on when he is") {
  SetWorld world;
  FollowedRing ring(world.file("ring"));
  const auto configure = [&](std::uint32_t uid) {
    world.set.reconfigure(
        {{world.file("ring")}, {{100, 20}}, {{world.file("ring"), FileOwner{uid, ""}}}});
  };
  const auto look_at_it = [&](int when) {
    world.set.check(tenths(when), {});
    Snapshot out;
    world.set.for_each([&](RingFollower& follower) {
      follower.drain(tenths(when));
      follower.tick(tenths(when), out);
    });
    REQUIRE(out.rings.size() == 1);
    return out.rings[0];
  };
  configure(geteuid());
  ring.write(10);
  RingView seen = look_at_it(1);
  CHECK(seen.state == RingState::live);
  CHECK(figures(seen.books) == BookFigures{10, 10, 0, 0, 0});
  configure(4711);
  ring.write(20);
  seen = look_at_it(2);
  CHECK(seen.state == RingState::refused);
  CHECK(seen.problem.find(": belongs to user " + std::to_string(geteuid()) +
                          ", expected user 4711\n  next: ") != std::string::npos);
  CHECK(figures(seen.books) == BookFigures{10, 10, 0, 0, 0});
  CHECK(look_at_it(5).state == RingState::refused);
  configure(geteuid());
  seen = look_at_it(6);
  CHECK(seen.state == RingState::live);
  CHECK(seen.instances_seen == 1);
  CHECK(figures(seen.books) == BookFigures{30, 30, 0, 0, 0});
}

TEST_CASE("RingSet: which rings are left out is said, five of them by name") {
  const auto problem_with = [](int left_out) {
    SetWorld world;
    world.put(100, 164 + left_out);
    world.configure({world.file("ring-*")});
    world.check(0);
    world.check(1);
    CHECK(world.names().size() == 64);
    std::vector<RingView> shown = world.patterns();
    if (left_out == 0) {
      CHECK(shown.empty());
      return std::string();
    }
    REQUIRE(shown.size() == 1);
    CHECK(shown[0].state == RingState::refused);
    const std::string& problem = shown[0].problem;
    const std::string end = "\n  next: follow them with a second daemon, or use a narrower pattern";
    REQUIRE(problem.ends_with(end));
    std::string out = problem.substr(0, problem.size() - end.size());
    for (std::size_t at; (at = out.find(world.file(""))) != std::string::npos;)
      out.erase(at, world.file("").size());
    return out;
  };
  CHECK(problem_with(0).empty());
  CHECK(problem_with(1) == "more than 64 rings; not followed: ring-164");
  CHECK(problem_with(5) ==
        "more than 64 rings; not followed: ring-164, ring-165, ring-166, ring-167, ring-168");
  CHECK(problem_with(7) ==
        "more than 64 rings; not followed: ring-164, ring-165, ring-166, ring-167, ring-168 and 2 "
        "more");
}

TEST_CASE(
    "RingSet: of a full set the ring that was gone for longest makes room, and a named one never") {
  SetWorld world;
  world.put(101, 164);
  world.configure({world.file("named"), world.file("ring-*")});
  world.check(0);
  CHECK(world.names().size() == 64);
  world.put(200, 201);
  world.check(1);  // only the named one is gone
  CHECK_FALSE(world.follows(200));
  CHECK(world.patterns().size() == 1);
  world.remove(200);
  world.remove(105);
  world.check(2);
  world.remove(102);
  world.check(3);
  world.put(201, 202);
  world.check(4);
  CHECK(world.follows(201));
  CHECK_FALSE(world.follows(105));
  CHECK(world.follows(102));
  CHECK(world.names().size() == 64);
  world.put(202, 203);
  world.check(5);
  CHECK_FALSE(world.follows(102));
  world.remove(109);
  world.remove(107);
  world.check(6);  // both at once
  world.put(203, 204);
  world.check(7);
  CHECK(world.follows(203));
  CHECK_FALSE(world.follows(107));
  CHECK(world.follows(109));
  CHECK(world.names().front() == world.file("named"));
}

TEST_CASE("RingSet: the books of all forgotten rings are kept and saved") {
  SetWorld world;
  world.configure({world.file("ring-*")});
  std::int64_t ns = 0;
  for (const int records : {3, 70}) {
    FollowedRing ring(world.file("ring-" + std::to_string(records)));
    ring.write(records);
    world.check(++ns);
    leave(*ring.ring, false);
    world.check(++ns);
  }
  CHECK(figures(world.set.forgotten()) == BookFigures{});
  world.check(kHour + ns);
  CHECK(world.names().empty());
  CHECK(figures(world.set.forgotten()) == BookFigures{73, 66, 7, 0, 0});
  Encoder out;
  world.set.encode(out, tenths(0));
  SetWorld next;
  std::string why;
  CHECK(next.decode(out.take(), &why));
  CHECK(figures(next.set.forgotten()) == BookFigures{73, 66, 7, 0, 0});
}

TEST_CASE(
    "RingSet: of a state only the rings that are followed are taken, and the others are skipped") {
  SetWorld world;
  world.configure({world.file("a"), world.file("b"), world.file("ring-*")});
  std::string why;
  CHECK(world.decode(state_with({{world.file("b"), state_of_none(world.file("b"))},
                                 {world.file("other"), "anything at all"},
                                 {world.file("ring-1"), state_of_none(world.file("ring-1"))},
                                 {"", ""}},
                                {5, 3, 2, 1, 3}),
                     &why));
  CHECK(world.names() ==
        std::vector<std::string>{world.file("a"), world.file("b"), world.file("ring-1")});
  CHECK(figures(world.set.forgotten()) == BookFigures{5, 3, 2, 1, 3});
  // A state may be of more rings than a set follows.
  std::vector<std::pair<std::string, std::string>> rings;
  const std::string none = state_of_none("");
  for (int i = 100; i < 170; ++i) rings.emplace_back(world.file("ring-" + std::to_string(i)), none);
  CHECK(world.decode(state_with(rings), &why));
  CHECK(world.names().size() == 2 + 64);
  CHECK(world.names().back() == world.file("ring-163"));
}

TEST_CASE("RingSet: a state that can't be is refused with the reason, and nothing of it is taken") {
  SetWorld world;
  world.configure({world.file("a"), world.file("ring-*")});
  const std::string none = state_of_none(world.file("a"));
  const std::string good = state_with({{world.file("a"), none}});
  const auto why_not = [&](const std::string& state) {
    std::string why;
    CHECK_FALSE(world.decode(state, &why));
    CHECK(world.names() == std::vector<std::string>{world.file("a")});
    CHECK(figures(world.set.forgotten()) == BookFigures{});
    return why;
  };
  const std::string wrong_place = "the state is damaged: it ends in the wrong place";
  CHECK(why_not(good + "x") == wrong_place);
  CHECK(why_not(good.substr(0, good.size() - 1)) == wrong_place);
  CHECK(why_not(state_with({}, {5, 3, 1, 0, 0})) == wrong_place);
  CHECK(why_not(state_with({}, {5, 3, 2, 0, 4})) == wrong_place);
  CHECK(why_not(state_with({{world.file("a"), none}, {world.file("a"), none}})) ==
        "the state is damaged: ring '" + world.file("a") + "' is in it twice");
  CHECK(why_not(state_with({{world.file("ring-1"), none}, {world.file("ring-1"), none}})) ==
        "the state is damaged: ring '" + world.file("ring-1") + "' is in it twice");
  for (const std::string& bad : {none + "x", none.substr(0, none.size() - 1)}) {
    CHECK(why_not(state_with({{world.file("a"), bad}})) ==
          "the state is damaged: that of ring '" + world.file("a") + "' is not whole");
  }
  std::string why;
  CHECK(world.decode(state_with(nameless(4096)), &why));
  CHECK(why_not(state_with(nameless(4097))) == wrong_place);
}
