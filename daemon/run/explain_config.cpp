#include "daemon/run/explain_config.h"

#include <fmt/format.h>

#include <cerrno>

#include "daemon/alerts/alert_engine.h"
#include "daemon/alerts/explain.h"
#include "daemon/rings/watch.h"
#include "daemon/storage/files.h"
#include "daemon/storage/state_file.h"
#include "report/model/format.h"
#include "shm/clock.h"

namespace ringside {
namespace {

// Takes what was learnt from the daemon's state into `engine`. Says what came of it.
std::string take_learnt(const std::string& path, AlertEngine& engine) {
  Failure failure;
  const auto bytes = read_whole_file(path, &failure);
  if (!bytes && failure.error_number == ENOENT)
    return fmt::format("Nothing has been learnt yet: there is no state at {}.",
                       escape_visible(path));
  if (!bytes) return fmt::format("What was learnt cannot be read: {}", failure.message);
  SavedState saved;
  std::string why;
  if (!decode_state(*bytes, &saved, &why) || !engine.decode(saved.alerts, &why))
    return fmt::format("What was learnt cannot be read: {}: {}", escape_visible(path),
                       escape_visible(why));
  return fmt::format("What was learnt is of {}, from the state {}.",
                     format_wall(saved.meta.saved_wall_ns), escape_visible(path));
}

}  // namespace

std::string explain_config(const Config& config) {
  Watch watch(
      {config.rings, config.last, config.top, config.any_owner, config.labels, config.owners});
  const Instant now = read_instant();
  watch.pass(now);
  const Snapshot snapshot = watch.tick(now);
  AlertEngine engine(config);
  const std::string learnt = take_learnt(config.state_directory + "/state", engine);
  return explain(config, snapshot.operations.empty() ? nullptr : &snapshot, &engine.normals()) +
         "\n" + learnt + "\n";
}

}  // namespace ringside
