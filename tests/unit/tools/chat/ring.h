// The ring of the tests' process. A process is traced once and until its end, so all cases of one
// run share it.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "shm/labels.h"
#include "shm/lane_reader.h"
#include "tests/unit/tools/chat/harness.h"

namespace chat_test {

// Traces this process, and reads what was written since this object was made. A process is traced
// once and until its end, so all cases of one run share a ring.
class Ring {
 public:
  Ring() : segment_(shared()) {
    for (std::uint32_t lane = 0; lane < segment_.geometry().lane_count; ++lane) {
      begin_.push_back(segment_.lane_header(lane).head.load());
    }
    for (std::uint16_t id = 0; id < ringside::kIdCount; ++id) before_.push_back(sum(id));
  }

  std::vector<ringside::Record> records() const {
    std::vector<ringside::Record> all;
    const auto& geometry = segment_.geometry();
    for (std::uint32_t lane = 0; lane < geometry.lane_count; ++lane) {
      auto& header = segment_.lane_header(lane);
      if (!ringside::lane_readable(header)) continue;
      ringside::LaneCursor cursor;
      cursor.position = begin_[lane];
      ringside::read_lane(segment_.slots(lane), header, geometry.lane_capacity, cursor, ~0ULL,
                          [&](const ringside::Record& record) { all.push_back(record); });
      CHECK(cursor.lost == 0);
    }
    return all;
  }
  std::string label(ringside::LabelKind kind, std::uint64_t id) const {
    return ringside::read_label(segment_, kind, id);
  }
  // How often an id was counted, with or without a record.
  std::uint64_t total(std::uint16_t id) const { return sum(id) - before_[id]; }
  std::uint64_t total(ringside::EventId id) const { return total(id.value); }

 private:
  static ringside::Segment& shared() {
    static TempDir directory;
    static const auto segment = [] {
      ringside::Setup setup;
      setup.program = "chat-tests";
      setup.ring = (directory / "ring").string();
      if (!ringside::start(setup)) throw std::runtime_error(ringside::why_untraced());
      ringside::Failure failure;
      ringside::SegmentFacts facts;
      auto opened = ringside::open_segment(setup.ring, {}, &facts, &failure);
      if (!opened) throw std::runtime_error("the ring can't be opened");
      return opened;
    }();
    return *segment;
  }
  std::uint64_t sum(std::uint16_t id) const {
    std::uint64_t sum = 0;
    for (std::uint32_t lane = 0; lane < segment_.geometry().lane_count; ++lane) {
      if (!ringside::lane_readable(segment_.lane_header(lane))) continue;
      const auto& totals = segment_.totals(lane)[id];
      sum += totals.recorded.load() + totals.skipped.load();
    }
    return sum;
  }

  ringside::Segment& segment_;
  std::vector<std::uint64_t> begin_;
  std::vector<std::uint64_t> before_;
};

}  // namespace chat_test
