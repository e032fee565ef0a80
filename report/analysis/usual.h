// What is usual for one figure (a median, a p95, the mean of a stage), from a week of the past.
//
// Everything is the natural logarithm of nanoseconds, so 0.1 is about 10 %. A figure is a point: a
// minute of a busy operation, several minutes of one with little traffic.
//
//   hours   one level for each hour of the week. The usual level of an hour is the median over the
//           same hour of the past seven days, so a weekend or one bad day moves nothing.
//   noise   how much a point differs from the one before: what chance and sampling do. By calls in
//           the point, because a median of 30 calls scatters more than one of 3,000.
//   wander  how far the median of 15 points lies from usual while nothing has changed: neighbours,
//           caches, load.
//
// About 1 KB. Points that a caller holds to be unusual (an incident, a regression) are not learned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringside {

class Usual {
 public:
  static constexpr std::size_t kHours = 168;
  static constexpr std::size_t kBlock = 15;  // points
  static constexpr std::uint64_t kEnoughBlocks = 32;
  static constexpr std::uint32_t kEnoughSteps = 40;

  // The level that is usual at that time: that of its hour, and towards the middle of a higher hour
  // it rises evenly. A job of one hour a day is usual from its first minute. Nothing while fewer
  // than two of the past days know the hour.
  std::optional<double> level(std::int64_t wall_s) const;
  // That of the same hour a week ago, if it is known.
  std::optional<double> week_ago(std::int64_t wall_s) const;
  // The deviation of one point of that many calls, and whether enough was seen to say so.
  double noise(std::uint64_t calls) const;
  // The deviation of a block's median without what chance adds to it; and the distance from usual
  // that the level itself hardly passes in one block of a hundred.
  double wander() const;
  double allowance() const;
  bool enough() const;

  // A point that was usual, its noise(). `residual`: its distance from level(), if that was known.
  // `level_counts`: it is one of the levels to compare with.
  void learn(std::int64_t wall_s, double level, std::uint64_t calls, double noise,
             std::optional<double> residual, bool level_counts = true);
  // A point was left out: what follows it is not its neighbour.
  void interrupt() { last_ = 0; }
  // The level is another one from now on.
  void move(double by);
  // The level of an hour that was over before the first point. Levels alone: noise and wander come
  // from points.
  void learn_hour(std::int64_t wall_s, double level);
  // An hour in which nothing was learned keeps the level of the week before.
  void end_hour();

 private:
  struct Noise {
    float mean_step = 0;
    std::uint32_t steps = 0;
  };
  static constexpr std::size_t kClasses = 9;
  static constexpr int kCells = 80;  // of 1 %, from -40 to +40 %
  static std::size_t class_of(std::uint64_t calls);
  double quantile(double share) const;
  double block_deviation() const;
  std::optional<double> level_of_hour(std::int64_t hour) const;
  void learn_block(double residual);

  std::array<float, kHours> hours_{};  // 0: not known; no figure is exactly 1 ns for an hour
  std::array<Noise, kClasses> noise_{};
  std::array<std::uint16_t, kCells> wander_{};
  std::uint32_t blocks_ = 0;
  std::array<float, kBlock> block_{};
  std::uint32_t in_block_ = 0;
  double block_noise_ = 0;          // sum of the variances of the points
  double chance_ = 0;               // mean variance that noise alone gives a block's median
  std::vector<float> hour_points_;  // at most 60
  std::int64_t hour_ = -1;
  std::int64_t last_ = 0;  // calls of the point before; 0: none
  double last_level_ = 0;
  // level() of the hour that was asked for last, and of its neighbours.
  mutable std::int64_t cached_hour_ = -1;
  mutable std::array<std::optional<double>, 3> cached_{};
};

// The deviation of a median of normal figures: so many times that of their mean, sqrt(pi / 2).
inline constexpr double kMedianOfNormal = 1.2533;

// The middle of the values, which are reordered. There must be some.
double median_of(std::vector<double>& values);

}  // namespace ringside
