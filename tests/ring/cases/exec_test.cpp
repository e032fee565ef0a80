// Cases 37 and 38: a server that becomes itself anew by exec, and a living ring that loses its
// name. Real servers, and a daemon's watch on them.
#include <signal.h>

#include <filesystem>

#include "daemon/rings/watch.h"
#include "tests/ring/cases/case.h"
#include "tests/support/later.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kRecordsOfALife = 777;

// The cases' server, which writes so many records in each of its lives.
class AgainServer {
 public:
  explicit AgainServer(const std::string& ring, unsigned uid = geteuid()) {
    int told[2];
    REQUIRE(pipe(told) == 0);
    pid_ = spawn([&] {
      const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
      const std::string server = here / "ringside_cases_server";
      dup2(told[1], 1);
      if (uid != geteuid()) become(uid);
      setenv("RINGSIDE_RING", ring.c_str(), 1);
      execl(server.c_str(), server.c_str(), "again", nullptr);
      return 1;
    });
    close(told[1]);
    told_ = told[0];
  }
  ~AgainServer() {
    end(SIGKILL);
    close(told_);
  }
  AgainServer(const AgainServer&) = delete;
  AgainServer& operator=(const AgainServer&) = delete;

  std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }
  // Waits until a life's records are written.
  bool has_written() const {
    std::string said;
    char byte = 0;
    while (read(told_, &byte, 1) == 1) {
      if (byte == '\n') return said == "traced";
      said += byte;
    }
    return false;
  }
  void send(int signal) const { kill(pid_, signal); }
  Ended end(int signal) {
    if (pid_ == 0) return {};
    kill(pid_, signal);
    return wait_for(std::exchange(pid_, 0));
  }

 private:
  pid_t pid_ = 0;
  int told_ = -1;
};

RingView only_ring(const Snapshot& snapshot) {
  REQUIRE(snapshot.rings.size() == 1);
  return snapshot.rings[0];
}

void take_over(Watch& from, Watch& to, int step) {
  std::string why;
  REQUIRE_MESSAGE(to.decode(from.encode(later(step)), later(step), &why), why);
}

}  // namespace

TEST_CASE(
    "Case37: a server that becomes itself anew by exec is read to the end of its ring and followed "
    "into the next, and has restarted and not crashed" *
    doctest::skip(kEmulated)) {
  for (const int signal : {SIGUSR1, SIGUSR2}) {
    if (signal == SIGUSR2 && kSanitized) continue;  // a sanitizer's exec is the first thread's
    TempDir dir;
    AgainServer server(dir.file("ring"));
    REQUIRE(server.has_written());
    Watch watch({{dir.file("ring")}, 100, 20, false});
    CHECK(only_ring(watch.tick(later(0))).books.read == kRecordsOfALife);
    for (std::uint64_t restarts = 1; restarts <= 3; ++restarts) {
      server.send(signal);
      REQUIRE(server.has_written());
      // One pass is enough, as when the new file is told.
      const Snapshot snapshot = watch.tick(later(static_cast<int>(restarts)));
      const RingView ring = only_ring(snapshot);
      CHECK(ring.state == RingState::live);
      CHECK(ring.problem.empty());
      CHECK(ring.instances_seen == restarts + 1);
      CHECK(ring.restarts_seen == restarts);
      CHECK(ring.crashes_seen == 0);
      CHECK(ring.deaths_seen == 0);
      CHECK(ring.books.written == (restarts + 1) * kRecordsOfALife);
      CHECK(ring.books.read == (restarts + 1) * kRecordsOfALife);
      CHECK(snapshot.all.server_count == (restarts + 1) * kRecordsOfALife);
    }
    // What is killed has crashed, as ever.
    server.end(SIGKILL);
    const RingView ring = only_ring(watch.tick(later(5)));
    CHECK(ring.state == RingState::crashed);
    CHECK(ring.restarts_seen == 3);
    CHECK(ring.crashes_seen == 1);
    CHECK(ring.deaths_seen == 1);
    REQUIRE(ring.deaths.size() == 1);
    CHECK(ring.deaths[0].pid != 0);
  }
}

TEST_CASE("Case37: a server that becomes itself anew while no daemon watches loses no record" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  AgainServer server(dir.file("ring"));
  REQUIRE(server.has_written());
  Watch before({{dir.file("ring")}, 100, 20, false});
  before.tick(later(0));
  server.send(SIGUSR1);
  REQUIRE(server.has_written());
  Watch watch({{dir.file("ring")}, 100, 20, false});
  take_over(before, watch, 1);
  const RingView ring = only_ring(watch.tick(later(1)));
  CHECK(ring.state == RingState::live);
  CHECK(ring.books.read == 2 * kRecordsOfALife);
  CHECK(ring.books.lost == 0);
  CHECK(ring.restarts_seen == 1);
  CHECK(ring.crashes_seen == 0);
}

TEST_CASE(
    "Case38: a living ring that loses its name is read on, and a daemon that comes back finds it "
    "through /proc" *
    doctest::skip(kEmulated)) {
  TempDir dir;
  const std::string path = dir.file("ring");
  AgainServer server(path);
  REQUIRE(server.has_written());
  Watch before({{path}, 100, 20, false});
  before.tick(later(0));
  REQUIRE(std::filesystem::remove(path));
  const std::string removed =
      path + " was removed while its server (pid " + std::to_string(server.pid()) + ") lives";
  RingView ring = only_ring(before.tick(later(1)));
  CHECK(ring.state == RingState::live);
  CHECK(ring.problem.starts_with(removed));
  if (!may_make_worlds()) {
    MESSAGE("the rest is not shown here: it needs CAP_SYS_ADMIN");
    return;
  }
  Watch watch({{path}, 100, 20, false});
  take_over(before, watch, 2);
  ring = only_ring(watch.tick(later(2)));
  CHECK(ring.state == RingState::live);
  CHECK(ring.problem.starts_with(removed));
  CHECK(ring.instances_seen == 1);
  CHECK(ring.books.read == kRecordsOfALife);
  // The server makes the next ring under the name.
  server.send(SIGUSR1);
  REQUIRE(server.has_written());
  ring = only_ring(watch.tick(later(3)));
  CHECK(ring.state == RingState::live);
  CHECK(ring.problem.empty());
  CHECK(ring.restarts_seen == 1);
  CHECK(ring.crashes_seen == 0);
  CHECK(ring.books.read == 2 * kRecordsOfALife);
}

TEST_CASE("Case38: a daemon that may not open a ring without a name says who has it") {
  if (!is_root() || kEmulated) return;
  constexpr unsigned kNobody = 65'534;
  TempDir dir;
  REQUIRE(chown(dir.path().c_str(), kNobody, kNobody) == 0);
  const std::string path = dir.file("ring");
  const AgainServer server(path, kNobody);
  REQUIRE(server.has_written());
  CHECK(run([&] {
          become(kNobody);
          Watch before({{path}, 100, 20, false});
          HOLDS(before.tick(later(0)).books.read == kRecordsOfALife);
          const std::string saved = before.encode(later(0));
          HOLDS(unlink(path.c_str()) == 0);
          Watch watch({{path}, 100, 20, false});
          std::string why;
          HOLDS(watch.decode(saved, later(1), &why));
          const RingView ring = watch.tick(later(1)).rings.at(0);
          HOLDS(ring.state == RingState::refused);
          HOLDS(ring.problem.starts_with(path + ": its name was removed, and pid " +
                                         std::to_string(server.pid()) +
                                         " still has it: this user may not open it there"));
          return 0;
        }).exited(0));
}
