// A server that dies or leaves while others look at its ring.
#pragma once

#include <signal.h>

#include <string>

#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"

namespace ringside::test {

// It writes some records and then dies or leaves. Its clock is nanoseconds of this
// machine.
inline Ended server(const std::string& path, int records, bool orderly, bool keep = false) {
  return run([&] {
    Failure failure;
    CreateOptions options;
    options.path = path;
    options.program = "victim";
    options.geometry = {2, 1024, 64};
    const Created created = create_segment(options, self_identity(), &failure);
    if (created.segment == nullptr) return 1;
    enter_name(*created.segment, 0, {"SEND_MESSAGE", "message", {}});
    LaneWriter lane = claim_lane(*created.segment, owner("w", 1)).writer;
    for (int i = 0; i < records; ++i) {
      write_record(
          lane,
          operation(0, read_ticks(static_cast<ClockKind>(created.segment->header().clock_kind)),
                    10));
    }
    if (!orderly) raise(SIGKILL);
    leave(*created.segment, keep);
    return 0;
  });
}

}  // namespace ringside::test
