// Cases 2, 6, 14 and 15, readers: they come too early, they are too slow, and bytes change while
// they look.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "daemon/rings/watch.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "shm/names.h"
#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"
#include "tests/support/random.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("Case02: a server that is read from the moment its ring has a name is read from its first record") {
  const int servers = kSanitized ? 5 : 30;
  for (int i = 0; i < servers; ++i) {
    TempDir dir;
    const pid_t server = spawn(
        [&] {
          unsetenv("RINGSIDE_RING");
          if (!start(setup_for(dir))) return 99;
          for (int n = 0; n < 1000; ++n) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
          return 0;
        },
        true);
    // The reader spins on the name, so its first successful open is within microseconds of the
    // name's birth.
    std::unique_ptr<Segment> ring;
    SegmentFacts facts;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (ring == nullptr && std::chrono::steady_clock::now() < deadline) {
      Failure failure;
      ring = open_segment(dir.file("ring"), {}, &facts, &failure);
      if (ring == nullptr) REQUIRE_MESSAGE(failure.error_number == ENOENT, failure.message);
    }
    REQUIRE(ring != nullptr);
    CHECK(facts.creator_pid == static_cast<std::uint32_t>(server));
    CHECK(facts.instance[0] != 0);
    LaneCursor cursor;
    bool ended = false;
    while (!ended || cursor.position < ring->lane_header(0).head.load()) {
      ended = ring->header().state.load() == kSegmentClosed;
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      // The lane may be claimed and still have no memory.
      if (!lane_readable(ring->lane_header(0))) continue;
      read_lane(ring->slots(0), ring->lane_header(0), facts.geometry.lane_capacity, cursor, 64,
                [](const Record&) {});
    }
    CHECK(wait_for(server).exited(0));
    CHECK(cursor.read == 1000);
    CHECK(cursor.rejected == 0);
    NameEntry name;
    CHECK(read_name(*ring, chat::SEND_MESSAGE.value, &name));
  }
}

TEST_CASE("Case06: lapped between two words of a copy, the copy is thrown away and the record is lost, not mixed") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneWriter writer = claim(*ring);
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Record record = operation(1, writer.position, static_cast<std::int64_t>(writer.position));
      record.actor = record.subject = writer.position;
      write_record(writer, record);
    }
  };
  for (const int laps : {1, 2, 5}) {
    CAPTURE(laps);
    LaneCursor cursor;
    cursor.position = writer.position;
    const std::uint64_t begin = writer.position;
    write(3);
    // The writer laps the reader inside a copy: the reader has the first words of the second record
    // and not yet the others.
    RecordWords words{};
    CHECK(read_words(ring->slots(0)[begin % 64], begin, words) == Poll::record);
    const std::uint64_t second = begin + 1;
    CHECK(read_words(ring->slots(0)[second % 64], second, words, [&] { write(laps * 64); }) ==
          Poll::lapped);
    std::vector<Record> taken;
    read_lane(ring->slots(0), ring->lane_header(0), 64, cursor, 1000,
              [&](const Record& record) { taken.push_back(record); });
    CHECK(cursor.position == begin + 3 + static_cast<std::uint64_t>(laps) * 64);
    CHECK(cursor.read + cursor.lost == cursor.position - begin);
    // Lost is all but the last lap, and the oldest slot of that lap.
    CHECK(cursor.lost == static_cast<std::uint64_t>(laps - 1) * 64 + 4);
    CHECK(taken.size() == 63);
    for (const Record& record : taken) {
      CHECK(record.sequence == 2 * (record.start + 1));
      CHECK(record.actor == record.start);
      CHECK(record.subject == record.start);
      CHECK(record.duration == static_cast<std::int64_t>(record.start));
    }
  }
}

TEST_CASE("Case06: a reader that is stopped for many laps goes on with the oldest that is left, and knows what it lost") {
  TempDir dir;
  constexpr std::uint32_t kCapacity = 256;
  constexpr std::uint64_t kLaps = 1'000;
  auto ring = make_ring(dir.file("ring"), {1, kCapacity, 64});
  LaneWriter writer = claim(*ring);
  struct Shared {
    std::atomic<std::uint64_t> position, read, lost, mixed, first_after;
    std::atomic<bool> stopped_once;
  };
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& shared = *new (memory) Shared{};
  const pid_t reader = spawn([&] {
    SegmentFacts facts;
    Failure failure;
    const auto segment = open_segment(dir.file("ring"), {}, &facts, &failure);
    HOLDS(segment != nullptr);
    LaneCursor cursor;
    bool closed = false;
    while (!closed || cursor.position < segment->lane_header(0).head.load()) {
      closed = segment->header().state.load() == kSegmentClosed;
      read_lane(segment->slots(0), segment->lane_header(0), kCapacity, cursor, 16,
                [&](const Record& record) {
                  if (record.actor != record.start || record.sequence != 2 * (record.start + 1))
                    shared.mixed.fetch_add(1);
                  if (shared.stopped_once.load() && shared.first_after.load() == 0)
                    shared.first_after.store(record.start);
                });
      shared.read.store(cursor.read);
      shared.lost.store(cursor.lost);
      shared.position.store(cursor.position);
    }
    return 0;
  });
  const auto write = [&] {
    Record record = operation(1, writer.position, 1);
    record.actor = writer.position;
    write_record(writer, record);
  };
  // The reader is stopped in the middle of its work.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (shared.position.load() < 1'000) {
    write();
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  kill(reader, SIGSTOP);
  int status = 0;
  REQUIRE(waitpid(reader, &status, WUNTRACED) == reader);
  REQUIRE(WIFSTOPPED(status));
  const std::uint64_t stopped_at = shared.position.load();
  const std::uint64_t read_before = shared.read.load();
  shared.stopped_once.store(true);
  // The writer does not wait: it writes a thousand laps while the reader stands still.
  for (std::uint64_t i = 0; i < kLaps * kCapacity; ++i) write();
  CHECK(shared.position.load() == stopped_at);
  leave(*ring, true);
  kill(reader, SIGCONT);
  CHECK(wait_for(reader).exited(0));
  CHECK(shared.position.load() == writer.position);
  CHECK(shared.read.load() + shared.lost.load() == writer.position);
  CHECK(shared.mixed.load() == 0);
  CHECK(shared.lost.load() >= (kLaps - 1) * kCapacity - 16);
  // The reader gets the whole last lap but the slot that the writer takes next.
  CHECK(shared.read.load() >= read_before + kCapacity - 1);
  // The oldest safe record, or one that the reader had copied before the stop.
  CHECK((shared.first_after.load() == writer.position - kCapacity + 1 ||
         shared.first_after.load() < stopped_at + 16));
  munmap(memory, sizeof(Shared));
}

TEST_CASE("Case14: a header whose every word changes between check and use sends no reader out of its mapping") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {4, 64, 64});
  LaneWriter writer = claim(*ring);
  alignas(8) unsigned char good[sizeof(SegmentHeader)];
  std::memcpy(good, &ring->header(), sizeof good);
  std::atomic<bool> enough{false};
  const std::uint64_t from = seed();
  std::thread vandal([&] {
    std::mt19937_64 random(from);
    auto* words = reinterpret_cast<std::uint64_t*>(&ring->header());
    const auto* right = reinterpret_cast<const std::uint64_t*>(good);
    while (!enough.load()) {
      // Mostly one word is wrong, for a moment: the check then sees the right value, and the use
      // after it the wrong one.
      const std::size_t at = random() % (sizeof good / 8);
      const std::uint64_t wrong =
          random() % 3 == 0 ? random() : right[at] ^ (std::uint64_t{1} << (random() % 64));
      __atomic_store_n(&words[at], wrong, __ATOMIC_RELAXED);
      LaneHeader& lane = ring->lane_header(static_cast<std::uint32_t>(random() % 5));
      lane.head.store(random() % 4 == 0 ? random() : random() % 200, std::memory_order_relaxed);
      lane.state.store(random() % 2 == 0 ? static_cast<std::uint32_t>(random()) : kReady,
                       std::memory_order_relaxed);
      lane.owner_pid.store(static_cast<std::uint32_t>(random()), std::memory_order_relaxed);
      write_record(writer, operation(1, random(), static_cast<std::int64_t>(random())));
      __atomic_store_n(&words[at], right[at], __ATOMIC_RELAXED);
    }
  });
  int opened = 0;
  int refused = 0;
  const int rounds = kSanitized ? 300 : 5'000;
  // The vandal may be off the processor all the while, with a word that is wrong.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (int i = 0; i < rounds || (opened == 0 && std::chrono::steady_clock::now() < deadline); ++i) {
    SegmentFacts facts;
    Failure failure;
    const auto segment = open_segment(dir.file("ring"), {}, &facts, &failure);
    if (segment == nullptr) {
      ++refused;
      CHECK_FALSE(failure.message.empty());
      continue;
    }
    ++opened;
    CHECK(segment->geometry().segment_bytes() == ring->geometry().segment_bytes());
    CHECK(segment_liveness(*segment, facts) != static_cast<Liveness>(99));
    for (std::uint32_t lane = 0; lane <= segment->overflow_lane(); ++lane) {
      if (!lane_readable(segment->lane_header(lane))) continue;
      LaneCursor cursor;
      const auto take = [](const Record&) {};
      if (lane == segment->overflow_lane()) {
        read_overflow(segment->slots(lane), segment->lane_header(lane), 64, cursor, 1'000, take);
      } else {
        read_lane(segment->slots(lane), segment->lane_header(lane), 64, cursor, 1'000, take);
      }
      CHECK(cursor.read + cursor.lost == cursor.written());
    }
  }
  // The whole core of the daemon, on the same ring.
  Watch watch({{dir.file("ring")}, 100, 20, true});
  Instant now = read_instant();
  const std::uint64_t ticks_at_start = now.ticks;
  for (int i = 0; i < (kSanitized ? 20 : 300); ++i) {
    now.monotonic_ns += 300'000'000;
    now.realtime_ns += 300'000'000;
    now.ticks = ticks_at_start + static_cast<std::uint64_t>(i) * 700'000'000;
    const Snapshot snapshot = watch.tick(now);
    CHECK(snapshot.books.balance());
    CHECK_FALSE(render_json(Report(snapshot)).empty());
    CHECK_FALSE(render_text(Report(snapshot)).empty());
  }
  enough.store(true);
  vandal.join();
  MESSAGE(opened << " opened, " << refused << " refused");
  CHECK(opened > 0);
}

TEST_CASE("Case15: a reader's mapping is read-only in the kernel's eyes, and a store into it is fatal to the reader alone") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 64});
  LaneWriter writer = claim(*ring);
  write_record(writer, operation(1, 7, 1));
  const Ended ended = run([&] {
    ring.reset();   // unmaps the writer's mapping, which this process inherited
    SegmentFacts facts;
    Failure failure;
    const auto segment = open_segment(path, {}, &facts, &failure);
    HOLDS(segment != nullptr);
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int mappings = 0;
    while (std::getline(maps, line)) {
      if (line.find(path) == std::string::npos) continue;
      ++mappings;
      HOLDS(line.find(" r--s ") != std::string::npos);
    }
    HOLDS(mappings == 1);
    // Everything that a reader does with words of 8 bytes works on a read-only mapping.
    LaneCursor cursor;
    read_lane(segment->slots(0), segment->lane_header(0), 64, cursor, 100, [](const Record&) {});
    HOLDS(cursor.read == 1);
    TotalsCopy totals;
    HOLDS(copy_totals_at(segment->slots(0), segment->lane_header(0), segment->totals(0), 64, 1,
                         totals));
    signal(SIGSEGV, SIG_DFL);   // a sanitizer's handler would report it instead
    segment->header().state.store(0);
    return 0;
  });
  CHECK(ended.killed_by(SIGSEGV));
  CHECK(ring->header().state.load() == kSegmentReady);
}

TEST_CASE("Case15: another word size is refused, as another byte order and layout version are") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 64});
  ring->header().word_bits = 32;
  SegmentFacts facts;
  Failure failure;
  CHECK(open_segment(path, {}, &facts, &failure) == nullptr);
  CHECK(failure.message.find("another byte order or word size") != std::string::npos);
}
