// Which records are looked at singly, to learn who is behind them, when there are too many for all.
//
// A record's size is its time plus a base, the mean time of a record: so long records are looked at
// more often, which keeps the estimate of time good, and short ones often enough for the estimate
// of their number. Points lie on the line of all sizes one after the other, with random gaps
// (exponential, of mean `step`), and a record with a point in it is looked at. The gaps have no
// memory, so each record is looked at independently of all others with probability 1 - exp(-size /
// step): the estimates are right on average for every pattern of traffic, and their variance is
// known. Equal gaps would be neither: they fall in step with traffic that repeats.
//
// Passing a record over costs an addition and a subtraction.
#pragma once

#include <cstdint>
#include <random>

namespace ringside {

class Sampler {
 public:
  // So many records are looked at one and all after restart(), then one in 128, after as many again
  // one in 512.
  static constexpr std::uint32_t kExact = 20'000;

  // The same seed in each run, so that a replay is exact. Tests pass others, and smaller numbers.
  explicit Sampler(std::uint64_t seed = 42, std::uint32_t exact = kExact)
      : exact_(exact), random_(seed) {}

  // Whether the next record, which took so many ticks, is looked at. If so, looked_at() must
  // follow.
  bool looks_at(std::uint64_t ticks) {
    return __builtin_sub_overflow(left_, ticks + base_, &left_);
  }
  // Chooses where the next point lies. Returns the probability with which that record was looked
  // at.
  double looked_at(std::uint64_t ticks);

  // All records are looked at again.
  void restart();
  bool passes_over() const { return step_ > 0; }
  // A record that is looked at counts for at most so many operations, and for so much time.
  double most_operations() const { return step_ > 0 ? 1 / probability(0) : 0; }
  double most_ticks() const { return step_; }

 private:
  double probability(std::uint64_t ticks) const;

  std::uint64_t base_ = 1;      // ticks
  std::uint64_t left_ = 0;      // ticks to the next point; 0: in the next record
  double step_ = 0;             // ticks; 0: all are looked at
  std::uint32_t exact_;
  std::uint32_t looked_at_ = 0;
  // Of those since the step was set, each divided by its probability.
  double records_ = 0;
  double ticks_ = 0;
  std::mt19937_64 random_;
};

}  // namespace ringside
