// Another ring takes the name, at any moment and in every way there is.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/ring/hostile/hostile.h"
#include "shm/file_descriptor.h"
#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A server's whole life: it creates a ring of its own size, writes, and is gone. `how` says how the
// ring gets its name. 0: renamed over the old file. 1: the old file is removed first. 2: as servers
// do it.
int server(const std::string& path, unsigned how, Geometry geometry, unsigned records) {
  CreateOptions options;
  options.path = how == 0 ? path + ".new" : path;
  options.geometry = geometry;
  options.program = "server " + std::to_string(records);
  Failure failure;
  if (how == 1) unlink(path.c_str());
  const Created created = create_segment(options, self_identity(), &failure);
  if (created.segment == nullptr) return 1;
  if (how == 0 && rename(options.path.c_str(), path.c_str()) != 0) return 2;
  LaneWriter lane = claim_lane(*created.segment, owner("w", 1)).writer;
  for (unsigned i = 0; i < records; ++i)
    write_record(lane, operation(0, created.segment->header().anchor_ticks, 10));
  return 0;
}

Geometry random_geometry(std::mt19937_64& random) {
  const auto power = [&] { return 64U << random() % 5; };
  return {static_cast<std::uint32_t>(1 + random() % 8), power(), power()};
}

const int kServers = long_run() ? 3000 : 150;

}  // namespace

TEST_CASE("Replaced: under a live reader, by rings of other sizes, and the last one is read to its end") {
  TempDir dir;
  const std::string path = dir.file("ring");
  const std::uint64_t start = seed();
  constexpr unsigned kLast = 50;
  const Enemy enemy([&](std::atomic<std::uint64_t>& done) {
    std::mt19937_64 random(start);
    for (int n = 0; n < kServers; ++n) {
      const auto how = static_cast<unsigned>(random() % 3);
      const Geometry geometry = random_geometry(random);
      const auto records = n + 1 == kServers ? kLast : static_cast<unsigned>(random() % 200);
      // Each server is a process of its own, so it is really dead when the next one comes.
      if (!run([&] { return server(path, how, geometry, records); }).exited(0))
        return done.store(UINT64_MAX);
      done.fetch_add(1);
    }
    pause();
  });
  Watch watch({{path}, 10, 5, false});
  Instant now = read_instant();
  Snapshot snapshot;
  const auto latest = deadline() + std::chrono::seconds(long_run() ? 240 : 0);
  const std::string last = "server " + std::to_string(kLast);
  const auto pass = [&] {
    REQUIRE(SteadyClock::now() < latest);
    now.monotonic_ns += 100'000'000;
    now.realtime_ns += 100'000'000;
    now.ticks += 200'000'000;
    watch.pass(now);
    snapshot = watch.tick(now);
    check_books(snapshot);
  };
  while (enemy.done() < static_cast<std::uint64_t>(kServers)) pass();
  REQUIRE(enemy.done() == static_cast<std::uint64_t>(kServers));
  for (pass(); snapshot.rings[0].program != last || snapshot.rings[0].state != RingState::crashed;)
    pass();
  CHECK(snapshot.books.torn == 0);
  CHECK(snapshot.rings[0].instances_seen >= 1);
  CHECK(snapshot.rings[0].instances_seen <= static_cast<std::uint64_t>(kServers));
  CHECK(snapshot.books.rejected == 0);
  MESSAGE(snapshot.rings[0].instances_seen << " of " << kServers << " rings were seen, "
                                           << snapshot.books.read << " records read, "
                                           << snapshot.books.lost << " lost");
}

TEST_CASE("Replaced: a file that comes and goes as a ring, as rubbish, as a link, a pipe and a folder is no harm") {
  TempDir dir;
  const std::string path = dir.file("ring");
  const std::string other = dir.file("other");
  auto whole = make_ring(other, {1, 64, 64});
  const std::uint64_t start = seed();
  const Enemy enemy([&](std::atomic<std::uint64_t>& done) {
    std::mt19937_64 random(start);
    for (;; done.fetch_add(1)) {
      unlink(path.c_str());
      rmdir(path.c_str());
      switch (random() % 6) {
        case 0: (void)!link(other.c_str(), path.c_str()); break;
        case 1: (void)!symlink(other.c_str(), path.c_str()); break;
        case 2: mkfifo(path.c_str(), 0600); break;
        case 3: mkdir(path.c_str(), 0700); break;
        case 4: {
          const FileDescriptor file(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
          std::string rubbish(random() % 9000, static_cast<char>(random()));
          (void)!write(file.get(), rubbish.data(), rubbish.size());
          break;
        }
        default: break;
      }
    }
  });
  Watch watch({{path}, 10, 5, false});
  Instant now = read_instant();
  const auto latest = deadline();
  const std::uint64_t changes = long_run() ? 500'000 : 20'000;
  std::uint64_t live = 0;
  std::uint64_t refused = 0;
  while (enemy.done() < changes || live == 0 || refused == 0) {
    REQUIRE(SteadyClock::now() < latest);
    now.monotonic_ns += 200'000'000;
    now.realtime_ns += 200'000'000;
    now.ticks += 400'000'000;
    const Snapshot snapshot = watch.tick(now);
    check_books(snapshot);
    live += snapshot.rings[0].state == RingState::live;
    refused += snapshot.rings[0].state == RingState::refused;
    // The watch keeps a live ring for as long as its server lives. So now and then it drops the
    // name, and looks for it anew.
    if (live > 0 && live % 8 == 0) watch.reconfigure({{}, 10, 5, false});
    watch.reconfigure({{path}, 10, 5, false});
  }
  MESSAGE("live " << live << " times, refused " << refused << " times");
}
