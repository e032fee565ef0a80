// Case 35: where a server lives. Older kernels, chroot, other users, file systems without the
// usual comforts.
#include <sys/stat.h>

#include <thread>

#include "tests/ring/cases/case.h"
#include "tests/support/filter.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Linux before 5.14 knows no MADV_POPULATE_WRITE.
bool enter_old_kernel() { return Filter().fails(SYS_madvise, 2, 23, EINVAL).enter(); }

Setup place_setup(const std::string& ring) {
  unsetenv("RINGSIDE_RING");
  Setup setup;
  setup.ring = ring;
  setup.lane_capacity = setup.overflow_capacity = 64;
  setup.keep = true;
  return setup;
}

void trace_on_a_thread() {
  std::thread([] { Operation(chat::SEND_MESSAGE).finish(Outcome::ok); }).join();
}

}  // namespace

TEST_CASE("Case35: before Linux 5.14 threads get their lanes after chroot and setuid, too") {
  if (!is_root()) return;
  TempDir dir;
  // Another user may not look into it.
  REQUIRE(chmod(dir.path().c_str(), 0700) == 0);
  REQUIRE(mkdir(dir.file("empty").c_str(), 0700) == 0);
  REQUIRE(run([&] {
            HOLDS(enter_old_kernel());
            HOLDS(start(place_setup(dir.file("ring"))));
            HOLDS(chroot(dir.file("empty").c_str()) == 0 && chdir("/") == 0);
            become(65'534);
            for (int i = 0; i < 50; ++i) trace_on_a_thread();
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.segment->header().untraced_threads.load() == 0);
  CHECK(reader.records.size() == 50);
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 50);
}

TEST_CASE("Case35: before Linux 5.14 memory that is full costs new threads their tracing, and nothing else") {
  shown(run([&] {
    const std::string place = small_file_system("512k");
    if (place.empty()) return kNotAllowed;
    HOLDS(enter_old_kernel());
    HOLDS(start(place_setup(place + "/ring")));
    const auto send = [](int times) {
      for (int i = 0; i < times; ++i) Operation(chat::SEND_MESSAGE).finish(Outcome::ok);
    };
    send(1);
    const std::string filler = place + "/filler";
    const int fd = open(filler.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (write(fd, block.data(), block.size()) > 0) {
    }
    HOLDS(errno == ENOSPC);
    close(fd);
    send(200);  // more than once around the lane, all of whose pages are there
    std::thread([&] { send(10); }).join();
    const auto segment = writable(place + "/ring");
    HOLDS(segment != nullptr);
    HOLDS(segment->header().untraced_threads.load() == 1);
    HOLDS(segment->header().untraced_records.load() == 10);
    HOLDS(segment->totals(0)[chat::SEND_MESSAGE.value].recorded.load() == 201);
    HOLDS(unlink(filler.c_str()) == 0);
    std::thread([&] { send(10); }).join();
    HOLDS(segment->header().untraced_records.load() == 10);
    HOLDS(segment->totals(1)[chat::SEND_MESSAGE.value].recorded.load() == 10);
    return 0;
  }));
}

TEST_CASE("Case35: in a chroot without /proc and /sys a server is traced, and told what it lacks") {
  if (!is_root()) return;
  TempDir dir;
  std::string said;
  int told[2];
  REQUIRE(pipe(told) == 0);
  CHECK(run([&] {
          HOLDS(chroot(dir.path().c_str()) == 0 && chdir("/") == 0);
          // Left behind by a server that died while it made its ring.
          HOLDS(close(open("/.ring.new", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) == 0);
          HOLDS(start(place_setup("/ring")));
          trace_on_a_thread();
          HOLDS(access("/.ring.new", F_OK) != 0);
          const std::string text = remarks();
          HOLDS(write(told[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
          return 0;
        }).exited(0));
  close(told[1]);
  char byte = 0;
  while (read(told[0], &byte, 1) == 1) said += byte;
  close(told[0]);
#if defined(__x86_64__)
  CHECK(said.find("/ring: the kernel's clock source can't be read, so CLOCK_MONOTONIC is used (") ==
        0);
  CHECK(said.find("next: mount /sys there, or call start() before chroot") != std::string::npos);
#endif
  CHECK(Reader(dir.file("ring")).total(chat::SEND_MESSAGE.value, &Totals::recorded) == 1);
}

TEST_CASE("Case35: a ring that was made without /proc is joined by others, and removed at its end") {
  if (!is_root()) return;
  TempDir dir;
  CHECK(run([&] {
          HOLDS(chroot(dir.path().c_str()) == 0 && chdir("/") == 0);
          CreateOptions options;
          options.path = "/ring";
          options.program = "test";
          options.geometry = {2, 64, 64};
          options.share = true;
          Failure failure;
          const Created made = create_segment(options, self_identity(), &failure);
          HOLDS(made.segment != nullptr);
          HOLDS(access("/.ring.new", F_OK) != 0);
          HOLDS(run([&] {
                  const Created other = create_segment(options, self_identity(), &failure);
                  HOLDS(other.joined);
                  leave_segment(*other.segment, other.place, false);
                  return 0;
                }).exited(0));
          leave_segment(*made.segment, made.place, false);
          HOLDS(access("/ring", F_OK) != 0);
          return 0;
        }).exited(0));
}

TEST_CASE("Case35: a ring that a start as root has left behind is told, with the way to remove it") {
  if (!is_root()) return;
  TempDir dir;
  REQUIRE(chmod(dir.path().c_str(), 01777) == 0);
  const std::string ring = dir.file("ring");
  // Started as root, it gives that up. So it may close its ring at the end, and not remove it.
  CHECK(run([&] {
          Setup setup = place_setup(ring);
          setup.keep = false;
          HOLDS(start(setup));
          become(65'534);
          stop();
          return 0;
        }).exited(0));
  REQUIRE(access(ring.c_str(), F_OK) == 0);
  for (const unsigned mode : {0600U, 0666U}) {
    REQUIRE(chmod(ring.c_str(), mode) == 0);
    CHECK(run([&] {
            become(65'534);
            HOLDS(!start(place_setup(ring)));
            HOLDS(why_untraced() ==
                  ring + ": is taken by user 0, expected user 65534\n  next: if its server has "
                         "ended, remove it (sudo rm " + ring +
                         "); else choose another ring name, or a folder of this user's own");
            return 0;
          }).exited(0));
  }
  // As root again, the server clears it.
  CHECK(run([&] {
          HOLDS(start(place_setup(ring)));
          return 0;
        }).exited(0));
}
