// A server that forks after start() and whose first process then ends, as daemons do.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "shm/names.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// Starts, forks, and lets the first process end by `leave`. `body` runs in the child when the first
// one has gone. The result is the body's.
int daemonised(const Setup& setup, void (*leave)(), const std::function<int()>& body) {
  int told[2];
  REQUIRE(pipe(told) == 0);
  int gone[2];
  REQUIRE(pipe(gone) == 0);
  const pid_t first = spawn([&] {
    unsetenv("RINGSIDE_RING");
    if (!start(setup)) return 99;
    register_error(5001, "DATABASE_BUSY");
    if (fork() != 0) leave();
    char none;
    close(gone[1]);
    while (read(gone[0], &none, 1) > 0) {}
    const int result = body();
    static_cast<void>(write(told[1], &result, sizeof result) == sizeof result);
    std::exit(0);   // its exit handlers run, too
  });
  int status = 0;
  REQUIRE(waitpid(first, &status, 0) == first);
  close(gone[1]);
  close(told[1]);
  int result = -1;
  CHECK(read(told[0], &result, sizeof result) == sizeof result);
  // It has left its ring when it has ended.
  char none;
  CHECK(read(told[0], &none, 1) == 0);
  close(told[0]);
  close(gone[0]);
  return result;
}

void exits() { std::exit(0); }
void exits_at_once() { _exit(0); }

}  // namespace

TEST_CASE(
    "Daemonised: where the first process has closed the ring the child says so, and starts anew") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.keep = false;
  for (const bool writes_first : {false, true}) {
    CAPTURE(writes_first);
    const std::string ring = dir.file("ring");
    CHECK(daemonised(setup, exits, [&] {
            if (writes_first) Operation(chat::JOIN_ROOM).finish(Outcome::ok);
            if (traced()) return 1;
            if (why_untraced().find("start() here") == std::string::npos) return 2;
            if (start({})) return 7;   // no ring is named
            if (!start(setup) || !traced() || !why_untraced().empty()) return 3;
            Operation(chat::LEAVE_ROOM).finish(Outcome::ok);
            const Reader reader(ring);
            if (reader.records.size() != 1) return 4;
            if (reader.records[0].operation != chat::LEAVE_ROOM.value) return 5;
            std::uint16_t code = 0;
            std::string name;
            if (!read_error_name(*reader.segment, 0, &code, &name) || code != 5001) return 6;
            return 0;
          }) == 0);
  }
}

TEST_CASE(
    "Daemonised: where the first process has ended without a word the child goes on in its ring") {
  TempDir dir;
  CHECK(daemonised(setup_for(dir), exits_at_once, [&] {
          if (!traced() || !attach_thread()) return 1;
          Operation(chat::LEAVE_ROOM).finish(Outcome::ok);
          const Reader reader(dir.file("ring"));
          if (segment_liveness(*reader.segment, reader.facts) != Liveness::alive) return 2;
          return reader.records.size() == 1 ? 0 : 3;
        }) == 0);
}
