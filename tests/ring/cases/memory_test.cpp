// Case 1: /dev/shm is full. The server must not get SIGBUS, whichever page it touches next.
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "daemon/rings/watch.h"
#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

void fill(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  const std::string block(4096, 'x');
  while (write(fd, block.data(), block.size()) > 0) {
  }
  HOLDS(errno == ENOSPC);
  close(fd);
}

std::uint64_t blocks(const std::string& path) {
  struct stat info {};
  HOLDS(stat(path.c_str(), &info) == 0);
  return static_cast<std::uint64_t>(info.st_blocks);
}

void send(int times) {
  for (int i = 0; i < times; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
}

}  // namespace

TEST_CASE("Case01: memory that is full when the server is under way costs new threads their tracing, and nothing else") {
  shown(run([&] {
    const std::string place = small_file_system("1m");
    if (place.empty()) return kNotAllowed;
    Setup setup;
    setup.ring = place + "/ring";
    unsetenv("RINGSIDE_RING");
    HOLDS(start(setup));
    send(1);   // allocates this thread's whole lane, though only one page of it is written
    fill(place + "/filler");

    send(3 * static_cast<int>(kDefaultCapacity));   // writes every page of the lane
    register_gauge("connections").set(7);
    register_error(5001, "DATABASE_BUSY");
    std::thread([] { send(10); }).join();
    const Ended child = run([] {
      send(5);
      return 0;
    });
    HOLDS(child.exited(0));

    SegmentFacts facts;
    Failure failure;
    auto segment = open_segment(setup.ring, {}, &facts, &failure);
    HOLDS(segment != nullptr);
    HOLDS(segment->header().untraced_threads.load() == 2);
    HOLDS(segment->header().untraced_records.load() == 15);

    // Readers look at everything. Their reads allocate no block: none is left to allocate.
    const std::uint64_t before = blocks(setup.ring);
    Watch watch({{setup.ring}, 100, 20, false});
    watch.tick(read_instant());
    const Snapshot snapshot = watch.tick(read_instant());
    HOLDS(snapshot.books.written == 1 + 3 * kDefaultCapacity);
    HOLDS(snapshot.books.balance());
    HOLDS(snapshot.rings.at(0).state == RingState::live);
    HOLDS(snapshot.rings.at(0).untraced_records == 15);
    HOLDS(!segment->broken());
    HOLDS(blocks(setup.ring) == before);

    // New threads get lanes again when there is room.
    unlink((place + "/filler").c_str());
    std::thread([] { send(10); }).join();
    HOLDS(watch.tick(read_instant()).books.written == 11 + 3 * kDefaultCapacity);
    HOLDS(segment->header().untraced_records.load() == 15);
    stop();
    return 0;
  }));
}

TEST_CASE("Case01: a server that finds memory full at its start runs on untraced, is told why, and leaves nothing") {
  shown(run([&] {
    const std::string place = small_file_system("1m");
    if (place.empty()) return kNotAllowed;
    fill(place + "/filler");
    Setup setup;
    setup.ring = place + "/ring";
    unsetenv("RINGSIDE_RING");
    HOLDS(!start(setup));
    HOLDS(why_untraced().find("no memory for the ring") != std::string::npos);
    HOLDS(why_untraced().find("next: free space in /dev/shm") != std::string::npos);
    send(100);
    HOLDS(access(setup.ring.c_str(), F_OK) != 0);
    return 0;
  }));
}
