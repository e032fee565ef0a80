// Which files under a ring's name count as missed. The word of a new file and the look that meets
// it come in any order.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::int64_t kMeetingBegin = 100'000 * kSecond;

// A name that is looked at in simulated time. What stands under it need not be a ring.
struct Meeting {
  TempDir dir;
  std::string path = dir.file("ring");
  RingFollower follower = RingFollower({path, path, {}}, {{100, 20}});

  void put() const { std::ofstream(path) << "a file"; }
  void remove() const { std::filesystem::remove(path); }
  void look_at(std::int64_t ns, std::uint64_t appeared) {
    follower.check(simulated(kMeetingBegin + ns), appeared);
  }
  // How many were missed so far.
  std::uint64_t missed() {
    Encoder out;
    follower.encode(out, simulated(kMeetingBegin));
    const std::string bytes = out.take();
    Decoder in(bytes);
    in.u64();
    in.u64();
    in.u64();   // inode
    for (std::uint64_t known = 2 * in.u64(); known > 0; --known) in.u64();
    in.u64();   // instances
    in.flag();  // finished
    in.u64();   // crashes
    in.u64();   // restarts
    return in.u64();
  }
};

constexpr std::int64_t kMs = 1'000'000;

}  // namespace

TEST_CASE("Meeting: the word of a file that was met may come within a second") {
  Meeting name;
  name.put();
  name.look_at(0, 0);
  name.look_at(300 * kMs, 0);
  name.remove();
  name.look_at(999 * kMs, 1);
  CHECK(name.missed() == 0);
  name.look_at(999 * kMs, 1);
  CHECK(name.missed() == 1);
  name.look_at(999 * kMs, 0);
  CHECK(name.missed() == 1);
}

TEST_CASE("Meeting: after a second no word comes any more of a file that was met") {
  Meeting name;
  name.put();
  name.look_at(0, 0);
  name.look_at(1000 * kMs, 0);
  CHECK(name.missed() == 0);
  name.remove();
  name.look_at(1000 * kMs + 1, 1);
  CHECK(name.missed() == 1);
}

TEST_CASE("Meeting: a file is met once, however often it is looked at") {
  Meeting name;
  name.put();
  name.look_at(0, 0);
  name.look_at(100 * kMs, 1);
  for (int i = 2; i < 8; ++i) name.look_at(i * 100 * kMs, 0);
  name.remove();
  name.look_at(800 * kMs, 1);
  CHECK(name.missed() == 1);
}

TEST_CASE("Meeting: a file that was moved away and back is not missed") {
  Meeting name;
  name.put();
  name.look_at(0, 0);
  name.look_at(5000 * kMs, 0);
  name.look_at(9000 * kMs, 1);
  CHECK(name.missed() == 0);
  name.look_at(9000 * kMs, 2);
  CHECK(name.missed() == 1);
}

TEST_CASE("Meeting: files that are gone are missed, whenever the last one was met") {
  Meeting name;
  name.put();
  name.look_at(0, 1);
  name.remove();
  name.look_at(20 * kMs, 0);
  CHECK(name.missed() == 0);
  name.look_at(9000 * kMs, 3);
  CHECK(name.missed() == 3);
  name.put();
  name.look_at(18'000 * kMs, 3);
  CHECK(name.missed() == 5);
}

TEST_CASE("Meeting: however many are said to have appeared at once, a million are counted") {
  Meeting name;
  name.look_at(0, std::uint64_t{1} << 40);
  CHECK(name.missed() == 1'048'576);
}

TEST_CASE("Meeting: a ring that was moved aside was met under the name") {
  Meeting name;
  name.look_at(0, 0);
  {
    auto crashed = make_ring(name.path, {1, 64, 64});
    use_nanoseconds(*crashed, kMeetingBegin);
    crash(*crashed);
  }
  std::filesystem::rename(name.path, previous_path(name.path));
  name.look_at(10 * kMs, 0);
  name.look_at(200 * kMs, 1);
  CHECK(name.missed() == 0);
  CHECK(look_at_ring(name.follower, simulated(kMeetingBegin + kSecond)).instances_seen == 1);
  name.look_at(2000 * kMs, 1);
  CHECK(name.missed() == 1);
}

TEST_CASE(
    "Meeting: a name is gone when there was a look and no file, and never while none can have it") {
  Meeting name;
  CHECK_FALSE(name.follower.gone());
  name.look_at(0, 0);
  CHECK(name.follower.gone());
  name.put();
  name.look_at(1, 0);
  CHECK_FALSE(name.follower.gone());
  RingFollower wrong({"two words", {}, "no ring has such a name"}, {{100, 20}});
  CHECK_FALSE(wrong.check(simulated(kMeetingBegin), 1));
  CHECK_FALSE(wrong.gone());
  const RingView view = look_at_ring(wrong, simulated(kMeetingBegin));
  CHECK(view.state == RingState::refused);
  CHECK(view.problem == "no ring has such a name");
}
