#include "report/analysis/figure_watch.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ringside {
namespace {

constexpr std::size_t kPointWindows[] = {2, 3, 6, 12, 24, 48};
constexpr double kPlain = 0.405;  // ln 1.5: the least effect that two points can show
// Where the ring's other figures rise too, it may be a pause or a mood of the host or of the
// server. A rise of less than so many times theirs must last.
constexpr double kOfCommon = 3;
constexpr double kSharedMinutes = 48;
constexpr std::uint32_t kMostOfPoint = 12;  // minutes: two points are the least
constexpr std::size_t kMostPoints = 48;
constexpr double kLowerFollows = 1.0 / 60;  // of the distance, a point
constexpr std::size_t kEndWindow = 8;
constexpr double kMostEvidence = 60;  // so that it is gone an hour after the rise is
constexpr std::int64_t kGathersS = 86'400;
constexpr std::uint32_t kSilentMinutes = 240;
constexpr float kTimesLongest = 1.5F;
constexpr std::uint32_t kLongestSilence = 7 * 1'440;  // minutes
constexpr float kSilenceFades = 14 * 1'440;           // minutes: the nights and the last weekend
// Usual::noise() of figures distributed as Student's t with five degrees of freedom and scale 1:
// E|a - b| sqrt(pi) / 2 of two of them is 1.2265. The e-detector wants their scale.
constexpr double kNoiseOfStudent5 = 1.21;

}  // namespace

double FigureWatch::recent(std::size_t points) const {
  std::vector<double> values;
  const std::size_t count = std::min(points, points_.size());
  if (count == 0) return 0;
  for (std::size_t i = points_.size() - count; i < points_.size(); ++i)
    values.push_back(static_cast<double>(points_[i].residual));
  return median_of(values);
}

FigureWatch::Window FigureWatch::window_of(std::size_t points) const {
  Window window;
  window.median = recent(points);
  double raw = 0;
  double common = 0;
  double minutes = 0;
  for (std::size_t i = points_.size() - points; i < points_.size(); ++i) {
    const Point& point = points_[i];
    window.noise += static_cast<double>(point.noise) / static_cast<double>(points);
    if (static_cast<double>(point.residual) > window.median / 2) ++window.above;
    raw += static_cast<double>(point.raw) / static_cast<double>(points);
    common += static_cast<double>(point.common) / static_cast<double>(points);
    minutes += static_cast<double>(point.minutes);
  }
  window.shared = raw < kOfCommon * common && minutes < kSharedMinutes;
  window.of_drift = raw < window.median / 2;
  return window;
}

bool FigureWatch::windows_agree(std::int64_t wall_s, double level, const FigureLimits& limits) {
  const auto past = usual_.week_ago(wall_s);
  for (const std::size_t points : kPointWindows) {
    if (points_.size() < points) return false;
    if (points < limits.least_window) continue;
    const Window window = window_of(points);
    const double of_median =
        kMedianOfNormal * window.noise / std::sqrt(static_cast<double>(points));
    const double deviation = std::hypot(of_median, usual_.wander());
    const double bar =
        std::max(points == 2 ? kPlain : limits.least_effect, limits.least_deviations * deviation);
    const bool lasting = points <= 3 ? window.above == points : 4 * window.above >= 3 * points;
    // What was so a week ago, at the same hour of the same day, is nothing new.
    const bool seen = past && level - *past < limits.least_effect / 2;
    if (window.median >= bar && lasting && !window.shared && !window.of_drift && !seen) {
      effect_ = window.median;
      return true;
    }
  }
  return false;
}

std::optional<double> FigureWatch::distance(std::int64_t wall_s, double level) const {
  const auto usual = usual_.level(wall_s);
  if (!usual) return std::nullopt;
  return level - *usual;
}

std::optional<double> FigureWatch::latest(std::uint32_t most_minutes) const {
  if (points_.empty() || silent_ > most_minutes) return std::nullopt;
  return static_cast<double>(points_.back().raw);
}

// The beginning, as CUSUM would have it: where the sum of the evidence was last nothing.
void FigureWatch::gather(std::int64_t wall_s, double z) {
  evidence_.add(z);
  const double next = log_sum_ + std::log(EDetector::e_value(0, z));
  if (log_sum_ <= 0 && next > 0) since_ = wall_s;
  log_sum_ = std::clamp(next, 0.0, kMostEvidence);
}

// An operation that nobody calls at night has no points then either.
bool FigureWatch::end_minute() {
  silent_ = std::min(silent_ + 1, kLongestSilence);
  return risen_ && silent_ > kSilentMinutes &&
         static_cast<float>(silent_) > kTimesLongest * longest_silence_;
}

void FigureWatch::end_silence() {
  const auto minutes = static_cast<float>(silent_);
  longest_silence_ = longest_silence_ < 0
                         ? 0
                         : std::max(longest_silence_ * (1 - minutes / kSilenceFades), minutes);
  silent_ = 0;
}

void FigureWatch::set_back(std::int64_t wall_s) {
  usual_.interrupt();
  since_ = std::min(since_, wall_s);
}

FigureWatch::Change FigureWatch::add(std::int64_t wall_s, double level, std::uint64_t calls,
                                     const FigureLimits& limits, bool learn) {
  const std::uint32_t minutes = std::min(silent_, kMostOfPoint);
  end_silence();
  if (const std::int64_t hour = wall_s / 3600; hour != hour_) {
    usual_.end_hour();
    hour_ = hour;
    watched_ = usual_.enough() && usual_.level(wall_s).has_value();
  }
  auto usual = usual_.level(wall_s);
  if (usual) *usual += limits.drift + std::clamp(lower_, -usual_.wander(), 0.0);
  usual_level_ = usual.value_or(0);
  Change change = Change::none;
  if (usual) {
    const double residual = level - *usual;
    const double noise = usual_.noise(calls);
    points_.push_back({static_cast<float>(residual), static_cast<float>(residual + limits.drift),
                       static_cast<float>(limits.common), static_cast<float>(noise),
                       static_cast<float>(minutes)});
    if (points_.size() > kMostPoints) points_.pop_front();
    const double allowed = std::max(limits.least_effect / 2, usual_.allowance());
    suspect_ = residual > allowed;
    if (watched_ && !risen_) {
      gather(wall_s, kNoiseOfStudent5 * (residual - allowed) / noise);
      if (evidence_.log_evidence() >= limits.log_run &&
          windows_agree(wall_s, level - limits.drift, limits)) {
        risen_ = true;
        change = Change::rose;
      }
    } else if (risen_) {
      ++risen_points_;
      const double now = recent(kEndWindow);
      if (risen_points_ < kEndWindow) {
        // Half of the window is from before.
      } else if (now < std::max(effect_ / 2, limits.least_effect / 2)) {
        forget();
        change = Change::ended;
      } else if (risen_points_ >= 24) {
        effect_ = recent(24) > effect_ / 2 ? recent(24) : effect_;
      }
    }
  }
  // While evidence gathers, nothing is learned, so that a rise does not become usual before it is
  // found. What is too small to be told becomes usual after a day.
  const bool gathering = risen_ || (log_sum_ > 3 && wall_s - since_ < kGathersS);
  if (learn && !gathering && change == Change::none) {
    const bool wander = usual && (limits.levels || !usual_.enough());
    if (usual && limits.levels)
      lower_ += kLowerFollows * (level - limits.drift - *usual_.level(wall_s) - lower_);
    usual_.learn(wall_s, level, calls, usual_.noise(calls),
                 wander ? std::optional<double>(level - *usual) : std::nullopt, limits.levels);
  } else {
    usual_.interrupt();
  }
  return change;
}

void FigureWatch::forget() {
  evidence_.reset();
  log_sum_ = 0;
  risen_ = false;
  risen_points_ = 0;
}

void FigureWatch::accept() {
  usual_.move(recent(kMostPoints));
  points_.clear();
  forget();
}

}  // namespace ringside
