#include "daemon/alerts/growth.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ringside {
namespace {

constexpr double kNotSlowing = 0.6;     // G0
constexpr double kBelievedTimes = 6;    // G1
constexpr double kLeastShare = 0.02;    // G2
constexpr double kStillGrowing = 0.25;  // G3

// Saved points are whole seconds and whole numbers below this.
constexpr double kMostSaved = 9e15;

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::llround(std::clamp(value, 0.0, kMostSaved)));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void Growth::add(double at_s, double value) {
  for (std::size_t w = 0; w < kGrowthWindows; ++w) {
    auto& points = windows_[w];
    if (!points.empty() && at_s <= points.back().at_s) continue;
    // A little less than a tick, so that a tick that comes early is not left out.
    const double step = 0.9 * kSpans[w] / static_cast<double>(kPoints);
    if (points.empty() || at_s - points.back().at_s >= step) points.push_back({at_s, value});
    while (points.front().at_s < at_s - kSpans[w]) points.pop_front();
  }
}

bool Growth::full(std::size_t window) const {
  const auto& points = windows_[window];
  return points.size() >= kFewestPoints &&
         points.back().at_s - points.front().at_s >= 0.9 * kSpans[window];
}

Growth::Slopes Growth::slopes(std::size_t window) const {
  const auto& points = windows_[window];
  const std::size_t third = points.size() / 3;
  struct Middle {
    double at_s, value;
  };
  const auto middle_of = [&](std::size_t from, std::size_t to) {
    std::vector<double> times, values;
    for (std::size_t i = from; i < to; ++i) {
      times.push_back(points[i].at_s);
      values.push_back(points[i].value);
    }
    return Middle{median(std::move(times)), median(std::move(values))};
  };
  const Middle first = middle_of(0, third);
  const Middle second = middle_of(third, points.size() - third);
  const Middle last = middle_of(points.size() - third, points.size());
  const auto slope = [](const Middle& a, const Middle& b) {
    return (b.value - a.value) / (b.at_s - a.at_s);
  };
  return {slope(first, second), slope(second, last), slope(first, last)};
}

std::optional<Growth::Pace> Growth::until(double now, double limit) const {
  for (std::size_t w = 0; w < kGrowthWindows; ++w) {
    if (!full(w)) continue;
    const Slopes of = slopes(w);
    const double pace = std::min(of.first, of.second);
    if (!(pace > 0) || of.second < kNotSlowing * of.first) continue;
    if (pace * kSpans[w] < kLeastShare * limit) continue;
    if (w > 0 && slopes(w - 1).whole < kStillGrowing * pace) continue;
    const double left = (limit - now) / pace;
    if (left <= kBelievedTimes * kSpans[w]) return Pace{pace, left, kSpans[w]};
  }
  return std::nullopt;
}

void Growth::encode(Encoder& out) const {
  for (const auto& points : windows_) {
    out.u64(points.size());
    double before = 0;
    for (const Point& point : points) {
      out.u64(whole((point.at_s - before) * 1000));
      out.u64(whole(point.value));
      before = point.at_s;
    }
  }
}

void Growth::decode(Decoder& in) {
  for (auto& points : windows_) {
    points.clear();
    double at_s = 0;
    for (std::uint64_t n = in.count(2, 2 * kPoints); n > 0 && in.good(); --n) {
      const std::uint64_t step_ms = in.below(std::uint64_t{1} << 53);
      // Points come in the order of time.
      if (!points.empty() && step_ms == 0) in.fail();
      at_s += static_cast<double>(step_ms) / 1000;
      points.push_back({at_s, static_cast<double>(in.below(std::uint64_t{1} << 53))});
    }
  }
}

}  // namespace ringside
