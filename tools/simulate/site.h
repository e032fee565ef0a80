// What the parts of the world share: the time, what is due, chance, and the conditions.
#pragma once

#include "tools/simulate/agenda.h"
#include "tools/simulate/conditions.h"
#include "tools/simulate/load.h"
#include "tools/simulate/random.h"
#include "tools/simulate/ring.h"

namespace ringside::simulate {

struct Site {
  Site(std::uint64_t seed, const Habits& how)
      : random(seed), habits(how), ring(seed ^ 0x5e1f), wandering(7, 0.25), server_mood(4, 0.3) {}

  Ns now = kWorldBegin;
  Ns wall_minus_monotonic = kMondayWall - kWorldBegin;
  Random random;
  Habits habits;
  Agenda agenda;
  Conditions conditions;
  Ring ring;
  Wandering wandering;    // of the clients' activity
  Wandering server_mood;  // of everything that the server does

  Ns wall() const { return now + wall_minus_monotonic; }
};

}  // namespace ringside::simulate
