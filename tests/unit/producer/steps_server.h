// What the tests of single steps start: a server of the library, and one that only makes a ring.
#pragma once

#include <unistd.h>

#include <string>

#include "producer/ringside.hpp"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/unit/producer/faults.h"

namespace ringside::test {

inline Setup step_setup(const TempDir& dir) {
  Setup setup;
  setup.ring = dir.file("ring");
  setup.lanes = 2;
  setup.lane_capacity = setup.overflow_capacity = 64;
  setup.keep = true;
  return setup;
}

inline void trace(OperationId id) { Operation(id).finish(Outcome::ok); }

constexpr int kPartsRead = 7;  // of the file of a dead ring

struct Server {
  TempDir dir;
  std::string path = dir.file("ring");
  CreateOptions options;
  ProcessIdentity self = self_identity();
  Failure failure;
  Faults faults;

  Server() {
    options.path = path;
    options.geometry = {1, 64, 64};
  }
  Created create() {
    failure = {};
    return create_segment(options, self, &failure);
  }
  // By a server that has died since.
  bool create_dead() {
    bool made = false;
    in_another_thread([&] { made = create().segment != nullptr; });
    return made;
  }
  // Why no ring was to be had, without the path at the beginning.
  std::string refusal() {
    const Created created = create();
    if (created.segment != nullptr) return "";
    return failure.message.compare(0, path.size() + 2, path + ": ") == 0
               ? failure.message.substr(path.size() + 2)
               : failure.message;
  }
  bool exists(const std::string& ending = "") const {
    return access((path + ending).c_str(), F_OK) == 0;
  }
};

}  // namespace ringside::test
