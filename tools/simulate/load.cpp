#include "tools/simulate/load.h"

#include <cmath>

namespace ringside::simulate {

double activity_at(const Habits& habits, Ns wall) {
  if (!habits.day_and_night) return 1;
  const double hour = hour_of(wall);
  // Lowest at four in the morning, highest at four in the afternoon; the exponent makes nights long
  // and quiet.
  const double wave = 0.5 - 0.5 * std::cos((hour - 4) / 24 * 6.283185307179586);
  double activity = habits.night_share + (1 - habits.night_share) * std::pow(wave, 1.7);
  const double from_lunch = (hour - 12.25) / 0.35;
  activity *= 1 + (habits.lunch - 1) * std::exp(-from_lunch * from_lunch);
  if (weekday_of(wall) >= 5) activity *= habits.weekend_share;
  return activity;
}

Wandering::Wandering(double minutes, double deviation)
    : phi_(std::exp(-1 / (minutes * 60))), noise_(deviation * std::sqrt(1 - phi_ * phi_)) {}

void Wandering::step(Random& random) { value_ = phi_ * value_ + noise_ * random.normal(); }

double Wandering::factor() const { return std::exp(value_); }

}  // namespace ringside::simulate
