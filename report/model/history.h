// What history says of a span of time: plain data, as the daemon's history file holds it. The
// analysis and the report read these, from wherever they came.
//
// Times are seconds since the Unix epoch (…_wall_s) or nanoseconds (…_ns).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/model/advice.h"
#include "report/model/histogram.h"
#include "report/model/in_force.h"
#include "report/model/incidents.h"
#include "report/model/outcome.h"
#include "report/model/windows.h"

namespace ringside {

// Calls of one operation that failed with one code.
struct HistoryError {
  std::uint16_t code = 0;
  RecordOutcome outcome = RecordOutcome::error;
  std::uint64_t count = 0;
  friend bool operator==(const HistoryError&, const HistoryError&) = default;
};

// A minute or an hour of one operation or event of one ring.
struct HistorySlot {
  std::int64_t begin_wall_s = 0;  // a whole minute or hour
  std::uint32_t seconds = 60;     // its length: 60 or 3600
  // 0, except while the system clock stands where it has been before: it was set back. Then slots
  // of the same begin stand beside each other, and each counts what the others don't.
  std::uint32_t again = 0;
  double observed_seconds = 0;    // how much of it the daemon saw: 0..seconds
  std::uint64_t recorded = 0;
  std::uint64_t skipped = 0;  // counted by the server, not written as records
  std::uint64_t lost = 0;     // of the slot, as far as known per operation
  std::array<std::uint64_t, kOutcomes> outcomes{};
  std::uint64_t timed = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t min_ns = 0;  // 0 while timed == 0
  std::uint64_t max_ns = 0;
  std::int64_t value_sum = 0;  // events
  Histogram latency;           // exact; of old hours each bucket stands for several
  std::array<StageStats, kStages> stages{};
  std::vector<HistoryError> errors;  // by code and outcome

  std::uint64_t count() const { return recorded + skipped; }
};

// One operation or event over the span: its slots by time, with no slot where nothing was seen.
struct HistorySeries {
  std::string ring;
  std::string name;
  std::string category;  // empty for events
  bool event = false;
  bool waits_for_client = false;
  std::array<std::string, kStages> stage_names{};
  std::vector<HistorySlot> slots;
};

// How a ring was observed in a minute or an hour.
struct HistoryRingSlot {
  std::int64_t begin_wall_s = 0;
  std::uint32_t seconds = 60;
  std::uint32_t again = 0;  // as HistorySlot::again
  double observed_seconds = 0;
  std::uint64_t lost = 0;  // records that were overwritten before they were read
};
struct HistoryRing {
  std::string ring;
  std::vector<HistoryRingSlot> slots;
  // Records of the span whose operations were left out of it. The losses are of all of them.
  std::uint64_t left_out = 0;
};

// Something that was done and may explain a change.
struct HistoryMark {
  enum class Kind : std::uint8_t {
    server_start,
    server_end,
    deploy,
    daemon_start,
    reload,
    sampling,
    loss,
    gap
  };
  static constexpr std::array<const char*, 8> kKindNames = {
      "server_start", "server_end", "deploy", "daemon_start", "reload", "sampling", "loss", "gap"};
  std::int64_t wall_ns = 0;
  Kind kind = Kind::server_start;
  std::string ring;  // empty: the daemon itself
  std::string text;  // one line: the build id, what a reload changed
};

constexpr const char* name_of(HistoryMark::Kind kind) {
  return HistoryMark::kKindNames[static_cast<std::size_t>(kind)];
}

// A gauge of a ring, or a figure of the system, in one minute.
struct HistorySample {
  std::int64_t begin_wall_s = 0;
  std::int64_t last = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
};
struct HistoryGauge {
  std::string ring;  // empty for figures of the host
  std::string name;  // "connections", "memory_bytes", "descriptors", "threads", "load_1m_milli"
  std::vector<HistorySample> samples;
};

// What a ring's server calls an error code.
struct HistoryErrorName {
  std::string ring;
  std::uint16_t code = 0;
  std::string name;
};

// Everything of one span, oldest first.
struct HistorySpan {
  std::int64_t begin_wall_s = 0;
  std::int64_t end_wall_s = 0;  // exclusive
  std::vector<HistoryRing> rings;
  std::vector<HistorySeries> series;
  std::vector<HistoryGauge> gauges;
  std::vector<HistoryErrorName> error_names;  // by ring and code; of any time
  std::vector<IncidentView> incidents;
  std::vector<AlertTransition> transitions;  // lines of incidents and transitions of their alerts
  std::vector<HistoryMark> marks;
  // Of each ring the latest start or end of its server before the span.
  std::vector<HistoryMark> marks_before;
  // What was in force at some time of the span: the first of each may have begun before it. Of
  // each ring, and of each of its operations, those that differ from the one before. Empty where
  // the history does not know.
  std::vector<HistoryConfiguration> configurations;
  std::vector<HistoryDeclared> declared;  // by ring, operation and time
  std::vector<HistoryBuild> builds;       // by ring and time
  // Given before the end of the span, and not over for long before its begin.
  std::vector<HistoryAdvice> advice;
};

}  // namespace ringside
