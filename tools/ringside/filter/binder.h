// What a condition becomes for the records of one ring: names are ids there, and times ticks.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "shm/label_kind.h"
#include "tools/ringside/filter/condition.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// Which members count follows from the field.
struct Test {
  struct Party {
    LabelKind kind = LabelKind::none;
    bool any_kind = false;  // of those that are plain numbers
    std::uint64_t id = 0;
  };

  Field field = Field::failed;
  Relation relation = Relation::eq;
  std::int64_t number = 0;                       // ticks, a code, a Kind, or an event's value
  std::bitset<kIdCount> ids;                     // op, category, during
  std::array<std::int8_t, kIdCount> stage_of{};  // the stage's number; -1: the id has none
  std::vector<bool> lanes;                       // thread
  bool by_name = false;                          // error: `codes` counts, and not `number`
  std::vector<std::uint16_t> codes;
  unsigned outcomes = 0;       // a bit for each Outcome that matches
  std::vector<Party> parties;  // actor, subject

  bool holds(const Seen& seen, std::uint64_t reference_ticks) const;
  bool is_one_of(LabelKind kind, std::uint64_t id) const;
};

struct BoundWanted {
  Wanted::Kind kind = Wanted::Kind::all;
  std::vector<BoundWanted> parts;
  Test test;

  bool matches(const Seen& seen, std::uint64_t reference_ticks) const;
};

// False, and `error` set, when a value cannot be read, or when it names what the ring does not
// have. Ages and moments are seen from `reference_ticks`.
bool bind(const Wanted& wanted, const RingFile& file, std::uint64_t reference_ticks,
          BoundWanted& out, FilterError& error);

}  // namespace ringside::tool
