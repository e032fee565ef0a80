// The 64-byte record: what a server writes and the daemon reads.
// ABI: separately built processes share these bytes. Changing one bumps kLayoutVersion.
//
//   off size field      meaning
//     0   8  sequence   2*(position+1) when readable, odd while it is written, 0 never written
//     8   8  start      raw clock ticks; with kFlagUntimed those of its end
//    16   8  duration   raw clock ticks, signed: a clock that stepped shows as a negative span
//    24   2  operation  id of an operation (0..255) or of an event (256..319); see layout.h
//    26   1  kind       Kind
//    27   1  outcome    Outcome
//    28   2  flags      what actor and subject are; kFlag…
//    30   2  error      the server's own error code, 0 for none; its name is in the error table
//    32   8  actor      who: a user, session or address
//    40   8  subject    on what: a room, message, user or address
//    48  16  stages     operations: six stage marks in two words, each a StageTicks
//    48   8  value      events: a number whose meaning the event's name gives
//    56   2  context    events: operation id + 1 during which it happened, 0 for none
//    58   6  reserved   events: zero
//
// Written by the lane's owner alone (or by the overflow lane's reserving writer); everybody else
// reads. A reader trusts no byte of it: see believable().
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside {

// How a record of an operation or event ended. `error` and `timeout` are the server's failures and
// count as errors; `rejected`, `denied` and `limited` are refusals that the caller earned;
// `cancelled` is an operation that was abandoned (its handle was destroyed unfinished, or the
// client left).
enum class Outcome : std::uint8_t { ok, error, timeout, rejected, denied, limited, cancelled };
inline constexpr unsigned kOutcomeCount = 7;

// True for outcomes that count as errors in totals, rates and alerts.
constexpr bool is_error(Outcome outcome) {
  return outcome == Outcome::error || outcome == Outcome::timeout;
}

enum class Kind : std::uint8_t { none, operation, event };

enum class ActorKind : std::uint8_t { none, user, session, address };
enum class SubjectKind : std::uint8_t { none, room, message, user, address };

// Bits of Record::flags. Bits 0-1 ActorKind, 2-4 SubjectKind.
inline constexpr std::uint16_t kFlagActorMask = 0x0003;
inline constexpr unsigned kFlagSubjectShift = 2;
inline constexpr std::uint16_t kFlagSubjectMask = 0x001c;
// Sampled out, but recorded because it failed.
inline constexpr std::uint16_t kFlagUntimed = 0x0020;
inline constexpr std::uint16_t kFlagStages = 0x0040;    // at least one stage mark is set
inline constexpr std::uint16_t kFlagOverflow = 0x0080;  // written through the overflow lane
inline constexpr std::uint16_t kFlagKnownMask = 0x00ff;

inline constexpr unsigned kStageCount = 6;

// A span of ticks in 21 bits: exact below 2^17 ticks, then at most 2^-16 of it too small, up to
// 2^47 - 1 ticks (15 hours of a 2.6 GHz clock). Packed spans have the order of the spans.
//
//   bits 16..20  e, the exponent      e = 0: m ticks
//   bits 0..15   m, the mantissa      e > 0: (2^16 + m) * 2^(e - 1) ticks
//
//   100 ticks     msb  6   e 0  m 100              packed 100
//   100,000       msb 16   e 1  m 100,000 - 2^16   packed 100,000
//   1,000,001     msb 19   e 4  m 59,464           packed 321,608, which is 1,000,000 ticks
using StageTicks = std::uint32_t;
inline constexpr unsigned kStageBits = 21;
inline constexpr StageTicks kStageMask = (StageTicks{1} << kStageBits) - 1;
inline constexpr unsigned kStagesPerWord = 3;  // bit 63 of a word is zero
inline constexpr unsigned kStageWords = kStageCount / kStagesPerWord;
inline constexpr StageTicks kExactStageTicks = 1U << 17;  // below it a packed span is the span
inline constexpr std::uint64_t kMostStageTicks = (std::uint64_t{1} << 47) - 1;  // longer: this

constexpr StageTicks pack_stage_ticks(std::uint64_t ticks) {
  if (ticks > kMostStageTicks) ticks = kMostStageTicks;
  // How often it is halved until 17 bits are left. The bit that is set here makes it 0 for spans
  // that need no halving.
  const auto halved = static_cast<unsigned>(63 - __builtin_clzll(ticks | 0x10000)) - 16;
  return (halved << 16) + static_cast<StageTicks>(ticks >> halved);
}

constexpr std::uint64_t unpack_stage_ticks(StageTicks packed) {
  const unsigned exponent = packed >> 16 & 31;
  const std::uint64_t mantissa = packed & 0xffff;
  return exponent == 0 ? mantissa : (0x10000 + mantissa) << (exponent - 1);
}

// Three packed spans as one word of a record.
constexpr std::uint64_t pack_stage_word(StageTicks first, StageTicks second, StageTicks third) {
  return std::uint64_t{first} | std::uint64_t{second} << kStageBits |
         std::uint64_t{third} << 2 * kStageBits;
}

// The same of three spans below kExactStageTicks.
constexpr std::uint64_t pack_exact_stages(std::uint64_t first, std::uint64_t second,
                                          std::uint64_t third) {
  return first | second << kStageBits | third << 2 * kStageBits;
}

struct EventFields {
  std::int64_t value;
  std::uint16_t context;
  std::uint16_t reserved[3];
};

struct Record {
  std::uint64_t sequence;
  std::uint64_t start;
  std::int64_t duration;
  std::uint16_t operation;
  std::uint8_t kind;
  std::uint8_t outcome;
  std::uint16_t flags;
  std::uint16_t error;
  std::uint64_t actor;
  std::uint64_t subject;
  union {
    std::uint64_t stages[kStageWords];
    EventFields event;
  };

  // The packed span of stage i, below kStageCount.
  StageTicks stage(std::size_t i) const {
    return static_cast<StageTicks>(stages[i / kStagesPerWord] >> i % kStagesPerWord * kStageBits) &
           kStageMask;
  }
  void set_stage(std::size_t i, StageTicks packed) {
    std::uint64_t& word = stages[i / kStagesPerWord];
    const std::size_t shift = i % kStagesPerWord * kStageBits;
    word = (word & ~(std::uint64_t{kStageMask} << shift)) | std::uint64_t{packed} << shift;
  }
  // Ticks at which it completed; wraps like the clock itself.
  std::uint64_t end() const { return start + static_cast<std::uint64_t>(duration); }
  ActorKind actor_kind() const { return static_cast<ActorKind>(flags & kFlagActorMask); }
  // Another process wrote the bits, so the result may be none of the enumerators.
  SubjectKind subject_kind() const {
    return static_cast<SubjectKind>((flags & kFlagSubjectMask) >> kFlagSubjectShift);
  }
};

// The descriptor: operation, kind, outcome, flags and error in one word.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the words of a record are packed for a little-endian machine");
inline constexpr unsigned kOutcomeShift = 24;
inline constexpr unsigned kFlagsShift = 32;
inline constexpr unsigned kErrorShift = 48;
constexpr std::uint64_t pack_descriptor(std::uint16_t operation, Kind kind, Outcome outcome,
                                        std::uint16_t flags, std::uint16_t error) {
  return std::uint64_t{operation} | std::uint64_t{static_cast<std::uint8_t>(kind)} << 16 |
         std::uint64_t{static_cast<std::uint8_t>(outcome)} << kOutcomeShift |
         std::uint64_t{flags} << kFlagsShift | std::uint64_t{error} << kErrorShift;
}
constexpr std::uint16_t operation_of(std::uint64_t descriptor) {
  return static_cast<std::uint16_t>(descriptor);
}
constexpr Outcome outcome_of(std::uint64_t descriptor) {
  return static_cast<Outcome>(descriptor >> kOutcomeShift & 0xff);
}

static_assert(sizeof(Record) == 64, "one record is one cache line");
static_assert(offsetof(Record, sequence) == 0);
static_assert(offsetof(Record, start) == 8);
static_assert(offsetof(Record, duration) == 16);
static_assert(offsetof(Record, operation) == 24);
static_assert(offsetof(Record, kind) == 26);
static_assert(offsetof(Record, outcome) == 27);
static_assert(offsetof(Record, flags) == 28);
static_assert(offsetof(Record, error) == 30);
static_assert(offsetof(Record, actor) == 32);
static_assert(offsetof(Record, subject) == 40);
static_assert(offsetof(Record, stages) == 48);
static_assert(offsetof(Record, event) == 48);
static_assert(offsetof(EventFields, context) == 8);

}  // namespace ringside
