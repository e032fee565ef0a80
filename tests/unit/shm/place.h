// A place for a ring, and a server that makes one there.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

namespace ringside::test {

struct Place {
  TempDir dir;
  CreateOptions options;
  Failure failure;

  Place() {
    options.path = dir.file("ring");
    options.program = "chatd";
    options.geometry = {2, 128, 64};
  }
  Created create(const ProcessIdentity& self = self_identity()) {
    failure = {};
    failure.error_number = -1;
    return create_segment(options, self, &failure);
  }
  // The same by a server that has died since.
  Created create_dead(const ProcessIdentity& self = self_identity()) {
    Created created;
    in_another_thread([&] { created = create(self); });
    return created;
  }
  // The answer to a second server, without the path at its beginning.
  std::string refusal(const ProcessIdentity& self = self_identity()) {
    const Created created = create(self);
    if (created.segment != nullptr) return "";
    REQUIRE(failure.message.compare(0, options.path.size() + 2, options.path + ": ") == 0);
    return failure.message.substr(options.path.size() + 2);
  }
  bool exists(const std::string& ending = "") const {
    return access((options.path + ending).c_str(), F_OK) == 0;
  }
};

// A process that is gone.
inline ProcessIdentity nobody() {
  const pid_t pid = spawn([] { return 0; });
  wait_for(pid);
  ProcessIdentity identity = self_identity();
  identity.pid = static_cast<std::uint32_t>(pid);
  return identity;
}

// A process that lives and is not this one: the first of all.
inline ProcessIdentity init() {
  ProcessIdentity identity = self_identity();
  identity.pid = 1;
  identity.start_time = process_start_time(identity.pid);
  return identity;
}

}  // namespace ringside::test
