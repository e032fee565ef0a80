// A process dies while it writes a label.

#include "shm/labels.h"
#include "tests/ring/crash/victim.h"

using namespace ringside;
using namespace ringside::test;

TEST_CASE(
    "CrashLabels: a label that a dead process was writing is shown by nobody, and can be given "
    "anew") {
  for (const TestPoint point : {TestPoint::label_taken, TestPoint::label_half}) {
    CAPTURE(name_of(point));
    TempDir dir;
    auto ring = make_shared_ring(dir.file("ring"));
    const Setup setup = victim_setup(dir.file("ring"));
    const auto labels = [&](const char* text, bool dies) {
      return run_victim([&] {
        return traced_body(setup, [&](std::uint64_t) {
          if (dies) kill_at(point);
          label(LabelKind::user, 42, text);
          return 0;
        });
      });
    };
    REQUIRE(labels("alice", false).exited(0));
    REQUIRE(labels("a text that is longer than the one before it", true).killed_by(SIGKILL));
    CHECK(read_label(*ring, LabelKind::user, 42) == "");
    REQUIRE(labels("alicia", false).exited(0));
    CHECK(read_label(*ring, LabelKind::user, 42) == "alicia");
    CHECK(ring->header().labels_dropped.load() == 0);
  }
}
