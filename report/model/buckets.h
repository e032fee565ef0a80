// Histogram buckets: base-2 exponential, 32 to the octave.
//
// Bucket i holds values in (2^((i-1)/32), 2^(i/32)] seconds: exactly the buckets of a Prometheus
// native histogram of schema 5 and of an OTLP exponential histogram of scale 5 (OTLP counts from
// the lower bound, so its index is i - 1). Neighbouring bounds differ by 2.19 %, so the harmonic
// middle of a bucket is within 1.09 % of every value in it.
//
// Values are counted in units of 2^-38 s (3.6 ps). A power of two of a second puts our bounds on
// the standard's bounds. With nanoseconds every bucket would straddle two of theirs.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ringside {

// A span of time in units of 2^-38 s. 64 bits hold 2.1 years.
using LatencyUnits = std::uint64_t;
inline constexpr int kUnitBits = 38;
inline constexpr double kUnitsPerSecond = 274877906944.0;  // 2^38
inline constexpr double kUnitsPerNs = kUnitsPerSecond / 1e9;

inline constexpr int kBucketsPerOctave = 32;
// The range of bucket indices. The lowest bucket holds everything up to 2^-32 s (0.23 ns), the
// highest everything above longest_told_apart_seconds() (35.6 h). So a day differs from a day and
// an hour.
inline constexpr int kMinBucket = -32 * kBucketsPerOctave;
inline constexpr int kMaxBucket = 17 * kBucketsPerOctave;
inline constexpr std::size_t kBucketCount = static_cast<std::size_t>(kMaxBucket - kMinBucket + 1);

namespace detail {
inline constexpr unsigned kOctaves = 64;  // of units
inline constexpr unsigned kCellsPerOctave = 64;

// floor(2^(63 + j/32)): where the bounds of one octave lie in a 64-bit mantissa. They are
// irrational except for j = 0, so no integer value equals a rounded bound.
inline constexpr std::uint64_t kBounds[] = {
    0x8000000000000000U, 0x82cd8698ac2ba1d7U, 0x85aac367cc487b14U, 0x88980e8092da8527U,
    0x8b95c1e3ea8bd6e6U, 0x8ea4398b45cd53c0U, 0x91c3d373ab11c336U, 0x94f4efa8fef70961U,
    0x9837f0518db8a96fU, 0x9b8d39b9d54e5538U, 0x9ef5326091a111adU, 0xa27043030c496818U,
    0xa5fed6a9b15138eaU, 0xa9a15ab4ea7c0ef8U, 0xad583eea42a14ac6U, 0xb123f581d2ac258fU,
    0xb504f333f9de6484U, 0xb8fbaf4762fb9ee9U, 0xbd08a39f580c36beU, 0xc12c4cca66709456U,
    0xc5672a115506daddU, 0xc9b9bd866e2f27a2U, 0xce248c151f8480e3U, 0xd2a81d91f12ae45aU,
    0xd744fccad69d6af4U, 0xdbfbb797daf23755U, 0xe0ccdeec2a94e111U, 0xe5b906e77c8348a8U,
    0xeac0c6e7dd24392eU, 0xefe4b99bdcdaf5cbU, 0xf5257d152486cc2cU, 0xfa83b2db722a033aU,
    0xffffffffffffffffU,
};

// For each 64th of an octave, how many bounds lie below it. The bounds are further apart than a
// cell is wide, so one comparison with the next bound settles the rest.
struct CellTable {
  std::uint8_t below[kCellsPerOctave] = {};
  constexpr CellTable() {
    std::uint64_t first = kBounds[0];   // of the cell
    for (std::uint8_t& count : below) {
      while (kBounds[count] < first) ++count;   // the last bound is above all of them
      first += kBounds[0] / kCellsPerOctave;
    }
  }
};
inline constexpr CellTable kCells;

// The same for every 64th of every octave of units, indexed by the upper bits of a double: how many
// bounds lie below, and the next bound as a double's bits.
struct DoubleTable {
  static constexpr int kShift = 46;  // leaves exponent and 6 bits of mantissa
  static constexpr std::uint64_t kFirst = std::uint64_t{1023} << 6;   // 1 unit
  std::uint16_t index[kOctaves * kCellsPerOctave] = {};               // bucket - kLowestBucket
  std::uint64_t bound[kOctaves * kCellsPerOctave] = {};
  constexpr DoubleTable() {
    for (unsigned octave = 0; octave < kOctaves; ++octave) {
      for (unsigned cell = 0; cell < kCellsPerOctave; ++cell) {
        const unsigned below = kCells.below[cell];
        const unsigned at = octave * kCellsPerOctave + cell;
        index[at] = static_cast<std::uint16_t>(octave * kBucketsPerOctave + below);
        // A bound's 64 bits without the leading one, cut to a double's 52 bits. No double of the
        // octave is above its last bound.
        const std::uint64_t mantissa = (kBounds[below] << 1) >> 12;
        bound[at] = (std::uint64_t{1023 + octave} << 52) | mantissa;
      }
    }
  }
};
inline constexpr DoubleTable kDoubles;
}  // namespace detail

// Every bucket that bucket_of() can return: 64 octaves of units, and the bucket of zero.
inline constexpr int kLowestBucket = -kUnitBits * kBucketsPerOctave;
inline constexpr int kHighestBucket = (64 - kUnitBits) * kBucketsPerOctave;

constexpr int clamp_bucket(int bucket) {
  return bucket < kMinBucket ? kMinBucket : bucket > kMaxBucket ? kMaxBucket : bucket;
}

// The bucket of a span: ceil(32 * log2(seconds)), exactly. Zero is in the lowest.
constexpr int bucket_of(LatencyUnits units) {
  if (units == 0) return kLowestBucket;
  const int shift = std::countl_zero(units);
  const std::uint64_t mantissa = units << shift;
  const unsigned below = detail::kCells.below[(mantissa >> 57) & 63];
  const int sub = static_cast<int>(below) + (mantissa > detail::kBounds[below] ? 1 : 0);
  return (63 - shift - kUnitBits) * kBucketsPerOctave + sub;
}

// The same for fractional units below 2^64. The drain uses it: one multiplication by a double turns
// ticks into units, and the result can index the table at once. Returns bucket - kLowestBucket.
inline std::size_t bucket_index_of(double units) {
  const double least_one = units > 1.0 ? units : 1.0;
  const auto bits = std::bit_cast<std::uint64_t>(least_one);
  const std::size_t cell =
      static_cast<std::size_t>((bits >> detail::DoubleTable::kShift) - detail::DoubleTable::kFirst);
  return detail::kDoubles.index[cell] + std::size_t{bits > detail::kDoubles.bound[cell]};
}

// Upper (inclusive) bound of a bucket in seconds.
inline double bucket_upper_seconds(int bucket) {
  return std::exp2(static_cast<double>(bucket) / kBucketsPerOctave);
}

// Up to this span a quantile is within 1.1 %. Longer ones share the highest bucket.
inline double longest_told_apart_seconds() { return bucket_upper_seconds(kMaxBucket - 1); }

// The value that stands for a bucket: the harmonic mean of its bounds. It has the smallest maximum
// relative error, (r - 1)/(r + 1) with r = 2^(1/32), which is 1.083 %.
inline double bucket_middle_seconds(int bucket) {
  const double lower = bucket_upper_seconds(bucket - 1);
  const double upper = bucket_upper_seconds(bucket);
  return 2 * lower * upper / (lower + upper);
}

}  // namespace ringside
