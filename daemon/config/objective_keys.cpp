// The keys of a table [[objectives]], for the table of keys.
#include "daemon/config/config_keys.h"

namespace ringside {

#define AT(member) [](ObjectiveConfig& o) -> decltype((o.member)) { return o.member; }

std::span<const ConfigKey<ObjectiveConfig>> objective_keys() {
  using O = ObjectiveConfig;
  static const std::vector<ConfigKey<O>> keys = {
      {"name", NameField<O>{AT(name)}, "What alerts call it."},
      {"kind", ChoiceField<O>{AT(kind), {"errors", "latency"}},
       "errors: a call with an error or a timeout is bad. latency: one that takes longer than "
       "response_time is."},
      {"target_percent", NumberField<O>{AT(target_percent), 1, 99.9999},
       "How many of 100 calls must be good, over 30 days."},
      {"response_time", DurationField<O>{AT(response_ns), kMillisecond / 1000, kHour},
       "A call that takes longer is bad. Needed with kind = \"latency\", and only allowed there."},
      {"ring", RingField<O>{AT(ring)},
       "The ring whose calls count, as reports name it. Empty: all rings together."},
      {"operations", PatternsField<O>{AT(operations)},
       "Which operations count. Without it: all that don't wait for their client."},
      {"failing_percent", NumberField<O>{AT(failing_percent), 0, 95},
       "Critical, whatever the target is, when so many of 100 calls are bad for failing_for. "
       "0: not."},
      {"failing_for", DurationField<O>{AT(failing_for_ns), 5 * kMinute, kDay},
       "See failing_percent; in steps of 5 min, rounded up."},
      {"least_bad", IntegerField<O>{AT(least_bad), 1, 1'000'000},
       "With fewer bad calls in a window nothing is raised, so that one failure of three at night "
       "wakes nobody."},
  };
  return keys;
}

#undef AT

}  // namespace ringside
