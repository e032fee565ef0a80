// A night of 19 operations beside sample::busy(): eight hours of minutes with a locked database, a
// password guesser, a server start and a deploy. Everything comes from a fixed seed.
#pragma once

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace sample {

const ringside::HistorySpan& night();
// busy(), with the incident that night() has, and the alerts that belong to it.
ringside::Snapshot after_the_night();
// Both as hostile() has them: every name tries to break out of its place.
ringside::HistorySpan hostile_night();
ringside::Snapshot after_a_hostile_night();
// What they are called: it closes scripts and elements, opens attributes, turns the direction.
extern const char* const kEvilName;

}  // namespace sample
