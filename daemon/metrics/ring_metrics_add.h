// RingMetrics::add(): what the drain does with each record. Only the drain's loop inlines it.
//
// Every record of every thread passes here, so this code decides the drain's speed (ringside-bench
// --part drain, and --part instructions). A record is plain if it changes nothing but sums: it went
// well, it ended in the present slice, it is neither the shortest nor the longest of the slice nor
// among the slowest, and none of its stages is the longest. One comparison tests each condition. A
// plain record is an addition to a dozen words of its id and to one bucket, without a call. It is
// copied only if it may be among the last N. All other records go to add_singly().
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "daemon/metrics/ring_metrics.h"

namespace ringside {

// Outcomes other than ok, and records without a span.
inline constexpr std::uint64_t kSingleBits =
    pack_descriptor(0, Kind::none, static_cast<Outcome>(0xff), kFlagUntimed, 0);
inline constexpr StageTicks kSignBit = 1U << 31;

namespace detail {

using SignedVector = std::int32_t __attribute__((vector_size(16)));
using WordVector = std::uint64_t __attribute__((vector_size(16)));

inline bool any_above(StageVector marks, StageVector biased_bounds) {
  const auto above = reinterpret_cast<SignedVector>(marks ^ kSignBit) >
                     reinterpret_cast<SignedVector>(biased_bounds);
#if defined(__SSE2__)
  return _mm_movemask_epi8(reinterpret_cast<__m128i>(above)) != 0;
#else
  const auto words = reinterpret_cast<WordVector>(above);
  return (words[0] | words[1]) != 0;
#endif
}

}  // namespace detail

[[gnu::always_inline]] inline void RingMetrics::add(const RecordWords& record,
                                                    std::uint64_t position, std::uint32_t lane) {
  Plain& plain = plain_[record.descriptor & (kIdCount - 1)];
  const std::uint64_t ticks = record.duration;
  const std::uint64_t end = record.start + ticks;
  const auto marks = reinterpret_cast<StageVector>(
      detail::WordVector{record.stages_or_value, record.stages_or_context});
  // No branch: nothing predicts which records have stages.
  constexpr std::uint64_t kStagesBit = std::uint64_t{kFlagStages} << kFlagsShift;
  const bool staged = (record.descriptor & kStagesBit) != 0;
  if ((record.descriptor & plain.single_bits) != 0 || end - slice_begin_ >= slice_ticks_ ||
      ticks - plain.least >= plain.width || detail::any_above(marks, plain.bounds[staged]))
      [[unlikely]] {
    add_singly(record, position, lane);
  } else {
    ++plain.count;
    plain.ticks += ticks;
    plain.values += record.stages_or_value;
    plain.sums += marks;
    plain.absent -= reinterpret_cast<StageVector>(marks == 0);
    ++plain.buckets[units_.bucket_index(ticks)];
    if (sampler_.looks_at(ticks)) [[unlikely]]
      look_at(record.descriptor, record.actor, record.subject, ticks);
  }
  if (static_cast<std::int64_t>(end - plain.floor) >= 0) keep(record, position, lane);
}

[[gnu::always_inline]] inline void RingMetrics::keep(const RecordWords& record,
                                                     std::uint64_t position, std::uint32_t lane) {
  Recent& recent = by_id_[record.descriptor & (kIdCount - 1)]->recent();
  put_record(record, position, *recent.place());
  recent.push_placed(record.start + record.duration, lane);
}

}  // namespace ringside
