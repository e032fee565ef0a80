// What a ring tells of its server's last moments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/in_flight.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct LaneFindings {
  std::uint32_t lane = 0;
  bool overflow = false;
  LaneLife life = LaneLife::never;
  std::uint32_t tid = 0;
  std::string thread;  // escaped
  std::uint64_t written = 0;
  std::uint64_t torn_before = 0;  // half-written records that later owners found
  bool torn = false;              // the record at its head is half-written
  InFlight in_flight;
  std::int64_t in_flight_ns = 0;  // until the last sign of life
  std::vector<Seen> last;         // the newest first
  std::int64_t last_ns = 0;       // from the newest one's end to the last sign of life
};

// Who had records in the span.
struct PartyFindings {
  std::string text;  // escaped: "alice (user 42)"
  std::uint64_t operations = 0;
  std::uint64_t failed = 0;      // outcomes error and timeout
  std::uint64_t last_ticks = 0;  // when the newest one ended
};

struct ErrorFindings {
  std::string operation;
  std::string outcome;
  std::string error;  // "error 7 DB_TIMEOUT"; empty without a code
  std::uint64_t count = 0;
};

struct Findings {
  // Now, of a living server. Of a dead one the newest moment that anything in the ring is of: the
  // end of a record, or the beginning of an operation that did not end; so it was in that operation
  // for at least so long. 0, and `any` false, in a ring without both.
  bool any = false;
  std::uint64_t last_sign_ticks = 0;
  // How long before that all lanes go back: a minute at most, less where a lane was overwritten.
  std::int64_t span_ns = 0;
  std::uint64_t records = 0;           // that ended in that span
  std::uint64_t failed = 0;            // likewise
  std::vector<LaneFindings> lanes;     // those with memory, by number; the overflow lane last
  std::vector<PartyFindings> parties;  // with the most operations first
  std::vector<ErrorFindings> errors;   // the most frequent first

  // The lane whose thread was in an operation for the longest time. Null where none was in any.
  const LaneFindings* longest_in_flight() const;
  std::uint64_t in_flight() const;  // how many
  std::uint64_t torn() const;       // how many have a half-written record at their head
};

inline constexpr std::int64_t kMostSpanNs = 60'000'000'000;

// `all` are the records that the source holds, in the order of their ends. `each` is how many of a
// lane's are kept.
Findings find(const RingFile& file, const std::vector<Seen>& all, std::size_t each);

}  // namespace ringside::tool
