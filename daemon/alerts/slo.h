// What is remembered of objectives: good and bad calls in slots of five minutes, for 30 days.
//
// Pure: counts and the time go in, shares come out. daemon/config/objectives.h has the rules.
//
// Time is the daemon's own. It runs while the daemon runs, whatever the wall clock does, and a
// daemon that comes back adds what the wall clock says that it was away. Calls that came meanwhile
// belong to no slot that is known, so they are left out (SloMemory::missed).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/evidence.h"
#include "daemon/config/objectives.h"
#include "daemon/storage/codec.h"
#include "report/model/series.h"

namespace ringside {

// The slots of one objective.
class SloLedger {
 public:
  // The first slot that it has counts of.
  explicit SloLedger(std::uint64_t slot = 0) : slot_(slot), first_(slot), before_(kSloSlots) {}

  // Goes on to a slot. An earlier one than the present is passed over.
  void pass(std::uint64_t slot);
  // Counts into the present slot. `bad.over` of `bad.of` calls were bad.
  void add(const Share& bad);
  // The present slot, which has just begun or is nearly full, and `slots` before it. At most
  // kSloSlots - 1.
  Share last(std::size_t slots) const;
  // Which part of that has been counted, 0 to 1. The rest is from before the first slot.
  double known(std::size_t slots) const;

  void encode(Encoder& out) const;
  // `slot`: the present one. Leaves the decoder failed when the bytes are no ledger.
  void decode(Decoder& in, std::uint64_t slot);
  friend bool operator==(const SloLedger&, const SloLedger&) = default;

 private:
  std::uint64_t slot_, first_;
  Share now_;                  // all calls so far
  std::vector<Share> before_;  // by slot modulo kSloSlots: all calls before it
};

// Whether an operation's calls count for an objective. Without patterns those of all operations do
// that don't wait for their client.
bool covers(const ObjectiveConfig& objective, const SeriesView& series,
            const Thresholds& thresholds);

// How fast a budget is burnt, by one rule.
struct Burn {
  BurnRule rule;
  Share calls;         // of the long window
  double times = 0;    // of the burn that uses up the budget in 30 days
  bool over = false;   // both windows are, surely enough
  bool below = false;  // the short one is below nine tenths of the limit
};
// An objective's budget has been burnt so far as if what is not known had been good: a window that
// is known for a tenth of its length has burnt a tenth of what its share says.
Burn burn_of(const SloLedger& ledger, const ObjectiveConfig& objective, const BurnRule& rule,
             double z);
// The part of the 30 days' budget that is used up; more than 1 when more than all of it is.
double budget_used(const SloLedger& ledger, const ObjectiveConfig& objective);

// Part of RuleMemory.
struct SloMemory {
  // What one series had counted by the last tick.
  struct Seen {
    std::string ring, operation;
    Share calls;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  struct Objective {
    std::string definition;
    std::vector<std::string> rings;  // those that were there at the last tick
    std::vector<Seen> seen;          // in the snapshot's order
    SloLedger ledger;
    friend bool operator==(const Objective&, const Objective&) = default;
  };

  std::map<std::string, Objective> objectives;  // by name
  std::int64_t time_ns = 0;                     // from 0
  std::int64_t wall_ns = 0;                     // of the last tick; 0: there was none
  bool missed = false;  // since the last tick so much time passed that its calls are left out

  std::uint64_t slot() const { return static_cast<std::uint64_t>(time_ns / kSloSlotNs); }
  // One tick. `passed_ns` since the last one, by the monotonic clock; absent in the first tick of a
  // daemon, when only the wall clock knows.
  void pass(const std::optional<std::int64_t>& passed_ns, std::int64_t wall, std::int64_t tick_ns);

  void encode(Encoder& out) const;
  void decode(Decoder& in);
  friend bool operator==(const SloMemory&, const SloMemory&) = default;
};

}  // namespace ringside
