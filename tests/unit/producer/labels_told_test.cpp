// What a server calls its users and rooms, as the ring has it.
#include <doctest/doctest.h>

#include <string>

#include "shm/labels.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// The label of user 42 that a server with this setup and RINGSIDE_LABELS leaves in its ring.
std::string left_by(Setup setup, const TempDir& dir, const char* variable) {
  setup.ring = dir.file("ring");
  const Ended ended = run(
      [&] {
        unsetenv("RINGSIDE_RING");
        if (variable != nullptr) setenv("RINGSIDE_LABELS", variable, 1);
        label(LabelKind::user, 42, "before");
        if (!start(setup)) return 99;
        if (!setup.program.empty()) label(LabelKind::user, 42, "alice");
        label(static_cast<LabelKind>(6), 42, "of no kind");
        label(LabelKind::none, 42, "of no kind");
        return 0;
      },
      true);
  REQUIRE(ended.exited(0));
  const Reader reader(setup.ring);
  CHECK(reader.segment->header().labels_dropped.load() == 0);
  return read_label(*reader.segment, LabelKind::user, 42);
}

}  // namespace

TEST_CASE("Told: a label comes into the ring, unless the setup or the environment forbids it") {
  const auto label_with = [](bool labels, const char* variable) {
    TempDir dir;
    Setup setup = setup_for(dir);
    setup.labels = labels;
    return left_by(setup, dir, variable);
  };
  CHECK(label_with(true, nullptr) == "alice");
  CHECK(label_with(false, nullptr) == "");
  CHECK(label_with(true, "0") == "");
  CHECK(label_with(false, "1") == "alice");
}

TEST_CASE("Told: a label before the start, or of no kind, is none") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.program = "";
  CHECK(left_by(setup, dir, nullptr) == "");
}
