// Chooses which records are looked at singly, to learn who is behind them, when there are too many
// to look at all.
//
// A record's size is its time plus a base, which is the mean time of a record. So long records are
// looked at more often, which keeps the estimate of time good. Short records are looked at often
// enough for the estimate of their number.
//
// Put the sizes of all records on a line, one after the other. Points lie on the line with random
// gaps (exponential, of mean `step`). A record with a point in it is looked at. Such gaps have no
// memory. So each record is looked at independently of all others, with probability 1 - exp(-size /
// step). The estimates are then right on average for every pattern of traffic, and their variance
// is known. With equal gaps neither would hold: they fall in step with traffic that repeats.
//
// Passing a record over costs an addition and a subtraction.
#pragma once

#include <cstdint>
#include <random>

namespace ringside {

class Sampler {
 public:
  // After restart() all records are looked at, up to this many. Then one in 128 is, until as many
  // again have been looked at, and after that one in 512.
  static constexpr std::uint32_t kExact = 20'000;

  // The seed is the same in each run, so that a replay is exact. Tests pass other seeds and smaller
  // numbers.
  explicit Sampler(std::uint64_t seed = 42, std::uint32_t exact = kExact)
      : exact_(exact), random_(seed) {}

  // Whether the next record, which took that many ticks, is looked at. If so, looked_at() must
  // follow.
  bool looks_at(std::uint64_t ticks) {
    return __builtin_sub_overflow(left_, ticks + base_, &left_);
  }
  // Chooses where the next point lies. Returns the probability with which that record was looked
  // at.
  double looked_at(std::uint64_t ticks);

  // From now on all records are looked at again.
  void restart();
  bool passes_over() const { return step_ > 0; }
  // A record that is looked at counts for at most this many operations, and for this much time.
  double most_operations() const { return step_ > 0 ? 1 / probability(0) : 0; }
  double most_ticks() const { return step_; }

 private:
  double probability(std::uint64_t ticks) const;

  std::uint64_t base_ = 1;      // ticks
  std::uint64_t left_ = 0;      // ticks to the next point; 0: in the next record
  double step_ = 0;             // ticks; 0: all are looked at
  std::uint32_t exact_;
  std::uint32_t looked_at_ = 0;
  // Sums over the records looked at since the step was set, each divided by its probability.
  double records_ = 0;
  double ticks_ = 0;
  std::mt19937_64 random_;
};

}  // namespace ringside
