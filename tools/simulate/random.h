// Seeded chance. The standard library's engines and distributions may differ from one library to
// the next; these give the same numbers everywhere, so a seed names one world.
#pragma once

#include <cmath>
#include <cstdint>

namespace ringside::simulate {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // Evenly in [0, 1).
  double part() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return part() < probability; }
  // Evenly in [low, high).
  double between(double low, double high) { return low + (high - low) * part(); }
  // 0 .. count - 1; `count` is at least 1.
  std::uint64_t below(std::uint64_t count) { return next() % count; }
  double exponential(double mean) { return -mean * std::log(1 - part()); }
  // Mean 0, deviation 1 (Box and Muller).
  double normal() {
    return std::sqrt(-2 * std::log(1 - part())) * std::cos(6.283185307179586 * part());
  }
  // `median` is the middle; `sigma` the deviation of the logarithm.
  double lognormal(double median, double sigma) { return median * std::exp(sigma * normal()); }
  // At least `least`; infinite variance for shapes of 2 and below.
  double pareto(double least, double shape) { return least * std::pow(1 - part(), -1 / shape); }

 private:
  std::uint64_t state_;
};

}  // namespace ringside::simulate
