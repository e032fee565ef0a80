#include "report/analysis/mix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/model/buckets.h"

namespace ringside {
namespace {

constexpr double kLeastShare = 0.1;  // of each kind, before
constexpr double kLeastMove = 0.05;  // of the calls, from one kind to the other

// Shares of the calls up to and with each bucket, from `first` on.
struct Curve {
  std::vector<double> up_to;
  double at(std::ptrdiff_t bucket) const {
    if (bucket < 0) return 0;
    const auto index = static_cast<std::size_t>(bucket);
    return index < up_to.size() ? up_to[index] : 1;
  }
};

Curve curve_of(const Histogram& histogram, int first, int last) {
  Curve curve;
  curve.up_to.assign(static_cast<std::size_t>(last - first + 1), 0);
  for (const Histogram::Bucket& bucket : histogram.buckets)
    curve.up_to[static_cast<std::size_t>(bucket.index - first)] +=
        static_cast<double>(bucket.count);
  double sum = 0;
  for (double& share : curve.up_to) {
    sum += share;
    share = sum;
  }
  for (double& share : curve.up_to) share /= sum;
  return curve;
}

double distance_if_times(const Curve& before, const Curve& now, int buckets) {
  double most = 0;
  for (std::size_t i = 0; i < now.up_to.size(); ++i)
    most = std::max(most,
                    std::abs(now.up_to[i] - before.at(static_cast<std::ptrdiff_t>(i) - buckets)));
  return most;
}

// The same number of seconds on top of each call.
double distance_if_plus(const Curve& before, const Curve& now, int first, double seconds) {
  double most = 0;
  for (std::size_t i = 0; i < now.up_to.size(); ++i) {
    const double end = bucket_upper_seconds(first + static_cast<int>(i)) - seconds;
    const double at = end <= 0 ? -1 : std::log2(end) * kBucketsPerOctave - first;
    // Between two buckets the share rises evenly.
    const double floor = std::floor(at);
    const auto below = static_cast<std::ptrdiff_t>(std::max(floor, -1.0));
    const double part = at < 0 ? 0 : at - floor;
    const double expected = before.at(below) + part * (before.at(below + 1) - before.at(below));
    most = std::max(most, std::abs(now.up_to[i] - expected));
  }
  return most;
}

double distance_if_moved(const Curve& before, const Curve& now, std::size_t boundary) {
  const double p = now.up_to[boundary];
  const double q = before.up_to[boundary];
  double most = 0;
  for (std::size_t i = 0; i < now.up_to.size(); ++i) {
    const double expected =
        i <= boundary ? before.up_to[i] * p / q : p + (before.up_to[i] - q) * (1 - p) / (1 - q);
    most = std::max(most, std::abs(now.up_to[i] - expected));
  }
  return most;
}

double median_seconds(const Histogram& histogram) { return histogram.quantile_seconds(0.5); }

}  // namespace

bool MixJudgement::mix_shift(std::uint64_t calls) const {
  // 1.63 / sqrt(n): the 99 % quantile of the distance for a sample of n.
  const double chance = 1.63 / std::sqrt(static_cast<double>(std::max<std::uint64_t>(calls, 1)));
  return moved < 0.02 + chance && moved < slower / 2 &&
         slow_now - slow_before >= kLeastMove + chance;
}

MixJudgement judge_mix(const Histogram& before, const Histogram& now) {
  MixJudgement judged;
  if (before.buckets.empty() || now.buckets.empty()) return judged;
  const int first = std::min(before.buckets.front().index, now.buckets.front().index);
  const int last = std::max(before.buckets.back().index, now.buckets.back().index);
  const Curve was = curve_of(before, first, last);
  const Curve is = curve_of(now, first, last);
  for (int buckets = 0; buckets <= 3 * kBucketsPerOctave; ++buckets)
    judged.slower = std::min(judged.slower, distance_if_times(was, is, buckets));
  const double more = median_seconds(now) - median_seconds(before);
  for (double part = 0.8; more > 0 && part <= 1.2; part += 0.05)
    judged.slower = std::min(judged.slower, distance_if_plus(was, is, first, more * part));
  for (std::size_t at = 0; at < is.up_to.size(); ++at) {
    // A tail that grew is no kind of calls: those became slower.
    if (was.up_to[at] < kLeastShare || was.up_to[at] > 1 - kLeastShare) continue;
    const double distance = distance_if_moved(was, is, at);
    if (distance >= judged.moved) continue;
    judged.moved = distance;
    judged.boundary_s = bucket_upper_seconds(first + static_cast<int>(at));
    judged.slow_before = 1 - was.up_to[at];
    judged.slow_now = 1 - is.up_to[at];
  }
  // Slower calls that are rarer make nothing slower.
  if (judged.slow_now <= judged.slow_before) judged.moved = 1;
  return judged;
}

}  // namespace ringside
