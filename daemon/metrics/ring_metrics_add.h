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

namespace detail {

using SignedVector = std::int32_t __attribute__((vector_size(16)));
using FloatVector = float __attribute__((vector_size(16)));
using WordVector = std::uint64_t __attribute__((vector_size(16)));

// The packed stages out of a record's two words. Each has 21 bits; bit 63 of a word, which is zero,
// may come along when the record is garbage.
inline StageVectors stages_in(std::uint64_t first, std::uint64_t second) {
  const WordVector words = {first, second};
  constexpr std::uint64_t kLow = kStageMask;
  const WordVector most = (words & kLow) | ((words << (32 - kStageBits)) & (kLow << 32));
  return {reinterpret_cast<StageVector>(most),
          reinterpret_cast<StageVector>(words >> (2 * kStageBits))};
}

// A packed stage has 22 bits at most, so that the signed comparison of SSE2 is right.
inline bool any_above(const StageVectors& stages, const StageVectors& bounds) {
  const auto above = [](StageVector a, StageVector b) {
    return reinterpret_cast<SignedVector>(a) > reinterpret_cast<SignedVector>(b);
  };
  const auto any = above(stages.most, bounds.most) | above(stages.rest, bounds.rest);
#if defined(__SSE2__)
  return _mm_movemask_epi8(reinterpret_cast<__m128i>(any)) != 0;
#else
  const auto words = reinterpret_cast<WordVector>(any);
  return (words[0] | words[1]) != 0;
#endif
}

// Unpacks spans below 2^31 ticks; what comes of longer ones has no meaning. A packed span with an
// exponent has the bits of a float: exponent and mantissa need only go to their places. One without
// is itself.
inline StageVector unpacked(StageVector packed) {
  // An exponent of 1 stands for 2^16: 127 is the bias of a float's exponent.
  constexpr std::uint32_t kBias = (127 + 16 - 1) << 23;
  const auto floats = reinterpret_cast<FloatVector>((packed << (23 - 16)) + kBias);
#if defined(__SSE2__)
  const auto ticks =
      reinterpret_cast<StageVector>(_mm_cvttps_epi32(reinterpret_cast<__m128>(floats)));
#else
  const auto ticks = reinterpret_cast<StageVector>(__builtin_convertvector(floats, SignedVector));
#endif
  const auto exact = reinterpret_cast<StageVector>(reinterpret_cast<SignedVector>(packed) <
                                                   static_cast<std::int32_t>(kExactStageTicks));
  return (packed & exact) | (ticks & ~exact);
}

}  // namespace detail

[[gnu::always_inline]] inline void RingMetrics::add(const RecordWords& record,
                                                    std::uint64_t position, std::uint32_t lane) {
  Plain& plain = plain_[record.descriptor & (kIdCount - 1)];
  const std::uint64_t ticks = record.duration;
  const std::uint64_t end = record.start + ticks;
  const StageVectors marks = detail::stages_in(record.stages_or_value, record.stages_or_context);
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
    plain.sums.most += detail::unpacked(marks.most);
    plain.sums.rest += detail::unpacked(marks.rest);
    plain.absent.most -= reinterpret_cast<StageVector>(marks.most == 0);
    plain.absent.rest -= reinterpret_cast<StageVector>(marks.rest == 0);
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
