// Why one operation was slow: beside others of its kind, and beside what other threads did
// meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/clock.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// Figures of the records of the same operation that the source holds, this one left out. Spans are
// in ns, medians and p95 by nearest rank.
struct UsualSpan {
  std::uint64_t records = 0;  // that were timed
  std::int64_t median_ns = 0;
  std::int64_t p95_ns = 0;
  std::uint64_t shorter = 0;  // how many took less than this one
};
struct StageDifference {
  std::string name;  // "(none)": in no stage
  std::int64_t this_ns = 0;
  std::int64_t median_ns = 0;  // of the others, those without the stage as 0
  std::int64_t more_ns() const { return subtract_ns(this_ns, median_ns); }
};

// A record of another lane that was under way in the same span.
struct Companion {
  Seen seen;
  std::int64_t overlap_ns = 0;
  std::int64_t began_ns = 0;  // from this one's beginning, negative before it
  bool same_subject = false;
  bool same_actor = false;
};
// An operation that had begun before this one ended, and has not ended yet.
struct StillUnderWay {
  std::uint32_t lane = 0;
  std::uint16_t operation = 0;
  std::int64_t began_ns = 0;  // likewise
};

struct Explanation {
  UsualSpan usual;
  std::vector<StageDifference> stages;  // in the order of the record
  std::vector<Companion> companions;    // operations; the longest overlap first
  std::vector<Companion> events;        // that ended within the span; its own thread's come first
  std::vector<StillUnderWay> still;     // the earliest first
  std::uint64_t threads = 0;            // lanes of the companions
  std::uint64_t on_same_subject = 0;    // of the companions
  std::uint64_t of_same_operation = 0;  // likewise

  // The stage that took the largest part of what this one took longer than the median. Null where
  // it was not longer, or has no stages.
  const StageDifference* culprit() const;
};

// `all` are the records that the source holds.
Explanation explain_record(const RingFile& file, const Seen& seen, const std::vector<Seen>& all);

// The timed operation among `candidates` that took longest; null where there is none.
const Seen* slowest_of(const std::vector<const Seen*>& candidates);

}  // namespace ringside::tool
