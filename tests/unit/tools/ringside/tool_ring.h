// A ring of which a test of the debug tool holds both ends. Its ticks are nanoseconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "shm/labels.h"
#include "shm/names.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::uint16_t kSend = 0;
inline constexpr std::uint16_t kLogin = 1;
inline constexpr std::uint16_t kRetry = kFirstEvent;

struct ToolRing {
  explicit ToolRing(Geometry geometry = {4, 64, 64}) {
    segment = test::make_ring(path, geometry);
    begin = clock_ns(CLOCK_MONOTONIC) - 3600'000 * kMs;
    test::use_nanoseconds(*segment, begin);
    NameEntry send{"SEND_MESSAGE", "message", {}};
    send.stages = {"queue", "validation", "", "database", "", ""};
    enter_name(*segment, kSend, send);
    enter_name(*segment, kLogin, {"AUTHENTICATION", "user", {}});
    enter_name(*segment, kRetry, {"RETRY", "", {}});
    enter_error_name(*segment, 7, "DB_TIMEOUT");
    give_label(*segment, LabelKind::user, 42, "alice");
    give_label(*segment, LabelKind::room, 7, "tea, \"time\"");
  }

  LaneWriter& lane(std::uint32_t i) {
    while (lanes.size() <= i) {
      const auto tid = static_cast<std::uint32_t>(lanes.size() + 100);
      lanes.push_back(test::claim(*segment, tid));
    }
    return lanes[i];
  }
  // Writes an operation that began `at_ns` after the ring, and returns its record.
  Record write(std::uint32_t i, std::uint16_t id, std::int64_t at_ns, std::int64_t duration_ns,
               Outcome outcome = Outcome::ok) {
    return write(i, test::operation(id, ticks(at_ns), duration_ns, outcome));
  }
  Record write(std::uint32_t i, const Record& record) {
    write_record(lane(i), record);
    return record;
  }
  std::uint64_t ticks(std::int64_t at_ns) const {
    return static_cast<std::uint64_t>(begin + at_ns);
  }

  Source open() const {
    Failure failure;
    Source source = open_source(path, &failure);
    REQUIRE_MESSAGE(source.file != nullptr, failure.message);
    return source;
  }
  static std::vector<Seen> all(const Source& source) {
    std::vector<Seen> records;
    source.records->read(records, true);
    return records;
  }

  const test::TempDir directory;
  const std::string path = directory.file("ring");
  std::int64_t begin = 0;
  std::unique_ptr<Segment> segment;
  std::vector<LaneWriter> lanes;
};

}  // namespace ringside::tool
