// A traced server in a child process, and what it left in its ring. It needs a child because a
// process can start tracing only once.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <functional>
#include <vector>

#include "producer/ringside.hpp"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

namespace ringside::test {

struct Reader {
  std::unique_ptr<Segment> segment;
  SegmentFacts facts;
  std::vector<LaneCursor> cursors;
  std::vector<Record> records;

  explicit Reader(const std::string& path) {
    Failure failure;
    segment = open_segment(path, {}, &facts, &failure);
    REQUIRE_MESSAGE(segment != nullptr, failure.message);
    cursors.resize(facts.geometry.lane_count + 1);
    read();
  }
  void read() {
    for (std::uint32_t i = 0; i < cursors.size(); ++i) {
      const LaneHeader& header = segment->lane_header(i);
      if (!lane_readable(header)) continue;
      const auto take = [&](const Record& record) { records.push_back(record); };
      if (i == segment->overflow_lane()) {
        read_overflow(segment->slots(i), header, facts.geometry.capacity(i), cursors[i], 1U << 20,
                      take);
      } else {
        read_lane(segment->slots(i), header, facts.geometry.capacity(i), cursors[i], 1U << 20,
                  take);
      }
    }
  }
  std::uint64_t total(std::uint16_t id, std::atomic<std::uint64_t> Totals::*what) const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < cursors.size(); ++i) {
      if (lane_readable(segment->lane_header(i))) sum += (segment->totals(i)[id].*what).load();
    }
    return sum;
  }
};

// The ring stays after the server's end, so that the test can look at it.
inline Setup setup_for(const TempDir& dir) {
  Setup setup;
  setup.program = "test";
  setup.ring = dir.file("ring");
  setup.keep = true;
  return setup;
}

// Runs a server that is traced with `setup`. The exit code is the body's result, or 99 when the
// server was not traced.
inline Ended serve(const Setup& setup, const std::function<int()>& body) {
  return run(
      [&] {
        unsetenv("RINGSIDE_RING");
        if (!start(setup)) return 99;
        return body();
      },
      true);
}

// The ring as its server has it, for a test that changes what stands in it.
inline std::unique_ptr<Segment> writable(const std::string& path) {
  Failure failure;
  SegmentFacts facts;
  OpenOptions options;
  options.writable = true;
  return open_segment(path, options, &facts, &failure);
}

}  // namespace ringside::test
