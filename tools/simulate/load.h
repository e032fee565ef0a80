// How busy the clients are: day and night, weekdays, lunch, and a slow wandering that correlates
// what happens in one minute with the next.
#pragma once

#include "tools/simulate/random.h"
#include "tools/simulate/times.h"

namespace ringside::simulate {

struct Habits {
  double peak_per_second = 40;  // operations of all clients together, at the day's peak
  double night_share = 0.02;    // of the peak, at the quietest hour
  double weekend_share = 0.4;   // of a weekday
  double lunch = 1.6;           // times as much at a quarter past twelve
  bool day_and_night = true;    // false: always the peak
};

// Times the peak, 0 to about 1.6, without the wandering.
double activity_at(const Habits& habits, Ns wall);

// A first-order autoregressive process: x' = phi x + noise, one step a second.
class Wandering {
 public:
  // `minutes` is how long it remembers; `deviation` is that of the logarithm.
  Wandering(double minutes, double deviation);
  void step(Random& random);
  // Around 1.
  double factor() const;

 private:
  double phi_, noise_, value_ = 0;
};

}  // namespace ringside::simulate
