// What is saved comes back. A daemon that is killed at any moment counts nothing twice, and loses
// only what was overwritten in between.

#include <doctest/doctest.h>

#include "daemon/rings/watch.h"
#include "shm/names.h"
#include "tests/support/later.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {


const SeriesView& only(const Snapshot& snapshot) {
  REQUIRE(snapshot.operations.size() == 1);
  return snapshot.operations.front();
}

}  // namespace

TEST_CASE("State: killed and restarted at random moments, nothing is counted twice and nothing is missed") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 4096, 64});
  std::int64_t now = 5000 * kSecond;
  use_nanoseconds(*ring, now);
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lanes[2] = {claim(*ring, 0), claim(*ring, 1)};
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  auto watch = std::make_unique<Watch>(options);
  std::mt19937_64 random(seed());
  std::string saved;
  std::uint64_t written = 0;
  for (int step = 0; step < 2000; ++step) {
    now += kSecond / 3;
    for (std::uint64_t i = random() % 8; i > 0; --i) {
      write_record(lanes[random() % 2], operation(0, static_cast<std::uint64_t>(now), 1000));
      ++written;
    }
    watch->pass(simulated(now));
    if (step % 15 == 0) {
      watch->tick(simulated(now));
      saved = watch->encode(simulated(now));
    }
    if (random() % 60 == 0 && !saved.empty()) {
      // The watch is gone, with everything that it learned since it last saved.
      watch = std::make_unique<Watch>(options);
      std::string why;
      REQUIRE_MESSAGE(watch->decode(saved, simulated(now), &why), why);
    }
  }
  const Snapshot snapshot = watch->tick(simulated(now));
  CHECK(snapshot.books.read == written);
  CHECK(snapshot.books.lost == 0);
  CHECK(only(snapshot).window(Window::since_start).recorded == written);
  CHECK(only(snapshot).server_count == written);
  CHECK(only(snapshot).last.size() == 100);
  CHECK(snapshot.rings.front().instances_seen == 1);
}

TEST_CASE("State: what was overwritten between two daemons is lost, exactly that") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  std::int64_t now = 5000 * kSecond;
  use_nanoseconds(*ring, now);
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lane = claim(*ring);
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  std::string saved;
  {
    Watch watch(options);
    for (int i = 0; i < 10; ++i)
      write_record(lane, operation(0, static_cast<std::uint64_t>(now), 1000));
    watch.tick(simulated(now));
    saved = watch.encode(simulated(now));
  }
  for (int i = 0; i < 200; ++i)
    write_record(lane, operation(0, static_cast<std::uint64_t>(now), 1000));
  Watch watch(options);
  std::string why;
  REQUIRE(watch.decode(saved, simulated(now), &why));
  const Snapshot snapshot = watch.tick(simulated(now));
  CHECK(snapshot.books.read == 10 + 63);
  CHECK(snapshot.books.lost == 200 - 63);
  CHECK(snapshot.books.balance());
  CHECK(only(snapshot).books.lost == 200 - 63);
  CHECK(only(snapshot).server_count == 210);
}

TEST_CASE("State: after a step of the clock and a restart the last 100 of categories and of all are in order") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  std::int64_t now = 5000 * kSecond;
  use_nanoseconds(*ring, now);
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  enter_name(*ring, 1, {"EDIT_MESSAGE", "message", {}});
  LaneWriter lane = claim(*ring);
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  std::string saved;
  {
    Watch watch(options);
    watch.tick(simulated(now));
    for (int i = 0; i < 5; ++i)
      write_record(lane, operation(0, static_cast<std::uint64_t>(++now), 1));
    watch.tick(simulated(now));
    saved = watch.encode(simulated(now));
  }
  // The wall clock is put back by an hour. Later records are still later.
  const auto stepped = [](std::int64_t ns) {
    Instant instant = simulated(ns);
    instant.realtime_ns -= 3600 * kSecond;
    return instant;
  };
  Watch watch(options);
  std::string why;
  REQUIRE(watch.decode(saved, stepped(now), &why));
  for (int i = 0; i < 5; ++i)
    write_record(lane, operation(1, static_cast<std::uint64_t>(++now), 1));
  const Snapshot snapshot = watch.tick(stepped(now));
  REQUIRE(snapshot.all.last.size() == 10);
  REQUIRE(snapshot.categories.size() == 1);
  for (std::uint64_t i = 0; i < 10; ++i) {
    CHECK(snapshot.all.last[i].position == 9 - i);
    CHECK(snapshot.categories[0].last[i].position == 9 - i);
  }
}

TEST_CASE("State: what a day of counting without records left is in no window") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  const std::int64_t now = 200'000 * kSecond;
  use_nanoseconds(*ring, now - 86'400 * kSecond);
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lane = claim(*ring);
  for (int i = 0; i < 9000; ++i) count_only(lane, 0);
  for (int i = 200; i > 0; --i)
    write_record(lane, operation(0, static_cast<std::uint64_t>(now - i * kSecond / 10), 0));
  Watch watch({{dir.file("ring")}, 100, 20, false});
  watch.tick(simulated(now));
  const Snapshot snapshot = watch.tick(simulated(now));
  CHECK(only(snapshot).window(Window::since_start).count() == 9000 + 63);
  CHECK(only(snapshot).window(Window::minute).count() == 63);
  CHECK(only(snapshot).window(Window::minute).rate() == doctest::Approx(10).epsilon(0.02));
  CHECK(only(snapshot).window(Window::since_start).rate() == doctest::Approx(10).epsilon(0.02));
  CHECK(snapshot.rings[0].losses.before_attach == 200 - 63);
  CHECK(snapshot.rings[0].losses.while_observed[0] == 0);
  // A loss after this point is the daemon's.
  for (int i = 0; i < 200; ++i)
    write_record(lane, operation(0, static_cast<std::uint64_t>(now), 0));
  const Snapshot later = watch.tick(simulated(now));
  CHECK(later.rings[0].losses.before_attach == 200 - 63);
  CHECK(later.rings[0].losses.while_observed ==
        std::array<std::uint64_t, kWindows>{137, 137, 137, 137});
}

TEST_CASE("State: damaged bytes are refused whole, at every length and with any byte changed") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lane = claim(*ring);
  const WatchOptions options{{dir.file("ring")}, 3, 3, false};
  const Instant now = simulated(5000 * kSecond);
  use_nanoseconds(*ring, now.monotonic_ns);
  Watch watch(options);
  for (int i = 0; i < 5; ++i) {
    write_record(lane,
                 operation(0, static_cast<std::uint64_t>(now.monotonic_ns), 1000, Outcome::error));
  }
  watch.tick(now);
  const std::string saved = watch.encode(now);
  std::string why;
  for (std::size_t size = 0; size < saved.size(); size += 1 + size / 50) {
    Watch other(options);
    CHECK_FALSE(other.decode(saved.substr(0, size), now, &why));
    CHECK_FALSE(why.empty());
  }
  std::mt19937_64 random(seed());
  for (int i = 0; i < 300; ++i) {
    std::string bent = saved;
    bent[random() % bent.size()] = static_cast<char>(random());
    Watch other(options);
    // The state may be believable. It must be harmless.
    if (other.decode(bent, now, &why)) other.tick(now);
  }
  Watch other(options);
  CHECK(other.decode(saved, now, &why));
  CHECK(other.tick(now).books.read == 5);
}

TEST_CASE("State: after a reboot the windows keep their places by wall time") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  const std::int64_t before = 90000 * kSecond;
  use_nanoseconds(*ring, before);
  enter_name(*ring, 0, {"SEND_MESSAGE", "message", {}});
  LaneWriter lane = claim(*ring);
  const WatchOptions options{{dir.file("ring")}, 100, 20, false};
  std::string saved;
  {
    Watch watch(options);
    write_record(lane, operation(0, static_cast<std::uint64_t>(before), 1000));
    watch.tick(simulated(before));
    saved = watch.encode(simulated(before));
  }
  // The boot id comes first in the state, so this is another boot. Its wall clock is two minutes
  // further, and its monotonic clock is near zero.
  saved[0] = static_cast<char>(saved[0] ^ 0x55);
  ring.reset();
  std::filesystem::remove(dir.file("ring"));
  Watch watch(options);
  std::string why;
  const Instant now{60 * kSecond, simulated(before).realtime_ns + 120 * kSecond, 0};
  REQUIRE(watch.decode(saved, now, &why));
  const Snapshot snapshot = watch.tick(now);
  CHECK(only(snapshot).window(Window::since_start).recorded == 1);
  CHECK(only(snapshot).window(Window::minute).recorded == 0);
  CHECK(only(snapshot).window(Window::five_minutes).recorded == 1);
  CHECK(only(snapshot).window(Window::hour).recorded == 1);
  CHECK(only(snapshot).last.front().start_wall_ns == simulated(before).realtime_ns);
}
