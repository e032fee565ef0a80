#include "daemon/run/explain_config.h"

#include "daemon/alerts/explain.h"
#include "daemon/rings/watch.h"
#include "shm/clock.h"

namespace ringside {

std::string explain_config(const Config& config) {
  Watch watch(
      {config.rings, config.last, config.top, config.any_owner, config.labels, config.owners});
  const Instant now = read_instant();
  watch.pass(now);
  const Snapshot snapshot = watch.tick(now);
  return explain(config, snapshot.operations.empty() ? nullptr : &snapshot);
}

}  // namespace ringside
