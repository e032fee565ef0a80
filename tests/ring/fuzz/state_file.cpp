// Fuzz target: the state file that a daemon finds when it starts. The file is decoded, a Watch and
// an AlertEngine take it over, and what they save of it is taken back. Nothing is read or
// evaluated: restored_state does that, and takes longer.
//
// The input is the file (state_mutator.cpp).
#include "daemon/storage/state_file.h"
#include "daemon/alerts/alert_engine.h"
#include "daemon/rings/watch.h"
#include "tests/ring/fuzz/files.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

const WatchOptions& options() {
  static const WatchOptions all{{kWatchedPath}, 5, 3, true};
  return all;
}
const Config& config() {
  static const Config defaults;
  return defaults;
}

// What was taken over is saved, and taken over again it is the same.
void require_the_same(const SavedState& saved, const Watch& watch, const AlertEngine& alerts) {
  const SavedState next{watch.encode(instant_at(kStartNs)), alerts.encode(), saved.meta};
  SavedState again;
  std::string why;
  FUZZ_REQUIRE(decode_state(encode_state(next), &again, &why));
  FUZZ_REQUIRE(again.watch == next.watch && again.alerts == next.alerts);
  Watch other(options());
  FUZZ_REQUIRE(other.decode(next.watch, instant_at(kStartNs), &why));
  FUZZ_REQUIRE(other.encode(instant_at(kStartNs)) == next.watch);
  AlertEngine other_alerts(config());
  FUZZ_REQUIRE(other_alerts.decode(next.alerts, &why));
  FUZZ_REQUIRE(other_alerts.encode() == next.alerts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SavedState saved;
  std::string why;
  if (!decode_state({reinterpret_cast<const char*>(data), size}, &saved, &why)) {
    FUZZ_REQUIRE(!why.empty());
    return 0;
  }
  Watch watch(options());
  AlertEngine alerts(config());
  const bool taken = watch.decode(saved.watch, instant_at(kStartNs), &why);
  FUZZ_REQUIRE(taken || !why.empty());
  why.clear();
  const bool alerts_taken = alerts.decode(saved.alerts, &why);
  FUZZ_REQUIRE(alerts_taken || !why.empty());
  // That takes longer than all the rest, so only some inputs do it. `restarts` selects them:
  // nothing else depends on it.
  if (saved.meta.restarts % 4 == 0) require_the_same(saved, watch, alerts);
  return 0;
}
