// A histogram as a row of the history holds it: the counts of its buckets in a few hundred bytes.
//
//   byte    schema: 2^schema buckets to the octave; 5 is as the daemon counts, less is coarser
//   then, for each run of neighbouring buckets with a count, numbers in LEB128 (storage/codec.h):
//   first   of the first run: the bucket's index, zigzag (0, -1, 1, -2 become 0, 1, 2, 3)
//           of each other: how many empty buckets lie before it, less one
//   length  how many buckets the run has, less one
//   counts  one for each
//
// Worked example: bucket -3 has 7, bucket -2 has 300, the five from -1 to 3 are empty, bucket 4 has
// 1. The bytes are 05 | 05 01 07 ac 02 | 04 00 01.
//
// Bucket i of schema s holds values in (2^((i-1)/2^s), 2^(i/2^s)] seconds, as in a native histogram
// of Prometheus. Two neighbouring buckets are exactly one of the schema below.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/model/histogram.h"

namespace ringside {

inline constexpr int kFullSchema = 5;
// 8 buckets to the octave: a quantile is within 4.4 %.
inline constexpr int kCoarseSchema = 3;

// `schema` is 0..kFullSchema.
std::string pack_histogram(const Histogram& histogram, int schema = kFullSchema);

// Of a coarser schema each bucket becomes the one in the middle of those that it stands for.
// Nothing when the bytes are not such a histogram.
std::optional<Histogram> unpack_histogram(std::string_view bytes);

}  // namespace ringside
