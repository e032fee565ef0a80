// Facts about every snapshot, whatever its ring or its state file held.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/metrics/error_table.h"
#include "daemon/rings/watch.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "shm/lane_reader.h"
#include "tests/ring/fuzz/input.h"

namespace ringside::fuzz {

inline void require_sound(const Books& books) { FUZZ_REQUIRE(books.balance()); }

// The books hold, and nothing exceeds its bound.
inline void require_sound(const Snapshot& snapshot, const WatchOptions& options) {
  require_sound(snapshot.books);
  for (const RingView& ring : snapshot.rings) require_sound(ring.books);
  for (const LaneView& lane : snapshot.lanes) {
    require_sound(lane.books);
    FUZZ_REQUIRE(lane.pending <= kMaxHoles);
  }
  const std::size_t rings = options.rings.size();
  FUZZ_REQUIRE(snapshot.rings.size() == rings);
  FUZZ_REQUIRE(snapshot.lanes.size() <= rings * (kMaxLanes + 1));
  FUZZ_REQUIRE(snapshot.gauges.size() <= rings * kMaxGauges);
  FUZZ_REQUIRE(snapshot.operations.size() + snapshot.events.size() <= rings * 1026);
  FUZZ_REQUIRE(snapshot.errors.size() <= ErrorTable::kMaxEntries);
  FUZZ_REQUIRE(snapshot.slowest.size() <= options.top);
  for (const auto* top : {&snapshot.actors_by_errors, &snapshot.actors_by_time,
                          &snapshot.subjects_by_errors, &snapshot.subjects_by_time}) {
    FUZZ_REQUIRE(top->size() <= options.top);
  }
  for (const auto* all : {&snapshot.operations, &snapshot.events, &snapshot.categories}) {
    for (const SeriesView& series : *all) {
      FUZZ_REQUIRE(series.last.size() <= options.last);
      FUZZ_REQUIRE(series.books.balance());
    }
  }
}

// For a watch that began with an empty state. Every record that was read and believed is in exactly
// one series. Every timed one is in that series' histogram.
inline void require_complete(const Snapshot& snapshot) {
  for (const LaneView& lane : snapshot.lanes) FUZZ_REQUIRE(lane.books.rejected <= lane.books.read);
  std::uint64_t recorded = 0;
  for (const auto* all : {&snapshot.operations, &snapshot.events}) {
    for (const SeriesView& series : *all) {
      const WindowStats& stats = series.window(Window::since_start);
      recorded += stats.recorded;
      std::uint64_t timed = 0;
      for (const auto& bucket : stats.latency.buckets) timed += bucket.count;
      FUZZ_REQUIRE(timed == stats.timed);
    }
  }
  FUZZ_REQUIRE(recorded == snapshot.books.read - snapshot.books.rejected);
}

// Both reports can be made: text without control characters, and JSON that parses.
inline void require_shown(const Snapshot& snapshot) {
  const std::string text = render_text(Report(snapshot));
  for (const char c : text)
    FUZZ_REQUIRE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  FUZZ_REQUIRE(nlohmann::json::accept(render_json(Report(snapshot))));
}

}  // namespace ringside::fuzz
