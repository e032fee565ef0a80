// Fuzz target: a daemon starts with a state file. A Watch whose ring exists and an AlertEngine take
// it over. Then come ticks, alerts and reports. What they save is taken back.
//
// The input is the file (state_mutator.cpp).
#include "daemon/alerts/alert_engine.h"
#include "daemon/rings/watch.h"
#include "daemon/storage/state_file.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/snapshot_facts.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

void take_over(const SavedState& saved) {
  const WatchOptions options{{kWatchedPath}, 5, 3, true};
  Config config;
  config.last = options.last;
  std::int64_t now_ns = kStartNs;
  Watch watch(options);
  AlertEngine alerts(config);
  std::string why;
  const bool alerts_taken = alerts.decode(saved.alerts, &why);
  FUZZ_REQUIRE(alerts_taken || !why.empty());
  why.clear();
  if (!watch.decode(saved.watch, instant_at(now_ns), &why)) {
    FUZZ_REQUIRE(!why.empty());
    if (!alerts_taken) return;
  }
  for (const std::int64_t pause : {5 * kSecond, 70 * kSecond}) {
    now_ns += pause;
    Snapshot snapshot = watch.tick(instant_at(now_ns));
    require_sound(snapshot, options);
    alerts.evaluate(snapshot, now_ns, add_ns(now_ns, kWallNs));
    alerts.show(snapshot);
    // Reports take as long as all the rest, so only some inputs make them. `restarts` selects those
    // inputs: nothing else depends on it.
    if (pause == 5 * kSecond && saved.meta.restarts % 4 == 0) require_shown(snapshot);
  }
  if (saved.meta.restarts % 4 > 1) return;
  // What continues from a state can be saved, and the result is a state again.
  const SavedState next{watch.encode(instant_at(now_ns)), alerts.encode(), saved.meta};
  SavedState again;
  FUZZ_REQUIRE(decode_state(encode_state(next), &again, &why));
  FUZZ_REQUIRE(again.watch == next.watch && again.alerts == next.alerts);
  Watch other(options);
  FUZZ_REQUIRE(other.decode(again.watch, instant_at(now_ns), &why));
  AlertEngine other_alerts(config);
  FUZZ_REQUIRE(other_alerts.decode(again.alerts, &why));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  static SpoiltRing ring({1, 64, 64}, Content::used, ClockKind::monotonic, 0x5eed);
  put_file(kWatchedPath, ring.file());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SavedState saved;
  std::string why;
  if (decode_state({reinterpret_cast<const char*>(data), size}, &saved, &why)) {
    take_over(saved);
  } else {
    FUZZ_REQUIRE(!why.empty());
  }
  return 0;
}
