#include "report/analysis/usual.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace ringside {
namespace {

constexpr std::int64_t kHourS = 3600;
constexpr std::uint32_t kMostSteps = 2'000;   // a step's weight never falls below one in so many
constexpr std::uint64_t kMostBlocks = 2'016;  // three weeks; then all counts are halved
constexpr double kLeastNoise = 0.005;         // a bucket is 2.2 % wide
constexpr double kLeastWander = 0.01;

std::size_t hour_of_week(std::int64_t hour) {
  constexpr auto kHours = static_cast<std::int64_t>(Usual::kHours);
  return static_cast<std::size_t>((hour % kHours + kHours) % kHours);
}

}  // namespace

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const double upper = *middle;
  if (values.size() % 2 == 1) return upper;
  return (upper + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<double> Usual::level_of_hour(std::int64_t hour) const {
  std::vector<double> known;
  known.reserve(7);
  for (std::int64_t day = 1; day <= 7; ++day) {
    const float level = hours_[hour_of_week(hour - 24 * day)];
    if (level != 0) known.push_back(static_cast<double>(level));
  }
  if (known.size() < 2) return std::nullopt;
  return median_of(known);
}

std::optional<double> Usual::level(std::int64_t wall_s) const {
  const std::int64_t hour = wall_s / kHourS;
  if (hour != cached_hour_) {
    cached_ = {level_of_hour(hour - 1), level_of_hour(hour), level_of_hour(hour + 1)};
    cached_hour_ = hour;
  }
  if (!cached_[1]) return std::nullopt;
  // -0.5..0.5 of an hour from its middle
  const double off = static_cast<double>(wall_s % kHourS) / static_cast<double>(kHourS) - 0.5;
  const std::optional<double>& other = off < 0 ? cached_[0] : cached_[2];
  if (!other) return cached_[1];
  return *cached_[1] + std::abs(off) * std::max(*other - *cached_[1], 0.0);
}

std::optional<double> Usual::week_ago(std::int64_t wall_s) const {
  const float level = hours_[hour_of_week(wall_s / kHourS)];
  if (level == 0) return std::nullopt;
  return static_cast<double>(level);
}

std::size_t Usual::class_of(std::uint64_t calls) {
  constexpr std::uint64_t kFrom[] = {32, 64, 128, 256, 512, 1'024, 2'048, 4'096};
  static_assert(std::size(kFrom) + 1 == kClasses);
  return static_cast<std::size_t>(std::upper_bound(std::begin(kFrom), std::end(kFrom), calls) -
                                  std::begin(kFrom));
}

// A class with too few steps takes the noise of the nearest one that knows more: of fewer calls as
// it is, of more calls times the root of two for each class, as sampling would have it.
double Usual::noise(std::uint64_t calls) const {
  const std::size_t own = class_of(calls);
  for (std::size_t at = own + 1; at-- > 0;) {
    if (noise_[at].steps < kEnoughSteps) continue;
    // Of two neighbours' difference, for normal noise: E|a - b| = 2 deviation / sqrt(pi).
    return std::max(static_cast<double>(noise_[at].mean_step) * std::sqrt(std::numbers::pi) / 2,
                    kLeastNoise);
  }
  double factor = 1;
  for (std::size_t at = own + 1; at < kClasses; ++at) {
    factor *= std::numbers::sqrt2;
    if (noise_[at].steps < kEnoughSteps) continue;
    return std::max(
        factor * static_cast<double>(noise_[at].mean_step) * std::sqrt(std::numbers::pi) / 2,
        kLeastNoise);
  }
  return 1;
}

double Usual::quantile(double share) const {
  const double wanted = share * static_cast<double>(blocks_);
  double below = 0;
  for (int cell = 0; cell < kCells; ++cell) {
    below += wander_[static_cast<std::size_t>(cell)];
    if (below > wanted) return 0.01 * (cell - kCells / 2 + 1);  // its upper end
  }
  return 0.01 * kCells / 2;
}

// By its upper half, which is the one that could be taken for a rise.
double Usual::block_deviation() const {
  const double middle = quantile(0.5);
  return std::max({quantile(0.8413) - middle, (quantile(0.9772) - middle) / 2, kLeastWander});
}

double Usual::wander() const {
  const double both = block_deviation();
  return std::sqrt(std::max(both * both - chance_, kLeastWander * kLeastWander));
}

double Usual::allowance() const {
  const double middle = quantile(0.5);
  const double own = wander();
  return middle + std::max(2.5 * own, (quantile(0.99) - middle) * own / block_deviation());
}

bool Usual::enough() const {
  if (blocks_ < kEnoughBlocks) return false;
  return std::any_of(noise_.begin(), noise_.end(),
                     [](const Noise& noise) { return noise.steps >= kEnoughSteps; });
}

void Usual::learn_block(double residual) {
  if (blocks_ >= kMostBlocks) {
    for (std::uint16_t& count : wander_) count = static_cast<std::uint16_t>(count / 2);
    blocks_ = std::accumulate(wander_.begin(), wander_.end(), std::uint32_t{0});
  }
  const int cell = static_cast<int>(std::floor(residual * 100)) + kCells / 2;
  ++wander_[static_cast<std::size_t>(std::clamp(cell, 0, kCells - 1))];
  ++blocks_;
}

void Usual::learn(std::int64_t wall_s, double level, std::uint64_t calls, double noise,
                  std::optional<double> residual, bool level_counts) {
  const std::int64_t hour = wall_s / kHourS;
  if (hour != hour_) end_hour();
  hour_ = hour;
  if (level_counts && hour_points_.size() < 60) hour_points_.push_back(static_cast<float>(level));

  if (last_ != 0 && class_of(static_cast<std::uint64_t>(last_)) == class_of(calls)) {
    Noise& known = noise_[class_of(calls)];
    double step = std::abs(level - last_level_);
    // Once it is known, one wild step counts as a large one.
    if (known.steps >= kEnoughSteps)
      step = std::min(step, 5 * std::max(static_cast<double>(known.mean_step), kLeastNoise));
    known.steps = std::min(known.steps + 1, kMostSteps);
    known.mean_step += static_cast<float>((step - static_cast<double>(known.mean_step)) /
                                          static_cast<double>(known.steps));
  }
  last_ = static_cast<std::int64_t>(calls);
  last_level_ = level;

  if (!residual) return;
  block_[in_block_++] = static_cast<float>(*residual);
  block_noise_ += noise * noise;
  if (in_block_ < kBlock) return;
  in_block_ = 0;
  // A median's variance is pi / 2 of a mean's.
  const double chance = std::numbers::pi / 2 * block_noise_ / (kBlock * kBlock);
  block_noise_ = 0;
  chance_ += (chance - chance_) / (std::min<double>(blocks_, kMostBlocks) + 1);
  std::vector<double> values(block_.begin(), block_.end());
  learn_block(median_of(values));
}

void Usual::learn_hour(std::int64_t wall_s, double level) {
  hours_[hour_of_week(wall_s / kHourS)] = static_cast<float>(level);
  cached_hour_ = -1;
}

void Usual::end_hour() {
  if (!hour_points_.empty() && hour_ >= 0) {
    std::vector<double> points(hour_points_.begin(), hour_points_.end());
    hours_[hour_of_week(hour_)] = static_cast<float>(median_of(points));
    cached_hour_ = -1;
  }
  hour_points_.clear();
  hour_ = -1;
}

void Usual::move(double by) {
  for (float& level : hours_) {
    if (level != 0) level += static_cast<float>(by);
  }
  cached_hour_ = -1;
  last_ = 0;
  in_block_ = 0;
  block_noise_ = 0;
  hour_points_.clear();
}

}  // namespace ringside
